//! From an upstream name to the repositories of ECR that may hold it.

use ecr_host::EcrHost;
use oci_copy::check_repository;

/// The registry that is meant where a request names none.
pub const DOCKER_HUB: &str = "docker.io";
/// Longest name of a repository in ECR, with its prefix (Amazon ECR API reference, CreateRepository).
const NAME_LIMIT: usize = 256;

/// How images come into the repositories of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Somebody copies them there; tags and digests are there or not.
    Mirror,
    /// ECR imports a tag when it is first asked for; a digest never.
    PullThrough,
}

/// What happens when ECR cannot answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fallback {
    /// The client gets the error.
    #[default]
    None,
    /// The upstream registry is asked, without credentials.
    Upstream,
}

/// One rule: names of an upstream below a prefix are repositories of ECR below another.
#[derive(Clone, Debug)]
pub struct Rule {
    /// How images get there.
    pub kind: Kind,
    /// Upstream registry and path prefix as written, for logs and metrics.
    pub name: String,
    /// Upstream registry, such as `docker.io`.
    pub registry: String,
    /// Components of the path prefix; empty for the whole registry.
    pub prefix: Vec<String>,
    /// Registry of ECR.
    pub host: EcrHost,
    /// Path that takes the place of the prefix; may be empty.
    pub path: String,
    /// When ECR fails, or does not have the image.
    pub fallback: Fallback,
    /// When a digest is asked for that no repository holds.
    pub digest_fallback: Fallback,
}

/// All rules, in the order in which they are asked.
#[derive(Clone, Debug, Default)]
pub struct Rules(Vec<Rule>);

/// A repository of ECR that may hold the image.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// The rule that leads there.
    pub rule: &'a Rule,
    /// Name of the repository.
    pub repository: String,
}

impl Rules {
    /// Puts rules into order: mirrors before pull-through, the longer prefix first.
    #[must_use]
    pub fn new(mut rules: Vec<Rule>) -> Self {
        rules.sort_by_key(|rule| (rule.kind, std::cmp::Reverse(rule.prefix.len())));
        Self(rules)
    }

    /// Each rule, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.0.iter()
    }

    /// The repositories to ask for a name: every mirror whose prefix fits, then the longest pull-through rule.
    ///
    /// Of several pull-through rules only the longest counts: each would import the image a second time. Empty for a
    /// name that no rule covers.
    #[must_use]
    pub fn candidates(&self, registry: &str, path: &str) -> Vec<Candidate<'_>> {
        let mut found: Vec<Candidate<'_>> = Vec::new();
        for rule in &self.0 {
            let again = found.iter().any(|before| before.rule.kind == Kind::PullThrough);
            if let Some(repository) = rule.repository(registry, path).filter(|_| !again) {
                found.push(Candidate { rule, repository });
            }
        }
        found
    }
}

impl Rule {
    fn repository(&self, registry: &str, path: &str) -> Option<String> {
        if self.registry != registry {
            return None;
        }
        let mut rest = path.split('/');
        if !self.prefix.iter().all(|part| rest.next() == Some(part)) {
            return None;
        }
        let parts: Vec<&str> =
            Some(self.path.as_str()).filter(|path| !path.is_empty()).into_iter().chain(rest).collect();
        let name = parts.join("/");
        (name.len() <= NAME_LIMIT && check_repository(&name).is_ok()).then_some(name)
    }
}

/// The name by which rules know a registry and a path: Docker Hub's other name and its short names are completed.
#[must_use]
pub fn canonical(registry: Option<&str>, path: &str) -> (String, String) {
    let registry = match registry {
        None | Some("index.docker.io" | "registry-1.docker.io") => DOCKER_HUB,
        Some(other) => other,
    };
    let path = if registry == DOCKER_HUB && !path.contains('/') {
        format!("library/{path}")
    } else {
        path.to_owned()
    };
    (registry.to_owned(), path)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const HOST: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";

    /// A rule without fallback for an upstream prefix, to a path of the registry [`HOST`].
    pub(crate) fn rule(kind: Kind, upstream: &str, path: &str) -> Rule {
        let (registry, prefix) = upstream.split_once('/').unwrap_or((upstream, ""));
        Rule {
            kind,
            name: upstream.to_owned(),
            registry: registry.to_owned(),
            prefix: prefix.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
            host: EcrHost::parse(HOST).unwrap(),
            path: path.to_owned(),
            fallback: Fallback::None,
            digest_fallback: Fallback::None,
        }
    }

    fn asked(rules: Vec<Rule>, registry: Option<&str>, path: &str) -> Vec<String> {
        let (registry, path) = canonical(registry, path);
        Rules::new(rules).candidates(&registry, &path).into_iter().map(|found| found.repository).collect()
    }

    #[test]
    fn name_without_registry_is_of_docker_hub() {
        let rules = vec![rule(Kind::PullThrough, "docker.io", "docker-hub")];
        for registry in [None, Some("docker.io"), Some("index.docker.io"), Some("registry-1.docker.io")] {
            assert_eq!(asked(rules.clone(), registry, "alpine"), ["docker-hub/library/alpine"]);
        }
        assert_eq!(asked(rules.clone(), None, "library/alpine"), ["docker-hub/library/alpine"]);
        assert_eq!(asked(rules.clone(), Some("quay.io"), "alpine"), Vec::<String>::new());
    }

    #[test]
    fn longest_pull_through_rule_wins_whatever_the_order() {
        let rules = vec![
            rule(Kind::PullThrough, "docker.io", "docker-hub"),
            rule(Kind::PullThrough, "docker.io/library", "ecr-public/docker/library"),
        ];
        assert_eq!(asked(rules.clone(), None, "alpine"), ["ecr-public/docker/library/alpine"]);
        assert_eq!(asked(rules, None, "bitnami/redis"), ["docker-hub/bitnami/redis"]);
    }

    #[test]
    fn mirrors_are_asked_before_pull_through_even_when_their_prefix_is_shorter() {
        let rules = vec![
            rule(Kind::PullThrough, "docker.io/library", "hub/library"),
            rule(Kind::Mirror, "docker.io", "mirror"),
            rule(Kind::Mirror, "docker.io/library/alpine", "golden/alpine"),
        ];
        let expected = ["golden/alpine", "mirror/library/alpine", "hub/library/alpine"];
        assert_eq!(asked(rules, None, "alpine"), expected);
    }

    #[test]
    fn prefixes_match_whole_components() {
        let rules = vec![rule(Kind::Mirror, "docker.io/library/alp", "mirror")];
        assert_eq!(asked(rules, None, "alpine"), Vec::<String>::new());
    }

    #[test]
    fn rule_without_path_keeps_the_name_and_an_overlong_name_is_no_candidate() {
        let rules = vec![rule(Kind::PullThrough, "quay.io", "")];
        assert_eq!(asked(rules.clone(), Some("quay.io"), "org/app"), ["org/app"]);
        let long = "a/".repeat(128) + "a";
        assert_eq!(asked(rules, Some("quay.io"), &long), Vec::<String>::new());
    }
}
