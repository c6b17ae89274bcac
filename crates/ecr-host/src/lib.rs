//! Host names of ECR's registries, as `docker-credential-ecr-login` tells them from others (Amazon ECR User Guide,
//! "Amazon ECR private registry" and "Making requests over dual-stack endpoints").

use std::fmt;

/// The registry of ECR Public.
pub const ECR_PUBLIC: &str = "public.ecr.aws";

/// Domains below which `<account>.dkr.ecr.<region>` stands, one for each partition.
const DOMAINS: [&str; 7] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
];
/// Domains below which `<account>.dkr-ecr.<region>` stands, reached by IPv4 and IPv6.
const DUAL_STACK_DOMAINS: [&str; 2] = ["on.aws", "on.amazonwebservices.com.cn"];

/// The host of an account's registry, where it is reached by IPv4. Partitions that are not known have the domain of `aws`.
#[must_use]
pub fn private_host(account_id: &str, region: &str, partition: &str) -> String {
    let domain = match partition {
        "aws-cn" => "amazonaws.com.cn",
        "aws-eusc" => "amazonaws.eu",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        "aws-iso-e" => "cloud.adc-e.uk",
        "aws-iso-f" => "csp.hci.ic.gov",
        _ => "amazonaws.com",
    };
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
    region: String,
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
        let endpoints: [(&str, &[&str]); 4] = [
            ("dkr.ecr.", &DOMAINS),
            ("dkr.ecr-fips.", &DOMAINS),
            ("dkr-ecr.", &DUAL_STACK_DOMAINS),
            ("dkr-ecr-fips.", &DUAL_STACK_DOMAINS),
        ];
        endpoints
            .iter()
            .find_map(|(service, domains)| {
                let (region, domain) = rest.strip_prefix(service)?.split_once('.')?;
                (is_region(region) && domains.contains(&domain))
                    .then(|| Self { host: host.to_owned(), region: region.to_owned() })
            })
            .ok_or_else(wrong)
    }

    /// The host name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.host
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
        for (host, region) in [
            ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", "eu-central-1"),
            ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
            ("123456789012.dkr-ecr.eu-central-1.on.aws", "eu-central-1"),
        ] {
            assert_eq!(EcrHost::parse(host).unwrap().region(), region, "{host}");
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
            assert!(is_private(&expected), "{expected}");
        }
    }
}
