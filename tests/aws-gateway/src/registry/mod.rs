//! `/v2/` as ECR serves it, on ministack's registry.
//!
//! Source: OCI distribution-spec; ECR user guide, "Private registry authentication"; where ECR differs from the
//! specification, the difference is stated at the function that makes it.

pub(crate) mod blobs;
pub(crate) mod conversion;
pub(crate) mod manifests;
pub(crate) mod mounts;
pub(crate) mod pull_through;
pub(crate) mod referrers;
pub(crate) mod tags;
pub(crate) mod token;
pub(crate) mod upstream;
pub(crate) mod upstream_blobs;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use http::request::Parts;
use http::{HeaderValue, Method, header};

use crate::dispatch::{ConnectionCut, disturbed};
use crate::gateway::Shared;
use crate::identity::{Caller, Scope, Session, is_account};
use crate::reply::{self, Reply, ServiceError};
use crate::sts;

/// What a path of `/v2/` names.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Base,
    Catalog,
    Tags(String),
    Manifest(String, String),
    Blob(String, String),
    Uploads(String),
    Upload(String, String),
    Referrers(String, String),
}

impl Target {
    /// Repository names contain slashes: the last keyword counts.
    fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("/v2")?;
        if rest.is_empty() || rest == "/" {
            return Some(Self::Base);
        }
        let rest = &rest[1..];
        if rest == "_catalog" {
            return Some(Self::Catalog);
        }
        if let Some(name) = rest.strip_suffix("/tags/list") {
            return Some(Self::Tags(name.to_owned()));
        }
        let trimmed = rest.trim_end_matches('/');
        if let Some(name) = trimmed.strip_suffix("/blobs/uploads") {
            return Some(Self::Uploads(name.to_owned()));
        }
        let (before, last) = trimmed.rsplit_once('/')?;
        let (name, keyword) = before.rsplit_once('/')?;
        let (name, last) = (name.to_owned(), last.to_owned());
        match keyword {
            "manifests" => Some(Self::Manifest(name, last)),
            "referrers" => Some(Self::Referrers(name, last)),
            "uploads" => Some(Self::Upload(name.strip_suffix("/blobs")?.to_owned(), last)),
            "blobs" => Some(Self::Blob(name, last)),
            _ => None,
        }
    }

    /// The action of IAM that a request needs, and the repository that it needs it on (ECR User Guide, "Pushing a Docker
    /// image": the permissions of a push).
    fn permission(&self, method: &Method) -> Option<(&'static str, &str)> {
        let action = match (self, method.as_str()) {
            (Self::Manifest(..), "PUT") => "ecr:PutImage",
            (Self::Manifest(..), "DELETE") => "ecr:BatchDeleteImage",
            (Self::Manifest(..) | Self::Referrers(..), _) => "ecr:BatchGetImage",
            (Self::Blob(..), "HEAD") => "ecr:BatchCheckLayerAvailability",
            (Self::Blob(..), _) => "ecr:GetDownloadUrlForLayer",
            (Self::Uploads(_), _) => "ecr:InitiateLayerUpload",
            (Self::Upload(..), "PUT") => "ecr:CompleteLayerUpload",
            (Self::Upload(..), _) => "ecr:UploadLayerPart",
            (Self::Tags(_), _) => "ecr:ListImages",
            (Self::Base | Self::Catalog, _) => return None,
        };
        match self {
            Self::Manifest(name, _)
            | Self::Blob(name, _)
            | Self::Upload(name, _)
            | Self::Referrers(name, _)
            | Self::Tags(name)
            | Self::Uploads(name) => Some((action, name)),
            Self::Base | Self::Catalog => None,
        }
    }

    /// Name of the operation, for records and faults.
    fn operation(&self, method: &Method) -> &'static str {
        match (self, method.as_str()) {
            (Self::Base, _) => "GetBase",
            (Self::Catalog, _) => "GetCatalog",
            (Self::Tags(_), _) => "ListTags",
            (Self::Manifest(..), "GET") => "GetManifest",
            (Self::Manifest(..), "HEAD") => "HeadManifest",
            (Self::Manifest(..), "PUT") => "PutManifest",
            (Self::Manifest(..), _) => "DeleteManifest",
            (Self::Blob(..), "GET") => "GetBlob",
            (Self::Blob(..), "HEAD") => "HeadBlob",
            (Self::Blob(..), _) => "DeleteBlob",
            (Self::Uploads(_), _) => "StartBlobUpload",
            (Self::Upload(..), "PATCH") => "PatchBlobUpload",
            (Self::Upload(..), "PUT") => "CompleteBlobUpload",
            (Self::Upload(..), "GET") => "GetBlobUpload",
            (Self::Upload(..), _) => "CancelBlobUpload",
            (Self::Referrers(..), _) => "ListReferrers",
        }
    }
}

