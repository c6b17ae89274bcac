//! `ecrunner_repository_creation_role`: the role that ECR assumes to create repositories, with one inline policy.
//! AWS: the calls that `role` names (IAM API reference); what ECR needs is told by the ECR user guide, "Creating an IAM
//! role for repository creation templates".
//! Identity: the name. Updatable in place: everything but name and path. What was changed behind Terraform's back is
//! restored by an update.

mod permissions;

use std::collections::BTreeSet;
use std::time::Duration;

use tf_provider::schema::Computed;
use tf_provider::{
    Context, Diagnostic, Diagnostics, ImportIdentity, ImportState, ModifyPlan, PlanContext, Resource,
    ResourceIdentity, Schema, Value,
};

use self::permissions::Permissions;
use super::policy;
use super::role::{self, Role, Wanted};
use super::role_arguments::{check_name, check_path, check_policy_arn};
use crate::arn::check_key_arn;
use crate::clients::Clients;
use crate::creating::{self, Creating};
use crate::ecr::repository_name::check_pattern;
use crate::identity::NamedInAccount;
use crate::planned::known;
use crate::tags::{Tags, are_set};

/// Most elements of a list: more do not fit into the policy.
const MOST: usize = 250;

/// Lets ECR create repositories that have tags or are encrypted by a key of KMS: the role for `custom_role_arn` of
/// `ecrunner_repository_creation_template`.
///
/// ECR alone may assume the role, and only for templates of the same account. Its one inline policy allows to create, tag
/// and fill the repositories that are named here, and to use the keys. Other policies that are attached to the role are
/// left alone, and go with it when it is destroyed. Who applies a template needs `iam:PassRole` for the role.
///
/// Import reads the arguments back from a policy that this resource made. Any other policy shows as no repositories, and
/// the first apply replaces it.
#[derive(Schema, Clone, Debug)]
#[tf(
    type_name = "ecrunner_repository_creation_role",
    timeouts(create = "5m", read = "2m", update = "5m", delete = "5m")
)]
pub struct RepositoryCreationRole {
    /// Name of the role: 1 to 64 of letters, digits and `_+=,.@-`. Unique in the account without regard to case.
    #[tf(replace, validate(text(check_name)))]
    pub name: String,
    /// Path of the role, beginning and ending with a slash.
    #[tf(default = "/", replace, validate(text(check_path)))]
    pub path: String,
    /// Repositories that ECR may create: names in the provider's account and region, in which `*` stands for any text,
    /// such as `docker-hub/*`.
    #[tf(validate(length(1..=MOST), each(text(check_pattern))))]
    pub repositories: BTreeSet<String>,
    /// ARNs of the KMS keys that encrypt them. The key that AWS manages for ECR counts too.
    #[tf(validate(length(1..=MOST), each(text(check_key_arn))))]
    pub kms_key_arns: Option<BTreeSet<String>>,
    /// ARN of the policy that bounds what the role may ever be allowed.
    #[tf(validate(text(check_policy_arn)))]
    pub permissions_boundary: Option<String>,
    /// Tags of the role.
    pub tags: Option<Tags>,
    /// ARN of the role; null while its trust policy is not the one by which ECR alone may assume it.
    #[tf(keep)]
    pub arn: Computed<String>,
    /// Unique id of the role, such as `AROA…`: a role made anew under the same name has another.
    #[tf(keep)]
    pub unique_id: Computed<String>,
    /// Tags of the role, those of the provider's `default_tags` among them.
    pub tags_all: Computed<Tags>,
}

impl Resource for RepositoryCreationRole {
    type Client = Clients;

    async fn create(self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let found = role::find(ctx.client(), &self.name).await?;
        let creating = Creating::begin_of(&self);
        if found.as_ref().is_some_and(|role| !creating.goes_on_with(&role.tags)) {
            return Err(already_exists(&self.name));
        }
        creating.note(ctx);
        self.complete(found, &creating, ctx).await
    }

