//! `ecrunner_runner_network`: the security groups of runner managers and workers, and the rule between them.
//! AWS: CreateSecurityGroup and the calls that `security_group` names (EC2 API reference).
//! Identity: the ids of both groups. Updatable in place: port, traffic among workers, rules, tags. A group that was
//! removed behind Terraform's back is made again by an update.

use std::collections::BTreeSet;
use std::time::Duration;

use tf_provider::schema::{Computed, Invalid};
use tf_provider::{
    Context, Diagnostic, Diagnostics, ImportIdentity, ImportState, ModifyPlan, PlanContext, Resource,
    ResourceIdentity, Schema, Value,
};

use super::security_group::{self, SecurityGroup};
use super::security_group_rule::{Direction, Peer, Rule};
use crate::clients::Clients;
use crate::creating::{self, Creating};
use crate::identity::{check_place, place};
use crate::tags::{Tags, are_set};

/// What EC2 allows a group's name to have.
const MAX_GROUP_NAME: usize = 255;
const MANAGER: &str = "-manager";
const WORKER: &str = "-worker";

/// Lets the runner manager reach its workers by SSH, and nobody reach either: two security groups and the rule between
/// them. Both may send to everywhere. The rules are owned as a whole: others in these groups are revoked.
#[derive(Schema, Clone, Debug)]
#[tf(
    type_name = "ecrunner_runner_network",
    timeouts(create = "5m", read = "2m", update = "5m", delete = "15m")
)]
pub struct RunnerNetwork {
    /// Beginning of the groups' names, which are `<name>-manager` and `<name>-worker`; 1 to 247 characters.
    #[tf(replace, validate(text(check_name)))]
    pub name: String,
    /// Id of the VPC.
    #[tf(replace, validate(text(check_vpc_id)))]
    pub vpc_id: String,
    /// Port at which workers take SSH from the manager.
    #[tf(default = 22, validate(range(1..=65_535)))]
    pub ssh_port: u16,
    /// Whether workers may reach each other, on every port.
    #[tf(default = false)]
    pub worker_ingress_from_worker: bool,
    /// Tags of both groups.
    pub tags: Option<Tags>,
    /// Id of the runner managers' group; null while it is gone.
    #[tf(keep)]
    pub manager_security_group_id: Computed<String>,
    /// Id of the workers' group; null while it is gone.
    #[tf(keep)]
    pub worker_security_group_id: Computed<String>,
    /// Rules of the groups that are not ours, such as `worker: ingress tcp 22 from 0.0.0.0/0`. Apply revokes them.
    pub unexpected_rules: Computed<Vec<String>>,
    /// Rules of ours that the groups lack. Apply adds them.
    pub missing_rules: Computed<Vec<String>>,
    /// Tags of both groups, those of the provider's `default_tags` among them.
    pub tags_all: Computed<Tags>,
}

impl Resource for RunnerNetwork {
    type Client = Clients;

    async fn create(self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let summary = format!("Creating runner network ({})", self.name);
        let clients = ctx.client();
        let manager = security_group::find_by_name(clients, &self.vpc_id, &self.group_name(MANAGER)).await?;
        let worker = security_group::find_by_name(clients, &self.vpc_id, &self.group_name(WORKER)).await?;
        let creating = Creating::begin_of(&self);
        let mut found = manager.iter().chain(&worker);
        if found.any(|group| !creating.goes_on_with(&group.tags)) {
            let id = |group: Option<SecurityGroup>| group.map(|group| group.id);
            return Err(self.already_exists(&summary, id(manager), id(worker)));
        }
        creating.note(ctx);
        self.complete(Groups { manager, worker }, &creating, &summary, ctx).await
    }

    async fn read(self, ctx: &mut Context<Clients>) -> Result<Option<Self>, Diagnostics> {
        let groups = self.groups(ctx.client()).await?;
        if groups.is_nothing() {
            return Ok(None);
        }
        let read = self.with(ctx.client(), &groups);
        Ok(Some(read))
    }

    async fn update(mut self, prior: Self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let summary = format!("Updating runner network ({})", self.name);
        self.manager_security_group_id = prior.manager_security_group_id;
        self.worker_security_group_id = prior.worker_security_group_id;
        let groups = self.groups(ctx.client()).await?;
        self.complete(groups, &Creating::restoring(), &summary, ctx).await
    }

