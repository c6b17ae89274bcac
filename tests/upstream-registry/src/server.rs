//! From a request to its answer: recorded, struck by faults, authorized, then served.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::extract::{ConnectInfo, Request, State as Extract};
use axum::response::Response;
use bytes::Bytes;
use http::header::{AUTHORIZATION, LOCATION, RETRY_AFTER};
use http::request::Parts;
use http::{Method, StatusCode};

use crate::answer;
use crate::auth::{self, Grant, TokenAuth};
use crate::builder::Config;
use crate::fault::{self, Effect, Fault};
use crate::image::{Image, ImageDigests};
use crate::push::Uploading;
use crate::rate::Usage;
use crate::registry::RecordedRequest;
use crate::route::Route;
use crate::store::{Repository, StoredManifest, sha256};
use crate::{control, pull, push, referrers};

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) address: SocketAddr,
    pub(crate) store_address: Option<SocketAddr>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) repositories: BTreeMap<String, Repository>,
    pub(crate) uploads: HashMap<String, Uploading>,
    pub(crate) grants: HashMap<String, Grant>,
    /// Every token that was given out, expired ones too.
    pub(crate) issued: HashSet<String>,
    /// Method, path and scheme of requests with a credential that is not of our making.
    pub(crate) foreign: Vec<String>,
    pub(crate) basic: Option<(String, String)>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) requests: Vec<RecordedRequest>,
    pub(crate) usage: Usage,
    pub(crate) manifest_puts: VecDeque<Instant>,
    /// Bytes of blobs in answers, as far as they were asked for, and in uploads.
    pub(crate) blob_bytes_sent: u64,
    pub(crate) blob_bytes_received: u64,
    counter: u64,
}

impl State {
    /// A number that was not given out before.
    pub(crate) fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    pub(crate) fn add(&mut self, name: &str, tag: &str, image: &Image) -> ImageDigests {
        let repository = self.repositories.entry(name.to_owned()).or_default();
        repository.revisions += 1;
        let made = image.store(name, repository.revisions, repository);
        repository.tags.insert(tag.to_owned(), made.digest.clone());
        made
    }

    pub(crate) fn add_manifest(
        &mut self,
        name: &str,
        tag: Option<&str>,
        media_type: &str,
        bytes: Bytes,
    ) -> String {
        let digest = sha256(&bytes);
        let repository = self.repositories.entry(name.to_owned()).or_default();
        repository
            .manifests
            .insert(digest.clone(), StoredManifest { media_type: media_type.to_owned(), bytes });
        if let Some(tag) = tag {
            repository.tags.insert(tag.to_owned(), digest.clone());
        }
        digest
    }
}

