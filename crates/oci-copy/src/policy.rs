//! Where a registry client may connect to: the rules for addresses, redirects and token realms.
//!
//! A registry, or whoever can answer in its name, chooses redirect targets, token realms and upload
//! locations. None of them may lead to a metadata service, from https to http, or to loopback
//! unless the registry itself is there.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;
use url::{Host, Url};

use crate::error::Error;

/// The rules for one registry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// The registry's own address is loopback, or the caller allowed loopback.
    pub(crate) loopback: bool,
}

impl Policy {
    /// Checks a URL before anything is sent to it; `from` is the URL that led there.
    pub(crate) fn check(self, url: &Url, from: Option<&Url>) -> Result<(), Error> {
        self.rule(url, from)
            .map_err(|reason| Error::Forbidden { target: origin(url), reason: reason.to_owned() })
    }

    fn rule(self, url: &Url, from: Option<&Url>) -> Result<(), &'static str> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the address holds a user name or password");
        }
        let host = url.host().ok_or("the address names no host")?;
        match url.scheme() {
            "https" => {}
            "http" if from.is_some_and(|from| from.scheme() == "https") => {
                return Err("it would leave https for http");
            }
            "http" if is_loopback_host(&host) => {}
            "http" => return Err("plain http is used on loopback only"),
            _ => return Err("it is neither https nor http"),
        }
        let literal = match host {
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
            Host::Domain(_) => None,
        };
        if let Some(reason) = literal.and_then(forbidden) {
            return Err(reason);
        }
        if is_loopback_host(&host) && !self.loopback {
            return Err("a registry elsewhere must not lead to this machine's loopback");
        }
        Ok(())
    }
}

/// True for `localhost`, names below it, and loopback addresses.
pub(crate) fn is_loopback_host<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Domain(name) => is_localhost(name.as_ref()),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => unmapped(*address).is_loopback(),
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
}

/// Scheme, host and port: what may be shown of a URL that might be signed.
pub(crate) fn origin(url: &Url) -> String {
    let host = url.host_str().unwrap_or("?");
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

/// The rule that forbids an address to every registry client, if there is one.
fn forbidden(address: IpAddr) -> Option<&'static str> {
    const METADATA: &str = "it is the address of a metadata service";
    let v4 = |address: Ipv4Addr| match address.octets() {
        // 169.254.169.254 and ECS's 169.254.170.2 lie in here as well.
        [169, 254, ..] => Some("it is a link-local address, where metadata services live"),
        [100, 100, 100, 200] | [168, 63, 129, 16] => Some(METADATA),
        [0, ..] => Some("it is an unspecified address"),
        _ if address.is_multicast() || address.is_broadcast() => {
            Some("it is a multicast or broadcast address")
        }
        _ => None,
    };
    match address {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => {
            if let IpAddr::V4(inner) = unmapped(address) {
                return v4(inner);
            }
            match address.segments() {
                [0xfd00, 0x0ec2, ..] => Some(METADATA),
                [first, ..] if first & 0xffc0 == 0xfe80 => {
                    Some("it is a link-local address, where metadata services live")
                }
                _ if address.is_unspecified() => Some("it is an unspecified address"),
                _ if address.is_multicast() => Some("it is a multicast or broadcast address"),
                _ => None,
            }
        }
    }
}

/// The IPv4 address that an IPv6 address stands for: mapped, NAT64 or 6to4.
fn unmapped(address: Ipv6Addr) -> IpAddr {
    let inner = match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some((high, low)),
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => Some((high, low)),
        [0x2002, high, low, ..] => Some((high, low)),
        _ => None,
    };
    inner.map_or(IpAddr::V6(address), |(high, low)| {
        IpAddr::V4(Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low)))
    })
}

/// A name that resolves to an address which the policy forbids.
#[derive(Debug)]
pub(crate) struct RefusedAddress {
    pub(crate) name: String,
    pub(crate) reason: &'static str,
}

impl fmt::Display for RefusedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.reason)
    }
}

