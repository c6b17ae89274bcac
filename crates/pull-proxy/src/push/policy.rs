//! Where jobs may push to, as the policy of a role's session (IAM User Guide, "Session policies").
//!
//! A session has what both the role's own policies and its session policy allow. Nothing that the proxy serves may be
//! pushed: who could replace an image there would reach every job that names it upstream.

use std::fmt;

use ecr_host::EcrHost;
use serde_json::json;

use crate::rules::{Rule, Rules};

/// What a push needs.
const PUSH: [&str; 5] = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
];
/// What a pull of what was pushed needs.
const PULL: [&str; 2] = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
/// What changes the images behind a name. Denied explicitly, a repository's own policy cannot allow it either.
const CHANGE: [&str; 6] = [
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
    "ecr:BatchDeleteImage",
    "ecr:CreateRepository",
];

/// Repositories of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The registry.
    pub host: EcrHost,
    /// Names of the repositories.
    pub pattern: Pattern,
}

/// One name of a repository, or all that begin alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    stem: String,
    open: bool,
}

impl Pattern {
    /// One name.
    #[must_use]
    pub fn exactly(name: &str) -> Self {
        Self { stem: name.to_owned(), open: false }
    }

    /// All names that begin with `stem`, as IAM's `*` matches: slashes too.
    #[must_use]
    pub fn beginning(stem: &str) -> Self {
        Self { stem: stem.to_owned(), open: true }
    }

    /// The name, or what all names begin with.
    #[must_use]
    pub fn stem(&self) -> &str {
        &self.stem
    }

    /// Whether any end may follow.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Whether it has all names that the other one has.
    fn covers(&self, other: &Self) -> bool {
        if self.open { other.stem.starts_with(&self.stem) } else { self == other }
    }

    /// Whether a name is of both: one then covers the other.
    fn meets(&self, other: &Self) -> bool {
        self.covers(other) || other.covers(self)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.stem, if self.open { "*" } else { "" })
    }
}

impl Target {
    fn arn(&self, pattern: &Pattern) -> String {
        let host = &self.host;
        let (partition, region, account) = (host.partition(), host.region(), host.account());
        format!("arn:{partition}:ecr:{region}:{account}:repository/{pattern}")
    }

    /// The rules that serve images from this registry, with the names of the repositories that they serve from.
    ///
    /// A registry has several host names.
    fn rules<'a>(&'a self, rules: &'a Rules) -> impl Iterator<Item = (&'a Rule, Pattern)> {
        let registry = |host: &'a EcrHost| (host.account(), host.region(), host.partition());
        rules
            .iter()
            .filter(move |rule| registry(&rule.host) == registry(&self.host))
            .flat_map(|rule| served_from(rule).into_iter().map(move |pattern| (rule, pattern)))
    }
}

/// Names of the repositories that a rule serves from: names below its upstream are below its path.
fn served_from(rule: &Rule) -> Vec<Pattern> {
    if rule.path.is_empty() {
        return vec![Pattern::beginning("")];
    }
    let below = Pattern::beginning(&format!("{}/", rule.path));
    // A whole registry is no image by itself; anything longer may be one.
    let itself = (!rule.prefix.is_empty()).then(|| Pattern::exactly(&rule.path));
    itself.into_iter().chain([below]).collect()
}

/// The rule that serves images from all repositories of a target, if there is one.
#[must_use]
pub fn served<'a>(target: &'a Target, rules: &'a Rules) -> Option<&'a Rule> {
    target.rules(rules).find(|(_, pattern)| pattern.covers(&target.pattern)).map(|(rule, _)| rule)
}

