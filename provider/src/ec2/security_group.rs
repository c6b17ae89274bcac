//! One security group: find, create, rules, tags, delete.
//! AWS: DescribeSecurityGroups, CreateSecurityGroup, Authorize- and RevokeSecurityGroupIngress and -Egress, CreateTags,
//! DeleteTags, DeleteSecurityGroup (EC2 API reference).

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};
use tf_provider::{Context, Diagnostics};

use super::security_group_rule::{Direction, Peer, Rule};
use crate::clients::Clients;
use crate::creating::Creating;
use crate::diagnostics::Failure;
use crate::retry::while_failing;
use crate::tags::Tags;

/// How long a new group may stay invisible to the next call.
const VISIBLE: Duration = Duration::from_secs(60);
/// What EC2 answers meanwhile.
const NOT_VISIBLE: [&str; 2] = ["InvalidGroup.NotFound", "InvalidGroupId.NotFound"];
/// What EC2 answers while an interface or a rule of another group refers to the group.
const IN_USE: [&str; 2] = ["DependencyViolation", "InvalidGroup.InUse"];

/// A security group as EC2 reports it.
#[derive(Clone, Debug)]
pub(super) struct SecurityGroup {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) vpc_id: String,
    pub(super) tags: Tags,
    pub(super) rules: BTreeSet<Rule>,
}

async fn describe(clients: &Clients, filters: Vec<Filter>) -> Result<Vec<SecurityGroup>, Diagnostics> {
    let mut pages = clients.ec2.describe_security_groups().set_filters(Some(filters)).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page =
            page.map_err(|error| Failure::of("EC2", &error).report("Reading security groups", "", ""))?;
        found.extend(page.security_groups().iter().map(SecurityGroup::of));
    }
    Ok(found)
}

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

/// The group with this id, if there is one.
pub(super) async fn find_by_id(clients: &Clients, id: &str) -> Result<Option<SecurityGroup>, Diagnostics> {
    let found = describe(clients, vec![filter("group-id", id)]).await?;
    Ok(found.into_iter().find(|group| group.id == id))
}

/// The group with this name in a VPC, if there is one. EC2 tells names apart without regard to case.
pub(super) async fn find_by_name(
    clients: &Clients,
    vpc_id: &str,
    name: &str,
) -> Result<Option<SecurityGroup>, Diagnostics> {
    let found = describe(clients, vec![filter("vpc-id", vpc_id), filter("group-name", name)]).await?;
    Ok(found.into_iter().find(|group| group.name.eq_ignore_ascii_case(name) && group.vpc_id == vpc_id))
}

impl SecurityGroup {
    fn of(group: &aws_sdk_ec2::types::SecurityGroup) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let ingress = group.ip_permissions().iter().flat_map(|it| Rule::of(Direction::Ingress, it));
        let egress = group.ip_permissions_egress().iter().flat_map(|it| Rule::of(Direction::Egress, it));
        SecurityGroup {
            id: text(group.group_id()),
            name: text(group.group_name()),
            vpc_id: text(group.vpc_id()),
            tags: group.tags().iter().map(|tag| (text(tag.key()), text(tag.value()))).collect(),
            rules: ingress.chain(egress).collect(),
        }
    }
}

