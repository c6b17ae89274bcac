//! `ecrunner_repository_creation_role`: the role that ECR assumes to create repositories, with one inline policy.
//! AWS: the calls that `role` names (IAM API reference); what ECR needs is told by the ECR user guide, "Creating an IAM
//! role for repository creation templates".
//! Identity: the name. Updatable in place: everything but name and path. What was changed behind Terraform's back is
//! restored by an update.

mod permissions;

use std::collections::BTreeSet;

use tf_provider::schema::Computed;
use tf_provider::{
    Context, Diagnostics, ImportIdentity, ImportState, ModifyPlan, PlanContext, Resource, ResourceIdentity,
    Schema, Value,
};

use self::permissions::Permissions;
use super::lone_role::{self, Arguments, Attributes, LoneRole};
use super::policy;
use super::role::Role;
use super::role_arguments::{check_name, check_path, check_policy_arn};
use crate::arn::check_key_arn;
use crate::clients::Clients;
use crate::ecr::repository_name::check_pattern;
use crate::identity::NamedInAccount;
use crate::planned::known;
use crate::tags::Tags;

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
        lone_role::create(self, ctx).await
    }

    async fn read(self, ctx: &mut Context<Clients>) -> Result<Option<Self>, Diagnostics> {
        lone_role::read(self, ctx).await
    }

    async fn update(self, _prior: Self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        lone_role::update(self, ctx).await
    }

    async fn delete(self, ctx: &mut Context<Clients>) -> Result<(), Diagnostics> {
        lone_role::delete(self, ctx).await
    }
}

impl ImportState for RepositoryCreationRole {
    async fn import(id: String, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        lone_role::import(id, ctx).await
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

impl LoneRole for RepositoryCreationRole {
    const NOUN: &'static str = "repository creation role";
    const DESCRIPTION: &'static str = "ECR creates repositories by this role";

    fn named(name: String) -> Self {
        RepositoryCreationRole {
            name,
            path: "/".to_owned(),
            repositories: BTreeSet::new(),
            kms_key_arns: None,
            permissions_boundary: None,
            tags: None,
            arn: Computed::Pending,
            unique_id: Computed::Pending,
            tags_all: Computed::Pending,
        }
    }

    fn arguments(&self) -> Arguments<'_> {
        Arguments {
            name: &self.name,
            path: &self.path,
            permissions_boundary: self.permissions_boundary.as_deref(),
            tags: self.tags.as_ref(),
        }
    }

    fn attributes(&mut self) -> Attributes<'_> {
        Attributes {
            arn: &mut self.arn,
            unique_id: &mut self.unique_id,
            tags: &mut self.tags,
            tags_all: &mut self.tags_all,
        }
    }

    fn trust(&self, _clients: &Clients) -> String {
        trust()
    }

    fn policy(&self, clients: &Clients) -> Option<String> {
        let (repositories, kms_key_arns) = (self.repositories.clone(), self.kms_key_arns.clone());
        Permissions { repositories, kms_key_arns }.document(clients)
    }

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

    fn fault(clients: &Clients, role: &Role) -> Option<&'static str> {
        if !policy::is_same(&role.trust, &trust()) {
            return Some("The trust policy of the role was changed.");
        }
        match &role.policy {
            None => Some("The policy of the role is gone."),
            Some(_) => permissions(clients, role).is_none().then_some("The policy of the role was changed."),
        }
    }
}

/// What the role's policy allows, if it is one of ours.
fn permissions(clients: &Clients, role: &Role) -> Option<Permissions> {
    Permissions::declared(role.policy.as_deref()?, clients)
}

/// The trust policy. It has no condition on `aws:SourceAccount`: ECR's documentation has none, and a condition on a key that
/// ECR did not send would end every first pull. IAM lets nobody pass a role of another account.
fn trust() -> String {
    // The principal has this name in every partition.
    policy::trust_document("Service", &["ecr.amazonaws.com"])
}