    async fn delete(self, ctx: &mut Context<Clients>) -> Result<(), Diagnostics> {
        let Groups { manager, mut worker } = self.groups(ctx.client()).await?;
        let manager_id = self.manager_security_group_id.into_inner();
        let mut worker_id = self.worker_security_group_id.into_inner();
        if manager.as_ref().is_some_and(|group| creating::was_taken_over(ctx, &group.tags)) {
            return Ok(());
        }
        // A create that failed may have made the second group without ever being told.
        let mark = manager.as_ref().and_then(|group| Creating::of(&group.tags));
        if let (None, Some(creating)) = (&worker_id, mark) {
            let name = format!("{}{WORKER}", self.name);
            let found = security_group::find_by_name(ctx.client(), &self.vpc_id, &name).await?;
            worker = found.filter(|group| creating.has_made(&group.tags));
            worker_id = worker.as_ref().map(|group| group.id.clone());
        }
        if let (Some(manager), Some(worker)) = (&manager, &worker) {
            security_group::revoke_references(ctx, worker, &manager.id).await?;
            security_group::revoke_references(ctx, manager, &worker.id).await?;
        }
        // By id: a new group may be there and not be seen yet.
        for id in worker_id.iter().chain(&manager_id) {
            security_group::delete(ctx, id).await?;
        }
        Ok(())
    }
}

impl ImportState for RunnerNetwork {
    async fn import(id: String, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let fault = |detail: String| -> Diagnostics {
            Diagnostic::error(format!("Runner network not found ({id})"), detail).into()
        };
        let Some((manager_id, worker_id)) = id.split_once(',') else {
            return Err(fault(
                "The import id is the id of the managers' group, a comma, and the id of the workers' group, such as \
                 \"sg-0a1b,sg-2c3d\"."
                    .to_owned(),
            ));
        };
        let mut groups = Vec::new();
        for (id, suffix) in [(manager_id, MANAGER), (worker_id, WORKER)] {
            let group = security_group::find_by_id(ctx.client(), id).await?.ok_or_else(|| {
                let region = &ctx.client().region;
                fault(format!("There is no security group {id} in {region}."))
            })?;
            if !group.name.ends_with(suffix) {
                return Err(fault(format!(
                    "The security group {id} has the name \"{}\", which does not end in \"{suffix}\". The managers' \
                     group comes first.",
                    group.name
                )));
            }
            groups.push(group);
        }
        let [manager, worker] = &groups[..] else { return Err(fault("Two groups are needed.".to_owned())) };
        let name = manager.name.strip_suffix(MANAGER).unwrap_or_default();
        if worker.name.strip_suffix(WORKER) != Some(name) || manager.vpc_id != worker.vpc_id {
            return Err(fault(format!(
                "\"{}\" and \"{}\" do not belong together: the names must begin alike, and the VPC must be the same.",
                manager.name, worker.name
            )));
        }
        Ok(RunnerNetwork {
            name: name.to_owned(),
            vpc_id: manager.vpc_id.clone(),
            ssh_port: ssh_port(worker, &manager.id).unwrap_or(22),
            worker_ingress_from_worker: worker.rules.contains(&Rule::all_from_group(&worker.id)),
            tags: None,
            manager_security_group_id: manager.id.as_str().into(),
            worker_security_group_id: worker.id.as_str().into(),
            unexpected_rules: Computed::Pending,
            missing_rules: Computed::Pending,
            tags_all: Computed::Pending,
        })
    }
}

/// What tells a runner network from all others. Ids are none: a group that is restored has another one.
#[derive(Schema, Clone, Debug, PartialEq, Eq)]
#[tf(identity)]
pub struct NetworkIdentity {
    /// Name.
    pub name: String,
    /// Id of the VPC.
    pub vpc_id: String,
    /// Id of the account. Default: the provider's.
    pub account_id: Option<String>,
    /// Region. Default: the provider's.
    pub region: Option<String>,
}

impl ResourceIdentity for RunnerNetwork {
    type Identity = NetworkIdentity;

