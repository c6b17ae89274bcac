//! Paging by `maxResults` and an opaque `nextToken`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::reply::ServiceError;

/// Largest page of the Describe and List actions, and the default of most.
const LARGEST: usize = 1000;
const DEFAULT: usize = 100;

/// One page of `items`, and the token of the next.
///
/// `items` are sorted by their key, which is unique; the token carries the last key of the page, so that a page
/// stays right when items come and go between calls.
///
/// # Errors
/// `InvalidParameterException` for a token that `action` has not issued.
pub(crate) fn page(
    action: &str,
    mut items: Vec<(String, Value)>,
    input: &Value,
) -> Result<(Vec<Value>, Option<String>), ServiceError> {
    items.sort_by(|left, right| left.0.cmp(&right.0));
    if let Some(token) = input["nextToken"].as_str() {
        let last = decode(action, token).ok_or_else(|| {
            ServiceError::new("InvalidParameterException", "Invalid parameter at 'nextToken': unknown token")
        })?;
        items.retain(|(key, _)| *key > last);
    }
    let size = input["maxResults"].as_u64().and_then(|size| usize::try_from(size).ok()).unwrap_or(DEFAULT);
    let size = size.min(LARGEST);
    let next = (items.len() > size).then(|| encode(action, &items[size - 1].0));
    items.truncate(size);
    Ok((items.into_iter().map(|(_, value)| value).collect(), next))
}

/// Refuses paging where the caller names what it wants.
pub(crate) fn refuse_paging(input: &Value, named: &str) -> Result<(), ServiceError> {
    for member in ["maxResults", "nextToken"] {
        if !input[member].is_null() {
            return Err(ServiceError::new(
                "InvalidParameterException",
                format!("{member} cannot be used together with {named}"),
            ));
        }
    }
    Ok(())
}

fn encode(action: &str, key: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{action}\n{key}"))
}

fn decode(action: &str, token: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (issued_by, key) = text.split_once('\n')?;
    (issued_by == action).then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pages_follow_each_other_without_gap_or_overlap() {
        let items: Vec<_> = ["b", "a", "c"].map(|key| (key.to_owned(), json!(key))).into();
        let (first, next) = page("X", items.clone(), &json!({"maxResults": 2})).unwrap();
        assert_eq!(first, [json!("a"), json!("b")]);
        let input = json!({"maxResults": 2, "nextToken": next.unwrap()});
        assert_eq!(page("X", items.clone(), &input).unwrap(), (vec![json!("c")], None));
        assert_eq!(page("Y", items, &input).unwrap_err().code, "InvalidParameterException");
    }
}
