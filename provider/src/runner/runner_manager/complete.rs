//! Create and update: both make what is missing and set the rest right, in the same order.

use std::collections::BTreeSet;

use aws_sdk_autoscaling::types::AutoScalingGroup;
use tf_provider::schema::Computed;
use tf_provider::{Context, Diagnostic, Diagnostics};

use super::{
    FORMER_LOG_GROUPS, RunnerManager, delete_former_log_groups, log_group, parameter, plan, replacement,
};
use crate::clients::Clients;
use crate::creating::{self, Creating};
use crate::ec2::auto_scaling_group::{self, GroupSpec};
use crate::ec2::launch_template;
use crate::ec2::launched_group::{self, Parts};
use crate::runner::published;
use crate::tags::Tags;

/// The AWS objects of one manager that are there already.
#[derive(Clone, Debug)]
pub(super) struct Existing {
    /// Launch template and Auto Scaling group.
    pub(super) parts: Parts,
    /// Tags of the parameter with the configuration.
    pub(super) parameter: Option<Tags>,
    /// Tags of the log group.
    pub(super) log_group: Option<Tags>,
}

impl Existing {
    /// What is there of a manager that is to be created.
    pub(super) async fn find(manager: &RunnerManager, clients: &Clients) -> Result<Self, Diagnostics> {
        let parameter = manager.parameter_name()?;
        let parameter = match parameter::find(clients, parameter).await? {
            Some(_) => parameter::tags_of(clients, parameter).await?,
            None => None,
        };
        let mut log_group = None;
        if let Some(name) = plan::log_group_name(manager)
            && log_group::find(clients, &name).await?.is_some()
        {
            log_group = log_group::tags_of(clients, &name).await?;
        }
        Ok(Existing { parts: Parts::find(clients, &manager.name).await?, parameter, log_group })
    }

    /// Create adopts nothing but what an interrupted create of the same configuration left.
    pub(super) fn refuse_foreign(
        &self,
        manager: &RunnerManager,
        creating: &Creating,
    ) -> Result<(), Diagnostics> {
        let is_foreign = |tags: &Option<Tags>| tags.as_ref().is_some_and(|tags| !creating.goes_on_with(tags));
        let (what, which, attribute) = if let Some(what) = self.parts.foreign(creating) {
            (what, manager.name.clone(), "name")
        } else if is_foreign(&self.parameter) {
            ("SSM parameter", manager.parameter_name()?.to_owned(), "config_parameter")
        } else if is_foreign(&self.log_group) {
            ("log group", plan::log_group_name(manager).unwrap_or_default(), "log_group")
        } else {
            return Ok(());
        };
        let name = &manager.name;
        Err(Diagnostic::error(
            format!("Creating runner manager ({name})"),
            format!(
                "There is the {what} {which} already, and it was not made by this configuration. Nothing was changed. \
                 Choose another name, or, if it belongs to a runner manager, take that over:\n\nimport {{\n  to = \
                 ecrunner_runner_manager.<name>\n  id = \"{name}\"\n}}"
            ),
        )
        .at(attribute)
        .into())
    }
}

impl RunnerManager {
    /// Makes what is missing and sets the rest right; saves state after each object.
    pub(super) async fn complete(
        mut self,
        existing: Existing,
        creating: &Creating,
        prior: Option<Self>,
        ctx: &mut Context<Clients>,
    ) -> Result<Self, Diagnostics> {
        let clients = ctx.client().clone();
        let tags = clients.tags.all(self.tags.as_ref());
        let template = self.template(&clients, &tags)?;
        let is_other_version = self.launch_template_version.is_pending();
        self.set_computed(&template, &tags);
        // Only what was made is recorded: destroy goes by it.
        let before = prior.as_ref().map_or(Computed::null(), |prior| prior.log_group_name.clone());
        let log_group = std::mem::replace(&mut self.log_group_name, before).into_inner();

        let parameter_tags = creating.tags_for(existing.parameter.is_some(), &tags);
        self.publish(existing.parameter.as_ref(), &parameter_tags, creating, ctx).await?;
        let log_group_tags =
            self.set_log_group(log_group.as_ref(), existing.log_group, &tags, creating, ctx).await?;

        let Parts { template: found, group } = existing.parts;
        let prior_version = prior.as_ref().and_then(|prior| prior.launch_template_version.get());
        let launched = launched_group::set_template(
            &clients,
            &self.name,
            found.as_ref(),
            &template,
            self.launch_template_version.get(),
            prior_version,
            creating.tags_for(found.is_some(), &tags),
        )
        .await?;
        self.launch_template_id = launched.id.as_str().into();
        self.launch_template_version = launched.version.into();
        let group_tags = creating.tags_for(group.is_some(), &tags);
        let spec = self.group(&launched.id, launched.version, &template, &group_tags);
        match group {
            None => {
                ctx.save(&self);
                self.arn = launched_group::create_group(ctx, &spec, creating).await?.into();
                ctx.save(&self);
                replacement::start(ctx, &self.name).await?;
            }
            Some(group) => self.update_group(&spec, &group, ctx).await?,
        }
        // Not by comparison with the prior state: an update that was cut short has left this version there.
        if is_other_version && found.is_some() {
            launch_template::set_default_version(&clients, &launched.id, launched.version).await?;
        }
        delete_former_log_groups(ctx).await?;

        creating::note_end(ctx);
        let parameter = self.parameter_name()?;
        parameter::change_tags(&clients, parameter, &parameter_tags, &tags).await?;
        if let Some(name) = &log_group {
            log_group::change_tags(&clients, name, &log_group_tags, &tags).await?;
        }
        launched_group::unmark(ctx, &launched, &spec, &tags).await?;
        Ok(self)
    }