/// Answers one request below `/v2/`.
pub(crate) async fn handle(shared: Arc<Shared>, parts: Parts, body: Body) -> Result<Reply, ConnectionCut> {
    let named = named_registry(&parts);
    let admission = admit(&shared, &parts, named.as_ref());
    let (scope, session) = match &admission {
        Ok(admitted) => (admitted.scope.clone(), admitted.session.clone()),
        Err(refusal) => {
            let unknown = || Scope { account: crate::DEFAULT_ACCOUNT.to_owned(), region: String::new() };
            (refusal.scope.clone().or(named).unwrap_or_else(unknown), None)
        }
    };
    let target = Target::parse(parts.uri.path());
    let operation = target.as_ref().map_or("Unknown", |target| target.operation(&parts.method));
    let caller = Caller {
        access_key: String::new(),
        account: scope.account.clone(),
        region: scope.region.clone(),
        service: "registry".to_owned(),
        session,
    };
    let call = shared.calls.begin(&shared.clock, &caller, operation, &parts, BTreeMap::new());
    let host = host(&parts).unwrap_or_default().to_owned();
    let mut answer = disturbed(&shared, &caller, operation, call, async {
        if let Err(refusal) = admission {
            return Err(refusal.error);
        }
        if let Some((action, name)) = target.as_ref().and_then(|target| target.permission(&parts.method)) {
            sts::check_repository(&caller, action, name)?;
        }
        route(&shared, &scope, target, parts, body).await
    })
    .await?;
    let headers = answer.headers_mut();
    headers.insert("docker-distribution-api-version", HeaderValue::from_static("registry/2.0"));
    if answer.status() == http::StatusCode::UNAUTHORIZED {
        let challenge = format!("Basic realm=\"https://{host}/\",service=\"ecr.amazonaws.com\"");
        if let Ok(value) = challenge.parse() {
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, value);
        }
    }
    Ok(answer)
}

async fn route(
    shared: &Shared,
    scope: &Scope,
    target: Option<Target>,
    parts: Parts,
    body: Body,
) -> Result<Reply, ServiceError> {
    let method = parts.method.clone();
    match (target, method.as_str()) {
        (Some(Target::Base), "GET" | "HEAD") => Ok(reply::raw(200, "application/json", "{}")),
        (Some(Target::Catalog), "GET") => {
            let answer =
                shared.registry_call(scope, method, "/v2/_catalog", http::HeaderMap::new(), None).await?;
            Ok(crate::forward::reply(answer))
        }
        (Some(Target::Tags(name)), "GET") => tags::list(shared, scope, &name, &parts).await,
        (Some(Target::Manifest(name, reference)), "GET" | "HEAD") => {
            manifests::read(shared, scope, &name, &reference, &parts).await
        }
        (Some(Target::Manifest(name, reference)), "PUT") => {
            manifests::put(shared, scope, &name, &reference, &parts, body).await
        }
        (Some(Target::Manifest(name, reference)), "DELETE") => {
            manifests::delete(shared, scope, &name, &reference).await
        }
        (Some(Target::Blob(name, digest)), "GET" | "HEAD") => {
            blobs::read(shared, scope, &name, &digest, &parts).await
        }
        (Some(Target::Uploads(name)), "POST") => blobs::start(shared, scope, &name, &parts, body).await,
        (Some(Target::Upload(name, id)), "PATCH") => {
            blobs::patch(shared, scope, &name, &id, &parts, body).await
        }
        (Some(Target::Upload(name, id)), "PUT") => {
            blobs::complete(shared, scope, &name, &id, &parts, body).await
        }
        // ECR has no reading of uploads.
        (Some(Target::Upload(..)), "GET" | "HEAD") => {
            Err(ServiceError::with_status(404, "BLOB_UPLOAD_UNKNOWN", "there is no such upload"))
        }
        (Some(Target::Referrers(name, digest)), "GET") => {
            referrers::list(shared, scope, &name, &digest).await
        }
        (None, _) => Err(ServiceError::with_status(404, "UNSUPPORTED", "there is no such path")),
        _ => Err(unsupported("the method is not supported here")),
    }
}

