//! `ecrunner_instance_profile`: an instance profile with its role, and one inline policy made from capabilities.
//! AWS: the calls that `role` and `profile` name (IAM API reference).
//! Identity: the name, which profile and role share. Updatable in place: everything but name and path. A part that
//! was removed behind Terraform's back is restored by an update.

mod list;

use std::collections::BTreeSet;
use std::time::Duration;

use tf_provider::schema::Computed;
use tf_provider::{
    Context, Diagnostic, Diagnostics, ImportIdentity, ImportState, ModifyPlan, PlanContext, Resource,
    ResourceIdentity, Schema, Value,
};

pub use self::list::InstanceProfiles;
use super::capability::{
    CacheBucket, CompleteLifecycle, FleetControl, ImagePull, ReadParameters, check_log_group, check_object,
    check_parameter, check_role,
};
use super::policy::{self, Capabilities};
use super::profile::{self, Profile};
use super::role::{self, Role, Wanted};
use super::role_arguments::{check_name, check_path, check_policy_arn};
use crate::clients::Clients;
use crate::creating::{self, Creating};
use crate::identity::NamedInAccount;
use crate::tags::{Tags, are_set};

/// Allows the instances of a fleet or of a runner manager what they need and nothing else: an instance profile, its
/// role, and one inline policy computed from the capabilities declared here. Without a capability there is no policy.
///
/// Import reads the capabilities back from a policy that this resource made. Of any other policy it shows `policy_json`
/// alone, which the first apply replaces.
#[derive(Schema, Clone, Debug)]
#[tf(
    type_name = "ecrunner_instance_profile",
    timeouts(create = "5m", read = "2m", update = "5m", delete = "5m")
)]
pub struct InstanceProfile {
    /// Name of the instance profile and of its role: 1 to 64 of letters, digits and `_+=,.@-`. Unique in the account
    /// without regard to case.
    #[tf(replace, validate(text(check_name)))]
    pub name: String,
    /// Path of both, beginning and ending with a slash.
    #[tf(default = "/", replace, validate(text(check_path)))]
    pub path: String,
    /// ARN of the policy that bounds what the role may ever be allowed.
    #[tf(validate(text(check_policy_arn)))]
    pub permissions_boundary: Option<String>,
    /// Whether the instances may be reached by Session Manager. Gives the SSM agent its rights, but none to read
    /// parameters.
    #[tf(default = false)]
    pub session_manager: bool,
    /// Pulls images from ECR.
    pub image_pull: Option<ImagePull>,
    /// Scales worker fleets and connects to their instances; for a runner manager.
    pub fleet_control: Option<FleetControl>,
    /// Reads SSM parameters, such as a runner's token.
    pub read_parameters: Option<ReadParameters>,
    /// SSM parameters that may be written: names in the provider's account and region, or ARNs. `*` is allowed in names.
    #[tf(validate(each(text(check_parameter))))]
    pub write_parameters: Option<BTreeSet<String>>,
    /// Reads and writes the distributed job cache; for a runner manager.
    pub cache_bucket: Option<CacheBucket>,
    /// S3 objects that may be read: addresses such as `s3://tools/gitlab-runner`, or ARNs. `*` is allowed in keys.
    #[tf(validate(each(text(check_object))))]
    pub read_objects: Option<BTreeSet<String>>,
    /// CloudWatch Logs groups that may be written to: names in the provider's account and region, or ARNs.
    #[tf(validate(each(text(check_log_group))))]
    pub write_logs: Option<BTreeSet<String>>,
    /// Ends lifecycle actions of its own Auto Scaling group; for a runner manager that is drained.
    pub complete_lifecycle: Option<CompleteLifecycle>,
    /// Roles that the instances may assume, such as the one that jobs push images with: names in the provider's account,
    /// with the path if there is one, or ARNs. Exactly these: `*` is not allowed. The roles have to trust this one too.
    #[tf(validate(each(text(check_role))))]
    pub assume_roles: Option<BTreeSet<String>>,
    /// Tags of the instance profile and the role.
    pub tags: Option<Tags>,
    /// ARN of the instance profile.
    #[tf(keep)]
    pub arn: Computed<String>,
    /// ARN of the role; null while the profile has no role that EC2 alone may assume.
    #[tf(keep)]
    pub role_arn: Computed<String>,
    /// Name of the role; null as `role_arn` is.
    #[tf(keep)]
    pub role_name: Computed<String>,
    /// The policy as JSON; null when no capability is declared.
    pub policy_json: Computed<String>,
    /// Tags of both, those of the provider's `default_tags` among them.
    pub tags_all: Computed<Tags>,
}

