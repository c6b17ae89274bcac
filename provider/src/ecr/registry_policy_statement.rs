//! `ecrunner_registry_policy_statement`: one statement of the ECR registry policy, by its Sid.
//! AWS: the calls that `registry_policy` names (Amazon ECR API reference).
//! Identity: the Sid within the registry. Updatable in place: everything else.

mod statement;

use std::collections::BTreeSet;

use tf_provider::schema::{Computed, Invalid};
use tf_provider::{
    Context, Diagnostic, Diagnostics, ImportIdentity, ImportState, ModifyPlan, PlanContext, Resource,
    ResourceIdentity, Schema, Value,
};

use self::statement::Allowed;
use super::registry_policy::{self, Change, Reason, Unchanged, too_large};
use super::repository_name::check_pattern;
use super::repository_settings::may_miss_a_principal;
use crate::arn::{Arn, check_arn, is_account};
use crate::clients::Clients;
use crate::diagnostics::Failure;
use crate::identity::{check_place, place};
use crate::planned::known;

/// Most elements of a list: more do not fit into a registry policy.
const MOST: usize = 310;

/// Allows others to use the private registry, such as other accounts to import images through its pull through cache
/// rules: one statement of the registry policy.
///
/// The registry policy is one for an account and region. This resource owns the statement with its `sid`, and leaves all
/// others as they are. Principals of other accounts need the same actions in a policy of their own, and to pull they need
/// a repository policy, which `ecrunner_repository_creation_template` gives to new repositories.
///
/// Who applies needs `ecr:GetRegistryPolicy`, `ecr:PutRegistryPolicy` and `ecr:DeleteRegistryPolicy`.
#[derive(Schema, Clone, Debug)]
#[tf(
    type_name = "ecrunner_registry_policy_statement",
    timeouts(create = "5m", read = "2m", update = "5m", delete = "2m")
)]
pub struct RegistryPolicyStatement {
    /// Sid of the statement: letters and digits. No other statement of the policy may have it.
    #[tf(replace, validate(text(check_sid)))]
    pub sid: String,
    /// Who is allowed: ids of accounts, or ARNs of IAM roles and users. An account stands for all in it whose own policies
    /// allow the same. A role or user that is deleted shows by its unique id, such as `AROA…`.
    #[tf(validate(length(1..=MOST), each(text(check_principal))))]
    pub principals: BTreeSet<String>,
    /// What is allowed: actions of ECR. The default is what a pull through cache needs to import an image and to create its
    /// repository. Beyond these two and `ecr:ReplicateImage`, actions need version 2 of the registry policy scope, which is
    /// ECR's default.
    #[tf(default = default_actions(), validate(length(1..=MOST), each(text(check_action))))]
    pub actions: BTreeSet<String>,
    /// On which repositories: names, in which `*` stands for any text, such as `docker-hub/*`.
    #[tf(validate(length(1..=MOST), each(text(check_pattern))))]
    pub repositories: BTreeSet<String>,
    /// Id of the registry, which is the id of the account.
    #[tf(keep)]
    pub registry_id: Computed<String>,
}

impl Resource for RegistryPolicyStatement {
    type Client = Clients;

    async fn create(mut self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let clients = ctx.client().clone();
        self.registry_id = clients.account_id.as_str().into();
        let statement = self.allowed(&clients).to_statement(&self.sid);
        if let Err(unchanged) = registry_policy::change(ctx, &self.sid, Change::Add(&statement)).await {
            if unchanged.may_be_made {
                ctx.save(&self);
            }
            return Err(self.refused("Creating", unchanged));
        }
        Ok(self)
    }

