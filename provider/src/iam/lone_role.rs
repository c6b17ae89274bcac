//! Resources that are one role and nothing else: the steps of their life, whoever may assume it and whatever it allows.
//!
//! Create, update and delete do the same for each of them: nothing is adopted, an interrupted create is gone on with, state
//! is saved as soon as the role is there, and what differs is put right.

use std::time::Duration;

use tf_provider::schema::Computed;
use tf_provider::{Context, Diagnostic, Diagnostics, Resource};

use super::policy;
use super::role::{self, Role, Wanted};
use crate::clients::Clients;
use crate::creating::{self, Creating};
use crate::tags::{Tags, are_set};

/// A resource that is one role.
pub(super) trait LoneRole: Resource<Client = Clients> + Clone + Send + Sync {
    /// What diagnostics call it, such as `push role`.
    const NOUN: &'static str;
    /// Description of the role in IAM.
    const DESCRIPTION: &'static str;

    /// One of which nothing is known but the name.
    fn named(name: String) -> Self;

    /// The arguments that every role has.
    fn arguments(&self) -> Arguments<'_>;

    /// The attributes that every role tells.
    fn attributes(&mut self) -> Attributes<'_>;

    /// The trust policy to have.
    fn trust(&self, clients: &Clients) -> String;

    /// The inline policy to have.
    fn policy(&self, clients: &Clients) -> Option<String>;

    /// This role as IAM reports it.
    fn with(self, clients: &Clients, role: &Role) -> Self;

    /// What of the role is not as this resource makes it, in a sentence.
    fn fault(clients: &Clients, role: &Role) -> Option<&'static str>;
}

/// What every role is given.
pub(super) struct Arguments<'a> {
    pub(super) name: &'a str,
    pub(super) path: &'a str,
    pub(super) permissions_boundary: Option<&'a str>,
    pub(super) tags: Option<&'a Tags>,
}

/// What every role tells.
pub(super) struct Attributes<'a> {
    pub(super) arn: &'a mut Computed<String>,
    pub(super) unique_id: &'a mut Computed<String>,
    pub(super) tags: &'a mut Option<Tags>,
    pub(super) tags_all: &'a mut Computed<Tags>,
}

/// Makes the role, or goes on with what an interrupted create of the same configuration made.
pub(super) async fn create<R: LoneRole>(resource: R, ctx: &mut Context<Clients>) -> Result<R, Diagnostics> {
    let name = resource.arguments().name.to_owned();
    let found = role::find(ctx.client(), &name).await?;
    let creating = Creating::begin_of(&resource);
    if found.as_ref().is_some_and(|role| !creating.goes_on_with(&role.tags)) {
        return Err(already_exists::<R>(&name));
    }
    creating.note(ctx);
    complete(resource, found, &creating, ctx).await
}

/// The role as it is; a warning where it is not one that this resource makes.
pub(super) async fn read<R: LoneRole>(
    resource: R,
    ctx: &mut Context<Clients>,
) -> Result<Option<R>, Diagnostics> {
    let clients = ctx.client().clone();
    let name = resource.arguments().name;
    let Some(role) = role::find(&clients, name).await? else { return Ok(None) };
    if let Some(fault) = R::fault(&clients, &role) {
        ctx.warn(Diagnostic::warning(
            format!("{} was changed ({name})", sentence(R::NOUN)),
            format!("{fault} Apply to restore it."),
        ));
    }
    Ok(Some(resource.with(&clients, &role)))
}

/// Makes of the role what is planned.
pub(super) async fn update<R: LoneRole>(resource: R, ctx: &mut Context<Clients>) -> Result<R, Diagnostics> {
    let name = resource.arguments().name;
    // One that is made anew would have another unique id than the plan says.
    let Some(role) = role::find(ctx.client(), name).await? else {
        return Err(Diagnostic::error(
            format!("Updating {} ({name})", R::NOUN),
            "The role vanished during the update. Apply again to make it anew.",
        )
        .into());
    };
    complete(resource, Some(role), &Creating::restoring(), ctx).await
}

/// Removes the role, unless another create went on with it.
pub(super) async fn delete<R: LoneRole>(resource: R, ctx: &mut Context<Clients>) -> Result<(), Diagnostics> {
    let name = resource.arguments().name;
    let found = role::find(ctx.client(), name).await?;
    if found.is_some_and(|role| creating::was_taken_over(ctx, &role.tags)) {
        return Ok(());
    }
    role::delete(ctx, name).await
}

