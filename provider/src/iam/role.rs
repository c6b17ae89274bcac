//! A role with its one inline policy: find, create, repair, remove.
//! AWS: GetRole, CreateRole, UpdateAssumeRolePolicy, Put-/DeleteRolePermissionsBoundary, Put-/Get-/DeleteRolePolicy,
//! ListRolePolicies, ListAttachedRolePolicies, DetachRolePolicy, TagRole, UntagRole, DeleteRole (IAM API reference).

use std::time::Duration;

use aws_sdk_iam::types::Tag;
use percent_encoding::percent_decode_str;
use tf_provider::{Context, Diagnostics};
use tokio::time::Instant;

use crate::clients::Clients;
use crate::creating::Creating;
use crate::diagnostics::Failure;
use crate::iam::policy;
use crate::retry::{FIRST_PAUSE, until, while_failing};
use crate::tags::Tags;

/// Name of the inline policy.
const POLICY: &str = "ecrunner";
/// How long IAM may refuse a change because of another one, of an object it still counts as used, or of a role that was
/// made a moment ago.
pub(super) const CONFLICT: Duration = Duration::from_secs(120);
/// What IAM answers meanwhile.
pub(super) const CONFLICTS: [&str; 2] = ["ConcurrentModification", "DeleteConflict"];
/// An object made a moment ago may not be there yet for the next call.
pub(super) const CONFLICTS_OF_NEW: [&str; 2] = ["ConcurrentModification", "NoSuchEntity"];

/// A role as IAM reports it.
#[derive(Clone, Debug)]
pub(super) struct Role {
    pub(super) arn: String,
    /// Begins with `AROA`; a role made anew under the same name has another.
    pub(super) unique_id: String,
    pub(super) path: String,
    pub(super) trust: String,
    pub(super) permissions_boundary: Option<String>,
    /// The inline policy of ours, if it is there.
    pub(super) policy: Option<String>,
    pub(super) tags: Tags,
}

/// A role as it should be.
#[derive(Clone, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) name: &'a str,
    pub(super) path: &'a str,
    pub(super) description: &'a str,
    /// Trust policy.
    pub(super) trust: &'a str,
    pub(super) permissions_boundary: Option<&'a str>,
    pub(super) policy: Option<&'a str>,
    pub(super) tags: &'a Tags,
}

/// Tags in IAM's form.
///
/// # Errors
/// A tag without key or value, which configuration cannot make.
pub(super) fn iam_tags(tags: &Tags) -> Result<Vec<Tag>, Diagnostics> {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    tags.iter().map(tag).collect::<Result<_, _>>().map_err(|error| {
        tf_provider::Diagnostic::provider_bug(format!("A tag cannot be sent to IAM: {error}.")).into()
    })
}

/// Tags in our form.
pub(super) fn our_tags(tags: &[Tag]) -> Tags {
    tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}

/// IAM gives documents percent-encoded (RFC 3986).
fn decoded(document: &str) -> String {
    percent_decode_str(document).decode_utf8_lossy().into_owned()
}

/// The role called `name`, if there is one.
pub(super) async fn find(clients: &Clients, name: &str) -> Result<Option<Role>, Diagnostics> {
    let summary = || format!("Reading IAM role ({name})");
    let role = match clients.iam.get_role().role_name(name).send().await {
        Ok(answer) => answer.role,
        Err(error) => {
            let failure = Failure::of("IAM", &error);
            if failure.is(&["NoSuchEntity"]) {
                return Ok(None);
            }
            return Err(failure.report(summary(), "", ""));
        }
    };
    let Some(role) = role else { return Ok(None) };
    let policy = match clients.iam.get_role_policy().role_name(name).policy_name(POLICY).send().await {
        Ok(answer) => Some(decoded(answer.policy_document())),
        Err(error) => {
            let failure = Failure::of("IAM", &error);
            if !failure.is(&["NoSuchEntity"]) {
                return Err(failure.report(format!("Reading the policy of IAM role ({name})"), "", ""));
            }
            None
        }
    };
    Ok(Some(Role {
        arn: role.arn().to_owned(),
        unique_id: role.role_id().to_owned(),
        path: role.path().to_owned(),
        trust: role.assume_role_policy_document().map(decoded).unwrap_or_default(),
        permissions_boundary: role
            .permissions_boundary()
            .and_then(|boundary| boundary.permissions_boundary_arn())
            .map(str::to_owned),
        policy,
        tags: our_tags(role.tags()),
    }))
}

