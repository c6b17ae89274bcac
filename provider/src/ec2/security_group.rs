//! One security group: find, create, rules, tags, delete.
//! AWS: DescribeSecurityGroups, CreateSecurityGroup, Authorize- and RevokeSecurityGroupIngress and -Egress, CreateTags,
//! DeleteTags, DeleteSecurityGroup (EC2 API reference).

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use aws_sdk_ec2::types::{
    Filter, IpPermission, IpRange, Ipv6Range, PrefixListId, ResourceType, Tag, TagSpecification,
    UserIdGroupPair,
};
use tf_provider::{Context, Diagnostics};

use crate::clients::Clients;
use crate::diagnostics::Failure;
use crate::retry::while_failing;
use crate::tags::{TagPolicy, Tags};

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
    pub(super) description: String,
    pub(super) tags: Tags,
    pub(super) rules: BTreeSet<Rule>,
}

/// One rule: one direction, one range of ports, one peer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rule {
    pub(super) direction: Direction,
    /// `tcp`, `udp`, `icmp`, a number, or `-1` for all.
    pub(super) protocol: String,
    /// First and last port; for ICMP type and code. None with all protocols.
    pub(super) ports: Option<(i32, i32)>,
    pub(super) peer: Peer,
}

/// Which way the traffic goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Direction {
    Ingress,
    Egress,
}

/// Who is at the other end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Peer {
    /// Addresses of IP version 4, in CIDR notation.
    Ipv4(String),
    /// Addresses of IP version 6, in CIDR notation.
    Ipv6(String),
    /// Members of a security group, by its id.
    Group(String),
    /// Addresses of a prefix list, by its id.
    PrefixList(String),
}

impl Rule {
    /// All traffic to everywhere, in both versions of IP.
    pub(super) fn all_egress() -> [Rule; 2] {
        [Peer::Ipv4("0.0.0.0/0".to_owned()), Peer::Ipv6("::/0".to_owned())].map(|peer| Rule {
            direction: Direction::Egress,
            protocol: "-1".to_owned(),
            ports: None,
            peer,
        })
    }

    /// TCP to one port, from the members of a group.
    pub(super) fn tcp_from_group(port: u16, group_id: &str) -> Rule {
        Rule {
            direction: Direction::Ingress,
            protocol: "tcp".to_owned(),
            ports: Some((i32::from(port), i32::from(port))),
            peer: Peer::Group(group_id.to_owned()),
        }
    }

    /// All traffic from the members of a group.
    pub(super) fn all_from_group(group_id: &str) -> Rule {
        Rule {
            direction: Direction::Ingress,
            protocol: "-1".to_owned(),
            ports: None,
            peer: Peer::Group(group_id.to_owned()),
        }
    }

    /// The rules that EC2 puts together in one permission.
    fn of(direction: Direction, permission: &IpPermission) -> impl Iterator<Item = Rule> {
        let protocol = permission.ip_protocol().unwrap_or("-1").to_owned();
        let ports = permission.from_port().zip(permission.to_port()).filter(|_| protocol != "-1");
        let ipv4 = permission.ip_ranges().iter().filter_map(|range| range.cidr_ip());
        let ipv6 = permission.ipv6_ranges().iter().filter_map(|range| range.cidr_ipv6());
        let groups = permission.user_id_group_pairs().iter().filter_map(|pair| pair.group_id());
        let lists = permission.prefix_list_ids().iter().filter_map(|list| list.prefix_list_id());
        let peers: Vec<Peer> = ipv4
            .map(|cidr| Peer::Ipv4(cidr.to_owned()))
            .chain(ipv6.map(|cidr| Peer::Ipv6(cidr.to_owned())))
            .chain(groups.map(|id| Peer::Group(id.to_owned())))
            .chain(lists.map(|id| Peer::PrefixList(id.to_owned())))
            .collect();
        peers.into_iter().map(move |peer| Rule { direction, protocol: protocol.clone(), ports, peer })
    }

    fn permission(&self) -> IpPermission {
        let permission = IpPermission::builder()
            .ip_protocol(&self.protocol)
            .set_from_port(self.ports.map(|(from, _)| from))
            .set_to_port(self.ports.map(|(_, to)| to));
        let permission = match &self.peer {
            Peer::Ipv4(cidr) => permission.ip_ranges(IpRange::builder().cidr_ip(cidr).build()),
            Peer::Ipv6(cidr) => permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(cidr).build()),
            Peer::Group(id) => {
                permission.user_id_group_pairs(UserIdGroupPair::builder().group_id(id).build())
            }
            Peer::PrefixList(id) => {
                permission.prefix_list_ids(PrefixListId::builder().prefix_list_id(id).build())
            }
        };
        permission.build()
    }
}