    async fn read(self, ctx: &mut Context<Clients>) -> Result<Option<Self>, Diagnostics> {
        let clients = ctx.client().clone();
        let Some(role) = role::find(&clients, &self.name).await? else { return Ok(None) };
        if let Some(fault) = fault(&clients, &role) {
            ctx.warn(Diagnostic::warning(
                format!("Repository creation role was changed ({})", self.name),
                format!("{fault} Apply to restore it."),
            ));
        }
        Ok(Some(self.with(&clients, &role)))
    }

    async fn update(self, _prior: Self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        // One that is made anew would have another unique id than the plan says.
        let Some(role) = role::find(ctx.client(), &self.name).await? else {
            return Err(Diagnostic::error(
                format!("Updating repository creation role ({})", self.name),
                "The role vanished during the update. Apply again to make it anew.",
            )
            .into());
        };
        self.complete(Some(role), &Creating::restoring(), ctx).await
    }

    async fn delete(self, ctx: &mut Context<Clients>) -> Result<(), Diagnostics> {
        let found = role::find(ctx.client(), &self.name).await?;
        if found.is_some_and(|role| creating::was_taken_over(ctx, &role.tags)) {
            return Ok(());
        }
        role::delete(ctx, &self.name).await
    }
}

impl ImportState for RepositoryCreationRole {
    async fn import(id: String, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let clients = ctx.client();
        let role = role::find(clients, &id).await?.ok_or_else(|| {
            Diagnostic::error(
                format!("Repository creation role not found ({id})"),
                format!(
                    "Account {} has no role with the name \"{id}\". The import id is the name.",
                    clients.account_id
                ),
            )
        })?;
        let named = RepositoryCreationRole {
            name: id,
            path: "/".to_owned(),
            repositories: BTreeSet::new(),
            kms_key_arns: None,
            permissions_boundary: None,
            tags: None,
            arn: Computed::Pending,
            unique_id: Computed::Pending,
            tags_all: Computed::Pending,
        };
        Ok(named.with(clients, &role))
    }
}

impl ResourceIdentity for RepositoryCreationRole {
    type Identity = NamedInAccount;

    fn identity(&self, clients: &Clients) -> Option<NamedInAccount> {
        Some(NamedInAccount::new(&self.name, clients))
    }
}

impl ImportIdentity for RepositoryCreationRole {
    async fn import_identity(
        identity: NamedInAccount,
        ctx: &mut Context<Clients>,
    ) -> Result<Self, Diagnostics> {
        let name = identity.name(ctx.client())?;
        Self::import(name, ctx).await
    }
}

impl ModifyPlan for RepositoryCreationRole {
    fn modify_plan(plan: &mut PlanContext<'_, Self>) {
        // A trust policy that is not ours is made ours again.
        if plan.prior.is_some_and(|prior| prior.arn.get().is_none()) {
            plan.planned.arn = Value::Unknown;
        }
        let Some(clients) = plan.client() else { return };
        plan.planned.tags_all = clients.tags.plan(&plan.planned.tags);
        let (Some(repositories), Some(kms_key_arns)) =
            (known(&plan.planned.repositories), known(&plan.planned.kms_key_arns))
        else {
            return;
        };
        let document = Permissions { repositories, kms_key_arns }.document(clients);
        let what = "The policy for these repositories and keys";
        let remedy = "Name repositories by a common prefix and `*`, or divide them among several roles.";
        if let Some(fault) = document.and_then(|document| policy::check_size(&document, what, remedy)) {
            plan.report(fault);
        }
    }
}

