//! A launch template and the Auto Scaling group that starts instances from it, both of one name: what worker fleets and
//! runner managers have in common.

use aws_sdk_autoscaling::types::AutoScalingGroup;
use tf_provider::schema::Computed;
use tf_provider::{Context, Diagnostic, Diagnostics};

use super::auto_scaling_group::{self, GroupSpec};
use super::launch_template::{self, LaunchTemplate, Template};
use crate::clients::Clients;
use crate::creating::Creating;
use crate::tags::Tags;

/// What is there of both.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The launch template.
    pub template: Option<LaunchTemplate>,
    /// The group, unless it is being deleted.
    pub group: Option<AutoScalingGroup>,
}

impl Parts {
    /// Looks for both.
    ///
    /// # Errors
    /// AWS refuses or does not answer.
    pub async fn find(clients: &Clients, name: &str) -> Result<Self, Diagnostics> {
        let group = auto_scaling_group::find(clients, name).await?;
        Ok(Parts { template: launch_template::find(clients, name).await?, group })
    }

    /// True when neither is there.
    pub fn is_nothing(&self) -> bool {
        self.template.is_none() && self.group.is_none()
    }

    /// What is there and cannot be gone on with.
    pub fn foreign(&self, creating: &Creating) -> Option<&'static str> {
        let is_foreign = |tags: &Tags| !creating.goes_on_with(tags);
        if self.group.as_ref().is_some_and(|group| is_foreign(&auto_scaling_group::tags_of(group))) {
            return Some("Auto Scaling group");
        }
        self.template.as_ref().is_some_and(|template| is_foreign(&template.tags)).then_some("launch template")
    }

    /// Refuses to go on where a part is gone that is planned to stay as it is: with a known id.
    ///
    /// # Errors
    /// It is so; `summary` is that of the diagnostic.
    pub fn refuse_vanished(
        &self,
        summary: String,
        arn: &Computed<String>,
        launch_template_id: &Computed<String>,
    ) -> Result<(), Diagnostics> {
        let gone = self.group.is_none() && !arn.is_pending()
            || self.template.is_none() && !launch_template_id.is_pending();
        if gone {
            let detail = "A part of it vanished between plan and apply. Apply again to restore it.";
            return Err(Diagnostic::error(summary, detail).into());
        }
        Ok(())
    }
}

/// The launch template's version that says what is wanted.
#[derive(Clone, Debug)]
pub struct Launched {
    /// Id of the launch template.
    pub id: String,
    /// Number of the version.
    pub version: i64,
    /// Tags that the template was given.
    pub tags: Tags,
}

/// Makes the launch template, or gives the one that is there its tags and a version that says what `template` does.
///
/// `planned_version` is what the plan shows, `prior_version` the one in use before.
///
/// # Errors
/// EC2 refuses or does not answer.
pub async fn set_template(
    clients: &Clients,
    name: &str,
    found: Option<&LaunchTemplate>,
    template: &Template,
    planned_version: Option<&i64>,
    prior_version: Option<&i64>,
    tags: Tags,
) -> Result<Launched, Diagnostics> {
    let Some(found) = found else {
        let created = launch_template::create(clients, name, template, &tags).await?;
        return Ok(Launched { id: created.id, version: created.latest_version, tags });
    };
    launch_template::change_tags(clients, &found.id, &found.tags, &tags).await?;
    let version = match planned_version {
        Some(version) => *version,
        None => version_for(clients, found, prior_version, template).await?,
    };
    Ok(Launched { id: found.id.clone(), version, tags })
}

/// The version that says what `template` does: one that is there, or a new one.
async fn version_for(
    clients: &Clients,
    found: &LaunchTemplate,
    prior_version: Option<&i64>,
    template: &Template,
) -> Result<i64, Diagnostics> {
    let candidate = prior_version.copied().unwrap_or(found.latest_version);
    let version = launch_template::find_version(clients, &found.id, &candidate.to_string()).await?;
    match version {
        Some((number, data)) if template.is_said_by(&data) => Ok(number),
        _ => launch_template::create_version(clients, &found.id, template).await,
    }
}

/// Makes the group, and answers its ARN once it can be read.
///
/// # Errors
/// The time limit is over; Auto Scaling refuses or does not answer.
pub async fn create_group(
    ctx: &Context<Clients>,
    spec: &GroupSpec,
    creating: &Creating,
) -> Result<Option<String>, Diagnostics> {
    auto_scaling_group::create(ctx, spec, creating).await?;
    let what = "the new group can be read";
    let probe = || auto_scaling_group::find(ctx.client(), &spec.name);
    let group = ctx.wait_for(what, std::time::Duration::from_secs(1), probe).await?;
    Ok(group.auto_scaling_group_arn().map(str::to_owned))
}

/// Takes the marks of an unfinished create away, where there are any: `tags` are those that stay.
///
/// # Errors
/// AWS refuses or does not answer.
pub async fn unmark(
    ctx: &Context<Clients>,
    launched: &Launched,
    spec: &GroupSpec,
    tags: &Tags,
) -> Result<(), Diagnostics> {
    let clients = ctx.client();
    launch_template::change_tags(clients, &launched.id, &launched.tags, tags).await?;
    if spec.tags == *tags {
        return Ok(());
    }
    let finished = GroupSpec { tags: tags.clone(), ..spec.clone() };
    auto_scaling_group::change_tags(clients, &finished, &spec.tags).await
}
