//! One request's way: control, registry, or an AWS service; recorded, disturbed if a fault says so, answered.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures::StreamExt;
use http::request::Parts;
use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt, Limited};

use crate::calls::{self, CallId};
use crate::fault::{self, FaultKind};
use crate::forward;
use crate::gateway::Shared;
use crate::identity::Caller;
use crate::reply::{self, Reply, ServiceError};
use crate::{control, ecr, moto, registry, sts, tagging};

/// Largest body that is read whole. UploadLayerPart carries up to 20 MiB as base64.
const BODY_LIMIT: usize = 32 * 1024 * 1024;

/// How long the server is given to write before a connection is cut in the middle.
const FLUSH: Duration = Duration::from_millis(50);

/// A fault closes the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("connection cut by an injected fault")]
pub(crate) struct ConnectionCut;

/// Answers one request.
pub(crate) async fn dispatch(
    shared: Arc<Shared>,
    request: Request<hyper::body::Incoming>,
) -> Result<Reply, ConnectionCut> {
    let (parts, body) = request.into_parts();
    let body = Body::new(body);
    let path = parts.uri.path();
    if path.starts_with("/_gateway/") {
        return Ok(match collect(body).await {
            Ok(body) => control::handle(&shared, &parts, &body),
            Err(error) => reply::error("s3", &error),
        });
    }
    if path == "/v2" || path.starts_with("/v2/") {
        return registry::handle(shared, parts, body).await;
    }
    if path.starts_with(registry::blobs::SIGNED_PATH) {
        let answer = registry::blobs::signed(&shared, &parts).await;
        return Ok(answer.unwrap_or_else(|error| registry::blobs::signed_error(&error)));
    }
    if path.starts_with(registry::upstream_blobs::PATH) {
        return registry::upstream_blobs::handle(&shared, &parts).await;
    }
    match shared.keys.caller(&parts) {
        Some(caller) if caller.service == "s3" => object_storage(&shared, caller, parts, body).await,
        Some(caller) => service(&shared, caller, parts, body).await,
        None => unsigned(&shared, parts, body).await,
    }
}

/// S3: bodies may be large and stream through.
async fn object_storage(
    shared: &Shared,
    caller: Caller,
    mut parts: Parts,
    body: Body,
) -> Result<Reply, ConnectionCut> {
    let subresource = parts.uri.query().and_then(|query| query.split(['&', '=']).next()).unwrap_or_default();
    let action = format!("{} {}?{subresource}", parts.method, parts.uri.path());
    let action = action.trim_end_matches('?').to_owned();
    let call = shared.calls.begin(&shared.clock, &caller, &action, &parts, calls::parameters("", None, &[]));
    disturbed(shared, &caller, &action, call, async {
        forward::for_ministack(&mut parts, &caller);
        forward::forward(&shared.http, &shared.ministack, &caller, &parts, body).await
    })
    .await
}

/// Every other service: the action stands in the body or in `X-Amz-Target`.
async fn service(
    shared: &Arc<Shared>,
    caller: Caller,
    parts: Parts,
    body: Body,
) -> Result<Reply, ConnectionCut> {
    let body = match collect(body).await {
        Ok(body) => body,
        Err(error) => return Ok(reply::error(&caller.service, &error)),
    };
    let form = form(&parts, &body);
    let target = target(&parts.headers);
    let action = target
        .and_then(|target| target.rsplit('.').next())
        .or_else(|| value(&form, "Action"))
        .map_or_else(|| format!("{} {}", parts.method, parts.uri.path()), str::to_owned);
    let json = target.and_then(|_| serde_json::from_slice(&body).ok());
    let parameters = calls::parameters(&action, json.as_ref(), &form);
    let call = shared.calls.begin(&shared.clock, &caller, &action, &parts, parameters);
    disturbed(shared, &caller, &action, call, async {
        sts::check(shared, &caller, &action, json.as_ref())?;
        match caller.service.as_str() {
            "ecr" => ecr::handle(shared, &caller, &action, parts, body).await,
            "sts" => sts::handle(shared, &caller, &action, &parts, body, &form).await,
            "tagging" => tagging::handle(shared, &caller.scope(), &action, &body).await,
            _ => moto::handle(shared, &caller, &action, &parts, body, form).await,
        }
    })
    .await
}