    /// Publishes the configuration where another one is published, or none. `existing` are the tags of a parameter that
    /// is there.
    async fn publish(
        &mut self,
        existing: Option<&Tags>,
        tags: &Tags,
        creating: &Creating,
        ctx: &mut Context<Clients>,
    ) -> Result<(), Diagnostics> {
        let clients = ctx.client().clone();
        let name = self.parameter_name()?.to_owned();
        let value = published::encode(&self.config);
        match parameter::find(&clients, &name).await? {
            None => parameter::create(ctx, &name, &value, tags, creating).await?,
            Some(found) => {
                if found.text().as_ref() != Some(&self.config) {
                    parameter::overwrite(ctx, &name, &value).await?;
                }
                let actual = existing.cloned().unwrap_or_default();
                parameter::change_tags(&clients, &name, &actual, tags).await?;
            }
        }
        self.config_parameter_arn = parameter::arn(&clients, &name).into();
        ctx.save(self);
        Ok(())
    }

    /// Makes the log group that is wanted, or sets the one that is there right: `existing` are its tags. One that is not
    /// wanted any more is deleted at the end, when nothing writes to it. Answers the tags that it was given.
    async fn set_log_group(
        &mut self,
        wanted: Option<&String>,
        existing: Option<Tags>,
        tags: &Tags,
        creating: &Creating,
        ctx: &mut Context<Clients>,
    ) -> Result<Tags, Diagnostics> {
        let clients = ctx.client().clone();
        let mut former: BTreeSet<String> = ctx.private().get(FORMER_LOG_GROUPS).unwrap_or_default();
        let mut actual = existing;
        if let Some(before) = self.log_group_name.get()
            && wanted != Some(before)
        {
            former.insert(before.clone());
            self.log_group_name = Computed::null();
        }
        if let Some(name) = wanted
            && former.remove(name)
        {
            // Wanted again before it was deleted.
            actual = log_group::tags_of(&clients, name).await?;
        }
        ctx.private().set(FORMER_LOG_GROUPS, former);
        ctx.save(self);
        let (Some(name), Some(settings)) = (wanted, &self.log_group) else { return Ok(tags.clone()) };
        let retention_days = settings.retention_days;
        let given = creating.tags_for(actual.is_some(), tags);
        match actual {
            None => log_group::create(ctx, name, &given, creating).await?,
            Some(actual) => log_group::change_tags(&clients, name, &actual, &given).await?,
        }
        self.log_group_name = name.as_str().into();
        ctx.save(self);
        log_group::set_retention(ctx, name, retention_days).await?;
        Ok(given)
    }

    /// Points the group at its template, then replaces the instance if it is another's.
    async fn update_group(
        &mut self,
        spec: &GroupSpec,
        group: &AutoScalingGroup,
        ctx: &mut Context<Clients>,
    ) -> Result<(), Diagnostics> {
        // The sizes stay for now: a minimum of one would start an instance beside one that is still ending.
        let sizes = |size: Option<i32>| size.unwrap_or_default();
        let kept = GroupSpec {
            min_size: sizes(group.min_size()),
            max_size: sizes(group.max_size()),
            ..spec.clone()
        };
        auto_scaling_group::update(ctx, &kept, group).await?;
        self.arn = group.auto_scaling_group_arn().map(str::to_owned).into();
        ctx.save(self);
        replacement::run(ctx, &self.name, &spec.launch).await
    }
}