    fn identity(&self, clients: &Clients) -> Option<NetworkIdentity> {
        let (account_id, region) = place(clients);
        Some(NetworkIdentity { name: self.name.clone(), vpc_id: self.vpc_id.clone(), account_id, region })
    }
}

impl ImportIdentity for RunnerNetwork {
    async fn import_identity(
        identity: NetworkIdentity,
        ctx: &mut Context<Clients>,
    ) -> Result<Self, Diagnostics> {
        let NetworkIdentity { name, vpc_id, account_id, region } = identity;
        check_place(ctx.client(), account_id.as_deref(), region.as_deref())?;
        let mut ids = Vec::new();
        for suffix in [MANAGER, WORKER] {
            let group = format!("{name}{suffix}");
            let found =
                security_group::find_by_name(ctx.client(), &vpc_id, &group).await?.ok_or_else(|| {
                    Diagnostic::error(
                        format!("Runner network not found ({name})"),
                        format!("The VPC {vpc_id} has no security group \"{group}\"."),
                    )
                })?;
            ids.push(found.id);
        }
        Self::import(ids.join(","), ctx).await
    }
}

impl ModifyPlan for RunnerNetwork {
    fn modify_plan(plan: &mut PlanContext<'_, Self>) {
        if let Some(clients) = plan.client() {
            plan.planned.tags_all = clients.tags.plan(&plan.planned.tags);
        }
        if let Some(prior) = plan.prior {
            // What is missing is made again.
            if prior.manager_security_group_id.get().is_none() {
                plan.planned.manager_security_group_id = Value::Unknown;
            }
            if prior.worker_security_group_id.get().is_none() {
                plan.planned.worker_security_group_id = Value::Unknown;
            }
        }
        plan.planned.unexpected_rules = Value::Known(Vec::new());
        plan.planned.missing_rules = Value::Known(Vec::new());
    }
}

/// The AWS objects behind one runner network, as they are.
#[derive(Clone, Debug)]
struct Groups {
    manager: Option<SecurityGroup>,
    worker: Option<SecurityGroup>,
}

impl Groups {
    fn is_nothing(&self) -> bool {
        self.manager.is_none() && self.worker.is_none()
    }
}

impl RunnerNetwork {
    fn group_name(&self, suffix: &str) -> String {
        format!("{}{suffix}", self.name)
    }

    async fn groups(&self, clients: &Clients) -> Result<Groups, Diagnostics> {
        let mut groups = Groups { manager: None, worker: None };
        if let Some(id) = self.manager_security_group_id.get() {
            groups.manager = security_group::find_by_id(clients, id).await?;
        }
        if let Some(id) = self.worker_security_group_id.get() {
            groups.worker = security_group::find_by_id(clients, id).await?;
        }
        Ok(groups)
    }

    /// Makes what is missing and repairs what differs; saves state after each group.
    async fn complete(
        mut self,
        groups: Groups,
        creating: &Creating,
        summary: &str,
        ctx: &mut Context<Clients>,
    ) -> Result<Self, Diagnostics> {
        let clients = ctx.client().clone();
        let all = clients.tags.all(self.tags.as_ref());
        self.tags_all = all.clone().into();
        let manager_tags = creating.tags_for(groups.manager.is_some(), &all);
        let worker_tags = creating.tags_for(groups.worker.is_some(), &all);
        let id = match &groups.manager {
            Some(group) => group.id.clone(),
            None => self.make(MANAGER, "runner managers", &manager_tags, creating, summary, ctx).await?,
        };
        // Before any wait: what exists is in the state.
        self.manager_security_group_id = id.as_str().into();
        ctx.save(&self);
        let manager = match groups.manager {
            Some(group) => group,
            None => security_group::wait_for(ctx, &id).await?,
        };
        let id = match &groups.worker {
            Some(group) => group.id.clone(),
            None => self.make(WORKER, "workers", &worker_tags, creating, summary, ctx).await?,
        };
        self.worker_security_group_id = id.as_str().into();
        ctx.save(&self);
        let worker = match groups.worker {
            Some(group) => group,
            None => security_group::wait_for(ctx, &id).await?,
        };
        security_group::set_rules(ctx, &manager, &manager_rules()).await?;
        let wanted = self.worker_rules(&manager.id, &worker.id);
        security_group::set_rules(ctx, &worker, &wanted).await?;
        for (group, tags) in [(&manager, &manager_tags), (&worker, &worker_tags)] {
            security_group::set_tags(ctx, &group.id, &group.tags, tags).await?;
        }
        let what = "rules and tags of the security groups can be read as they were set";
        let settled = ctx.wait_for(what, Duration::from_secs(1), || self.settled(&clients)).await?;
        creating::note_end(ctx);
        for (group, tags) in [(&manager, &manager_tags), (&worker, &worker_tags)] {
            security_group::set_tags(ctx, &group.id, tags, &all).await?;
        }
        Ok(settled)
    }

