//! The log group that GitLab Runner's log goes to.
//! AWS: CreateLogGroup, PutRetentionPolicy, DescribeLogGroups, ListTagsForResource, TagResource, UntagResource,
//! DeleteLogGroup (CloudWatch Logs API reference).

use std::time::Duration;

use tf_provider::{Context, Diagnostics};

use crate::clients::Clients;
use crate::creating::Creating;
use crate::diagnostics::Failure;
use crate::retry;
use crate::tags::Tags;

const SERVICE: &str = "CloudWatch Logs";
const NOT_FOUND: [&str; 1] = ["ResourceNotFoundException"];
/// Another change of the same group is under way.
const BUSY: [&str; 1] = ["OperationAbortedException"];
const BUSY_LIMIT: Duration = Duration::from_secs(120);

/// What is there of a log group.
pub(super) struct Found {
    /// Days that lines are kept; `None` for ever.
    pub(super) retention_days: Option<i32>,
}

/// The log group of this name, if there is one.
///
/// # Errors
/// CloudWatch Logs refuses or does not answer.
pub(super) async fn find(clients: &Clients, name: &str) -> Result<Option<Found>, Diagnostics> {
    let mut next = None;
    loop {
        // There is no search by name, only by how it begins.
        let call = clients.logs.describe_log_groups().log_group_name_prefix(name).set_next_token(next);
        let answer = call.send().await.map_err(|error| {
            Failure::of(SERVICE, &error).report(format!("Reading log group ({name})"), "", "")
        })?;
        if let Some(found) = answer.log_groups().iter().find(|group| group.log_group_name() == Some(name)) {
            return Ok(Some(Found { retention_days: found.retention_in_days() }));
        }
        next = answer.next_token().map(str::to_owned);
        if next.is_none() {
            return Ok(None);
        }
    }
}

/// Tags of the log group; `None` when there is none.
///
/// # Errors
/// CloudWatch Logs refuses or does not answer.
pub(super) async fn tags_of(clients: &Clients, name: &str) -> Result<Option<Tags>, Diagnostics> {
    match clients.logs.list_tags_for_resource().resource_arn(arn(clients, name)).send().await {
        Ok(answer) => Ok(Some(answer.tags.unwrap_or_default().into_iter().collect())),
        Err(error) => {
            let failure = Failure::of(SERVICE, &error);
            if failure.is(&NOT_FOUND) {
                return Ok(None);
            }
            Err(failure.report(format!("Reading tags of log group ({name})"), "", ""))
        }
    }
}

/// Creates the log group, without a retention. The caller has looked whether the name is free.
///
/// # Errors
/// CloudWatch Logs refuses or does not answer, or the group exists and is not the effect of a lost answer.
pub(super) async fn create(
    ctx: &Context<Clients>,
    name: &str,
    tags: &Tags,
    creating: &Creating,
) -> Result<(), Diagnostics> {
    let clients = ctx.client().clone();
    // A group of this name may be on its way out.
    let sent = retry::while_failing(ctx, &BUSY, BUSY_LIMIT, || {
        let tags = tags.clone().into_iter().collect();
        let call = clients.logs.create_log_group().log_group_name(name).set_tags(Some(tags));
        async move { call.send().await.map(drop).map_err(|error| Failure::of(SERVICE, &error)) }
    })
    .await;
    let Err(failure) = sent else { return Ok(()) };
    // It was not there a moment ago: an answer of ours was lost, or somebody was faster.
    if failure.is(&["ResourceAlreadyExistsException"])
        && tags_of(&clients, name).await?.is_some_and(|tags| creating.has_made(&tags))
    {
        return Ok(());
    }
    Err(failure.report(format!("Creating log group ({name})"), "The log group was not created.", ""))
}

fn arn(clients: &Clients, name: &str) -> String {
    let Clients { partition, region, account_id, .. } = clients;
    format!("arn:{partition}:logs:{region}:{account_id}:log-group:{name}")
}

/// Sets how long lines are kept.
///
/// # Errors
/// CloudWatch Logs refuses or does not answer.
pub(super) async fn set_retention(ctx: &Context<Clients>, name: &str, days: i32) -> Result<(), Diagnostics> {
    let clients = ctx.client().clone();
    let sent = retry::while_failing(ctx, &BUSY, BUSY_LIMIT, || {
        let call = clients.logs.put_retention_policy().log_group_name(name).retention_in_days(days);
        async move { call.send().await.map(drop).map_err(|error| Failure::of(SERVICE, &error)) }
    })
    .await;
    sent.map_err(|failure| {
        let exists = "The log group exists, with its former retention.";
        failure.report(format!("Setting retention of log group ({name})"), exists, "")
    })
}

/// Changes the group's tags.
///
/// # Errors
/// CloudWatch Logs refuses or does not answer.
pub(super) async fn change_tags(
    clients: &Clients,
    name: &str,
    actual: &Tags,
    wanted: &Tags,
) -> Result<(), Diagnostics> {
    let (set, removed) = clients.tags.changes(actual, wanted);
    let arn = arn(clients, name);
    let failed = |failure: &Failure| failure.report(format!("Tagging log group ({name})"), "", "");
    if !removed.is_empty() {
        let call = clients.logs.untag_resource().resource_arn(&arn).set_tag_keys(Some(removed));
        call.send().await.map_err(|error| failed(&Failure::of(SERVICE, &error)))?;
    }
    if !set.is_empty() {
        let call = clients.logs.tag_resource().resource_arn(&arn).set_tags(Some(set.into_iter().collect()));
        call.send().await.map_err(|error| failed(&Failure::of(SERVICE, &error)))?;
    }
    Ok(())
}

/// Deletes the log group with its lines. One that is gone counts as deleted.
///
/// # Errors
/// CloudWatch Logs refuses or does not answer.
pub(super) async fn delete(ctx: &Context<Clients>, name: &str) -> Result<(), Diagnostics> {
    let clients = ctx.client().clone();
    let sent = retry::while_failing(ctx, &BUSY, BUSY_LIMIT, || {
        let call = clients.logs.delete_log_group().log_group_name(name);
        async move { call.send().await.map(drop).map_err(|error| Failure::of(SERVICE, &error)) }
    })
    .await;
    match sent {
        Err(failure) if !failure.is(&NOT_FOUND) => {
            let summary = format!("Deleting log group ({name})");
            Err(failure.report(summary, "The log group is still there.", ""))
        }
        _ => Ok(()),
    }
}
