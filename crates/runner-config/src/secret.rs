//! Literal secrets are refused wherever they stand; no message repeats them.

use toml::{Table, Value};

use crate::fault::{Fault, FaultKind};
use crate::path::Path;
use crate::section::Key;

/// Prefixes of GitLab's tokens, each with what it is. Source: GitLab documentation, "Token overview".
const GITLAB_TOKENS: [(&str, &str); 12] = [
    ("glrtr-", "a runner registration token"),
    ("glrt-", "a runner authentication token"),
    ("glpat-", "a GitLab access token"),
    ("gldt-", "a GitLab deploy token"),
    ("glcbt-", "a CI job token"),
    ("glptt-", "a pipeline trigger token"),
    ("glft-", "a GitLab feed token"),
    ("glsoat-", "a SCIM token"),
    ("glagent-", "a Kubernetes agent token"),
    ("glimt-", "an incoming mail token"),
    ("gloas-", "an OAuth application secret"),
    ("GR1348941", "a runner registration token"),
];

/// Assignments whose value is a secret by their name, in `environment` and in `MachineOptions`.
const SECRET_NAMES: [(&str, &str); 6] = [
    ("AWS_SECRET_ACCESS_KEY=", "an AWS secret access key"),
    ("AWS_SESSION_TOKEN=", "an AWS session token"),
    ("AWS_ACCESS_KEY_ID=", "an AWS access key id"),
    ("amazonec2-secret-key=", "an AWS secret access key"),
    ("amazonec2-access-key=", "an AWS access key id"),
    ("amazonec2-session-token=", "an AWS session token"),
];

/// What kind of secret the text seems to hold, if any.
#[must_use]
pub fn secret_in(text: &str) -> Option<&'static str> {
    if let Some((_, what)) =
        GITLAB_TOKENS.iter().find(|(prefix, _)| has_token(text, prefix, 4, is_token_char))
    {
        return Some(what);
    }
    if ["AKIA", "ASIA"].iter().any(|prefix| has_token(text, prefix, 12, is_access_key_char)) {
        return Some("an AWS access key id");
    }
    let assigned = |name: &str| {
        text.match_indices(name).any(|(at, _)| {
            let value = &text[at + name.len()..];
            starts_word(text, at) && !value.is_empty() && !value.starts_with(char::is_whitespace)
        })
    };
    if let Some((_, what)) = SECRET_NAMES.iter().find(|(name, _)| assigned(name)) {
        return Some(what);
    }
    let auths = ["\"auths\"", "\\\"auths\\\"", "'auths'"].iter().any(|key| text.contains(key));
    if auths || (text.contains("DOCKER_AUTH_CONFIG") && text.contains("auths")) {
        return Some("registry logins (`auths` of a Docker client configuration)");
    }
    let pem = text.match_indices("-----BEGIN ").any(|(at, _)| {
        let rest = &text[at..];
        rest.find("PRIVATE KEY-----").is_some_and(|end| !rest[..end].contains('\n'))
    });
    pem.then_some("a private key")
}

/// The text for a message: as it is, or a stand-in if it looks like a secret or is too long to help.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 64;
    if secret_in(text).is_some() {
        "(not shown)".to_owned()
    } else if text.chars().count() > LONGEST {
        "(too long to show)".to_owned()
    } else {
        text.to_owned()
    }
}

/// Whether a word begins with `prefix` and goes on for at least `least` characters of a token.
fn has_token(text: &str, prefix: &str, least: usize, allowed: fn(char) -> bool) -> bool {
    text.match_indices(prefix).any(|(at, _)| {
        starts_word(text, at)
            && text[at + prefix.len()..].chars().take_while(|c| allowed(*c)).count() >= least
    })
}

fn starts_word(text: &str, at: usize) -> bool {
    !text[..at].chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric())
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

fn is_access_key_char(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit()
}

/// A fault for each string value and each key that looks like a secret.
pub(crate) fn find(table: &Table, keys: &[Key]) -> Vec<Fault> {
    let mut faults = Vec::new();
    strings(table, keys, &Path::root(), &mut |text, path| {
        if let Some(what) = secret_in(text) {
            faults.push(Fault { path: path.clone(), kind: FaultKind::Secret(what) });
        }
    });
    faults
}

/// Calls `visit` with every string value, and with every key (at the path of its table).
pub(crate) fn strings(table: &Table, keys: &[Key], path: &Path, visit: &mut dyn FnMut(&str, &Path)) {
    for (name, value) in table {
        visit(name, path);
        let key = keys.iter().find(|key| key.name == name);
        // A table without declared keys is a map.
        let below = if keys.is_empty() { path.key(shown(name)) } else { path.attribute(shown(name)) };
        strings_of_value(value, key.map_or(&[], |key| key.keys), &below, visit);
    }
}

fn strings_of_value(value: &Value, keys: &[Key], path: &Path, visit: &mut dyn FnMut(&str, &Path)) {
    match value {
        Value::String(text) => visit(text, path),
        Value::Table(table) => strings(table, keys, path, visit),
        Value::Array(values) => {
            for (position, value) in values.iter().enumerate() {
                strings_of_value(value, keys, &path.index(position), visit);
            }
        }
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_secret_is_recognised() {
        for text in [
            "glrt-t1_aBcDeF0123456789",
            "x glrtr-aBcDeF0123456789",
            "TOKEN=glpat-aBcDeF0123456789",
            "gldt-aBcDeF0123456789",
            "glcbt-64_aBcDeF0123456789",
            "GR1348941aBcDeF0123456789",
            "KEY=AKIAIOSFODNN7EXAMPLE",
            "ASIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY=abc",
            "amazonec2-secret-key=abc",
            r#"DOCKER_AUTH_CONFIG={"auths":{"r.example":{"auth":"eDp5"}}}"#,
            r#"{\"auths\":{}}"#,
            "-----BEGIN PRIVATE KEY-----\nMIIB",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl",
        ] {
            assert!(secret_in(text).is_some(), "{text}");
        }
    }

    #[test]
    fn ordinary_values_are_no_secrets() {
        for text in [
            "__ECRUNNER_TOKEN_main__",
            "a token starts with glrt- and is secret",
            "mglrt-abcdef",
            "AKIA",
            "MALAKIAIOSFODNN7EXAMPLE",
            "echo $AWS_SECRET_ACCESS_KEY",
            r#"DOCKER_AUTH_CONFIG={"credHelpers":{"r.example":"ecr-login"}}"#,
            "-----BEGIN CERTIFICATE-----",
            "https://gitlab.example.com",
        ] {
            assert_eq!(secret_in(text), None, "{text}");
        }
    }
}