    /// Makes a group, and answers its id.
    async fn make(
        &self,
        suffix: &str,
        members: &str,
        tags: &Tags,
        creating: &Creating,
        summary: &str,
        ctx: &Context<Clients>,
    ) -> Result<String, Diagnostics> {
        let name = self.group_name(suffix);
        let description = format!("{} of runner network {}", capitalised(members), self.name);
        let description: String = description.chars().take(MAX_GROUP_NAME).collect();
        security_group::create(ctx, &self.vpc_id, &name, &description, tags, creating)
            .await?
            .map_err(|()| self.already_exists(summary, None, None))
    }

    /// The network as EC2 reports it, once that is what was asked for.
    async fn settled(&self, clients: &Clients) -> Result<Option<Self>, Diagnostics> {
        let groups = self.groups(clients).await?;
        // Tags that others set besides are told by the next refresh.
        let wanted = self.tags_all.get().cloned().unwrap_or_default();
        let is_made =
            |group: &Option<SecurityGroup>| group.as_ref().is_some_and(|group| are_set(&group.tags, &wanted));
        let as_tagged = is_made(&groups.manager) && is_made(&groups.worker);
        let read = self.clone().with(clients, &groups);
        let has_drift = |rules: &Computed<Vec<String>>| rules.get().is_none_or(|rules| !rules.is_empty());
        let as_planned = !has_drift(&read.missing_rules) && !has_drift(&read.unexpected_rules);
        let read = RunnerNetwork { tags: self.tags.clone(), tags_all: self.tags_all.clone(), ..read };
        Ok(Some(read).filter(|_| as_tagged && as_planned))
    }

    fn worker_rules(&self, manager_id: &str, worker_id: &str) -> BTreeSet<Rule> {
        let mut rules = BTreeSet::from(Rule::all_egress());
        rules.insert(Rule::tcp_from_group(self.ssh_port, manager_id));
        if self.worker_ingress_from_worker {
            rules.insert(Rule::all_from_group(worker_id));
        }
        rules
    }

    /// Missing and unexpected rules, each with the group it belongs to. A group that is gone has neither.
    fn rule_drift(&self, groups: &Groups) -> (Vec<String>, Vec<String>) {
        let id = |group: &Option<SecurityGroup>| {
            group.as_ref().map_or_else(|| "the group that is gone".to_owned(), |group| group.id.clone())
        };
        let (manager_id, worker_id) = (id(&groups.manager), id(&groups.worker));
        let expected = [
            ("manager", &groups.manager, manager_rules()),
            ("worker", &groups.worker, self.worker_rules(&manager_id, &worker_id)),
        ];
        let (mut missing, mut unexpected) = (Vec::new(), Vec::new());
        for (name, group, wanted) in &expected {
            let Some(group) = group else { continue };
            missing.extend(wanted.difference(&group.rules).map(|rule| format!("{name}: {rule}")));
            unexpected.extend(group.rules.difference(wanted).map(|rule| format!("{name}: {rule}")));
        }
        (missing, unexpected)
    }

    /// This network as AWS reports it.
    fn with(mut self, clients: &Clients, groups: &Groups) -> Self {
        let Groups { manager, worker } = groups;
        let id = |group: &Option<SecurityGroup>| Computed::from(group.as_ref().map(|group| group.id.clone()));
        self.manager_security_group_id = id(manager);
        self.worker_security_group_id = id(worker);
        let (missing, unexpected) = self.rule_drift(groups);
        self.missing_rules = missing.into();
        self.unexpected_rules = unexpected.into();
        let read = |group: &SecurityGroup| clients.tags.read(group.tags.clone(), self.tags.as_ref());
        let (of_manager, of_worker) = (manager.as_ref().map(read), worker.as_ref().map(read));
        // Both carry the same; the one that was changed shows.
        let changed = |read: &(Option<Tags>, Computed<Tags>)| read.1 != self.tags_all;
        let shown = of_worker.filter(|read| of_manager.is_none() || changed(read)).or(of_manager);
        if let Some((tags, all)) = shown {
            (self.tags, self.tags_all) = (tags, all);
        }
        self
    }

