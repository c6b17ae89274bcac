//! Session policies, as far as ECR needs them: effect, action, resource, both with `*` and `?`.
//!
//! Source: IAM User Guide, "Session policies" and "Policy evaluation logic". A condition is refused: nobody would see
//! that it is not evaluated.

use serde_json::Value;

/// Longest session policy, in characters (STS API reference, AssumeRole).
const LIMIT: usize = 2048;

/// A policy that AssumeRole was given.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SessionPolicy(Vec<Statement>);

#[derive(Debug, PartialEq, Eq)]
struct Statement {
    allows: bool,
    actions: Vec<String>,
    /// What is named by `NotResource` is excepted.
    excepted: bool,
    resources: Vec<String>,
}

/// Why STS refuses a policy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    TooLong,
    Malformed,
}

impl SessionPolicy {
    pub(crate) fn parse(text: &str) -> Result<Self, Unusable> {
        if text.chars().count() > LIMIT {
            return Err(Unusable::TooLong);
        }
        let policy: Value = serde_json::from_str(text).map_err(|_| Unusable::Malformed)?;
        let statements = policy["Statement"].as_array().ok_or(Unusable::Malformed)?;
        statements.iter().map(Statement::parse).collect::<Option<_>>().map(Self).ok_or(Unusable::Malformed)
    }

    /// Whether a session with this policy may do something: allowed somewhere, and denied nowhere.
    pub(crate) fn allows(&self, action: &str, resource: &str) -> bool {
        let mut applying = self.0.iter().filter(|statement| statement.applies(action, resource)).peekable();
        applying.peek().is_some() && applying.all(|statement| statement.allows)
    }
}

impl Statement {
    fn parse(value: &Value) -> Option<Self> {
        let statement = value.as_object()?;
        const KEYS: [&str; 5] = ["Sid", "Effect", "Action", "Resource", "NotResource"];
        if !statement.keys().all(|key| KEYS.contains(&key.as_str())) {
            return None;
        }
        let allows = match statement.get("Effect")?.as_str()? {
            "Allow" => true,
            "Deny" => false,
            _ => return None,
        };
        let (excepted, resources) = match (statement.get("Resource"), statement.get("NotResource")) {
            (Some(resources), None) => (false, texts(resources)?),
            (None, Some(resources)) => (true, texts(resources)?),
            _ => return None,
        };
        Some(Self { allows, actions: texts(statement.get("Action")?)?, excepted, resources })
    }

    fn applies(&self, action: &str, resource: &str) -> bool {
        let named = self.resources.iter().any(|pattern| matches(pattern.as_bytes(), resource.as_bytes()));
        self.actions.iter().any(|pattern| matches(pattern.as_bytes(), action.as_bytes()))
            && named != self.excepted
    }
}

/// A text, or a list of texts.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(values) => values.iter().map(|value| value.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.first(), text.first()) {
        (None, None) => true,
        (Some(b'*'), _) => matches(&pattern[1..], text) || (!text.is_empty() && matches(pattern, &text[1..])),
        (Some(b'?'), Some(_)) => matches(&pattern[1..], &text[1..]),
        (Some(one), Some(other)) => one == other && matches(&pattern[1..], &text[1..]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn action_is_allowed_where_a_statement_allows_and_none_denies() {
        let policy = SessionPolicy::parse(
            r#"{"Statement": [
                {"Effect": "Allow", "Action": ["ecr:Put*"], "Resource": ["r/team/*", "r/a?c"]},
                {"Effect": "Deny", "Action": "ecr:PutImage", "NotResource": "r/*"},
                {"Effect": "Deny", "Action": "ecr:PutImage", "Resource": "r/team/base"}
            ]}"#,
        )
        .unwrap();
        for (action, resource, allowed) in [
            ("ecr:PutImage", "r/team/app", true),
            ("ecr:PutImage", "r/abc", true),
            ("ecr:PutImage", "r/team/base", false),
            ("ecr:PutOther", "r/team/base", true),
            ("ecr:PutImage", "r/other", false),
            ("ecr:GetImage", "r/team/app", false),
        ] {
            assert_eq!(policy.allows(action, resource), allowed, "{action} {resource}");
        }
    }

    #[test]
    fn policy_that_is_too_long_or_not_understood_is_refused() {
        assert_eq!(SessionPolicy::parse(&" ".repeat(LIMIT + 1)), Err(Unusable::TooLong));
        let statement = |text: &str| SessionPolicy::parse(&format!("{{\"Statement\": [{text}]}}"));
        assert!(statement(r#"{"Effect": "Deny", "Action": "a", "Resource": "*"}"#).is_ok());
        for text in [
            "{}",
            r#"{"Effect": "Maybe", "Action": "a", "Resource": "*"}"#,
            r#"{"Effect": "Deny", "Action": "a"}"#,
            r#"{"Effect": "Deny", "Action": "a", "Resource": "*", "Condition": {}}"#,
        ] {
            assert_eq!(statement(text), Err(Unusable::Malformed), "{text}");
        }
    }
}
