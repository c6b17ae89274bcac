//! The instance profile itself: find, create, fill with its role, tag, delete.
//! AWS: GetInstanceProfile, CreateInstanceProfile, AddRoleToInstanceProfile, RemoveRoleFromInstanceProfile,
//! TagInstanceProfile, UntagInstanceProfile, DeleteInstanceProfile (IAM API reference).

use std::time::Duration;

use tf_provider::{Context, Diagnostics};

use super::role::{self, CONFLICT, CONFLICTS, CONFLICTS_OF_NEW, Wanted};
use crate::clients::Clients;
use crate::creating::Creating;
use crate::diagnostics::Failure;
use crate::retry::while_failing;
use crate::tags::Tags;

/// An instance profile as IAM reports it.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    pub(super) arn: String,
    pub(super) path: String,
    /// Names of its roles; IAM allows one.
    pub(super) roles: Vec<String>,
    pub(super) tags: Tags,
}

/// The instance profile called `name`, if there is one.
pub(super) async fn find(clients: &Clients, name: &str) -> Result<Option<Profile>, Diagnostics> {
    let answer = match clients.iam.get_instance_profile().instance_profile_name(name).send().await {
        Ok(answer) => answer,
        Err(error) => {
            let failure = Failure::of("IAM", &error);
            if failure.is(&["NoSuchEntity"]) {
                return Ok(None);
            }
            return Err(failure.report(format!("Reading instance profile ({name})"), "", ""));
        }
    };
    Ok(answer.instance_profile().map(|profile| Profile {
        arn: profile.arn().to_owned(),
        path: profile.path().to_owned(),
        roles: profile.roles().iter().map(|role| role.role_name().to_owned()).collect(),
        tags: role::our_tags(profile.tags()),
    }))
}

/// Makes the profile, without its role, and answers its ARN. The caller has seen a moment ago that there is none.
///
/// # Errors
/// `Ok(Err(()))` stands for a profile of somebody else with this name.
pub(super) async fn create(
    ctx: &Context<Clients>,
    wanted: &Wanted<'_>,
    creating: &Creating,
) -> Result<Result<String, ()>, Diagnostics> {
    let clients = ctx.client();
    let tags = role::iam_tags(wanted.tags)?;
    let sent = while_failing(ctx, &["ConcurrentModification"], CONFLICT, || {
        let call = clients
            .iam
            .create_instance_profile()
            .instance_profile_name(wanted.name)
            .path(wanted.path)
            .set_tags(Some(tags.clone()));
        async move { call.send().await.map_err(|error| Failure::of("IAM", &error)) }
    })
    .await;
    let failure = match sent {
        Ok(answer) => {
            return Ok(Ok(answer.instance_profile.map(|profile| profile.arn).unwrap_or_default()));
        }
        Err(failure) => failure,
    };
    if !failure.is(&["EntityAlreadyExists"]) {
        let summary = format!("Creating instance profile ({})", wanted.name);
        return Err(failure.report(summary, "The role was created, the instance profile was not.", ""));
    }
    // It was not there a moment ago: an answer of ours was lost, or somebody was faster.
    let found = find(clients, wanted.name).await?;
    Ok(found.filter(|profile| creating.has_made(&profile.tags)).map(|profile| profile.arn).ok_or(()))
}

/// The new profile, once it can be read.
pub(super) async fn wait_for(ctx: &Context<Clients>, name: &str) -> Result<Profile, Diagnostics> {
    let what = "the new instance profile can be read";
    ctx.wait_for(what, Duration::from_millis(500), || find(ctx.client(), name)).await
}

/// Puts the role of the same name into the profile.
pub(super) async fn add_role(ctx: &Context<Clients>, name: &str) -> Result<(), Diagnostics> {
    let sent = while_failing(ctx, &CONFLICTS_OF_NEW, CONFLICT, || {
        let call =
            ctx.client().iam.add_role_to_instance_profile().instance_profile_name(name).role_name(name);
        async move { call.send().await.map(drop).map_err(|error| Failure::of("IAM", &error)) }
    })
    .await;
    match sent {
        // A profile holds one role: after a lost answer it is ours, which the read back shows.
        Err(failure) if !failure.is(&["LimitExceeded", "LimitExceededException"]) => Err(failure.report(
            format!("Adding the role to instance profile ({name})"),
            "The instance profile and the role are there, but not joined.",
            "",
        )),
        _ => Ok(()),
    }
}

/// Takes a role out of the profile. One that is not in it counts as taken out.
pub(super) async fn remove_role(
    ctx: &Context<Clients>,
    profile: &str,
    role: &str,
) -> Result<(), Diagnostics> {
    let sent = while_failing(ctx, &CONFLICTS, CONFLICT, || {
        let call = ctx
            .client()
            .iam
            .remove_role_from_instance_profile()
            .instance_profile_name(profile)
            .role_name(role);
        async move { call.send().await.map(drop).map_err(|error| Failure::of("IAM", &error)) }
    })
    .await;
    role::gone_or(sent, || format!("Removing the role {role} from instance profile ({profile})"))
}

/// Makes the tags of the profile those wanted; tags of AWS and ignored ones are left alone.
pub(super) async fn set_tags(
    ctx: &Context<Clients>,
    name: &str,
    actual: &Tags,
    wanted: &Tags,
) -> Result<(), Diagnostics> {
    let iam = &ctx.client().iam;
    let (set, removed) = ctx.client().tags.changes(actual, wanted);
    let failed = |failure: Failure| {
        failure.report(format!("Tagging instance profile ({name})"), "The instance profile is there.", "")
    };
    if !set.is_empty() {
        let set = role::iam_tags(&set)?;
        while_failing(ctx, &CONFLICTS_OF_NEW, CONFLICT, || {
            let call = iam.tag_instance_profile().instance_profile_name(name).set_tags(Some(set.clone()));
            async move { call.send().await.map(drop).map_err(|error| Failure::of("IAM", &error)) }
        })
        .await
        .map_err(failed)?;
    }
    if !removed.is_empty() {
        while_failing(ctx, &CONFLICTS_OF_NEW, CONFLICT, || {
            let call =
                iam.untag_instance_profile().instance_profile_name(name).set_tag_keys(Some(removed.clone()));
            async move { call.send().await.map(drop).map_err(|error| Failure::of("IAM", &error)) }
        })
        .await
        .map_err(failed)?;
    }
    Ok(())
}

/// Deletes the profile, which must hold no role any more. One that is gone counts as deleted.
pub(super) async fn delete(ctx: &Context<Clients>, name: &str) -> Result<(), Diagnostics> {
    let sent = while_failing(ctx, &CONFLICTS, CONFLICT, || {
        let call = ctx.client().iam.delete_instance_profile().instance_profile_name(name);
        async move { call.send().await.map(drop).map_err(|error| Failure::of("IAM", &error)) }
    })
    .await;
    role::gone_or(sent, || format!("Deleting instance profile ({name})"))
}