/// Makes the role, without its policy, and answers its ARN. The caller has seen a moment ago that there is none.
///
/// # Errors
/// `Ok(Err(()))` stands for a role of somebody else with this name.
pub(super) async fn create(
    ctx: &Context<Clients>,
    wanted: &Wanted<'_>,
    creating: &Creating,
) -> Result<Result<String, ()>, Diagnostics> {
    let clients = ctx.client();
    let tags = iam_tags(wanted.tags)?;
    let sent = while_trusted_are_missing(ctx, &["ConcurrentModification"], || {
        let call = clients
            .iam
            .create_role()
            .role_name(wanted.name)
            .path(wanted.path)
            .description(wanted.description)
            .assume_role_policy_document(wanted.trust)
            .set_permissions_boundary(wanted.permissions_boundary.map(str::to_owned))
            .set_tags(Some(tags.clone()));
        async move { call.send().await.map_err(|error| Failure::of("IAM", &error)) }
    })
    .await;
    let failure = match sent {
        Ok(answer) => return Ok(Ok(answer.role.map(|role| role.arn).unwrap_or_default())),
        Err(failure) => failure,
    };
    if !failure.is(&["EntityAlreadyExists"]) {
        let summary = format!("Creating IAM role ({})", wanted.name);
        return Err(refused(&failure, summary, "The role was not created."));
    }
    // It was not there a moment ago: an answer of ours was lost, or somebody was faster.
    let found = find(clients, wanted.name).await?;
    Ok(found.filter(|role| creating.has_made(&role.tags)).map(|role| role.arn).ok_or(()))
}

/// True when a trust policy names a role that is not there, or that IAM does not see yet.
fn misses_a_trusted_role(failure: &Failure) -> bool {
    failure.is(&["MalformedPolicyDocument"])
        && failure.message().contains("Invalid principal in policy: \"AWS\"")
}

/// Repeats `call` while IAM answers one of `codes`, or may not see a role yet that a trust policy names.
async fn while_trusted_are_missing<T, F>(
    ctx: &Context<Clients>,
    codes: &[&str],
    call: impl FnMut() -> F + Send,
) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>> + Send,
{
    let limit = (Instant::now() + CONFLICT).min(ctx.deadline());
    let passes = |failure: &Failure| failure.is(codes) || misses_a_trusted_role(failure);
    until(ctx, FIRST_PAUSE, |failure| passes(failure).then_some(limit), call).await
}

/// The diagnostic of a refused role.
fn refused(failure: &Failure, summary: String, exists_now: &str) -> Diagnostics {
    if !misses_a_trusted_role(failure) {
        return failure.report(summary, exists_now, "");
    }
    // So every resource calls the argument that names roles in a trust policy.
    let remedy = "Name roles that there are; one that was deleted is another one when it is made anew.";
    failure.diagnostic(summary, exists_now, remedy).at("assumed_by").into()
}

/// The new role, once it can be read and its ARN is one: for some seconds IAM may give its unique id instead.
pub(super) async fn wait_for(ctx: &Context<Clients>, name: &str) -> Result<Role, Diagnostics> {
    ctx.wait_for("the new IAM role can be read", Duration::from_millis(500), || async {
        Ok(find(ctx.client(), name).await?.filter(|role| role.arn.starts_with("arn:")))
    })
    .await
}

/// Makes trust policy, boundary, inline policy and tags of `role` as wanted. Changes only what differs.
pub(super) async fn repair(
    ctx: &Context<Clients>,
    role: &Role,
    wanted: &Wanted<'_>,
) -> Result<(), Diagnostics> {
    let (iam, name) = (&ctx.client().iam, wanted.name);
    let failed =
        |failure: Failure| refused(&failure, format!("Updating IAM role ({name})"), "The role is there.");
    macro_rules! send {
        ($call:expr) => {
            while_trusted_are_missing(ctx, &CONFLICTS_OF_NEW, || {
                let call = $call;
                async move { call.send().await.map(drop).map_err(|error| Failure::of("IAM", &error)) }
            })
            .await
            .map_err(failed)?
        };
    }
    if !policy::is_same(&role.trust, wanted.trust) {
        send!(iam.update_assume_role_policy().role_name(name).policy_document(wanted.trust));
    }
    match (role.permissions_boundary.as_deref(), wanted.permissions_boundary) {
        (actual, wanted) if actual == wanted => {}
        (_, Some(boundary)) => {
            send!(iam.put_role_permissions_boundary().role_name(name).permissions_boundary(boundary));
        }
        (_, None) => send!(iam.delete_role_permissions_boundary().role_name(name)),
    }
    match (role.policy.as_deref(), wanted.policy) {
        (Some(actual), Some(wanted)) if policy::is_same(actual, wanted) => {}
        (None, None) => {}
        (_, Some(document)) => {
            send!(iam.put_role_policy().role_name(name).policy_name(POLICY).policy_document(document));
        }
        (Some(_), None) => delete_policy(ctx, name, POLICY).await?,
    }
    set_tags(ctx, name, &role.tags, wanted.tags).await
}

