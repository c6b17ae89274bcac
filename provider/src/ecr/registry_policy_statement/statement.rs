//! The statement in AWS' form, and back from it (IAM user guide, policy grammar).

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

/// What a statement allows: to whom, what, on which resources, all as AWS writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Allowed {
    pub(super) principals: BTreeSet<String>,
    pub(super) actions: BTreeSet<String>,
    pub(super) resources: BTreeSet<String>,
}

impl Allowed {
    /// The statement with this Sid.
    pub(super) fn to_statement(&self, sid: &str) -> Json {
        json!({
            "Sid": sid,
            "Effect": "Allow",
            "Principal": { "AWS": self.principals },
            "Action": self.actions,
            "Resource": self.resources,
        })
    }

    /// What a statement allows; `None` for one that says more or less than this can: that denies, has conditions, or names
    /// principals of another kind.
    pub(super) fn read(statement: &Json) -> Option<Self> {
        let members = statement.as_object()?;
        let known = ["Sid", "Effect", "Principal", "Action", "Resource"];
        if members.keys().any(|name| !known.contains(&name.as_str())) || statement["Effect"] != "Allow" {
            return None;
        }
        let principals = match &statement["Principal"] {
            // Everybody, written the short way.
            Json::String(everybody) => BTreeSet::from([everybody.clone()]),
            Json::Object(kinds) if kinds.len() == 1 => list(kinds.get("AWS")?)?,
            _ => return None,
        };
        Some(Allowed {
            principals,
            actions: list(&statement["Action"])?,
            resources: list(&statement["Resource"])?,
        })
    }
}

/// A list of texts, or the one that stands for a list of one.
fn list(value: &Json) -> Option<BTreeSet<String>> {
    match value {
        Json::String(text) => Some(BTreeSet::from([text.clone()])),
        Json::Array(elements) => elements.iter().map(|element| element.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(texts: &[&str]) -> BTreeSet<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_statement_is_read_as_it_was_written() {
        let allowed = Allowed {
            principals: set(&["arn:aws:iam::111122223333:root"]),
            actions: set(&["ecr:CreateRepository", "ecr:ReplicateImage"]),
            resources: set(&["arn:aws:ecr:eu-central-1:111122223333:repository/*"]),
        };
        let mut statement = allowed.to_statement("ours");
        assert_eq!(Allowed::read(&statement), Some(allowed.clone()));
        statement["Principal"]["AWS"] = json!("arn:aws:iam::111122223333:root");
        assert_eq!(Allowed::read(&statement), Some(allowed), "ECR writes a list of one as the one");
        statement["Principal"] = json!("*");
        assert_eq!(Allowed::read(&statement).expect("a statement").principals, set(&["*"]));
    }

    #[test]
    fn a_statement_that_says_something_else_is_none() {
        let plain = Allowed { principals: set(&["a"]), actions: set(&["b"]), resources: set(&["c"]) };
        let plain = plain.to_statement("ours");
        let changes = [
            ("Effect", json!("Deny")),
            ("Condition", json!({"StringEquals": {"aws:SourceAccount": "1"}})),
            ("NotAction", json!("ecr:CreateRepository")),
            ("Principal", json!({"Service": "replication.ecr.amazonaws.com"})),
            ("Principal", json!({"AWS": "a", "Service": "b"})),
            ("Action", json!(null)),
        ];
        for (name, value) in changes {
            let mut statement = plain.clone();
            statement[name] = value;
            assert_eq!(Allowed::read(&statement), None, "{statement}");
        }
    }
}
