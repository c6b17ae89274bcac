//! Upstream's blob host, where ECR sends a client for the blobs of a first pull.

use std::collections::BTreeMap;

use http::request::Parts;
use http::{HeaderValue, Method, header};
use serde_json::json;

use super::upstream::Upstream;
use crate::dispatch::{ConnectionCut, disturbed};
use crate::ecr::pull_through_cache_rules;
use crate::forward;
use crate::gateway::Shared;
use crate::identity::{Caller, Scope};
use crate::reply::{Reply, ServiceError};

/// Path of signed addresses.
pub(crate) const PATH: &str = "/_upstream/";
/// Service of these calls in records and faults.
const SERVICE: &str = "upstream";

/// The address of a blob at upstream, which says for itself what it is for.
pub(crate) fn address(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    digest: &str,
    upstream_name: &str,
) -> Result<String, ServiceError> {
    let token = shared.token_key.seal(&json!({
        "account": scope.account,
        "region": scope.region,
        "repository": name,
        "digest": digest,
        "upstream": upstream_name,
    }))?;
    Ok(format!("http://localhost:{}{PATH}{token}", shared.address.port()))
}

/// Serves the blob from upstream.
pub(crate) async fn handle(shared: &Shared, parts: &Parts) -> Result<Reply, ConnectionCut> {
    let token = parts.uri.path().strip_prefix(PATH).unwrap_or_default();
    let claims = shared.token_key.open(token).unwrap_or_default();
    let text = |name: &str| claims[name].as_str().unwrap_or_default().to_owned();
    let caller = Caller {
        access_key: String::new(),
        account: text("account"),
        region: text("region"),
        service: SERVICE.to_owned(),
        session: None,
    };
    let action = "GetBlob";
    let call = shared.calls.begin(&shared.clock, &caller, action, parts, BTreeMap::new());
    disturbed(shared, &caller, action, call, async {
        if parts.headers.contains_key(header::AUTHORIZATION) || parts.method != Method::GET {
            return Err(ServiceError::new(
                "InvalidArgument",
                "The address is signed for GET and nothing else",
            ));
        }
        let scope = caller.scope();
        let unknown = || ServiceError::with_status(403, "AccessDenied", "Access Denied");
        let rule = pull_through_cache_rules::for_repository(shared, &scope, &text("repository"));
        let (rule, _) = rule.ok_or_else(unknown)?;
        let upstream = Upstream::of(shared, &scope, &rule).await?;
        let mut reply = forward::reply(upstream.blob(&text("upstream"), &text("digest")).await?);
        reply
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        Ok(reply)
    })
    .await
}