impl Resource for InstanceProfile {
    type Client = Clients;

    async fn create(self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let summary = format!("Creating instance profile ({})", self.name);
        let found = Found::find(ctx.client(), &self.name).await?;
        let creating = Creating::begin_of(&self);
        if found.tags().any(|tags| !creating.goes_on_with(tags)) {
            return Err(already_exists(&summary, &self.name));
        }
        creating.note(ctx);
        self.complete(found, &creating, &summary, ctx).await
    }

    async fn read(self, ctx: &mut Context<Clients>) -> Result<Option<Self>, Diagnostics> {
        let clients = ctx.client().clone();
        let found = Found::find(&clients, &self.name).await?;
        if found.is_nothing() {
            return Ok(None);
        }
        if let Some(fault) = found.fault(&clients, &self.name) {
            ctx.warn(Diagnostic::warning(
                format!("Instance profile is incomplete ({})", self.name),
                format!("{fault} Apply to restore it."),
            ));
        }
        Ok(Some(self.with(&clients, &found)))
    }

    async fn update(self, _prior: Self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let summary = format!("Updating instance profile ({})", self.name);
        let found = Found::find(ctx.client(), &self.name).await?;
        self.complete(found, &Creating::restoring(), &summary, ctx).await
    }

    /// In the order that IAM demands: the profile lets go of its role, then goes, then the role.
    async fn delete(self, ctx: &mut Context<Clients>) -> Result<(), Diagnostics> {
        let name = &self.name;
        let Found { role, profile } = Found::find(ctx.client(), name).await?;
        if role.is_some_and(|role| creating::was_taken_over(ctx, &role.tags)) {
            return Ok(());
        }
        for role in profile.iter().flat_map(|profile| &profile.roles) {
            profile::remove_role(ctx, name, role).await?;
        }
        profile::delete(ctx, name).await?;
        role::delete(ctx, name).await
    }
}

impl ImportState for InstanceProfile {
    async fn import(id: String, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let clients = ctx.client();
        let found = Found::find(clients, &id).await?;
        if found.is_nothing() {
            return Err(Diagnostic::error(
                format!("Instance profile not found ({id})"),
                format!(
                    "Account {} has neither an instance profile nor a role with the name \"{id}\". The import id is \
                     the name.",
                    clients.account_id
                ),
            )
            .into());
        }
        let profile = InstanceProfile::named(id).with(clients, &found);
        let declared = profile.policy_json.get().and_then(|document| policy::declared(document));
        Ok(profile.declaring(declared.unwrap_or_default()))
    }
}

impl ResourceIdentity for InstanceProfile {
    type Identity = NamedInAccount;

    fn identity(&self, clients: &Clients) -> Option<NamedInAccount> {
        Some(NamedInAccount::new(&self.name, clients))
    }
}

impl ImportIdentity for InstanceProfile {
    async fn import_identity(
        identity: NamedInAccount,
        ctx: &mut Context<Clients>,
    ) -> Result<Self, Diagnostics> {
        let name = identity.name(ctx.client())?;
        Self::import(name, ctx).await
    }
}

impl ModifyPlan for InstanceProfile {
    fn modify_plan(plan: &mut PlanContext<'_, Self>) {
        if let Some(clients) = plan.client() {
            plan.planned.tags_all = clients.tags.plan(&plan.planned.tags);
        }
        if let Some(prior) = plan.prior {
            // What is missing is made again.
            if prior.arn.get().is_none() {
                plan.planned.arn = Value::Unknown;
            }
            if prior.role_arn.get().is_none() {
                plan.planned.role_arn = Value::Unknown;
            }
        }
        plan.planned.role_name = plan.planned.name.clone();
        plan.planned.policy_json = match (Capabilities::planned(&plan.planned), plan.client()) {
            (Some(capabilities), Some(clients)) => capabilities.within(clients.into()).document().into(),
            _ => Value::Unknown,
        };
        let what = "The policy computed from the capabilities";
        let remedy = "Name repositories, parameters and objects by a common prefix and `*`, or divide them among several \
                      instance profiles.";
        let document = plan.planned.policy_json.known();
        if let Some(fault) = document.and_then(|document| policy::check_size(document, what, remedy)) {
            plan.report(fault);
        }
    }
}