    async fn read(self, ctx: &mut Context<Clients>) -> Result<Option<Self>, Diagnostics> {
        let clients = ctx.client().clone();
        let policy = registry_policy::find(&clients).await?;
        let Some(statement) = policy.as_ref().and_then(|policy| policy.statement(&self.sid)) else {
            return Ok(None);
        };
        let allowed = Allowed::read(statement);
        if allowed.is_none() {
            ctx.warn(Diagnostic::warning(
                format!("ECR registry policy statement was changed ({})", self.sid),
                "It is no plain statement any more that allows actions to principals of AWS: its principals are shown \
                 as none. Apply to restore it.",
            ));
        }
        Ok(Some(self.with(&clients, allowed)))
    }

    async fn update(self, _prior: Self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let statement = self.allowed(ctx.client()).to_statement(&self.sid);
        if let Err(unchanged) = registry_policy::change(ctx, &self.sid, Change::Set(&statement)).await {
            if unchanged.may_be_made {
                ctx.save(&self);
            }
            return Err(self.refused("Updating", unchanged));
        }
        Ok(self)
    }

    async fn delete(self, ctx: &mut Context<Clients>) -> Result<(), Diagnostics> {
        let changed = registry_policy::change(ctx, &self.sid, Change::Remove).await;
        changed.map_err(|unchanged| self.refused("Deleting", unchanged))
    }
}

impl ImportState for RegistryPolicyStatement {
    async fn import(id: String, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let clients = ctx.client();
        let policy = registry_policy::find(clients).await?;
        let statement = policy.as_ref().and_then(|policy| policy.statement(&id)).ok_or_else(|| {
            Diagnostic::error(
                format!("ECR registry policy statement not found ({id})"),
                format!(
                    "The registry policy of account {} in {} has no statement with the Sid \"{id}\". The import id is \
                     the Sid.",
                    clients.account_id, clients.region
                ),
            )
        })?;
        let named = RegistryPolicyStatement {
            sid: id,
            principals: BTreeSet::new(),
            actions: BTreeSet::new(),
            repositories: BTreeSet::new(),
            registry_id: clients.account_id.as_str().into(),
        };
        Ok(named.with(clients, Allowed::read(statement)))
    }
}

/// What tells a statement from all others.
#[derive(Schema, Clone, Debug, PartialEq, Eq)]
#[tf(identity)]
pub struct StatementIdentity {
    /// Sid of the statement.
    pub sid: String,
    /// Id of the account. Default: the provider's.
    pub account_id: Option<String>,
    /// Region. Default: the provider's.
    pub region: Option<String>,
}

impl ResourceIdentity for RegistryPolicyStatement {
    type Identity = StatementIdentity;

    fn identity(&self, clients: &Clients) -> Option<StatementIdentity> {
        let (account_id, region) = place(clients);
        Some(StatementIdentity { sid: self.sid.clone(), account_id, region })
    }
}

impl ImportIdentity for RegistryPolicyStatement {
    async fn import_identity(
        identity: StatementIdentity,
        ctx: &mut Context<Clients>,
    ) -> Result<Self, Diagnostics> {
        check_place(ctx.client(), identity.account_id.as_deref(), identity.region.as_deref())?;
        Self::import(identity.sid, ctx).await
    }
}

impl ModifyPlan for RegistryPolicyStatement {
    fn modify_plan(plan: &mut PlanContext<'_, Self>) {
        let Some(clients) = plan.client() else { return };
        let Some(principals) = known::<BTreeSet<String>, _>(&plan.planned.principals) else { return };
        let foreign =
            |principal: &&String| Arn::parse(principal).is_some_and(|arn| arn.partition != clients.partition);
        if let Some(principal) = principals.iter().find(foreign) {
            let detail = format!(
                "{principal} is of another partition than the registry, which is in {}. Name principals of {}.",
                clients.partition, clients.partition
            );
            plan.report(Diagnostic::error("Invalid principals", detail).at("principals"));
        }
        // An account's id and the ARN of its root are the same principal.
        if let Some(prior) = plan.prior
            && to_arns(&prior.principals, clients) == to_arns(&principals, clients)
        {
            let kept = prior.principals.iter().cloned().map(Value::Known).collect();
            plan.planned.principals = Value::Known(kept);
        }
        let (Value::Known(sid), Some(actions), Some(repositories)) =
            (&plan.planned.sid, known(&plan.planned.actions), known(&plan.planned.repositories))
        else {
            return;
        };
        let allowed = Allowed {
            principals: to_arns(&principals, clients),
            actions,
            resources: to_resources(&repositories, clients),
        };
        if let Some(fault) = too_large(allowed.to_statement(sid).to_string().chars().count()) {
            plan.report(fault);
        }
    }
}