impl std::error::Error for RefusedAddress {}

/// A name that does not resolve.
#[derive(Debug)]
pub(crate) struct Unresolved(pub(crate) std::io::Error);

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Unresolved {}

/// Resolves names and holds the results to the policy, so that no name stands in for an address
/// that a URL must not hold, whatever the name server answers.
#[derive(Clone, Debug)]
pub(crate) struct CheckedResolver(pub(crate) Policy);

impl CheckedResolver {
    fn admit(&self, name: &str, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, RefusedAddress> {
        let refused = |reason| RefusedAddress { name: name.to_owned(), reason };
        if is_localhost(name) {
            // URLs with this name have passed the policy; a proxy may have it as well.
            return Ok(addresses.into_iter().filter(|address| address.ip().is_loopback()).collect());
        }
        for address in &addresses {
            if let Some(reason) = forbidden(address.ip()) {
                return Err(refused(reason));
            }
            let ip = match address.ip() {
                IpAddr::V6(v6) => unmapped(v6),
                v4 @ IpAddr::V4(_) => v4,
            };
            if ip.is_loopback() && !self.0.loopback {
                return Err(refused("the name resolves to this machine's loopback"));
            }
        }
        Ok(addresses)
    }
}

impl Service<Name> for CheckedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolver = self.clone();
        Box::pin(async move {
            let name = name.as_str();
            let found = tokio::net::lookup_host((name, 0)).await.map_err(Unresolved)?.collect();
            Ok(resolver.admit(name, found)?.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(loopback: bool, url: &str, from: Option<&str>) -> bool {
        let from = from.map(|from| Url::parse(from).unwrap());
        Policy { loopback }.check(&Url::parse(url).unwrap(), from.as_ref()).is_ok()
    }

    #[test]
    fn addresses_that_no_registry_may_lead_to() {
        for url in [
            "https://169.254.169.254/latest",
            "https://169.254.170.2/",
            "https://[fe80::1]/",
            "https://[fd00:ec2::254]/",
            "https://[::ffff:169.254.169.254]/",
            "https://[64:ff9b::a9fe:a9fe]/",
            "https://[2002:a9fe:a9fe::1]/",
            "https://0.0.0.0/",
            "https://2852039166/",
            "https://0xa9fea9fe/",
            "http://example.com/",
            "http://10.0.0.1/",
            "ftp://example.com/",
            "https://user:password@example.com/",
        ] {
            assert!(!verdict(true, url, None), "{url}");
        }
        assert!(verdict(false, "https://example.com/", None));
        assert!(verdict(false, "https://10.0.0.1/", None));
    }

    #[test]
    fn loopback_is_for_registries_on_loopback() {
        for url in ["https://127.0.0.1/", "http://localhost:5000/", "http://[::1]:5000/", "https://127.1/"] {
            assert!(verdict(true, url, None), "{url}");
            assert!(!verdict(false, url, None), "{url}");
        }
    }

    #[test]
    fn https_never_becomes_http() {
        assert!(!verdict(true, "http://127.0.0.1/", Some("https://127.0.0.1/")));
        assert!(verdict(true, "http://127.0.0.1/", Some("http://127.0.0.1/")));
    }

    #[test]
    fn names_are_judged_by_what_they_resolve_to() {
        let resolver = |loopback| CheckedResolver(Policy { loopback });
        let at = |ip: &str| vec![SocketAddr::new(ip.parse().unwrap(), 0)];
        assert!(resolver(false).admit("registry.example.com", at("192.0.2.1")).is_ok());
        assert!(resolver(true).admit("registry.example.com", at("169.254.169.254")).is_err());
        assert!(resolver(false).admit("registry.example.com", at("127.0.0.1")).is_err());
        assert!(resolver(false).admit("registry.example.com", at("::ffff:127.0.0.1")).is_err());
        assert!(resolver(true).admit("registry.example.com", at("127.0.0.1")).is_ok());
        assert!(resolver(false).admit("localhost", at("192.0.2.1")).unwrap().is_empty());
    }
}
