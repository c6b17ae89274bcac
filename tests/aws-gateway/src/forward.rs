//! Passes one request on to an emulator; bodies stream both ways.

use axum::body::{Body, HttpBody};
use http::header::{self, HeaderMap, HeaderName};
use http::request::Parts;
use url::Url;

use crate::identity::Caller;
use crate::reply::{Reply, ServiceError};

/// Headers that belong to one connection (RFC 9110, section 7.6.1), and those the client library sets itself.
const HOP_BY_HOP: &[HeaderName] = &[
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::HOST,
    header::EXPECT,
];

/// Sends the request to `emulator` as `caller`, and answers with what comes back.
pub(crate) async fn forward(
    http: &reqwest::Client,
    emulator: &Url,
    caller: &Caller,
    parts: &Parts,
    body: Body,
) -> Result<Reply, ServiceError> {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let url = emulator.join(path).map_err(|error| ServiceError::server(error.to_string()))?;
    let mut headers = end_to_end(&parts.headers);
    identify(&mut headers, caller);
    let mut request = http.request(parts.method.clone(), url).headers(headers);
    // A stream without known length would be sent as chunks, even when there is nothing to send.
    if !body.is_end_stream() {
        request = request.body(reqwest::Body::wrap_stream(body.into_data_stream()));
    }
    let answer = request
        .send()
        .await
        .map_err(|error| ServiceError::server(format!("the emulator did not answer: {error}")))?;
    Ok(reply(answer))
}

/// An emulator's answer as ours, without hop-by-hop headers.
pub(crate) fn reply(answer: reqwest::Response) -> Reply {
    let mut reply = Reply::new(Body::empty());
    *reply.status_mut() = answer.status();
    *reply.headers_mut() = end_to_end(answer.headers());
    *reply.body_mut() = Body::from_stream(answer.bytes_stream());
    reply
}

/// Both emulators know the account by other means than an issued key: moto by its own header, ministack by an
/// access key that is the account.
fn identify(headers: &mut HeaderMap, caller: &Caller) {
    if let Ok(account) = caller.account.parse() {
        headers.insert("x-moto-account-id", account);
    }
}

fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let named_by_connection: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    headers
        .iter()
        .filter(|(name, _)| {
            !HOP_BY_HOP.contains(name)
                && name.as_str() != "keep-alive"
                && !named_by_connection.iter().any(|named| named == name.as_str())
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Replaces the credential by one that ministack takes for the caller's account.
pub(crate) fn for_ministack(parts: &mut Parts, caller: &Caller) {
    if caller.access_key == caller.account {
        return;
    }
    let credential = authorization(&caller.account, &caller.region, &caller.service);
    if let Ok(value) = credential.parse() {
        parts.headers.insert(header::AUTHORIZATION, value);
    }
}

/// An Authorization header of which only the credential scope means anything.
pub(crate) fn authorization(account: &str, region: &str, service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={account}/20260101/{region}/{service}/aws4_request, \
         SignedHeaders=host, Signature=0"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hop_by_hop_headers_are_dropped_also_those_named_by_connection() {
        let mut headers = HeaderMap::new();
        headers.insert("connection", "close, x-mine".parse().unwrap());
        headers.insert("x-mine", "1".parse().unwrap());
        headers.insert("te", "trailers".parse().unwrap());
        headers.insert("accept", "a".parse().unwrap());
        headers.append("accept", "b".parse().unwrap());
        let kept = end_to_end(&headers);
        assert_eq!(kept.get_all("accept").iter().count(), 2);
        assert_eq!(kept.len(), 2);
    }
}
