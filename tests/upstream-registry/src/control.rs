//! Control from outside the process, below `/_control/`; not part of any registry's interface.

use axum::extract::Query;
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use serde_json::json;

use crate::answer;
use crate::image::Image;
use crate::server::Shared;

/// `POST /_control/move-tag?repository=…&tag=…` lets a tag name a new image;
/// `GET /_control/requests` lists what was answered so far.
pub(crate) fn act(shared: &Shared, parts: &Parts, action: &str) -> Response {
    let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
        .map(|Query(query)| query)
        .unwrap_or_default();
    let value = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    match (parts.method.as_str(), action) {
        ("POST", "move-tag") => {
            let (Some(repository), Some(tag)) = (value("repository"), value("tag")) else {
                return answer::error(StatusCode::BAD_REQUEST, "INVALID", "repository and tag are needed");
            };
            let mut state = shared.state();
            if !state.repositories.get(repository).is_some_and(|found| found.tags.contains_key(tag)) {
                return answer::error(
                    StatusCode::NOT_FOUND,
                    "MANIFEST_UNKNOWN",
                    "there is no such tag to move",
                );
            }
            let made = state.add(repository, tag, &Image::new(&["linux/amd64", "linux/arm64"]));
            answer::json(
                StatusCode::OK,
                &json!({"repository": repository, "tag": tag, "digest": made.digest}),
            )
        }
        ("GET", "requests") => {
            let requests: Vec<_> = shared
                .state()
                .requests
                .iter()
                .map(|request| {
                    json!({
                        "method": request.method, "path": request.path, "query": request.query,
                        "status": request.status, "authorization": request.authorization,
                        "client": request.client.to_string(),
                    })
                })
                .collect();
            answer::json(StatusCode::OK, &json!(requests))
        }
        _ => answer::error(StatusCode::NOT_FOUND, "NOT_FOUND", "no such control"),
    }
}