/// As it stands in `unexpected_rules`: `ingress tcp 22 from 10.0.0.0/8`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (direction, way) = match self.direction {
            Direction::Ingress => ("ingress", "from"),
            Direction::Egress => ("egress", "to"),
        };
        let protocol = if self.protocol == "-1" { "all" } else { &self.protocol };
        write!(f, "{direction} {protocol} ")?;
        match self.ports {
            Some((from, to)) if from == to => write!(f, "{from} ")?,
            Some((from, to)) => write!(f, "{from}-{to} ")?,
            None => {}
        }
        let (Peer::Ipv4(peer) | Peer::Ipv6(peer) | Peer::Group(peer) | Peer::PrefixList(peer)) = &self.peer;
        write!(f, "{way} {peer}")
    }
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
            description: text(group.description()),
            tags: group.tags().iter().map(|tag| (text(tag.key()), text(tag.value()))).collect(),
            rules: ingress.chain(egress).collect(),
        }
    }
}

/// Makes a group. The caller has seen a moment ago that there is none.
///
/// # Errors
/// `Ok(Err(()))` stands for a group of somebody else with this name.
pub(super) async fn create(
    ctx: &Context<Clients>,
    vpc_id: &str,
    name: &str,
    description: &str,
    tags: &Tags,
) -> Result<Result<SecurityGroup, ()>, Diagnostics> {
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
    let id = match sent {
        Ok(answer) => answer.group_id.unwrap_or_default(),
        Err(error) => {
            let failure = Failure::of("EC2", &error);
            if !failure.is(&["InvalidGroup.Duplicate"]) {
                let diagnostic = failure.diagnostic(
                    format!("Creating security group ({name})"),
                    "It was not created.",
                    "",
                );
                let of_vpc = failure.code().starts_with("InvalidVpc");
                return Err(if of_vpc { diagnostic.at("vpc_id") } else { diagnostic }.into());
            }
            // It was not there a moment ago: an answer of ours was lost, or somebody was faster.
            match find_by_name(clients, vpc_id, name).await? {
                Some(group) if group.description == description && group.tags == *tags => group.id,
                _ => return Ok(Err(())),
            }
        }
    };
    let what = "the new security group can be read";
    let probe = || find_by_id(clients, &id);
    Ok(Ok(ctx.wait_for(what, Duration::from_millis(500), probe).await?))
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

/// Makes the tags of `group` those wanted; tags of AWS and ignored ones are left alone.
pub(super) async fn set_tags(
    ctx: &Context<Clients>,
    group: &SecurityGroup,
    wanted: &Tags,
) -> Result<(), Diagnostics> {
    let clients = ctx.client();
    let (_, ours) = clients.tags.read(group.tags.clone(), None);
    let (set, removed) = TagPolicy::changes(ours.get().unwrap_or(&Tags::new()), wanted);
    let failed = |failure: Failure| {
        failure.report(format!("Tagging security group ({})", group.id), "It is there.", "")
    };
    if !set.is_empty() {
        let call = clients.ec2.create_tags().resources(&group.id).set_tags(Some(ec2_tags(&set)));
        call.send().await.map_err(|error| failed(Failure::of("EC2", &error)))?;
    }
    if !removed.is_empty() {
        let keys = removed.iter().map(|key| Tag::builder().key(key).build()).collect();
        let call = clients.ec2.delete_tags().resources(&group.id).set_tags(Some(keys));
        call.send().await.map_err(|error| failed(Failure::of("EC2", &error)))?;
    }
    Ok(())
}

fn ec2_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Revokes the rules of the group `id` that refer to `other`: as long as they stand, neither can be deleted.
pub(super) async fn revoke_references(
    ctx: &Context<Clients>,
    id: &str,
    other: &str,
) -> Result<(), Diagnostics> {
    let Some(group) = find_by_id(ctx.client(), id).await? else { return Ok(()) };
    let refers = |rule: &&Rule| matches!(&rule.peer, Peer::Group(peer) if peer == other);
    for rule in group.rules.iter().filter(refers) {
        revoke(ctx, id, rule).await?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_is_one_rule_for_each_peer_and_back() {
        let permission = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(22)
            .to_port(23)
            .ip_ranges(IpRange::builder().cidr_ip("10.0.0.0/8").build())
            .ipv6_ranges(Ipv6Range::builder().cidr_ipv6("fd00::/8").build())
            .user_id_group_pairs(UserIdGroupPair::builder().group_id("sg-1").user_id("1").build())
            .prefix_list_ids(PrefixListId::builder().prefix_list_id("pl-1").build())
            .build();
        let rules: Vec<Rule> = Rule::of(Direction::Ingress, &permission).collect();
        let texts: Vec<String> = rules.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "ingress tcp 22-23 from 10.0.0.0/8",
                "ingress tcp 22-23 from fd00::/8",
                "ingress tcp 22-23 from sg-1",
                "ingress tcp 22-23 from pl-1",
            ]
        );
        for rule in rules {
            let back: Vec<Rule> = Rule::of(Direction::Ingress, &rule.permission()).collect();
            assert_eq!(back, [rule]);
        }
    }

    #[test]
    fn all_protocols_have_no_ports() {
        let permission = IpPermission::builder()
            .ip_protocol("-1")
            .from_port(-1)
            .to_port(-1)
            .ip_ranges(IpRange::builder().cidr_ip("0.0.0.0/0").build())
            .build();
        let rules: Vec<Rule> = Rule::of(Direction::Egress, &permission).collect();
        assert_eq!(rules, [Rule::all_egress()[0].clone()]);
        assert_eq!(rules[0].to_string(), "egress all to 0.0.0.0/0");
    }
}
