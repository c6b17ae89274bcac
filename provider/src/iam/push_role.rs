//! `ecrunner_push_role`: the role that jobs push images with, its trust policy and one inline policy.
//! AWS: the calls that `role` names (IAM API reference); the actions of a push are told by the ECR user guide, "Required
//! IAM permissions for pushing an image".
//! Identity: the name. Updatable in place: everything but name and path. What was changed behind Terraform's back is
//! restored by an update.

mod permissions;

use std::collections::BTreeSet;

use tf_provider::schema::Computed;
use tf_provider::{
    Context, Diagnostic, Diagnostics, ImportIdentity, ImportState, ModifyPlan, PlanContext, Resource,
    ResourceIdentity, Schema, Value,
};

use self::permissions::{Permissions, trust, trusted};
use super::capability::{Scope, check_repository};
use super::lone_role::{self, Arguments, Attributes, LoneRole};
use super::policy;
use super::role::Role;
use super::role_arguments::{check_name, check_path, check_policy_arn};
use crate::arn::{Arn, check_role_arn};
use crate::clients::Clients;
use crate::identity::NamedInAccount;
use crate::planned::known;
use crate::tags::Tags;

/// Most elements of a list: more do not fit into the policy.
const MOST: usize = 250;

/// Lets jobs push images to the team's own repositories of ECR, and to no mirror: the role for `push` in `pull_proxy` of
/// `ecrunner_worker_fleet`.
///
/// The workers assume it, so that what a job gets are credentials for images alone, and for an hour at most: AWS ends
/// sessions of a role that is assumed by another role after that time. Allow it on the workers' side by `assume_roles` of
/// `ecrunner_instance_profile`.
///
/// Its one inline policy allows to log in to ECR, and to push to and pull from `repositories`. What it denies, no other
/// policy of the role can allow. Other policies that are attached to the role are left alone, and go with it when it is
/// destroyed.
///
/// Import reads the arguments back from policies that this resource made. Any other policy shows as no repositories, any
/// other trust policy as nobody, and the first apply replaces them.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "ecrunner_push_role", timeouts(create = "5m", read = "2m", update = "5m", delete = "5m"))]
pub struct PushRole {
    /// Name of the role: 1 to 64 of letters, digits and `_+=,.@-`. Unique in the account without regard to case.
    #[tf(replace, validate(text(check_name)))]
    pub name: String,
    /// Path of the role, beginning and ending with a slash.
    #[tf(default = "/", replace, validate(text(check_path)))]
    pub path: String,
    /// ARNs of the roles that may assume it: `role_arn` of the workers' instance profile. Nobody else may.
    #[tf(validate(length(1..=MOST), each(text(check_role_arn))))]
    pub assumed_by: BTreeSet<String>,
    /// Repositories to push to and pull from, in the provider's account and region: names, in which `*` stands for any
    /// text, such as `team/*`, or ARNs. The repositories have to be there: a push creates none.
    #[tf(validate(length(1..=MOST), each(text(check_repository))))]
    pub repositories: BTreeSet<String>,
    /// Repositories that are never written to, whatever `repositories` says, such as mirrors and what pull through cache
    /// rules fill: names, in which `*` stands for any text, or ARNs.
    #[tf(validate(length(0..=MOST), each(text(check_repository))))]
    pub denied_repositories: Option<BTreeSet<String>>,
    /// ARN of the policy that bounds what the role may ever be allowed.
    #[tf(validate(text(check_policy_arn)))]
    pub permissions_boundary: Option<String>,
    /// Tags of the role.
    pub tags: Option<Tags>,
    /// ARN of the role.
    #[tf(keep)]
    pub arn: Computed<String>,
    /// Unique id of the role, such as `AROA…`: a role made anew under the same name has another.
    #[tf(keep)]
    pub unique_id: Computed<String>,
    /// The policy as JSON.
    pub policy_json: Computed<String>,
    /// Tags of the role, those of the provider's `default_tags` among them.
    pub tags_all: Computed<Tags>,
}

impl Resource for PushRole {
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

impl ImportState for PushRole {
    async fn import(id: String, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        lone_role::import(id, ctx).await
    }
}

impl ResourceIdentity for PushRole {
    type Identity = NamedInAccount;