/// Makes a group, and answers its id. The caller has seen a moment ago that there is none.
///
/// # Errors
/// `Ok(Err(()))` stands for a group of somebody else with this name.
pub(super) async fn create(
    ctx: &Context<Clients>,
    vpc_id: &str,
    name: &str,
    description: &str,
    tags: &Tags,
    creating: &Creating,
) -> Result<Result<String, ()>, Diagnostics> {
    let clients = ctx.client();
    let specification = (!tags.is_empty()).then(|| {
        vec![
            TagSpecification::builder()
                .resource_type(ResourceType::SecurityGroup)
                .set_tags(Some(ec2_tags(tags)))
                .build(),
        ]
    });
    let sent = clients
        .ec2
        .create_security_group()
        .vpc_id(vpc_id)
        .group_name(name)
        .description(description)
        .set_tag_specifications(specification)
        .send()
        .await;
    let failure = match sent {
        Ok(answer) => return Ok(Ok(answer.group_id.unwrap_or_default())),
        Err(error) => Failure::of("EC2", &error),
    };
    if !failure.is(&["InvalidGroup.Duplicate"]) {
        let summary = format!("Creating security group ({name})");
        let diagnostic = failure.diagnostic(summary, "It was not created.", "");
        let of_vpc = failure.code().starts_with("InvalidVpc");
        return Err(if of_vpc { diagnostic.at("vpc_id") } else { diagnostic }.into());
    }
    // It was not there a moment ago: an answer of ours was lost, or somebody was faster.
    let found = find_by_name(clients, vpc_id, name).await?;
    Ok(found.filter(|group| creating.has_made(&group.tags)).map(|group| group.id).ok_or(()))
}

/// The new group, once it can be read.
pub(super) async fn wait_for(ctx: &Context<Clients>, id: &str) -> Result<SecurityGroup, Diagnostics> {
    let what = "the new security group can be read";
    ctx.wait_for(what, Duration::from_millis(500), || find_by_id(ctx.client(), id)).await
}

/// Adds the rules that are missing, and revokes those that are not wanted: first the former, so that nothing that
/// is allowed is ever cut off.
pub(super) async fn set_rules(
    ctx: &Context<Clients>,
    group: &SecurityGroup,
    wanted: &BTreeSet<Rule>,
) -> Result<(), Diagnostics> {
    for direction in [Direction::Ingress, Direction::Egress] {
        for rule in wanted.difference(&group.rules).filter(|rule| rule.direction == direction) {
            authorize(ctx, &group.id, rule).await?;
        }
        for rule in group.rules.difference(wanted).filter(|rule| rule.direction == direction) {
            revoke(ctx, &group.id, rule).await?;
        }
    }
    Ok(())
}

async fn authorize(ctx: &Context<Clients>, id: &str, rule: &Rule) -> Result<(), Diagnostics> {
    let ec2 = &ctx.client().ec2;
    let sent = while_failing(ctx, &NOT_VISIBLE, VISIBLE, || async move {
        let sent = match rule.direction {
            Direction::Ingress => {
                let call =
                    ec2.authorize_security_group_ingress().group_id(id).ip_permissions(rule.permission());
                call.send().await.map(drop).map_err(|error| Failure::of("EC2", &error))
            }
            Direction::Egress => {
                let call =
                    ec2.authorize_security_group_egress().group_id(id).ip_permissions(rule.permission());
                call.send().await.map(drop).map_err(|error| Failure::of("EC2", &error))
            }
        };
        done_if(sent, &["InvalidPermission.Duplicate"])
    })
    .await;
    sent.map_err(|failure| {
        failure.report(format!("Adding a rule to security group ({id})"), &format!("Missing is {rule}."), "")
    })
}

async fn revoke(ctx: &Context<Clients>, id: &str, rule: &Rule) -> Result<(), Diagnostics> {
    let ec2 = &ctx.client().ec2;
    let sent = match rule.direction {
        Direction::Ingress => {
            let call = ec2.revoke_security_group_ingress().group_id(id).ip_permissions(rule.permission());
            call.send().await.map(drop).map_err(|error| Failure::of("EC2", &error))
        }
        Direction::Egress => {
            let call = ec2.revoke_security_group_egress().group_id(id).ip_permissions(rule.permission());
            call.send().await.map(drop).map_err(|error| Failure::of("EC2", &error))
        }
    };
    let gone = ["InvalidPermission.NotFound", "InvalidGroup.NotFound", "InvalidGroupId.NotFound"];
    done_if(sent, &gone).map_err(|failure| {
        failure.report(
            format!("Revoking a rule of security group ({id})"),
            &format!("Still there is {rule}."),
            "",
        )
    })
}