impl RegistryPolicyStatement {
    fn allowed(&self, clients: &Clients) -> Allowed {
        Allowed {
            principals: to_arns(&self.principals, clients),
            actions: self.actions.clone(),
            resources: to_resources(&self.repositories, clients),
        }
    }

    /// This statement as AWS reports it; one of another shape allows nobody what this one can say.
    fn with(self, clients: &Clients, allowed: Option<Allowed>) -> Self {
        let Some(allowed) = allowed else {
            return RegistryPolicyStatement { principals: BTreeSet::new(), ..self };
        };
        RegistryPolicyStatement {
            principals: from_arns(allowed.principals, &self.principals, clients),
            actions: allowed.actions,
            repositories: from_resources(allowed.resources, clients),
            ..self
        }
    }

    fn refused(&self, doing: &str, unchanged: Unchanged) -> Diagnostics {
        let sid = &self.sid;
        let summary = format!("{doing} ECR registry policy statement ({sid})");
        match unchanged.reason {
            Reason::Exists => already_exists(&summary, sid),
            Reason::Other(diagnostics) => diagnostics,
            Reason::Refused(failure) => {
                let exists_now = match unchanged.may_be_made {
                    true => "Whether the policy was written is not known: the next refresh tells.",
                    false => "The registry policy is as it was.",
                };
                let diagnostic = failure.diagnostic(summary, exists_now, principal_remedy(&failure));
                match may_miss_a_principal(&failure) {
                    true => diagnostic.at("principals").into(),
                    false => diagnostic.into(),
                }
            }
        }
    }
}

fn already_exists(summary: &str, sid: &str) -> Diagnostics {
    Diagnostic::error(
        summary,
        format!(
            "The registry policy has a statement with this Sid already, and it was not made by this configuration. \
             Nothing was changed. Choose another Sid, or take the statement over:\n\nimport {{\n  to = \
             ecrunner_registry_policy_statement.<name>\n  id = \"{sid}\"\n}}"
        ),
    )
    .at("sid")
    .into()
}

fn principal_remedy(failure: &Failure) -> &'static str {
    if may_miss_a_principal(failure) {
        "ECR checks the whole policy. Name principals that there are; one that was deleted shows by its unique id, such as \
         AROA…, also in the statements of others: take it away there."
    } else {
        ""
    }
}

fn default_actions() -> BTreeSet<String> {
    ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"].map(str::to_owned).into()
}

/// The principal as ECR stores it: an account by the ARN of its root.
fn to_arn(principal: &str, clients: &Clients) -> String {
    match is_account(principal) {
        true => format!("arn:{}:iam::{principal}:root", clients.partition),
        false => principal.to_owned(),
    }
}

fn to_arns(principals: &BTreeSet<String>, clients: &Clients) -> BTreeSet<String> {
    principals.iter().map(|principal| to_arn(principal, clients)).collect()
}

/// The principals as `own` writes them; an account that is not among these by its id.
fn from_arns(arns: BTreeSet<String>, own: &BTreeSet<String>, clients: &Clients) -> BTreeSet<String> {
    let kept = own.iter().filter(|principal| arns.contains(&to_arn(principal, clients))).cloned();
    let mut principals: BTreeSet<String> = kept.collect();
    let ours = to_arns(own, clients);
    principals.extend(arns.difference(&ours).map(|arn| {
        let account = Arn::parse(arn).map(|arn| arn.account).unwrap_or_default();
        if to_arn(account, clients) == *arn { account.to_owned() } else { arn.clone() }
    }));
    principals
}