/// The role called `id`.
pub(super) async fn import<R: LoneRole>(id: String, ctx: &mut Context<Clients>) -> Result<R, Diagnostics> {
    let clients = ctx.client();
    let role = role::find(clients, &id).await?.ok_or_else(|| {
        Diagnostic::error(
            format!("{} not found ({id})", sentence(R::NOUN)),
            format!(
                "Account {} has no role with the name \"{id}\". The import id is the name.",
                clients.account_id
            ),
        )
    })?;
    Ok(R::named(id).with(clients, &role))
}

/// Makes the role if it is missing and repairs what differs; saves state as soon as it is there.
async fn complete<R: LoneRole>(
    mut resource: R,
    found: Option<Role>,
    creating: &Creating,
    ctx: &mut Context<Clients>,
) -> Result<R, Diagnostics> {
    let clients = ctx.client().clone();
    let given = resource.clone();
    let Arguments { name, path, permissions_boundary, tags } = given.arguments();
    let all = clients.tags.all(tags);
    *resource.attributes().tags_all = all.clone().into();
    let (trust, document) = (given.trust(&clients), given.policy(&clients));
    let marked = creating.tags_for(found.is_some(), &all);
    let wanted = Wanted {
        name,
        path,
        description: R::DESCRIPTION,
        trust: &trust,
        permissions_boundary,
        policy: document.as_deref(),
        tags: &marked,
    };
    let arn = match &found {
        Some(role) => role.arn.clone(),
        None => role::create(ctx, &wanted, creating).await?.map_err(|()| already_exists::<R>(name))?,
    };
    // Before any wait: what exists is in the state.
    *resource.attributes().arn = arn.into();
    *resource.attributes().unique_id = found.as_ref().map(|role| role.unique_id.clone()).into();
    ctx.save(&resource);
    let role = match found {
        Some(role) => role,
        None => role::wait_for(ctx, name).await?,
    };
    *resource.attributes().unique_id = role.unique_id.as_str().into();
    ctx.save(&resource);
    role::repair(ctx, &role, &wanted).await?;
    // The tags that it keeps; others may set more, which the next refresh tells.
    let wanted = Wanted { tags: &all, ..wanted };
    let what = "the role can be read as it was set";
    let role = ctx.wait_for(what, Duration::from_secs(1), || settled(&clients, &wanted)).await?;
    let mut settled = resource.clone().with(&clients, &role);
    *settled.attributes().tags = tags.cloned();
    *settled.attributes().tags_all = all.clone().into();
    creating::note_end(ctx);
    role::set_tags(ctx, name, &marked, &all).await?;
    Ok(settled)
}

/// The role as IAM reports it, once that is what was asked for.
async fn settled(clients: &Clients, wanted: &Wanted<'_>) -> Result<Option<Role>, Diagnostics> {
    let Some(role) = role::find(clients, wanted.name).await? else { return Ok(None) };
    let has_policy = match (role.policy.as_deref(), wanted.policy) {
        (Some(actual), Some(wanted)) => policy::is_same(actual, wanted),
        (actual, wanted) => actual == wanted,
    };
    let is_set = has_policy
        && role.arn.starts_with("arn:")
        && policy::is_same(&role.trust, wanted.trust)
        && role.permissions_boundary.as_deref() == wanted.permissions_boundary
        && are_set(&role.tags, wanted.tags);
    Ok(Some(role).filter(|_| is_set))
}

fn already_exists<R: LoneRole>(name: &str) -> Diagnostics {
    let type_name = R::definition().type_name;
    Diagnostic::error(
        format!("Creating {} ({name})", R::NOUN),
        format!(
            "A role with this name is there already, and was not made by this configuration. It was not changed. Choose \
             another name, or take it over:\n\nimport {{\n  to = {type_name}.<name>\n  id = \"{name}\"\n}}"
        ),
    )
    .at("name")
    .into()
}

/// With a capital letter.
fn sentence(noun: &str) -> String {
    let mut characters = noun.chars();
    characters.next().into_iter().flat_map(char::to_uppercase).chain(characters).collect()
}
