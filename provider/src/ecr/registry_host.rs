//! Host names of ECR's registries, as `docker-credential-ecr-login` tells them from others (Amazon ECR User Guide,
//! "Amazon ECR private registry" and "Making requests over dual-stack endpoints").

use crate::arn::is_account;

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

/// True for the host of an account's registry, such as `123456789012.dkr.ecr.eu-central-1.amazonaws.com`.
pub fn is_private(host: &str) -> bool {
    let Some((account, rest)) = host.split_once('.') else { return false };
    let endpoints: [(&str, &[&str]); 4] = [
        ("dkr.ecr.", &DOMAINS),
        ("dkr.ecr-fips.", &DOMAINS),
        ("dkr-ecr.", &DUAL_STACK_DOMAINS),
        ("dkr-ecr-fips.", &DUAL_STACK_DOMAINS),
    ];
    let is_endpoint = endpoints.iter().any(|(service, domains)| {
        let place = rest.strip_prefix(service).and_then(|place| place.split_once('.'));
        place.is_some_and(|(region, domain)| is_region(region) && domains.contains(&domain))
    });
    is_account(account) && is_endpoint
}

fn is_region(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    !text.is_empty() && text.split('-').all(|part| !part.is_empty() && part.bytes().all(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_registries_are_told_from_everything_else() {
        for host in [
            "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
            "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
            "123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu",
            "123456789012.dkr-ecr.eu-central-1.on.aws",
        ] {
            assert!(is_private(host), "{host}");
        }
        for host in [
            ECR_PUBLIC,
            "123456789012.dkr.ecr.eu-central-1.amazonaws.com.example.com",
            "123456789012.dkr.ecr.eu-central-1.example.com",
            "123456789012.dkr.ecr..amazonaws.com",
            "123456789012.dkr.ecr.amazonaws.com",
            "12345678901.dkr.ecr.eu-central-1.amazonaws.com",
            "12345678901x.dkr.ecr.eu-central-1.amazonaws.com",
            "123456789012.dkr.ecr.eu-central-1.on.aws",
            "123456789012.dkr-ecr.eu-central-1.amazonaws.com",
            "123456789012.api.ecr.eu-central-1.amazonaws.com",
            "quay.io",
            "",
        ] {
            assert!(!is_private(host), "{host} was taken for ECR");
        }
    }
}