/// A request without signature: the few actions that need none, or 403 in the form its service would use.
async fn unsigned(shared: &Arc<Shared>, parts: Parts, body: Body) -> Result<Reply, ConnectionCut> {
    let refusal = |code| ServiceError::with_status(403, code, "Missing Authentication Token");
    if target(&parts.headers).is_some() {
        return Ok(reply::error("ecr", &refusal("MissingAuthenticationTokenException")));
    }
    let body = match collect(body).await {
        Ok(body) => body,
        Err(error) => return Ok(reply::error("s3", &error)),
    };
    let form = form(&parts, &body);
    match value(&form, "Action") {
        // The web identity token is the credential. Source: STS API reference.
        Some("AssumeRoleWithWebIdentity") => {
            let account = value(&form, "RoleArn").and_then(|arn| arn.split(':').nth(4)).unwrap_or_default();
            let caller = Caller {
                access_key: String::new(),
                account: account.to_owned(),
                region: "us-east-1".to_owned(),
                service: "sts".to_owned(),
                session: None,
            };
            service(shared, caller, parts, body.into()).await
        }
        Some(_) if value(&form, "Version") == Some("2016-11-15") => {
            Ok(reply::error("ec2", &refusal("MissingAuthenticationToken")))
        }
        Some(_) => Ok(reply::error("iam", &refusal("MissingAuthenticationToken"))),
        None => Ok(reply::error("s3", &ServiceError::with_status(403, "AccessDenied", "Access Denied"))),
    }
}

/// Answers with `work`, unless a fault of the caller's account says otherwise, and records the status.
pub(crate) async fn disturbed(
    shared: &Shared,
    caller: &Caller,
    action: &str,
    call: CallId,
    work: impl Future<Output = Result<Reply, ServiceError>>,
) -> Result<Reply, ConnectionCut> {
    let service = caller.service.as_str();
    let fault = shared.faults.strike(&caller.account, service, action);
    if let Some(latency) = fault.as_ref().and_then(FaultKind::latency) {
        tokio::time::sleep(latency).await;
    }
    let injected = |(status, code): (u16, &str)| {
        Err(ServiceError::with_status(status, code, format!("{action} was refused by an injected fault")))
    };
    let outcome = match &fault {
        None
        | Some(FaultKind::Latency { .. } | FaultKind::TimeoutAfterEffect | FaultKind::CutAfter { .. }) => {
            work.await
        }
        Some(FaultKind::Replace { from, to }) => match work.await {
            Ok(answer) => replaced(answer, from, to).await,
            refused => refused,
        },
        Some(FaultKind::Error { status, code, message }) => {
            Err(ServiceError::with_status(*status, code, message))
        }
        Some(FaultKind::Throttling) => injected(fault::throttling(service)),
        Some(FaultKind::ServerError) => injected((503, "ServiceUnavailable")),
        Some(FaultKind::NotVisible) => injected(fault::not_visible(service, action)),
        Some(FaultKind::CutConnection) => return Err(ConnectionCut),
    };
    let answer = outcome.unwrap_or_else(|error| {
        if error.status >= 500 {
            tracing::warn!(service, action, %error, "answered with a server error");
        }
        reply::error(service, &error)
    });
    match fault {
        Some(FaultKind::TimeoutAfterEffect) => std::future::pending().await,
        Some(FaultKind::CutAfter { bytes }) => {
            shared.calls.end(call, answer.status().as_u16());
            Ok(answer.map(|body| cut_after(body, bytes)))
        }
        _ => {
            shared.calls.end(call, answer.status().as_u16());
            Ok(answer)
        }
    }
}

/// The answer with another text.
async fn replaced(answer: Reply, from: &str, to: &str) -> Result<Reply, ServiceError> {
    let (mut parts, body) = answer.into_parts();
    let text = String::from_utf8_lossy(&collect(body).await?).replace(from, to);
    parts.headers.remove(header::CONTENT_LENGTH);
    Ok(Reply::from_parts(parts, text.into()))
}

/// The first `bytes` of a body, then an error, which makes the server close the connection.
fn cut_after(body: Body, bytes: u64) -> Body {
    let mut left = usize::try_from(bytes).unwrap_or(usize::MAX);
    let pieces = body.into_data_stream().map(move |piece| {
        let mut piece = piece.map_err(std::io::Error::other)?;
        piece.truncate(left);
        left -= piece.len();
        Ok(piece)
    });
    let kept =
        pieces.take_while(|piece| std::future::ready(piece.as_ref().map_or(true, |piece| !piece.is_empty())));
    let cut = futures::stream::once(async {
        // An error that comes at once would discard what is not written yet.
        tokio::time::sleep(FLUSH).await;
        Err(std::io::Error::other(ConnectionCut))
    });
    Body::from_stream(kept.chain(cut))
}

/// The whole body.
pub(crate) async fn collect(body: Body) -> Result<Bytes, ServiceError> {
    match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) => Err(ServiceError::with_status(413, "RequestEntityTooLarge", error.to_string())),
    }
}

fn target(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-amz-target")?.to_str().ok()
}

/// Parameters of the query protocols: in the body of a POST, in the query of a GET.
fn form(parts: &Parts, body: &Bytes) -> Vec<(String, String)> {
    let is_form = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
    let text: &[u8] = if is_form { body } else { parts.uri.query().unwrap_or_default().as_bytes() };
    url::form_urlencoded::parse(text).into_owned().collect()
}

fn value<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}
