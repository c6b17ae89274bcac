//! `WWW-Authenticate` challenges (RFC 9110, section 11.6.1; distribution project, token authentication).

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// A challenge that this crate can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
}

/// Every Basic and Bearer challenge of an answer, in order; others are passed over.
pub(crate) fn challenges(headers: &HeaderMap) -> Vec<Challenge> {
    headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()).flat_map(parse).collect()
}

fn parse(text: &str) -> Vec<Challenge> {
    let mut found = Vec::new();
    let mut scheme: Option<(String, Vec<(String, String)>)> = None;
    for item in split_outside_quotes(text) {
        let item = item.trim();
        let (head, rest) = item.split_once(char::is_whitespace).unwrap_or((item, ""));
        // `Scheme` or `Scheme key=value` opens a challenge, `key=value` belongs to the one before.
        let parameter = if head.contains('=') {
            item
        } else {
            found.extend(scheme.take().and_then(finish));
            scheme = Some((head.to_ascii_lowercase(), Vec::new()));
            rest.trim()
        };
        if let (Some((_, parameters)), Some((key, value))) = (scheme.as_mut(), parameter.split_once('=')) {
            parameters.push((key.trim().to_ascii_lowercase(), unquote(value.trim())));
        }
    }
    found.extend(scheme.and_then(finish));
    found
}

fn finish((scheme, parameters): (String, Vec<(String, String)>)) -> Option<Challenge> {
    let get = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    match scheme.as_str() {
        "basic" => Some(Challenge::Basic),
        "bearer" => {
            Some(Challenge::Bearer { realm: get("realm")?, service: get("service"), scope: get("scope") })
        }
        _ => None,
    }
}

fn split_outside_quotes(text: &str) -> Vec<&str> {
    let (mut items, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                items.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(&text[start..]);
    items.retain(|item| !item.trim().is_empty());
    items
}

fn unquote(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        text.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bearer_with_commas_in_scope_and_any_order() {
        let text = r#"Bearer scope="repository:a/b:pull,push",service="registry.example.com", realm="https://auth.example.com/token""#;
        assert_eq!(
            parse(text),
            [Challenge::Bearer {
                realm: "https://auth.example.com/token".to_owned(),
                service: Some("registry.example.com".to_owned()),
                scope: Some("repository:a/b:pull,push".to_owned()),
            }]
        );
    }

    #[test]
    fn several_challenges_in_one_line() {
        let text = r#"Negotiate, Basic realm="x", Bearer realm="https://a/t""#;
        let bearer = Challenge::Bearer { realm: "https://a/t".to_owned(), service: None, scope: None };
        assert_eq!(parse(text), [Challenge::Basic, bearer]);
    }

    #[test]
    fn bearer_without_realm_is_no_challenge() {
        assert_eq!(parse(r#"Bearer service="x""#), []);
    }
}