/// The AWS objects behind one instance profile, as they are.
#[derive(Clone, Debug)]
struct Found {
    role: Option<Role>,
    profile: Option<Profile>,
}

impl Found {
    async fn find(clients: &Clients, name: &str) -> Result<Self, Diagnostics> {
        Ok(Found { role: role::find(clients, name).await?, profile: profile::find(clients, name).await? })
    }

    fn is_nothing(&self) -> bool {
        self.role.is_none() && self.profile.is_none()
    }

    /// Tags of each object that is there.
    fn tags(&self) -> impl Iterator<Item = &Tags> {
        let role = self.role.iter().map(|role| &role.tags);
        role.chain(self.profile.iter().map(|profile| &profile.tags))
    }

    /// What keeps instances from using the role, or lets others use it.
    fn fault(&self, clients: &Clients, name: &str) -> Option<String> {
        let Some(profile) = &self.profile else { return Some("The instance profile is gone.".to_owned()) };
        let Some(role) = &self.role else { return Some("The role is gone.".to_owned()) };
        if profile.roles != [name] {
            return Some("The instance profile does not hold its role.".to_owned());
        }
        (!policy::is_same(&role.trust, &trust(clients)))
            .then(|| "The trust policy of the role was changed.".to_owned())
    }
}

impl InstanceProfile {
    /// A profile of which nothing is known but the name.
    fn named(name: String) -> Self {
        InstanceProfile {
            name,
            path: "/".to_owned(),
            permissions_boundary: None,
            session_manager: false,
            image_pull: None,
            fleet_control: None,
            read_parameters: None,
            write_parameters: None,
            cache_bucket: None,
            read_objects: None,
            write_logs: None,
            complete_lifecycle: None,
            assume_roles: None,
            tags: None,
            arn: Computed::Pending,
            role_arn: Computed::Pending,
            role_name: Computed::Pending,
            policy_json: Computed::Pending,
            tags_all: Computed::Pending,
        }
    }

    /// The same profile with these capabilities.
    fn declaring(self, capabilities: Capabilities) -> Self {
        InstanceProfile {
            session_manager: capabilities.session_manager,
            image_pull: capabilities.image_pull,
            fleet_control: capabilities.fleet_control,
            read_parameters: capabilities.read_parameters,
            write_parameters: capabilities.write_parameters,
            cache_bucket: capabilities.cache_bucket,
            read_objects: capabilities.read_objects,
            write_logs: capabilities.write_logs,
            complete_lifecycle: capabilities.complete_lifecycle,
            assume_roles: capabilities.assume_roles,
            ..self
        }
    }

    /// Makes what is missing and repairs what differs, the role first; saves state after each object.
    async fn complete(
        mut self,
        found: Found,
        creating: &Creating,
        summary: &str,
        ctx: &mut Context<Clients>,
    ) -> Result<Self, Diagnostics> {
        let clients = ctx.client().clone();
        let all = clients.tags.all(self.tags.as_ref());
        let document = Capabilities::from(&self).within((&*clients).into()).document();
        self.tags_all = all.clone().into();
        self.policy_json = document.clone().into();
        self.role_name = self.name.as_str().into();
        let given = self.clone();
        let name = given.name;
        let role_tags = creating.tags_for(found.role.is_some(), &all);
        let profile_tags = creating.tags_for(found.profile.is_some(), &all);
        let wanted = Wanted {
            name: &name,
            path: &given.path,
            description: "Instances of the instance profile of this name",
            trust: &trust(&clients),
            permissions_boundary: given.permissions_boundary.as_deref(),
            policy: document.as_deref(),
            tags: &role_tags,
        };
        let arn = match &found.role {
            Some(role) => role.arn.clone(),
            None => {
                role::create(ctx, &wanted, creating).await?.map_err(|()| already_exists(summary, &name))?
            }
        };
        // Before any wait: what exists is in the state.
        self.role_arn = arn.into();
        ctx.save(&self);
        let role = match found.role {
            Some(role) => role,
            None => role::wait_for(ctx, &name).await?,
        };
        role::repair(ctx, &role, &wanted).await?;
        let wanted = Wanted { tags: &profile_tags, ..wanted };
        let arn = match &found.profile {
            Some(profile) => profile.arn.clone(),
            None => {
                profile::create(ctx, &wanted, creating).await?.map_err(|()| already_exists(summary, &name))?
            }
        };
        self.arn = arn.into();
        ctx.save(&self);
        let profile = match found.profile {
            Some(profile) => profile,
            None => profile::wait_for(ctx, &name).await?,
        };
        profile::set_tags(ctx, &name, &profile.tags, &profile_tags).await?;
        for foreign in profile.roles.iter().filter(|role| **role != name) {
            profile::remove_role(ctx, &name, foreign).await?;
        }
        if !profile.roles.contains(&name) {
            profile::add_role(ctx, &name).await?;
        }
        let what = "role and instance profile can be read as they were set";
        let settled = ctx.wait_for(what, Duration::from_secs(1), || self.settled(&clients)).await?;
        creating::note_end(ctx);
        role::set_tags(ctx, &name, &role_tags, &all).await?;
        profile::set_tags(ctx, &name, &profile_tags, &all).await?;
        Ok(settled)
    }