impl Shared {
    pub(crate) fn new(
        config: Config,
        state: State,
        address: SocketAddr,
        store_address: Option<SocketAddr>,
    ) -> Self {
        Self { config, address, store_address, state: Mutex::new(state) }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Serves the registry's own port.
pub(crate) async fn serve(
    Extract(shared): Extract<Arc<Shared>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let route = Route::of(parts.uri.path());
    let response = answer_to(&shared, client, &parts, &route, body).await;
    if !matches!(route, Route::Control { .. }) {
        record(&shared, client, &parts, &response);
    }
    response
}

/// Serves the port of the blob store.
pub(crate) async fn serve_store(
    Extract(shared): Extract<Arc<Shared>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let route = Route::of(parts.uri.path());
    let signed = parts.uri.query().is_some_and(|query| query.contains("X-Amz-Signature="));
    let response = match &route {
        Route::StoredBlob { .. } if parts.headers.contains_key(AUTHORIZATION) => answer::error(
            StatusCode::BAD_REQUEST,
            "InvalidArgument",
            "only one authorization mechanism is allowed",
        ),
        // The URL is signed for GET.
        Route::StoredBlob { digest } if signed && parts.method == Method::GET => {
            let effect = fault::strike(&mut shared.state().faults, fault::operation(&parts.method, &route));
            match early(&shared, &parts, &route, effect.as_ref()) {
                Some(response) => response,
                None => pull::stored_blob(&shared, &parts, digest, effect.as_ref()),
            }
        }
        _ => answer::error(StatusCode::FORBIDDEN, "AccessDenied", "the signature does not match"),
    };
    record(&shared, client, &parts, &response);
    response
}

fn record(shared: &Shared, client: SocketAddr, parts: &Parts, response: &Response) {
    let authorization = parts
        .headers
        .get(AUTHORIZATION)
        .map(|value| value.to_str().unwrap_or_default().split(' ').next().unwrap_or_default().to_owned());
    let mut state = shared.state();
    if auth::is_foreign(&state, &parts.headers) {
        let scheme = authorization.as_deref().unwrap_or_default();
        state.foreign.push(format!("{} {} with {scheme}", parts.method, parts.uri.path()));
    }
    state.requests.push(RecordedRequest {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        status: response.status().as_u16(),
        authorization,
        client: client.ip(),
    });
}

async fn answer_to(
    shared: &Arc<Shared>,
    client: SocketAddr,
    parts: &Parts,
    route: &Route,
    body: axum::body::Body,
) -> Response {
    let effect = fault::strike(&mut shared.state().faults, fault::operation(&parts.method, route));
    if let Some(Effect::Delay { by }) = effect {
        tokio::time::sleep(by).await;
    }
    if let Some(response) = early(shared, parts, route, effect.as_ref()) {
        return response;
    }
    let method = parts.method.as_str();
    match (method, route) {
        (_, Route::Control { action }) => return control::act(shared, parts, action),
        ("GET", Route::Token) => return auth::token(shared, &mut shared.state(), &parts.uri, &parts.headers),
        ("GET", Route::StoredBlob { digest }) => {
            return pull::stored_blob(shared, parts, digest, effect.as_ref());
        }
        _ => {}
    }
    let grant = match auth::authorize(shared, &shared.state(), &parts.method, route, &parts.headers) {
        Ok(grant) => grant,
        Err(refusal) => return refusal,
    };
    let effect = effect.as_ref();
    match (method, route) {
        ("GET" | "HEAD", Route::Base) => answer::json(StatusCode::OK, &serde_json::json!({})),
        ("GET" | "HEAD", Route::Manifest { repository, reference }) => {
            pull::manifest(shared, parts, client.ip(), repository, reference, effect)
        }
        ("GET" | "HEAD", Route::Blob { repository, digest }) => {
            pull::blob(shared, parts, repository, digest, effect)
        }
        ("GET", Route::Tags { repository }) => pull::tags(shared, parts, repository),
        ("GET", Route::Referrers { repository, digest }) => {
            referrers::list(shared, parts, repository, digest)
        }
        ("POST", Route::Uploads { repository }) => {
            let mut response = push::open(shared, parts, repository, &grant);
            if let Some(Effect::UploadsAt { base }) = effect
                && let Some(location) = response.headers_mut().remove(LOCATION)
            {
                let path = location.to_str().unwrap_or_default();
                response = answer::header(response, LOCATION, format!("{base}{path}"));
            }
            response
        }
        ("GET", Route::Upload { repository, id }) => push::status(shared, repository, id),
        ("PATCH", Route::Upload { repository, id }) => push::patch(shared, parts, repository, id, body).await,
        ("PUT", Route::Upload { repository, id }) => push::finish(shared, parts, repository, id, body).await,
        ("DELETE", Route::Upload { id, .. }) => push::cancel(shared, id),
        ("PUT", Route::Manifest { repository, reference }) => {
            push::manifest(shared, parts, repository, reference, body).await
        }
        (_, Route::Unknown) => answer::error(StatusCode::NOT_FOUND, "NOT_FOUND", "no such resource"),
        _ => answer::error(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", "the operation is unsupported"),
    }
}

/// The answers of faults that keep a request from being served at all.
fn early(shared: &Shared, parts: &Parts, route: &Route, effect: Option<&Effect>) -> Option<Response> {
    let plain = TokenAuth::anonymous();
    let auth = shared.config.token_auth.as_ref().unwrap_or(&plain);
    let challenge = |realm: &str| auth::challenge(auth, realm, &parts.method, route, Some("invalid_token"));
    match effect? {
        Effect::Answer { status, code, message, retry_after } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let response = answer::error(status, code, message);
            Some(match retry_after {
                Some(retry_after) => answer::header(response, RETRY_AFTER, retry_after),
                None => response,
            })
        }
        Effect::ExpireTokens => {
            shared.state().grants.clear();
            let realm = auth.realm.clone().unwrap_or_else(|| format!("{}/token", shared.url()));
            Some(challenge(&realm))
        }
        Effect::ExpirePassword { next } => {
            if let Some((_, password)) = &mut shared.state().basic {
                password.clone_from(next);
            }
            let message = "Your authorization token has expired. Reauthenticate and try again.";
            Some(answer::error(StatusCode::FORBIDDEN, "DENIED", message))
        }
        Effect::Realm { url } => Some(challenge(url)),
        Effect::Redirect { to } => {
            let to = match (to.strip_suffix('/'), route) {
                (None, _) => to.clone(),
                (Some(base), Route::Blob { digest, .. }) => {
                    format!("{base}/_blob/{digest}?X-Amz-Signature=1")
                }
                (Some(base), _) => format!("{base}{}", parts.uri.path()),
            };
            Some(answer::header(answer::empty(StatusCode::TEMPORARY_REDIRECT), LOCATION, to))
        }
        Effect::Cut { .. }
        | Effect::Corrupt
        | Effect::Delay { .. }
        | Effect::WrongDigestHeader
        | Effect::NoDigestHeader
        | Effect::UploadsAt { .. } => None,
    }
}
