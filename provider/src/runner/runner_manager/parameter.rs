//! The SSM parameter that a configuration is published to.
//! AWS: PutParameter, GetParameter, DescribeParameters, ListTagsForResource, AddTagsToResource, RemoveTagsFromResource,
//! DeleteParameter (Systems Manager API reference).

use std::time::Duration;

use aws_sdk_ssm::types::{ParameterStringFilter, ParameterTier, ParameterType, ResourceTypeForTagging, Tag};
use runner_config::secret_in;
use tf_provider::{Context, Diagnostic, Diagnostics};

use crate::clients::Clients;
use crate::creating::Creating;
use crate::diagnostics::Failure;
use crate::retry;
use crate::runner::published::{self, STANDARD_TIER};
use crate::tags::Tags;

const DESCRIPTION: &str = "Configuration of a GitLab Runner manager: gzip, then base64.";
const NOT_FOUND: [&str; 1] = ["ParameterNotFound"];
/// Somebody else is changing the parameter.
const BUSY: [&str; 1] = ["TooManyUpdates"];
const BUSY_LIMIT: Duration = Duration::from_secs(120);

/// What a parameter holds.
pub(super) struct Published {
    value: String,
}

impl Published {
    /// The published text; `None` when it is none, or one with a secret in it, which must not get into the state.
    pub(super) fn text(&self) -> Option<String> {
        published::decode(&self.value).filter(|text| secret_in(text).is_none())
    }
}

/// ARN of the parameter called `name`, which begins with a slash.
pub(super) fn arn(clients: &Clients, name: &str) -> String {
    let Clients { partition, region, account_id, .. } = clients;
    format!("arn:{partition}:ssm:{region}:{account_id}:parameter{name}")
}

/// The parameter, if there is one.
///
/// # Errors
/// Systems Manager refuses or does not answer.
pub(super) async fn find(clients: &Clients, name: &str) -> Result<Option<Published>, Diagnostics> {
    match clients.ssm.get_parameter().name(name).send().await {
        Ok(answer) => Ok(answer
            .parameter()
            .map(|found| Published { value: found.value().unwrap_or_default().to_owned() })),
        Err(error) => {
            let failure = Failure::of("Systems Manager", &error);
            if failure.is(&NOT_FOUND) {
                return Ok(None);
            }
            Err(failure.report(format!("Reading SSM parameter ({name})"), "", ""))
        }
    }
}

/// Tags of the parameter; `None` when there is no parameter.
///
/// # Errors
/// Systems Manager refuses or does not answer.
pub(super) async fn tags_of(clients: &Clients, name: &str) -> Result<Option<Tags>, Diagnostics> {
    let call = clients.ssm.list_tags_for_resource().resource_type(ResourceTypeForTagging::Parameter);
    match call.resource_id(name).send().await {
        Ok(answer) => {
            let tags = answer.tag_list().iter();
            Ok(Some(tags.map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()))
        }
        Err(error) => {
            let failure = Failure::of("Systems Manager", &error);
            if failure.is(&["InvalidResourceId", "ParameterNotFound"]) {
                return Ok(None);
            }
            Err(failure.report(format!("Reading tags of SSM parameter ({name})"), "", ""))
        }
    }
}

/// Creates the parameter. The caller has looked whether the name is free.
///
/// # Errors
/// Systems Manager refuses or does not answer, or the parameter exists and is not the effect of a lost answer.
pub(super) async fn create(
    ctx: &Context<Clients>,
    name: &str,
    value: &str,
    tags: &Tags,
    creating: &Creating,
) -> Result<(), Diagnostics> {
    let clients = ctx.client().clone();
    let tags = to_tags(tags, name)?;
    let sent = retry::while_failing(ctx, &BUSY, BUSY_LIMIT, || {
        let call = clients
            .ssm
            .put_parameter()
            .name(name)
            .description(DESCRIPTION)
            .r#type(ParameterType::String)
            .value(value)
            .tier(tier_for(value))
            .overwrite(false)
            .set_tags(Some(tags.clone()));
        async move { call.send().await.map(drop).map_err(|error| Failure::of("Systems Manager", &error)) }
    })
    .await;
    let Err(failure) = sent else { return Ok(()) };
    // It was not there a moment ago: an answer of ours was lost, or somebody was faster.
    if failure.is(&["ParameterAlreadyExists"])
        && tags_of(&clients, name).await?.is_some_and(|tags| creating.has_made(&tags))
    {
        return Ok(());
    }
    Err(failure.report(format!("Creating SSM parameter ({name})"), "The parameter was not created.", ""))
}

