//! Error answers: from status, headers and body to [`Error`].

use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::error::{Error, PullLimit};
use crate::message::Response;
use crate::wire::{self, bounded};

/// Largest error answer that is read.
const ERROR_LIMIT: u64 = 64 * 1024;

/// Turns an error answer into an error. `pull` is true for the GET of a manifest, which is what
/// pull limits count.
pub(crate) async fn of(
    response: Response,
    host: &str,
    repository: &str,
    reference: &str,
    pull: bool,
) -> Error {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    // The status alone says enough when the body is too large or breaks off.
    let body = wire::read(response, ERROR_LIMIT, host).await.unwrap_or_default();
    let (code, message) = first_error(&body);
    let reason = |message: String| if message.is_empty() { "it gave no reason".to_owned() } else { message };
    let (host, repository) = (host.to_owned(), repository.to_owned());
    match (status, code.as_str()) {
        (429, _) | (_, "TOOMANYREQUESTS") => {
            let limit = pull_limit(&headers);
            let used_up = message.to_ascii_lowercase().contains("pull rate limit")
                || limit.as_ref().is_some_and(|limit| limit.remaining == Some(0));
            let pull_limit = (pull && used_up).then(|| limit.unwrap_or_default());
            Error::RateLimited { host, pull_limit, retry_after: retry_after(&headers) }
        }
        (401, _) => {
            let detail = if message.is_empty() { "it answered 401".to_owned() } else { message };
            Error::Unauthorized { host, repository, detail }
        }
        (403, _) | (_, "DENIED") => Error::Denied { host, repository, message: reason(message) },
        (404, "NAME_UNKNOWN") => Error::RepositoryNotFound { host, repository },
        (404, _) if !code.starts_with("BLOB_UPLOAD") => {
            Error::NotFound { host, repository, reference: reference.to_owned() }
        }
        _ => Error::Registry { host, status, code, message: reason(message) },
    }
}

/// Code and message of the first error in the form of the distribution specification; for other
/// forms the code is empty and the message is the text.
fn first_error(body: &[u8]) -> (String, String) {
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) else {
        return (String::new(), scrubbed(&String::from_utf8_lossy(body)));
    };
    let error = json.pointer("/errors/0").unwrap_or(&json);
    let text = |key: &str| error.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
    let message = if text("message").is_empty() { text("details") } else { text("message") };
    (bounded(text("code")).to_ascii_uppercase(), scrubbed(message))
}

/// A registry may quote what it was sent; nothing that looks like an authorization is shown on.
fn scrubbed(text: &str) -> String {
    let mut hide = false;
    let words: Vec<&str> = text
        .split_whitespace()
        .map(|word| {
            let hidden =
                std::mem::replace(&mut hide, matches!(word.trim_end_matches(':'), "Basic" | "Bearer"));
            if hidden { "[redacted]" } else { word.split_once('?').map_or(word, |(before, _)| before) }
        })
        .collect();
    bounded(&words.join(" "))
}

/// `Retry-After` as seconds or as HTTP date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let format = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let date = PrimitiveDateTime::parse(value, &format).ok()?.assume_utc();
    Some(Duration::try_from(date - OffsetDateTime::now_utc()).unwrap_or(Duration::ZERO))
}

/// The limit in `ratelimit-limit: 100;w=21600`, `ratelimit-remaining` and `docker-ratelimit-source`.
pub(super) fn pull_limit(headers: &HeaderMap) -> Option<PullLimit> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |text: &str| text.split(';').next().and_then(|number| number.trim().parse::<u64>().ok());
    let (limit, remaining) = (text("ratelimit-limit"), text("ratelimit-remaining"));
    limit.or(remaining)?;
    let window = limit
        .or(remaining)
        .and_then(|text| text.split(';').find_map(|part| part.trim().strip_prefix("w=")?.parse().ok()))
        .map(Duration::from_secs);
    Some(PullLimit {
        limit: limit.and_then(number),
        remaining: remaining.and_then(number),
        window,
        source: text("docker-ratelimit-source").map(bounded),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_hubs_limit_headers_are_read() {
        let mut headers = HeaderMap::new();
        assert_eq!(pull_limit(&headers), None);
        headers.insert("ratelimit-limit", "100;w=21600".parse().unwrap());
        headers.insert("ratelimit-remaining", "20;w=21600".parse().unwrap());
        headers.insert("docker-ratelimit-source", "192.0.2.7".parse().unwrap());
        let limit = pull_limit(&headers).unwrap();
        assert_eq!((limit.limit, limit.remaining), (Some(100), Some(20)));
        assert_eq!(limit.window, Some(Duration::from_secs(21_600)));
        assert_eq!(limit.source.as_deref(), Some("192.0.2.7"));
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_date() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, "7".parse().unwrap());
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(7)));
        headers.insert(RETRY_AFTER, "Wed, 21 Oct 2015 07:28:00 GMT".parse().unwrap());
        assert_eq!(retry_after(&headers), Some(Duration::ZERO));
        headers.insert(RETRY_AFTER, "Wed, 21 Oct 2065 07:28:00 GMT".parse().unwrap());
        assert!(retry_after(&headers).unwrap() > Duration::from_secs(86_400));
        headers.insert(RETRY_AFTER, "soon".parse().unwrap());
        assert_eq!(retry_after(&headers), None);
    }

    #[test]
    fn error_bodies_of_any_form_are_bounded_and_hold_no_authorization() {
        let json =
            br#"{"errors":[{"code":"denied","message":"you sent Bearer abc.def to /x?X-Amz-Signature=1"}]}"#;
        let (code, message) = first_error(json);
        assert_eq!((code.as_str(), message.as_str()), ("DENIED", "you sent Bearer [redacted] to /x"));
        assert_eq!(first_error(b"Too Many Requests\n"), (String::new(), "Too Many Requests".to_owned()));
        assert!(first_error("é".repeat(5000).as_bytes()).1.chars().count() <= 301);
    }
}