/// Makes the tags of the role those wanted; tags of AWS and ignored ones are left alone.
pub(super) async fn set_tags(
    ctx: &Context<Clients>,
    name: &str,
    actual: &Tags,
    wanted: &Tags,
) -> Result<(), Diagnostics> {
    let iam = &ctx.client().iam;
    let (set, removed) = ctx.client().tags.changes(actual, wanted);
    let failed =
        |failure: Failure| failure.report(format!("Tagging IAM role ({name})"), "The role is there.", "");
    if !set.is_empty() {
        let set = iam_tags(&set)?;
        while_failing(ctx, &CONFLICTS_OF_NEW, CONFLICT, || {
            let call = iam.tag_role().role_name(name).set_tags(Some(set.clone()));
            async move { call.send().await.map(drop).map_err(|error| Failure::of("IAM", &error)) }
        })
        .await
        .map_err(failed)?;
    }
    if !removed.is_empty() {
        while_failing(ctx, &CONFLICTS_OF_NEW, CONFLICT, || {
            let call = iam.untag_role().role_name(name).set_tag_keys(Some(removed.clone()));
            async move { call.send().await.map(drop).map_err(|error| Failure::of("IAM", &error)) }
        })
        .await
        .map_err(failed)?;
    }
    Ok(())
}

/// Removes the role with all that hangs on it. One that is gone counts as removed.
pub(super) async fn delete(ctx: &Context<Clients>, name: &str) -> Result<(), Diagnostics> {
    let clients = ctx.client();
    for policy in inline_policies(clients, name).await? {
        delete_policy(ctx, name, &policy).await?;
    }
    for arn in attached_policies(clients, name).await? {
        let sent = while_failing(ctx, &CONFLICTS, CONFLICT, || {
            let call = clients.iam.detach_role_policy().role_name(name).policy_arn(&arn);
            async move { call.send().await.map(drop).map_err(|error| Failure::of("IAM", &error)) }
        })
        .await;
        gone_or(sent, || format!("Detaching {arn} from IAM role ({name})"))?;
    }
    let sent = while_failing(ctx, &CONFLICTS, CONFLICT, || {
        let call = clients.iam.delete_role().role_name(name);
        async move { call.send().await.map(drop).map_err(|error| Failure::of("IAM", &error)) }
    })
    .await;
    gone_or(sent, || format!("Deleting IAM role ({name})"))
}

async fn delete_policy(ctx: &Context<Clients>, role: &str, policy: &str) -> Result<(), Diagnostics> {
    let sent = while_failing(ctx, &CONFLICTS, CONFLICT, || {
        let call = ctx.client().iam.delete_role_policy().role_name(role).policy_name(policy);
        async move { call.send().await.map(drop).map_err(|error| Failure::of("IAM", &error)) }
    })
    .await;
    gone_or(sent, || format!("Deleting the policy {policy} of IAM role ({role})"))
}

/// A removal that found nothing succeeded.
pub(super) fn gone_or(
    sent: Result<(), Failure>,
    summary: impl FnOnce() -> String,
) -> Result<(), Diagnostics> {
    match sent {
        Err(failure) if !failure.is(&["NoSuchEntity"]) => {
            Err(failure.report(summary(), "It is still there. Destroy again.", ""))
        }
        _ => Ok(()),
    }
}

async fn inline_policies(clients: &Clients, name: &str) -> Result<Vec<String>, Diagnostics> {
    let mut pages = clients.iam.list_role_policies().role_name(name).into_paginator().send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => names.extend_from_slice(page.policy_names()),
            Err(error) => return absent_or(&Failure::of("IAM", &error), name),
        }
    }
    Ok(names)
}

async fn attached_policies(clients: &Clients, name: &str) -> Result<Vec<String>, Diagnostics> {
    let mut pages = clients.iam.list_attached_role_policies().role_name(name).into_paginator().send();
    let mut arns = Vec::new();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => {
                let attached = page.attached_policies().iter();
                arns.extend(attached.filter_map(|policy| policy.policy_arn().map(str::to_owned)));
            }
            Err(error) => return absent_or(&Failure::of("IAM", &error), name),
        }
    }
    Ok(arns)
}

/// A role that is gone has no policies.
fn absent_or(failure: &Failure, name: &str) -> Result<Vec<String>, Diagnostics> {
    if failure.is(&["NoSuchEntity"]) {
        return Ok(Vec::new());
    }
    Err(failure.report(format!("Listing the policies of IAM role ({name})"), "", ""))
}