impl RepositoryCreationRole {
    /// Makes the role if it is missing and repairs what differs; saves state as soon as it is there.
    async fn complete(
        mut self,
        found: Option<Role>,
        creating: &Creating,
        ctx: &mut Context<Clients>,
    ) -> Result<Self, Diagnostics> {
        let clients = ctx.client().clone();
        let all = clients.tags.all(self.tags.as_ref());
        self.tags_all = all.clone().into();
        let given = self.clone();
        let (name, document) = (given.name.as_str(), given.permissions().document(&clients));
        let (tags, trust) = (creating.tags_for(found.is_some(), &all), trust());
        let wanted = Wanted {
            name,
            path: &given.path,
            description: "ECR creates repositories by this role",
            trust: &trust,
            permissions_boundary: given.permissions_boundary.as_deref(),
            policy: document.as_deref(),
            tags: &tags,
        };
        let arn = match &found {
            Some(role) => role.arn.clone(),
            None => role::create(ctx, &wanted, creating).await?.map_err(|()| already_exists(name))?,
        };
        // Before any wait: what exists is in the state.
        self.arn = arn.into();
        self.unique_id = found.as_ref().map(|role| role.unique_id.clone()).into();
        ctx.save(&self);
        let role = match found {
            Some(role) => role,
            None => role::wait_for(ctx, name).await?,
        };
        self.unique_id = role.unique_id.as_str().into();
        ctx.save(&self);
        role::repair(ctx, &role, &wanted).await?;
        let what = "the role can be read as it was set";
        let settled = ctx.wait_for(what, Duration::from_secs(1), || self.settled(&clients)).await?;
        creating::note_end(ctx);
        role::set_tags(ctx, name, &tags, &all).await?;
        Ok(settled)
    }

    /// The role as IAM reports it, once that is what was asked for.
    async fn settled(&self, clients: &Clients) -> Result<Option<Self>, Diagnostics> {
        let Some(role) = role::find(clients, &self.name).await? else { return Ok(None) };
        // Tags that others set besides are told by the next refresh.
        let wanted = self.tags_all.get().cloned().unwrap_or_default();
        let read = self.clone().with(clients, &role);
        let as_planned = read.repositories == self.repositories
            && read.kms_key_arns == self.kms_key_arns
            && read.permissions_boundary == self.permissions_boundary;
        let is_whole = role.arn.starts_with("arn:") && fault(clients, &role).is_none();
        let read =
            RepositoryCreationRole { tags: self.tags.clone(), tags_all: self.tags_all.clone(), ..read };
        Ok(Some(read).filter(|_| is_whole && as_planned && are_set(&role.tags, &wanted)))
    }

    fn permissions(&self) -> Permissions {
        Permissions { repositories: self.repositories.clone(), kms_key_arns: self.kms_key_arns.clone() }
    }

    /// This role as AWS reports it.
    fn with(self, clients: &Clients, role: &Role) -> Self {
        let (tags, tags_all) = clients.tags.read(role.tags.clone(), self.tags.as_ref());
        let read = permissions(clients, role).unwrap_or_default();
        let is_trusted = policy::is_same(&role.trust, &trust());
        RepositoryCreationRole {
            name: self.name,
            path: role.path.clone(),
            repositories: read.repositories,
            kms_key_arns: read.kms_key_arns,
            permissions_boundary: role.permissions_boundary.clone(),
            tags,
            arn: is_trusted.then(|| role.arn.clone()).into(),
            unique_id: role.unique_id.as_str().into(),
            tags_all,
        }
    }
}

/// What the role's policy allows, if it is one of ours.
fn permissions(clients: &Clients, role: &Role) -> Option<Permissions> {
    Permissions::declared(role.policy.as_deref()?, clients)
}

/// What keeps ECR from using the role as declared, or lets others use it.
fn fault(clients: &Clients, role: &Role) -> Option<&'static str> {
    if !policy::is_same(&role.trust, &trust()) {
        return Some("The trust policy of the role was changed.");
    }
    match &role.policy {
        None => Some("The policy of the role is gone."),
        Some(_) => permissions(clients, role).is_none().then_some("The policy of the role was changed."),
    }
}

/// The trust policy. It has no condition on `aws:SourceAccount`: ECR's documentation has none, and a condition on a key that
/// ECR did not send would end every first pull. IAM lets nobody pass a role of another account.
fn trust() -> String {
    // The principal has this name in every partition.
    policy::trust_document("ecr.amazonaws.com")
}

fn already_exists(name: &str) -> Diagnostics {
    Diagnostic::error(
        format!("Creating repository creation role ({name})"),
        format!(
            "A role with this name is there already, and was not made by this configuration. It was not changed. Choose \
             another name, or take it over:\n\nimport {{\n  to = ecrunner_repository_creation_role.<name>\n  id = \
             \"{name}\"\n}}"
        ),
    )
    .at("name")
    .into()
}
