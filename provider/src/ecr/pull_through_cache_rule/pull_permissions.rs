//! What has to be allowed to whoever pulls through a rule.
//! Source: ECR user guide, "IAM permissions required to sync an upstream registry with an Amazon ECR private registry".

use std::collections::BTreeSet;

use tf_provider::schema::Computed;
use tf_provider::{Schema, Value};

use crate::clients::Clients;

/// What pulling through a rule needs.
#[derive(Schema, Clone, Debug, PartialEq, Eq)]
pub struct PullPermissions {
    /// Repositories that are pulled from, and that a first pull creates and imports into: the ARN of all with the rule's
    /// prefix, or of all there are for `ROOT`. For a policy of your own: `ecr:BatchGetImage`,
    /// `ecr:GetDownloadUrlForLayer`, `ecr:BatchImportUpstreamImage` and `ecr:CreateRepository` on these, and
    /// `ecr:GetAuthorizationToken` on `*`.
    pub import_repositories: Computed<BTreeSet<String>>,
}

impl PullPermissions {
    /// Those of the rule with this prefix.
    pub(super) fn new(prefix: &str, clients: &Clients) -> Self {
        let repository = clients.repository_arn(&names(prefix));
        PullPermissions { import_repositories: BTreeSet::from([repository]).into() }
    }

    /// The same in the plan form.
    pub(super) fn plan(&self) -> Value<PullPermissionsPlan> {
        let repositories = self.import_repositories.get().into_iter().flatten();
        Value::Known(PullPermissionsPlan {
            import_repositories: Value::Known(repositories.cloned().map(Value::Known).collect()),
        })
    }
}

/// The names of the repositories that a rule with this prefix fills.
fn names(prefix: &str) -> String {
    match prefix.trim_end_matches('/') {
        "ROOT" => "*".to_owned(),
        prefix => format!("{prefix}/*"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_fills_the_repositories_below_its_prefix_and_root_all() {
        assert_eq!(names("docker-hub"), "docker-hub/*");
        assert_eq!(names("team/docker-hub/"), "team/docker-hub/*");
        assert_eq!(names("ROOT"), "*");
    }
}
