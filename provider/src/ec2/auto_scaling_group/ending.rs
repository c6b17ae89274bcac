//! The end of instances and of groups: with time for the jobs where there are any, and by force.

use std::time::Duration;

use tf_provider::{Context, Diagnostics};

use super::{find, find_any, is_being_deleted, is_not_found, retrying, set_sizes, suspend};
use crate::clients::Clients;
use crate::diagnostics::Failure;

/// Instances per SetInstanceProtection call.
const PROTECTION_BATCH: usize = 50;

/// Lets the instances finish their jobs: no more are launched, and the runner manager has `limit` to end those that
/// there are. Answers the ids of those it has not ended. A group that is gone has none.
///
/// The sizes stay: with a desired capacity of zero Auto Scaling would refuse the manager's own calls, which lower it by
/// one with each instance that they end.
///
/// # Errors
/// Auto Scaling refuses or does not answer; the practitioner interrupts.
pub async fn drain(ctx: &Context<Clients>, name: &str, limit: Duration) -> Result<Vec<String>, Diagnostics> {
    let instances = || async {
        let group = find(ctx.client(), name).await?;
        let instances = group.iter().flat_map(|group| group.instances());
        let ids = instances.filter_map(|instance| instance.instance_id().map(str::to_owned));
        Ok::<Vec<String>, Diagnostics>(ids.collect())
    };
    if instances().await?.is_empty() {
        return Ok(Vec::new());
    }
    suspend(ctx, name, "Launch").await.map_err(|failure| {
        let summary = format!("Suspending launches of Auto Scaling group ({name})");
        failure.report(summary, "The group is unchanged.", "")
    })?;
    let what = format!("the runner manager has ended all instances of Auto Scaling group {name}");
    let ended = ctx.wait_for(&what, Duration::from_secs(1), || async {
        Ok(instances().await?.is_empty().then_some(()))
    });
    match tokio::time::timeout(limit, ended).await {
        Ok(ended) => ended.map(|()| Vec::new()),
        Err(_) => instances().await,
    }
}

/// Waits until the group has no instance, taking away protection; the sizes were set to zero before.
/// A group that is gone is empty.
///
/// # Errors
/// The time limit is over; AWS refuses or does not answer.
pub async fn wait_until_empty(ctx: &Context<Clients>, name: &str) -> Result<(), Diagnostics> {
    let what = format!("all instances of Auto Scaling group {name} are terminated");
    ctx.wait_for(&what, Duration::from_secs(1), || async {
        let Some(group) = find(ctx.client(), name).await? else { return Ok(Some(())) };
        if group.instances().is_empty() {
            return Ok(Some(()));
        }
        let protected: Vec<String> = group
            .instances()
            .iter()
            .filter(|instance| instance.protected_from_scale_in().unwrap_or_default())
            .filter_map(|instance| instance.instance_id().map(str::to_owned))
            .collect();
        if !protected.is_empty() {
            unprotect(ctx, name, &protected).await?;
            // Now that they may go.
            set_sizes(ctx, name, 0, group.max_size().unwrap_or_default(), 0).await?;
        }
        Ok(None)
    })
    .await
}

async fn unprotect(ctx: &Context<Clients>, name: &str, instances: &[String]) -> Result<(), Diagnostics> {
    let clients = ctx.client().clone();
    for batch in instances.chunks(PROTECTION_BATCH) {
        let sent = retrying(ctx, || {
            let call = clients
                .autoscaling
                .set_instance_protection()
                .auto_scaling_group_name(name)
                .set_instance_ids(Some(batch.to_vec()))
                .protected_from_scale_in(false);
            async move { call.send().await.map(drop).map_err(|error| Failure::of("Auto Scaling", &error)) }
        })
        .await;
        if let Err(failure) = sent {
            // One of them went in the meantime: the next round asks anew. One on its way out cannot be changed.
            let gone = ["not part of Auto Scaling group", "not in InService", "is not in", "not found"];
            if !failure.is(&["ValidationError"]) || !gone.iter().any(|text| failure.message().contains(text))
            {
                let summary = format!("Taking scale-in protection away in Auto Scaling group ({name})");
                return Err(failure.report(summary, "The group and its instances are still there.", ""));
            }
        }
    }
    Ok(())
}

/// Terminates all instances, also protected ones, and deletes the group. One that is gone counts as deleted.
///
/// # Errors
/// The time limit is over; AWS refuses or does not answer.
pub async fn delete(ctx: &Context<Clients>, name: &str) -> Result<(), Diagnostics> {
    let clients = ctx.client().clone();
    let Some(group) = find_any(&clients, name).await? else { return Ok(()) };
    if !is_being_deleted(&group) {
        set_sizes(ctx, name, 0, 0, 0).await?;
        wait_until_empty(ctx, name).await?;
        let sent = retrying(ctx, || {
            let call = clients.autoscaling.delete_auto_scaling_group().auto_scaling_group_name(name);
            async move { call.send().await.map(drop).map_err(|error| Failure::of("Auto Scaling", &error)) }
        })
        .await;
        if let Err(failure) = sent
            && !is_not_found(&failure)
        {
            let summary = format!("Deleting Auto Scaling group ({name})");
            return Err(failure.report(summary, "The group is still there, without instances.", ""));
        }
    }
    let what = format!("Auto Scaling group {name} is gone");
    ctx.wait_for(&what, Duration::from_secs(1), || async {
        Ok(find_any(ctx.client(), name).await?.is_none().then_some(()))
    })
    .await
}