/// The policy of a session that pushes to the targets and to nothing that a rule serves, in JSON.
///
/// Everything beside the targets is denied at once. So only what rules serve from among them is named one by one, and
/// many mirrors do not make it long.
#[must_use]
pub fn session_policy(targets: &[Target], rules: &Rules) -> String {
    let allowed: Vec<String> = targets.iter().map(|target| target.arn(&target.pattern)).collect();
    let mut served: Vec<String> = targets
        .iter()
        .flat_map(|target| {
            let within = target.rules(rules).filter(|(_, pattern)| pattern.meets(&target.pattern));
            within.map(|(_, pattern)| target.arn(&pattern))
        })
        .collect();
    served.sort_unstable();
    served.dedup();
    let actions: Vec<&str> = PUSH.into_iter().chain(PULL).collect();
    let mut statements = vec![
        json!({"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}),
        json!({"Effect": "Allow", "Action": actions, "Resource": allowed}),
        json!({"Effect": "Deny", "Action": CHANGE, "NotResource": allowed}),
    ];
    if !served.is_empty() {
        statements.push(json!({"Effect": "Deny", "Action": CHANGE, "Resource": served}));
    }
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Kind;
    use crate::rules::tests::{HOST, rule};

    const FIPS: &str = "123456789012.dkr.ecr-fips.eu-central-1.amazonaws.com";
    const OTHER: &str = "210987654321.dkr.ecr.eu-central-1.amazonaws.com";

    fn target(host: &str, name: &str) -> Target {
        let pattern = name.strip_suffix('*').map_or_else(|| Pattern::exactly(name), Pattern::beginning);
        Target { host: EcrHost::parse(host).unwrap(), pattern }
    }

    fn rules(paths: &[(Kind, &str, &str)]) -> Rules {
        Rules::new(paths.iter().map(|&(kind, upstream, path)| rule(kind, upstream, path)).collect())
    }

    /// Whether a policy allows an action, or denies it explicitly.
    fn decision(policy: &str, action: &str, name: &str) -> Option<bool> {
        let policy: serde_json::Value = serde_json::from_str(policy).unwrap();
        let resource = format!("arn:aws:ecr:eu-central-1:123456789012:repository/{name}");
        let fits = |value: &serde_json::Value, text: &str| {
            let one = |value: &serde_json::Value| {
                let pattern = value.as_str().unwrap();
                pattern.strip_suffix('*').map_or(pattern == text, |stem| text.starts_with(stem))
            };
            value.as_array().map_or_else(|| one(value), |values| values.iter().any(one))
        };
        let applies = |statement: &&serde_json::Value| {
            fits(&statement["Action"], action)
                && match statement.get("NotResource") {
                    Some(not) => !fits(not, &resource),
                    None => fits(&statement["Resource"], &resource),
                }
        };
        let effects: Vec<_> = policy["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .filter(applies)
            .map(|one| &one["Effect"])
            .collect();
        if effects.iter().any(|effect| *effect == "Deny") {
            Some(false)
        } else {
            effects.iter().any(|effect| *effect == "Allow").then_some(true)
        }
    }

    #[test]
    fn session_pushes_to_its_repositories_and_to_nothing_that_is_served() {
        let rules = rules(&[
            (Kind::Mirror, "docker.io/library/alpine", "team/alpine"),
            (Kind::Mirror, "docker.io/library/busybox", "mirror/busybox"),
            (Kind::PullThrough, "quay.io", "quay"),
        ]);
        let policy = session_policy(&[target(HOST, "team/*"), target(HOST, "quayside")], &rules);
        for name in ["team/app", "team/a/b", "quayside", "team/alpine-tools"] {
            for action in PUSH.iter().chain(&PULL) {
                assert_eq!(decision(&policy, action, name), Some(true), "{action} {name}");
            }
            assert_eq!(decision(&policy, "ecr:BatchDeleteImage", name), None, "{name}");
        }
        for name in
            ["team/alpine", "team/alpine/x", "mirror/busybox", "quay/org/app", "teams/app", "quaysides"]
        {
            for action in CHANGE {
                assert_eq!(decision(&policy, action, name), Some(false), "{action} {name}");
            }
        }
        assert_eq!(decision(&policy, "ecr:BatchGetImage", "mirror/busybox"), None);
        assert_eq!(decision(&policy, "ecr:GetAuthorizationToken", "any"), Some(true));
    }

    #[test]
    fn target_from_which_images_are_served_is_found_by_any_host_name_of_its_registry() {
        let rules = rules(&[
            (Kind::Mirror, "docker.io/library/alpine", "mirror/alpine"),
            (Kind::PullThrough, "docker.io", "hub"),
        ]);
        for (host, name, served_by) in [
            (HOST, "mirror/alpine", Some("docker.io/library/alpine")),
            (FIPS, "mirror/alpine/x*", Some("docker.io/library/alpine")),
            (HOST, "hub/library/*", Some("docker.io")),
            (HOST, "hub/*", Some("docker.io")),
            (HOST, "hub", None),
            (HOST, "hub*", None),
            (HOST, "mirror/*", None),
            (HOST, "mirror/alpine*", None),
            (OTHER, "hub/library/*", None),
        ] {
            let target = target(host, name);
            let found = served(&target, &rules).map(|rule| rule.name.as_str());
            assert_eq!(found, served_by, "{host}/{name}");
        }
    }

    #[test]
    fn rule_without_path_serves_from_every_repository() {
        let rules = rules(&[(Kind::PullThrough, "quay.io", "")]);
        assert!(served(&target(HOST, "team/*"), &rules).is_some());
        assert!(served(&target(OTHER, "team/*"), &rules).is_none());
    }

    #[test]
    fn many_mirrors_beside_the_targets_do_not_make_the_policy_longer() {
        let names: Vec<String> = (0..200).map(|number| format!("mirror/image-{number}")).collect();
        let many: Vec<_> = names.iter().map(|name| (Kind::Mirror, name.as_str(), name.as_str())).collect();
        let targets = [target(HOST, "team/*")];
        assert_eq!(session_policy(&targets, &rules(&many)), session_policy(&targets, &rules(&[])));
    }
}