    fn identity(&self, clients: &Clients) -> Option<NamedInAccount> {
        Some(NamedInAccount::new(&self.name, clients))
    }
}

impl ImportIdentity for PushRole {
    async fn import_identity(
        identity: NamedInAccount,
        ctx: &mut Context<Clients>,
    ) -> Result<Self, Diagnostics> {
        let name = identity.name(ctx.client())?;
        Self::import(name, ctx).await
    }
}

impl ModifyPlan for PushRole {
    fn modify_plan(plan: &mut PlanContext<'_, Self>) {
        let Some(clients) = plan.client() else {
            plan.planned.policy_json = Value::Unknown;
            return;
        };
        plan.planned.tags_all = clients.tags.plan(&plan.planned.tags);
        if let Some(assumed_by) = known::<BTreeSet<String>, _>(&plan.planned.assumed_by)
            && let Some(foreign) = assumed_by.iter().find(|arn| !is_of_partition(arn, clients))
        {
            let detail = format!(
                "{foreign} is of another partition than the provider's account, which is in {0}. Name roles of {0}.",
                clients.partition
            );
            plan.report(Diagnostic::error("Invalid assumed_by", detail).at("assumed_by"));
        }
        let (Some(repositories), Some(denied)) = (
            known::<BTreeSet<String>, _>(&plan.planned.repositories),
            known::<Option<BTreeSet<String>>, _>(&plan.planned.denied_repositories),
        ) else {
            plan.planned.policy_json = Value::Unknown;
            return;
        };
        for (attribute, names) in
            [("repositories", Some(&repositories)), ("denied_repositories", denied.as_ref())]
        {
            if let Some(foreign) = names.into_iter().flatten().find(|name| !is_own(name, clients)) {
                let detail = format!(
                    "{foreign} is not a repository of account {} in {}. Name one of that registry, or use a provider of \
                     the other account or region.",
                    clients.account_id, clients.region
                );
                plan.report(Diagnostic::error(format!("Invalid {attribute}"), detail).at(attribute));
            }
        }
        // A name and its ARN are the same repository.
        if let Some(prior) = plan.prior {
            if to_arns(&prior.repositories, clients) == to_arns(&repositories, clients) {
                plan.planned.repositories = planned(&prior.repositories);
            }
            if let (Some(prior), Some(denied)) = (&prior.denied_repositories, &denied)
                && to_arns(prior, clients) == to_arns(denied, clients)
            {
                plan.planned.denied_repositories = planned(prior);
            }
        }
        let permissions = permissions(&repositories, denied.as_ref(), clients);
        if let Some(never) = permissions.repositories.intersection(&permissions.denied).next() {
            let detail = format!(
                "{never} stands in repositories too, and could never be pushed to. Take it out of one of the two."
            );
            plan.report(Diagnostic::error("Invalid denied_repositories", detail).at("denied_repositories"));
        }
        plan.planned.policy_json = permissions.document().into();
        let what = "The policy for these repositories";
        let remedy = "Name repositories by a common prefix and `*`, or divide them among several roles.";
        let document = plan.planned.policy_json.known();
        if let Some(fault) = document.and_then(|document| policy::check_size(document, what, remedy)) {
            plan.report(fault);
        }
    }
}

impl LoneRole for PushRole {
    const NOUN: &'static str = "push role";
    const DESCRIPTION: &'static str = "Jobs push images with this role";

    fn named(name: String) -> Self {
        PushRole {
            name,
            path: "/".to_owned(),
            assumed_by: BTreeSet::new(),
            repositories: BTreeSet::new(),
            denied_repositories: None,
            permissions_boundary: None,
            tags: None,
            arn: Computed::Pending,
            unique_id: Computed::Pending,
            policy_json: Computed::Pending,
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
        trust(&self.assumed_by)
    }

    fn policy(&self, clients: &Clients) -> Option<String> {
        permissions(&self.repositories, self.denied_repositories.as_ref(), clients).document()
    }

    fn with(self, clients: &Clients, role: &Role) -> Self {
        let (tags, tags_all) = clients.tags.read(role.tags.clone(), self.tags.as_ref());
        let read = role.policy.as_deref().and_then(Permissions::declared).unwrap_or_default();
        let denied = from_arns(&read.denied, self.denied_repositories.as_ref(), clients);
        // Another layout of the same policy is no drift.
        let policy_json = match (self.policy_json.into_inner(), &role.policy) {
            (Some(known), Some(actual)) if policy::is_same(&known, actual) => Some(known),
            (_, actual) => actual.clone(),
        };
        PushRole {
            name: self.name,
            path: role.path.clone(),
            assumed_by: trusted(&role.trust).unwrap_or_default(),
            repositories: from_arns(&read.repositories, Some(&self.repositories), clients),
            // An empty set in configuration stays one, a missing one stays missing.
            denied_repositories: Some(denied)
                .filter(|denied| !denied.is_empty() || self.denied_repositories.is_some()),
            permissions_boundary: role.permissions_boundary.clone(),
            tags,
            arn: role.arn.as_str().into(),
            unique_id: role.unique_id.as_str().into(),
            policy_json: policy_json.into(),
            tags_all,
        }
    }

    fn fault(_clients: &Clients, role: &Role) -> Option<&'static str> {
        if trusted(&role.trust).is_none() {
            return Some("The trust policy of the role was changed.");
        }
        match role.policy.as_deref() {
            None => Some("The policy of the role is gone."),
            Some(actual) => {
                Permissions::declared(actual).is_none().then_some("The policy of the role was changed.")
            }
        }
    }
}

fn permissions(
    repositories: &BTreeSet<String>,
    denied: Option<&BTreeSet<String>>,
    clients: &Clients,
) -> Permissions {
    Permissions {
        repositories: to_arns(repositories, clients),
        denied: denied.map(|denied| to_arns(denied, clients)).unwrap_or_default(),
    }
}

fn to_arns(names: &BTreeSet<String>, clients: &Clients) -> BTreeSet<String> {
    Scope::from(clients).arns("ecr", "repository/", names)
}

/// The repositories as `own` writes them; one that is not among these by its name.
fn from_arns(arns: &BTreeSet<String>, own: Option<&BTreeSet<String>>, clients: &Clients) -> BTreeSet<String> {
    let of_own = |name: &String| to_arns(&BTreeSet::from([name.clone()]), clients);
    let kept = own.into_iter().flatten().filter(|name| of_own(name).is_subset(arns)).cloned();
    let mut names: BTreeSet<String> = kept.collect();
    let (ours, prefix) = (to_arns(&names, clients), clients.repository_arn(""));
    let others = arns.difference(&ours).map(|arn| arn.strip_prefix(&prefix).unwrap_or(arn).to_owned());
    names.extend(others);
    names
}

/// True for a repository of the provider's own registry.
fn is_own(name: &str, clients: &Clients) -> bool {
    Arn::parse(name).is_none() || name.starts_with(&clients.repository_arn(""))
}

fn is_of_partition(arn: &str, clients: &Clients) -> bool {
    Arn::parse(arn).is_none_or(|arn| arn.partition == clients.partition)
}

fn planned(names: &BTreeSet<String>) -> Value<Vec<Value<String>>> {
    Value::Known(names.iter().cloned().map(Value::Known).collect())
}