/// Gives the parameter another value.
///
/// # Errors
/// Systems Manager refuses or does not answer; the former value stays then.
pub(super) async fn overwrite(ctx: &Context<Clients>, name: &str, value: &str) -> Result<(), Diagnostics> {
    let clients = ctx.client().clone();
    // A parameter never goes back to the standard tier.
    let tier = match tier_of(&clients, name).await? {
        Some(ParameterTier::Advanced) => ParameterTier::Advanced,
        _ => tier_for(value),
    };
    let sent = retry::while_failing(ctx, &BUSY, BUSY_LIMIT, || {
        let call = clients
            .ssm
            .put_parameter()
            .name(name)
            .description(DESCRIPTION)
            .r#type(ParameterType::String)
            .value(value)
            .tier(tier.clone())
            .overwrite(true);
        async move { call.send().await.map(drop).map_err(|error| Failure::of("Systems Manager", &error)) }
    })
    .await;
    sent.map_err(|failure| {
        let exists = "The manager goes on with the former configuration.";
        failure.report(format!("Publishing to SSM parameter ({name})"), exists, "")
    })
}

/// Changes the parameter's tags.
///
/// # Errors
/// Systems Manager refuses or does not answer.
pub(super) async fn change_tags(
    clients: &Clients,
    name: &str,
    actual: &Tags,
    wanted: &Tags,
) -> Result<(), Diagnostics> {
    let (set, removed) = clients.tags.changes(actual, wanted);
    let failed = |failure: &Failure| failure.report(format!("Tagging SSM parameter ({name})"), "", "");
    let resource = ResourceTypeForTagging::Parameter;
    if !removed.is_empty() {
        let call = clients.ssm.remove_tags_from_resource().resource_type(resource.clone()).resource_id(name);
        let sent = call.set_tag_keys(Some(removed)).send().await;
        sent.map_err(|error| failed(&Failure::of("Systems Manager", &error)))?;
    }
    if !set.is_empty() {
        let call = clients.ssm.add_tags_to_resource().resource_type(resource).resource_id(name);
        let sent = call.set_tags(Some(to_tags(&set, name)?)).send().await;
        sent.map_err(|error| failed(&Failure::of("Systems Manager", &error)))?;
    }
    Ok(())
}

/// Deletes the parameter. One that is gone counts as deleted.
///
/// # Errors
/// Systems Manager refuses or does not answer.
pub(super) async fn delete(ctx: &Context<Clients>, name: &str) -> Result<(), Diagnostics> {
    match ctx.client().ssm.delete_parameter().name(name).send().await {
        Ok(_) => Ok(()),
        Err(error) => {
            let failure = Failure::of("Systems Manager", &error);
            if failure.is(&NOT_FOUND) {
                return Ok(());
            }
            let exists = "The parameter is still there.";
            Err(failure.report(format!("Deleting SSM parameter ({name})"), exists, ""))
        }
    }
}

/// Said explicitly: the account's default may be the one that costs.
fn tier_for(value: &str) -> ParameterTier {
    if value.len() <= STANDARD_TIER { ParameterTier::Standard } else { ParameterTier::Advanced }
}

async fn tier_of(clients: &Clients, name: &str) -> Result<Option<ParameterTier>, Diagnostics> {
    let summary = format!("Reading SSM parameter ({name})");
    let filter = ParameterStringFilter::builder().key("Name").option("Equals").values(name).build();
    let filter =
        filter.map_err(|error| Diagnostic::provider_bug(format!("The filter is malformed: {error}.")))?;
    let answer = clients.ssm.describe_parameters().parameter_filters(filter).send().await;
    let answer = answer.map_err(|error| Failure::of("Systems Manager", &error).report(summary, "", ""))?;
    Ok(answer.parameters().first().and_then(|found| found.tier().cloned()))
}

fn to_tags(tags: &Tags, name: &str) -> Result<Vec<Tag>, Diagnostics> {
    let built = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    built.collect::<Result<_, _>>().map_err(|error| {
        Diagnostic::provider_bug(format!("A tag of SSM parameter {name} is malformed: {error}.")).into()
    })
}
