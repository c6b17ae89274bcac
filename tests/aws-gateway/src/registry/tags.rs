//! `tags/list`, as ECR pages it: unsorted, at most 1000, with a cursor that only ECR understands.

use http::request::Parts;
use serde_json::{Value, json};

use super::manifests::{digest_of, name_unknown};
use super::unsupported;
use crate::ecr::images;
use crate::gateway::Shared;
use crate::identity::Scope;
use crate::reply::{self, Reply, ServiceError};

const DEFAULT: usize = 100;
/// Most tags that a client may ask for.
pub(crate) const LARGEST: usize = 1000;

pub(crate) async fn list(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    parts: &Parts,
) -> Result<Reply, ServiceError> {
    let query = |wanted: &str| {
        url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
            .find(|(key, _)| key == wanted)
            .map(|(_, value)| value.into_owned())
    };
    let size = match query("n") {
        None => DEFAULT,
        Some(n) => n.parse().ok().filter(|n| (1..=LARGEST).contains(n)).ok_or_else(|| {
            unsupported("Invalid parameter at 'maxResults' failed to satisfy constraint: 'must be between 1 and 1000'")
        })?,
    };
    let size = size.min(shared.largest_tags_page);
    let images = images::all(shared, scope, name).await.map_err(name_unknown)?;
    // An order that is stable and not that of the alphabet.
    let mut tags: Vec<(String, String)> =
        images.into_iter().flat_map(|image| image.tags).map(|tag| (digest_of(tag.as_bytes()), tag)).collect();
    tags.sort();
    if let Some(last) = query("last") {
        let cursor: Option<Value> = shared.token_key.open(&last);
        let after = cursor.as_ref().and_then(|cursor| cursor["after"].as_str());
        let after = after.ok_or_else(|| unsupported("Invalid parameter at 'nextToken'"))?;
        tags.retain(|(order, _)| order.as_str() > after);
    }
    let next = (tags.len() > size).then(|| tags[size - 1].0.clone());
    tags.truncate(size);
    let tags: Vec<String> = tags.into_iter().map(|(_, tag)| tag).collect();
    let mut reply = reply::raw(200, "application/json", json!({"name": name, "tags": tags}).to_string());
    if let Some(after) = next {
        let cursor = shared.token_key.seal(&json!({"after": after}))?;
        let link = format!("</v2/{name}/tags/list?n={size}&last={cursor}>; rel=\"next\"");
        if let Ok(value) = link.parse() {
            reply.headers_mut().insert(http::header::LINK, value);
        }
    }
    Ok(reply)
}
