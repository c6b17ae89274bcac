//! Who may assume the role, and what it is allowed: the two policies, and back from them.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::iam::policy::{self, Statement, Statements, is_same};

const LOGIN: &str = "EcrLogin";
const PUSH: &str = "ImagePush";
const DENIED: &str = "WriteDenied";

/// A push and a pull of an image.
const PUSH_AND_PULL: &[&str] = &[
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
];
/// All that changes what others pull from a repository.
const WRITE: &[&str] = &[
    "ecr:BatchDeleteImage",
    "ecr:CompleteLayerUpload",
    "ecr:CreateRepository",
    "ecr:DeleteLifecyclePolicy",
    "ecr:DeleteRepository",
    "ecr:DeleteRepositoryPolicy",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:PutImageTagMutability",
    "ecr:PutLifecyclePolicy",
    "ecr:ReplicateImage",
    "ecr:SetRepositoryPolicy",
    "ecr:UploadLayerPart",
];

/// Repositories to push to, and those that are never written to: ARNs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Permissions {
    pub(super) repositories: BTreeSet<String>,
    pub(super) denied: BTreeSet<String>,
}

impl Permissions {
    /// The policy document, as JSON without white space.
    pub(super) fn document(&self) -> Option<String> {
        policy::document(vec![
            // The login has no resource.
            Statement::allow(LOGIN, &["ecr:GetAuthorizationToken"], ["*".to_owned()]),
            Statement::allow(PUSH, PUSH_AND_PULL, self.repositories.iter().cloned()),
            Statement::deny(DENIED, WRITE, self.denied.iter().cloned()),
        ])
    }

    /// The permissions from which [`document`](Self::document) makes `document`; `None` when there are none such, because
    /// somebody else wrote it or changed it.
    pub(super) fn declared(document: &str) -> Option<Self> {
        let statements = Statements::of(document)?;
        let read = Permissions {
            repositories: statements.resources(PUSH)?,
            denied: statements.resources(DENIED).unwrap_or_default(),
        };
        // What was read is only a guess until it makes the very same document.
        is_same(&read.document()?, document).then_some(read)
    }
}

/// The trust policy by which these roles may assume the role.
pub(super) fn trust(roles: &BTreeSet<String>) -> String {
    policy::trust_document(ROLES, &roles.iter().collect::<Vec<_>>())
}

/// Kind of the principals.
const ROLES: &str = "AWS";

/// The roles that a trust policy names, if [`trust`] makes it of them: ARNs, or the unique id of a role that was deleted.
pub(super) fn trusted(document: &str) -> Option<BTreeSet<String>> {
    let parsed: Json = serde_json::from_str(document).ok()?;
    // IAM writes a list of one as its element.
    let only = |value: &Json| value.as_array().map_or_else(|| vec![value.clone()], Clone::clone);
    let statements = only(&parsed["Statement"]);
    let principals = only(&statements.first()?["Principal"][ROLES]);
    let roles = principals.iter().map(|role| role.as_str().map(str::to_owned)).collect::<Option<_>>()?;
    is_same(&trust(&roles), document).then_some(roles)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arns(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| format!("arn:aws:ecr:eu-central-1:111122223333:repository/{name}")).collect()
    }

    fn permissions(denied: &[&str]) -> Permissions {
        Permissions { repositories: arns(&["team/*", "tools"]), denied: arns(denied) }
    }

    #[test]
    fn policy_names_actions_and_repositories() {
        let login =
            r#"{"Sid":"EcrLogin","Effect":"Allow","Action":["ecr:GetAuthorizationToken"],"Resource":["*"]}"#;
        let push = r#"{"Sid":"ImagePush","Effect":"Allow","Action":["ecr:BatchCheckLayerAvailability","ecr:BatchGetImage","ecr:CompleteLayerUpload","ecr:GetDownloadUrlForLayer","ecr:InitiateLayerUpload","ecr:PutImage","ecr:UploadLayerPart"],"Resource":["arn:aws:ecr:eu-central-1:111122223333:repository/team/*","arn:aws:ecr:eu-central-1:111122223333:repository/tools"]}"#;
        let denied = r#"{"Sid":"WriteDenied","Effect":"Deny","Action":["ecr:BatchDeleteImage","ecr:CompleteLayerUpload","ecr:CreateRepository","ecr:DeleteLifecyclePolicy","ecr:DeleteRepository","ecr:DeleteRepositoryPolicy","ecr:InitiateLayerUpload","ecr:PutImage","ecr:PutImageTagMutability","ecr:PutLifecyclePolicy","ecr:ReplicateImage","ecr:SetRepositoryPolicy","ecr:UploadLayerPart"],"Resource":["arn:aws:ecr:eu-central-1:111122223333:repository/mirror/*"]}"#;
        let document = |statements: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        assert_eq!(permissions(&[]).document(), Some(document(&format!("{login},{push}"))));
        let whole = document(&format!("{login},{push},{denied}"));
        assert_eq!(permissions(&["mirror/*"]).document(), Some(whole));
    }

    #[test]
    fn every_action_of_a_push_that_writes_is_denied_where_writing_is() {
        let read = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
        for action in PUSH_AND_PULL.iter().filter(|action| !read.contains(action)) {
            assert!(WRITE.contains(action), "{action}");
        }
        assert!(read.iter().all(|action| !WRITE.contains(action)), "a pull stays possible");
    }

    #[test]
    fn what_made_a_policy_is_read_back_from_it_and_from_no_other() {
        for permissions in [permissions(&[]), permissions(&["mirror/*"])] {
            let document = permissions.document().expect("a document");
            assert_eq!(Permissions::declared(&document), Some(permissions));
            for (from, to) in [
                ("ecr:PutImage\"", "ecr:*\""),
                ("\"Allow\"", "\"Deny\""),
                ("ImagePush", "Other"),
                ("]}]", "]},{\"Sid\":\"More\",\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]"),
            ] {
                let changed = document.replace(from, to);
                assert_ne!(changed, document, "{from}");
                assert_eq!(Permissions::declared(&changed), None, "{changed}");
            }
        }
        assert_eq!(Permissions::declared("no JSON"), None);
    }

    #[test]
    fn a_trust_policy_of_ours_tells_its_roles_and_another_does_not() {
        let role = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
        let two = BTreeSet::from([role("worker"), "AROAEXAMPLE".to_owned()]);
        assert_eq!(trusted(&trust(&two)), Some(two));
        let one = BTreeSet::from([role("worker")]);
        assert_eq!(trusted(&trust(&one)), Some(one.clone()));
        let collapsed = trust(&one).replace("[\"arn", "\"arn").replace("worker\"]", "worker\"");
        assert_eq!(trusted(&collapsed), Some(one.clone()), "{collapsed}");
        for (from, to) in [
            ("\"AWS\"", "\"Service\""),
            ("\"Allow\"", "\"Deny\""),
            ("sts:AssumeRole", "sts:*"),
            ("\"Effect\"", "\"Condition\":{},\"Effect\""),
        ] {
            let changed = trust(&one).replace(from, to);
            assert_ne!(changed, trust(&one), "{from}");
            assert_eq!(trusted(&changed), None, "{changed}");
        }
        assert_eq!(trusted("no JSON"), None);
    }
}
