//! The upstream registries that ECR can cache, and what each demands.

use aws_sdk_ecr::types;
use tf_provider::schema::Invalid;

/// Whether a rule has a credential.
pub(super) enum CredentialRule {
    /// The upstream demands a login.
    Required,
    /// The upstream takes none.
    Refused,
}

/// Whether rules for `upstream` have a credential.
pub(super) fn credential_rule(upstream: &types::UpstreamRegistry) -> CredentialRule {
    use types::UpstreamRegistry as Upstream;
    match upstream {
        Upstream::DockerHub
        | Upstream::GitHubContainerRegistry
        | Upstream::GitLabContainerRegistry
        | Upstream::AzureContainerRegistry
        | Upstream::Chainguard => CredentialRule::Required,
        _ => CredentialRule::Refused,
    }
}

/// Which of ECR's upstreams an address is.
pub(super) fn upstream_of(url: &str) -> Option<types::UpstreamRegistry> {
    use types::UpstreamRegistry as Upstream;
    match url {
        "registry-1.docker.io" => Some(Upstream::DockerHub),
        "public.ecr.aws" => Some(Upstream::EcrPublic),
        "quay.io" => Some(Upstream::Quay),
        "registry.k8s.io" => Some(Upstream::K8s),
        "ghcr.io" => Some(Upstream::GitHubContainerRegistry),
        "registry.gitlab.com" => Some(Upstream::GitLabContainerRegistry),
        "cgr.dev" => Some(Upstream::Chainguard),
        _ if url.ends_with(".azurecr.io") => Some(Upstream::AzureContainerRegistry),
        _ if is_ecr_host(url) => Some(Upstream::Ecr),
        _ => None,
    }
}

/// `<12 digits>.dkr.ecr.<region>.<suffix>`
fn is_ecr_host(host: &str) -> bool {
    let mut labels = host.split('.');
    let account = labels.next().unwrap_or_default();
    account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && labels.next() == Some("dkr")
        && labels.next() == Some("ecr")
        && labels.count() >= 2
}

/// Checks that ECR can cache an upstream.
pub(super) fn check_upstream(url: &str) -> Result<(), Invalid> {
    if let Some(host) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) {
        return Err(Invalid::new("must be a host name without a scheme")
            .remedy(format!("Write \"{}\".", host.trim_end_matches('/'))));
    }
    if matches!(url, "docker.io" | "index.docker.io" | "hub.docker.com" | "registry.hub.docker.com") {
        return Err(Invalid::new("names Docker Hub by a name that ECR does not take")
            .remedy("Write \"registry-1.docker.io\"."));
    }
    if upstream_of(url).is_some() {
        return Ok(());
    }
    Err(Invalid::new(format!("is \"{url}\", which ECR cannot cache")).remedy(
        "ECR knows registry-1.docker.io, public.ecr.aws, quay.io, registry.k8s.io, ghcr.io, registry.gitlab.com, \
         cgr.dev, <name>.azurecr.io and <account>.dkr.ecr.<region>.amazonaws.com. Use \
         ecrunner_mirror_repository for other registries.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_upstream_of_ecr_is_known_by_its_address() {
        let upstream = |url| upstream_of(url).map(|upstream| upstream.as_str().to_owned());
        assert_eq!(upstream("registry-1.docker.io").as_deref(), Some("docker-hub"));
        assert_eq!(upstream("team.azurecr.io").as_deref(), Some("azure-container-registry"));
        assert_eq!(upstream("123456789012.dkr.ecr.eu-central-1.amazonaws.com").as_deref(), Some("ecr"));
        assert_eq!(upstream("harbor.example.com"), None);
    }

    #[test]
    fn docker_hubs_other_names_are_refused_with_the_right_one() {
        let fault = check_upstream("docker.io").expect_err("accepted");
        assert_eq!(fault.remedy, "Write \"registry-1.docker.io\".");
        let fault = check_upstream("https://quay.io/").expect_err("accepted");
        assert_eq!(fault.remedy, "Write \"quay.io\".");
    }
}
