//! One rule of a security group, in the smallest form: one direction, one range of ports, one peer.

use std::fmt;

use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, PrefixListId, UserIdGroupPair};

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
    pub(super) fn of(direction: Direction, permission: &IpPermission) -> impl Iterator<Item = Rule> {
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

    /// The rule in EC2's form.
    pub(super) fn permission(&self) -> IpPermission {
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
