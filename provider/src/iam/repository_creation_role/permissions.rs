//! What ECR needs to create repositories: the inline policy of the role, and back from it.

use std::collections::BTreeSet;

use crate::clients::Clients;
use crate::iam::policy::{self, Statement, Statements, is_same};

const CREATION: &str = "RepositoryCreation";
const KEYS: &str = "RepositoryKeys";

/// Repositories that may be created, and keys that encrypt them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Permissions {
    /// Names, or patterns of these.
    pub(super) repositories: BTreeSet<String>,
    /// ARNs.
    pub(super) kms_key_arns: Option<BTreeSet<String>>,
}

impl Permissions {
    /// The policy document, as JSON without white space.
    pub(super) fn document(&self, clients: &Clients) -> Option<String> {
        self.document_by(|name| clients.repository_arn(name))
    }

    fn document_by(&self, repository_arn: impl Fn(&str) -> String) -> Option<String> {
        policy::document(vec![
            Statement::allow(
                CREATION,
                &["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"],
                self.repositories.iter().map(|name| repository_arn(name)),
            ),
            Statement::allow(
                KEYS,
                &["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"],
                self.kms_key_arns.iter().flatten().cloned(),
            ),
        ])
    }

    /// The permissions from which [`document`](Self::document) makes `document`; `None` when there are none such, because
    /// somebody else wrote it or changed it.
    pub(super) fn declared(document: &str, clients: &Clients) -> Option<Self> {
        Self::declared_by(document, |name| clients.repository_arn(name))
    }

    fn declared_by(document: &str, repository_arn: impl Fn(&str) -> String) -> Option<Self> {
        let statements = Statements::of(document)?;
        let prefix = repository_arn("");
        let names = statements.resources(CREATION)?;
        let names = names.iter().map(|arn| arn.strip_prefix(&prefix).map(str::to_owned));
        let read = Permissions {
            repositories: names.collect::<Option<_>>()?,
            kms_key_arns: statements.resources(KEYS),
        };
        // What was read is only a guess until it makes the very same document.
        let made = read.document_by(repository_arn)?;
        is_same(&made, document).then_some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234";

    fn arn(name: &str) -> String {
        format!("arn:aws:ecr:eu-central-1:111122223333:repository/{name}")
    }

    fn permissions(keys: Option<&str>) -> Permissions {
        Permissions {
            repositories: BTreeSet::from(["docker-hub/*".to_owned(), "quay/*".to_owned()]),
            kms_key_arns: keys.map(|key| BTreeSet::from([key.to_owned()])),
        }
    }

    #[test]
    fn policy_names_actions_repositories_and_keys() {
        let creation = r#"{"Sid":"RepositoryCreation","Effect":"Allow","Action":["ecr:CreateRepository","ecr:ReplicateImage","ecr:TagResource"],"Resource":["arn:aws:ecr:eu-central-1:111122223333:repository/docker-hub/*","arn:aws:ecr:eu-central-1:111122223333:repository/quay/*"]}"#;
        let keys = format!(
            r#"{{"Sid":"RepositoryKeys","Effect":"Allow","Action":["kms:CreateGrant","kms:DescribeKey","kms:RetireGrant"],"Resource":["{KEY}"]}}"#
        );
        let document = |statements: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        assert_eq!(permissions(None).document_by(arn), Some(document(creation)));
        let both = document(&format!("{creation},{keys}"));
        assert_eq!(permissions(Some(KEY)).document_by(arn), Some(both));
    }

    #[test]
    fn what_made_a_policy_is_read_back_from_it_and_from_no_other() {
        for permissions in [permissions(None), permissions(Some(KEY))] {
            let document = permissions.document_by(arn).expect("a document");
            assert_eq!(Permissions::declared_by(&document, arn), Some(permissions));
            for (from, to) in [
                ("ecr:TagResource", "ecr:*"),
                ("\"Allow\"", "\"Deny\""),
                ("eu-central-1:111122223333:repository", "eu-central-1:444455556666:repository"),
                ("RepositoryCreation", "Other"),
                ("]}]", "]},{\"Sid\":\"More\",\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]"),
            ] {
                let changed = document.replace(from, to);
                assert_ne!(changed, document, "{from}");
                assert_eq!(Permissions::declared_by(&changed, arn), None, "{changed}");
            }
        }
        assert_eq!(Permissions::declared_by("no JSON", arn), None);
    }
}