/// ECR's answer to every parameter that fails a check.
pub(crate) fn unsupported(message: &str) -> ServiceError {
    ServiceError::with_status(405, "UNSUPPORTED", message)
}

/// Whom a request was let in for.
struct Admitted {
    scope: Scope,
    session: Option<Arc<Session>>,
}

/// Why a request was not let in, and whose token it carried.
struct Refusal {
    scope: Option<Scope>,
    error: ServiceError,
}

/// The registry that the request is for: named by host or `ns`, else that of the token.
fn admit(shared: &Shared, parts: &Parts, named: Option<&Scope>) -> Result<Admitted, Refusal> {
    let refuse = |scope, status, code, message: &str| Refusal {
        scope,
        error: ServiceError::with_status(status, code, message),
    };
    let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let claims = header
        .and_then(|header| token::read(shared, header))
        .ok_or_else(|| refuse(None, 401, "UNAUTHORIZED", "authentication required"))?;
    let scope = Some(claims.scope.clone());
    // 403, not 401, and without a challenge: flipt-io/flipt issue 3043, amazon-ecr-credential-helper issue 679.
    if claims.expired {
        let message = "Your authorization token has expired. Reauthenticate and try again.";
        return Err(refuse(scope, 403, "DENIED", message));
    }
    match named {
        Some(named) if named.region != claims.scope.region => {
            Err(refuse(scope, 400, "DENIED", "The token is of another region."))
        }
        Some(named) if named.account != claims.scope.account => {
            Err(refuse(scope, 403, "DENIED", "The registry belongs to another account."))
        }
        _ => Ok(Admitted { scope: claims.scope, session: claims.session }),
    }
}

/// The private registry named by `Host` or by the query parameter `ns`.
fn named_registry(parts: &Parts) -> Option<Scope> {
    let query = parts.uri.query().unwrap_or_default();
    let ns = url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "ns")
        .map(|(_, value)| value.into_owned());
    ns.as_deref().and_then(private_registry).or_else(|| private_registry(host(parts)?))
}

fn private_registry(host: &str) -> Option<Scope> {
    let (account, rest) = host.split_once(".dkr.ecr.")?;
    let (region, suffix) = rest.split_once('.')?;
    (is_account(account) && suffix.starts_with("amazonaws."))
        .then(|| Scope { account: account.to_owned(), region: region.to_owned() })
}

fn host(parts: &Parts) -> Option<&str> {
    parts.headers.get(header::HOST)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_keyword_of_the_path_ends_the_repository_name() {
        let parse = |path: &str| Target::parse(path).unwrap();
        assert_eq!(
            parse("/v2/a/manifests/b/manifests/1"),
            Target::Manifest("a/manifests/b".into(), "1".into())
        );
        assert_eq!(parse("/v2/a/b/blobs/sha256:0"), Target::Blob("a/b".into(), "sha256:0".into()));
        assert_eq!(parse("/v2/a/blobs/uploads/"), Target::Uploads("a".into()));
        assert_eq!(parse("/v2/a/blobs/uploads/u"), Target::Upload("a".into(), "u".into()));
        assert_eq!(parse("/v2/"), Target::Base);
        assert_eq!(Target::parse("/v2/a"), None);
    }
}
