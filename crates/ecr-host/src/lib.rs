//! Host names of ECR's registries, as `docker-credential-ecr-login` tells them from others (Amazon ECR User Guide,
//! "Amazon ECR private registry" and "Making requests over dual-stack endpoints").

use std::fmt;

/// The registry of ECR Public.
pub const ECR_PUBLIC: &str = "public.ecr.aws";

/// Domains below which `<account>.dkr.ecr.<region>` stands, with their partitions.
const DOMAINS: [(&str, &str); 7] = [
    ("amazonaws.com", "aws"),
    ("amazonaws.com.cn", "aws-cn"),
    ("amazonaws.eu", "aws-eusc"),
    ("c2s.ic.gov", "aws-iso"),
    ("sc2s.sgov.gov", "aws-iso-b"),
    ("cloud.adc-e.uk", "aws-iso-e"),
    ("csp.hci.ic.gov", "aws-iso-f"),
];
/// Domains below which `<account>.dkr-ecr.<region>` stands, reached by IPv4 and IPv6, with their partitions.
const DUAL_STACK_DOMAINS: [(&str, &str); 2] = [("on.aws", "aws"), ("on.amazonwebservices.com.cn", "aws-cn")];

/// The host of an account's registry, where it is reached by IPv4. Partitions that are not known have the domain of `aws`.
#[must_use]
pub fn private_host(account_id: &str, region: &str, partition: &str) -> String {
    let domain =
        DOMAINS.iter().find(|(_, of)| *of == partition).map_or("amazonaws.com", |(domain, _)| domain);
    format!("{account_id}.dkr.ecr.{region}.{domain}")
}

/// True for the host of an account's registry.
#[must_use]
pub fn is_private(host: &str) -> bool {
    EcrHost::parse(host).is_ok()
}

/// The host of an account's registry, such as `123456789012.dkr.ecr.eu-central-1.amazonaws.com`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EcrHost {
    host: String,
    account: String,
    region: String,
    partition: &'static str,
}

/// A text that is no host of ECR.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no registry of ECR: write <account>.dkr.ecr.<region>.amazonaws.com")]
pub struct HostError(String);

impl EcrHost {
    /// Takes a host name apart.
    ///
    /// # Errors
    /// [`HostError`] for any host that does not belong to ECR: its token would go there.
    pub fn parse(host: &str) -> Result<Self, HostError> {
        let wrong = || HostError(host.to_owned());
        let (account, rest) = host.split_once('.').ok_or_else(wrong)?;
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let endpoints: [(&str, &[(&str, &'static str)]); 4] = [
            ("dkr.ecr.", &DOMAINS),
            ("dkr.ecr-fips.", &DOMAINS),
            ("dkr-ecr.", &DUAL_STACK_DOMAINS),
            ("dkr-ecr-fips.", &DUAL_STACK_DOMAINS),
        ];
        endpoints
            .iter()
            .find_map(|(service, domains)| {
                let (region, domain) = rest.strip_prefix(service)?.split_once('.')?;
                let (_, partition) = domains.iter().find(|(known, _)| *known == domain)?;
                is_region(region).then(|| Self {
                    host: host.to_owned(),
                    account: account.to_owned(),
                    region: region.to_owned(),
                    // AWS GovCloud has the domains of `aws`.
                    partition: if region.starts_with("us-gov-") { "aws-us-gov" } else { partition },
                })
            })
            .ok_or_else(wrong)
    }

    /// The host name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.host
    }

    /// The account that owns the registry, 12 digits.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The partition, as in ARNs, such as `aws`.
    #[must_use]
    pub fn partition(&self) -> &'static str {
        self.partition
    }

    /// The region, whose token the registry takes.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }
}

impl fmt::Display for EcrHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)
    }
}

fn is_region(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    !text.is_empty() && text.split('-').all(|part| !part.is_empty() && part.bytes().all(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_each_partition_are_taken_apart() {
        for (host, region, partition) in [
            ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", "eu-central-1", "aws"),
            ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1", "aws-us-gov"),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", "aws-cn"),
            ("123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1", "aws-eusc"),
            ("123456789012.dkr-ecr.eu-central-1.on.aws", "eu-central-1", "aws"),
            ("123456789012.dkr-ecr.us-gov-west-1.on.aws", "us-gov-west-1", "aws-us-gov"),
        ] {
            let parsed = EcrHost::parse(host).unwrap();
            assert_eq!(
                (parsed.account(), parsed.region(), parsed.partition()),
                ("123456789012", region, partition),
                "{host}"
            );
            assert!(is_private(host), "{host}");
        }
    }

    #[test]
    fn hosts_that_only_look_like_ecr_are_refused() {
        for host in [
            ECR_PUBLIC,
            "123456789012.dkr.ecr.eu-central-1.amazonaws.com.example.com",
            "123456789012.dkr.ecr.eu-central-1.example.com",
            "12345678901.dkr.ecr.eu-central-1.amazonaws.com",
            "123456789012.dkr.ecr.eu central-1.amazonaws.com",
            "123456789012.dkr.ecr.eu-central-1.amazonaws.com:443",
            "example.com/123456789012.dkr.ecr.eu-central-1.amazonaws.com",
            "123456789012.dkr.ecr..amazonaws.com",
            "123456789012.dkr.ecr.amazonaws.com",
            "12345678901x.dkr.ecr.eu-central-1.amazonaws.com",
            "123456789012.dkr.ecr.eu-central-1.on.aws",
            "123456789012.dkr-ecr.eu-central-1.amazonaws.com",
            "123456789012.api.ecr.eu-central-1.amazonaws.com",
            "quay.io",
            "",
        ] {
            assert!(EcrHost::parse(host).is_err(), "{host}");
            assert!(!is_private(host), "{host}");
        }
    }

    #[test]
    fn the_registry_of_each_partition_has_its_own_name() {
        let suffixes = [
            ("aws", "eu-central-1", "amazonaws.com"),
            ("aws-us-gov", "us-gov-west-1", "amazonaws.com"),
            ("aws-cn", "cn-north-1", "amazonaws.com.cn"),
            ("aws-eusc", "eusc-de-east-1", "amazonaws.eu"),
            ("aws-iso", "us-iso-east-1", "c2s.ic.gov"),
            ("aws-iso-b", "us-isob-east-1", "sc2s.sgov.gov"),
            ("aws-iso-e", "eu-isoe-west-1", "cloud.adc-e.uk"),
            ("aws-iso-f", "us-isof-south-1", "csp.hci.ic.gov"),
        ];
        for (partition, region, suffix) in suffixes {
            let expected = format!("123456789012.dkr.ecr.{region}.{suffix}");
            assert_eq!(private_host("123456789012", region, partition), expected);
            assert_eq!(EcrHost::parse(&expected).unwrap().partition(), partition);
        }
    }
}