fn to_resources(repositories: &BTreeSet<String>, clients: &Clients) -> BTreeSet<String> {
    repositories.iter().map(|pattern| clients.repository_arn(pattern)).collect()
}

/// The names of repositories of the registry; anything else as it stands in the policy.
fn from_resources(arns: BTreeSet<String>, clients: &Clients) -> BTreeSet<String> {
    let prefix = clients.repository_arn("");
    arns.into_iter().map(|arn| arn.strip_prefix(&prefix).map_or(arn.clone(), str::to_owned)).collect()
}

fn check_sid(sid: &str) -> Result<(), Invalid> {
    if !sid.is_empty() && sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(());
    }
    let letters: String = sid.chars().filter(char::is_ascii_alphanumeric).collect();
    let example = if letters.is_empty() { "PullThroughCache" } else { &letters };
    Err(Invalid::new("must be one or more letters and digits").remedy(format!("Write \"{example}\".")))
}

fn check_principal(principal: &str) -> Result<(), Invalid> {
    if principal == "*" {
        return Err(Invalid::new("would allow everybody in every account")
            .remedy("Name the ids of accounts, or ARNs of IAM roles."));
    }
    if is_account(principal) {
        return Ok(());
    }
    check_arn(principal, "iam", "the id of an account, or arn:aws:iam::<account>:role/<name>", |arn| {
        let named = |kind| arn.resource.strip_prefix(kind).is_some_and(|name: &str| !name.is_empty());
        arn.region.is_empty()
            && is_account(arn.account)
            && !arn.resource.contains(['*', '?'])
            && (arn.resource == "root" || named("role/") || named("user/"))
    })
}

fn check_action(action: &str) -> Result<(), Invalid> {
    let name = action.strip_prefix("ecr:").unwrap_or_default();
    let allowed = name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'*');
    if matches!(action, "*" | "ecr:*") {
        return Err(Invalid::new("would allow everything, also to delete this policy")
            .remedy("Name the actions, such as \"ecr:BatchImportUpstreamImage\"."));
    }
    if name.is_empty() || !allowed {
        return Err(Invalid::new("must be an action of ECR")
            .remedy("Write \"ecr:BatchImportUpstreamImage\", for example."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sid_is_letters_and_digits() {
        assert_eq!(check_sid("PullThroughCache1"), Ok(()));
        for bad in ["", "pull-through", "a b", "ä"] {
            assert!(check_sid(bad).is_err(), "{bad:?} was accepted");
        }
        assert_eq!(check_sid("pull-through").expect_err("accepted").remedy, "Write \"pullthrough\".");
    }

    #[test]
    fn principals_are_accounts_roles_and_users() {
        for good in [
            "123456789012",
            "arn:aws:iam::123456789012:root",
            "arn:aws-cn:iam::123456789012:role/ci/worker",
            "arn:aws:iam::123456789012:user/me",
        ] {
            assert_eq!(check_principal(good), Ok(()), "{good}");
        }
        for bad in [
            "*",
            "",
            "12345678901",
            "AROAEXAMPLE",
            "arn:aws:iam::123456789012:role/*",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:group/ci",
            "arn:aws:sts::123456789012:assumed-role/ci/me",
            "arn:aws:iam:::root",
        ] {
            assert!(check_principal(bad).is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn actions_are_those_of_ecr_and_not_all_of_them() {
        for good in ["ecr:CreateRepository", "ecr:Batch*"] {
            assert_eq!(check_action(good), Ok(()), "{good}");
        }
        for bad in ["*", "ecr:*", "ecr:", "CreateRepository", "s3:GetObject", "ecr:Get Image"] {
            assert!(check_action(bad).is_err(), "{bad:?} was accepted");
        }
    }
}