    /// The profile as IAM reports it, once that is what was asked for.
    async fn settled(&self, clients: &Clients) -> Result<Option<Self>, Diagnostics> {
        let found = Found::find(clients, &self.name).await?;
        // For some seconds IAM may give unique ids in the place of ARNs.
        let is_named = found.profile.as_ref().is_some_and(|profile| profile.arn.starts_with("arn:"));
        let is_whole = is_named && found.fault(clients, &self.name).is_none();
        // Tags that others set besides are told by the next refresh.
        let wanted = self.tags_all.get().cloned().unwrap_or_default();
        let is_tagged = found.role.as_ref().is_some_and(|role| are_set(&role.tags, &wanted))
            && found.profile.as_ref().is_some_and(|profile| are_set(&profile.tags, &wanted));
        let read = self.clone().with(clients, &found);
        let as_planned = is_tagged
            && read.policy_json == self.policy_json
            && read.permissions_boundary == self.permissions_boundary;
        let read = InstanceProfile { tags: self.tags.clone(), tags_all: self.tags_all.clone(), ..read };
        Ok(Some(read).filter(|_| is_whole && as_planned))
    }

    /// This profile as AWS reports it.
    fn with(mut self, clients: &Clients, found: &Found) -> Self {
        let Found { role, profile } = found;
        let path = role.as_ref().map(|role| &role.path).or(profile.as_ref().map(|profile| &profile.path));
        if let Some(path) = path {
            self.path.clone_from(path);
        }
        let serves = found.fault(clients, &self.name).is_none();
        self.arn = profile.as_ref().map(|profile| profile.arn.clone()).into();
        self.role_arn = role.as_ref().filter(|_| serves).map(|role| role.arn.clone()).into();
        self.role_name = serves.then(|| self.name.clone()).into();
        if let Some(role) = role {
            self.permissions_boundary.clone_from(&role.permissions_boundary);
        }
        let actual = role.as_ref().and_then(|role| role.policy.clone());
        // Another layout of the same policy is no drift.
        self.policy_json = match (self.policy_json.into_inner(), actual) {
            (Some(known), Some(actual)) if policy::is_same(&known, &actual) => known.into(),
            (_, actual) => actual.into(),
        };
        let read = |tags: &Tags| clients.tags.read(tags.clone(), self.tags.as_ref());
        let of_role = role.as_ref().map(|role| read(&role.tags));
        let of_profile = profile.as_ref().map(|profile| read(&profile.tags));
        // Both carry the same; the one that was changed shows.
        let changed = |read: &(Option<Tags>, Computed<Tags>)| read.1 != self.tags_all;
        let shown = of_profile.filter(|read| of_role.is_none() || changed(read)).or(of_role);
        if let Some((tags, all)) = shown {
            (self.tags, self.tags_all) = (tags, all);
        }
        self
    }
}

/// The trust policy of the role.
fn trust(clients: &Clients) -> String {
    policy::trust_document("Service", &[policy::ec2_principal(&clients.partition)])
}

fn already_exists(summary: &str, name: &str) -> Diagnostics {
    Diagnostic::error(
        summary,
        format!(
            "An instance profile or a role with this name is there already, and was not made by this configuration. \
             It was not changed. Choose another name, or take it over:\n\nimport {{\n  to = \
             ecrunner_instance_profile.<name>\n  id = \"{name}\"\n}}"
        ),
    )
    .at("name")
    .into()
}