    fn already_exists(&self, summary: &str, manager: Option<String>, worker: Option<String>) -> Diagnostics {
        let (vpc_id, names) =
            (&self.vpc_id, [self.group_name(MANAGER), self.group_name(WORKER)].join(" or "));
        let mut detail = format!(
            "{vpc_id} has a security group {names} already, which was not made by this configuration. It was not \
             changed. Choose another name, or "
        );
        match (manager, worker) {
            (Some(manager), Some(worker)) => detail.push_str(&format!(
                "take both over:\n\nimport {{\n  to = ecrunner_runner_network.<name>\n  id = \"{manager},{worker}\"\n}}"
            )),
            _ => detail.push_str("delete it."),
        }
        Diagnostic::error(summary, detail).at("name").into()
    }
}

/// Nobody reaches a manager.
fn manager_rules() -> BTreeSet<Rule> {
    BTreeSet::from(Rule::all_egress())
}

/// The one port at which the workers' group takes TCP from the managers' group.
fn ssh_port(worker: &SecurityGroup, manager_id: &str) -> Option<u16> {
    worker.rules.iter().find_map(|rule| {
        match (rule.direction, rule.protocol.as_str(), rule.ports, &rule.peer) {
            (Direction::Ingress, "tcp", Some((from, to)), Peer::Group(peer))
                if from == to && peer == manager_id =>
            {
                u16::try_from(from).ok()
            }
            _ => None,
        }
    })
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn check_name(name: &str) -> Result<(), Invalid> {
    let (characters, max) = (name.chars().count(), MAX_GROUP_NAME - MANAGER.len());
    if !(1..=max).contains(&characters) {
        return Err(Invalid::new(format!("must have 1 to {max} characters, but has {characters}")));
    }
    if name.to_ascii_lowercase().starts_with("sg-") {
        return Err(Invalid::new("must not begin with `sg-`, as the ids of groups do"));
    }
    match name.chars().find(|c| !c.is_ascii_alphanumeric() && !" ._-:/()#,@[]+=&;{}!$*".contains(*c)) {
        None => Ok(()),
        Some(c) => Err(Invalid::new(format!("holds \"{c}\", which the name of a security group must not"))
            .remedy("Use letters, digits and hyphens.")),
    }
}

fn check_vpc_id(id: &str) -> Result<(), Invalid> {
    match id.strip_prefix("vpc-") {
        Some(rest) if !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_hexdigit()) => Ok(()),
        _ => Err(Invalid::new("must be the id of a VPC").remedy("Write an id such as vpc-0a1b2c3d.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_names_are_those_that_ec2_takes() {
        for good in ["ci", "team/ci (1)", &"x".repeat(247)] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in ["", "sg-ci", "SG-ci", "ci?", "cä", &"x".repeat(248)] {
            assert!(check_name(bad).is_err(), "{bad:?} was accepted");
        }
        assert_eq!(check_vpc_id("vpc-0a1b2c3d"), Ok(()));
        assert!(check_vpc_id("subnet-0a1b").is_err() && check_vpc_id("vpc-").is_err());
    }

    #[test]
    fn the_ssh_port_is_read_from_the_rule_between_the_groups() {
        let group = |rules: &[Rule]| SecurityGroup {
            id: "sg-w".to_owned(),
            name: "ci-worker".to_owned(),
            vpc_id: "vpc-1".to_owned(),
            tags: Tags::new(),
            rules: rules.iter().cloned().collect(),
        };
        let worker = group(&[Rule::tcp_from_group(80, "sg-other"), Rule::tcp_from_group(2222, "sg-m")]);
        assert_eq!(ssh_port(&worker, "sg-m"), Some(2222));
        assert_eq!(ssh_port(&group(&Rule::all_egress()), "sg-m"), None);
    }
}