/// These codes say that what was asked for is so already.
fn done_if(sent: Result<(), Failure>, codes: &[&str]) -> Result<(), Failure> {
    match sent {
        Err(failure) if !failure.is(codes) => Err(failure),
        _ => Ok(()),
    }
}

/// Makes the tags of the group those wanted; tags of AWS and ignored ones are left alone.
pub(super) async fn set_tags(
    ctx: &Context<Clients>,
    id: &str,
    actual: &Tags,
    wanted: &Tags,
) -> Result<(), Diagnostics> {
    let clients = ctx.client();
    let (set, removed) = clients.tags.changes(actual, wanted);
    let failed =
        |failure: Failure| failure.report(format!("Tagging security group ({id})"), "It is there.", "");
    if !set.is_empty() {
        let call = clients.ec2.create_tags().resources(id).set_tags(Some(ec2_tags(&set)));
        call.send().await.map_err(|error| failed(Failure::of("EC2", &error)))?;
    }
    if !removed.is_empty() {
        let keys = removed.iter().map(|key| Tag::builder().key(key).build()).collect();
        let call = clients.ec2.delete_tags().resources(id).set_tags(Some(keys));
        call.send().await.map_err(|error| failed(Failure::of("EC2", &error)))?;
    }
    Ok(())
}

fn ec2_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Revokes the rules of `group` that refer to `other`: as long as they stand, neither can be deleted.
pub(super) async fn revoke_references(
    ctx: &Context<Clients>,
    group: &SecurityGroup,
    other: &str,
) -> Result<(), Diagnostics> {
    let refers = |rule: &&Rule| matches!(&rule.peer, Peer::Group(peer) if peer == other);
    for rule in group.rules.iter().filter(refers) {
        revoke(ctx, &group.id, rule).await?;
    }
    Ok(())
}

/// Deletes the group; waits while interfaces of instances that end still use it. One that is gone counts as deleted.
pub(super) async fn delete(ctx: &Context<Clients>, id: &str) -> Result<(), Diagnostics> {
    let clients = ctx.client();
    let sent = while_failing(ctx, &IN_USE, ctx.limit(), || async move {
        let sent = clients.ec2.delete_security_group().group_id(id).send().await;
        done_if(sent.map(drop).map_err(|error| Failure::of("EC2", &error)), &NOT_VISIBLE)
    })
    .await;
    let Err(failure) = sent else { return Ok(()) };
    let summary = format!("Deleting security group ({id})");
    if !failure.is(&IN_USE) {
        return Err(failure.report(summary, "The security group is still there.", ""));
    }
    let users = users(clients, id).await?;
    let remedy = "Remove them, then destroy again; or raise timeouts.delete if they are on their way out.";
    let listing = match users.as_slice() {
        [] => "The security group is still there.".to_owned(),
        users => format!("The security group is still used by {}.", users.join(", ")),
    };
    Err(failure.report(summary, &listing, remedy))
}

/// Ids of the network interfaces in the group, and of the groups whose rules refer to it.
async fn users(clients: &Clients, id: &str) -> Result<Vec<String>, Diagnostics> {
    let interfaces =
        clients.ec2.describe_network_interfaces().filters(filter("group-id", id)).send().await.map_err(
            |error| Failure::of("EC2", &error).report("Reading the network interfaces of a group", "", ""),
        )?;
    let interfaces = interfaces.network_interfaces().iter();
    let mut users: BTreeSet<String> =
        interfaces.filter_map(|it| it.network_interface_id().map(str::to_owned)).collect();
    for direction in ["ip-permission.group-id", "egress.ip-permission.group-id"] {
        let referring = describe(clients, vec![filter(direction, id)]).await?;
        users.extend(referring.into_iter().map(|group| group.id).filter(|other| other != id));
    }
    Ok(users.into_iter().collect())
}
