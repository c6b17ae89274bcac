//! The log group that GitLab Runner's log goes to.
//! AWS: CreateLogGroup, PutRetentionPolicy, DescribeLogGroups, TagResource, UntagResource, DeleteLogGroup (CloudWatch
//! Logs API reference).

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_cloudwatchlogs::config::retry::RetryConfig;
use tf_provider::{Context, Diagnostics};

use crate::clients::Clients;
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

/// Creates the log group, without a retention.
///
/// # Errors
/// CloudWatch Logs refuses or does not answer, or the group exists and is not the effect of a lost answer.
pub(super) async fn create(ctx: &Context<Clients>, name: &str, tags: &Tags) -> Result<(), Diagnostics> {
    let clients = ctx.client().clone();
    let tags = (!tags.is_empty()).then(|| tags.clone().into_iter().collect());
    let no_retry = aws_sdk_cloudwatchlogs::config::Builder::new().retry_config(RetryConfig::disabled());
    let unanswered = AtomicBool::new(false);
    // A group of this name may be on its way out.
    let sent = retry::while_failing(ctx, &BUSY, BUSY_LIMIT, || async {
        let created = retry::create(ctx, || {
            let call = clients.logs.create_log_group().log_group_name(name).set_tags(tags.clone());
            let call = call.customize().config_override(no_retry.clone());
            async move { call.send().await.map(drop).map_err(|error| Failure::of(SERVICE, &error)) }
        });
        created.await.map_err(|failed| {
            unanswered.fetch_or(failed.unanswered, Ordering::Relaxed);
            failed.failure
        })
    })
    .await;
    match sent {
        Err(failure)
            if !failure.is(&["ResourceAlreadyExistsException"]) || !unanswered.load(Ordering::Relaxed) =>
        {
            let summary = format!("Creating log group ({name})");
            Err(failure.report(summary, "The log group was not created.", ""))
        }
        _ => Ok(()),
    }
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
    let Clients { partition, region, account_id, .. } = clients;
    let arn = format!("arn:{partition}:logs:{region}:{account_id}:log-group:{name}");
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
