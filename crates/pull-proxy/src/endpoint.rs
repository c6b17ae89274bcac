//! One request's way: what it asks for, where it is found, how it is answered.

mod lookup;
mod parts;

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use http::header::CONTENT_TYPE;
use http::{HeaderName, Method, Request, StatusCode};
use serde_json::json;
use tracing::info;

use crate::answer::{self, Answer};
use crate::blobs::Blobs;
use crate::config::{self, Config};
use crate::manifests::Manifests;
use crate::metrics::{self, Measured, Metrics, Outcome};
use crate::push::PushLogin;
use crate::registries::Registries;
use crate::route::{Part, Route, query};
use crate::rules::canonical;

/// Everything that requests share.
#[derive(Debug)]
pub struct App {
    /// The settings.
    pub config: Config,
    /// The registries.
    pub registries: Registries,
    /// The login for pushes, if one is kept.
    pub push: Option<Arc<PushLogin>>,
    /// Manifests.
    pub manifests: Arc<Manifests>,
    /// Blobs.
    pub blobs: Arc<Blobs>,
    /// What is counted.
    pub metrics: Metrics,
}

/// What a repository is asked for, as the client put it.
#[derive(Debug)]
struct Asked<'a> {
    /// The registry that the client means; none means Docker Hub.
    namespace: Option<String>,
    /// Upstream registry by its canonical name.
    registry: String,
    /// Upstream repository by its canonical name.
    path: String,
    part: &'a Part,
    head: bool,
    request: &'a Request<()>,
    since: Instant,
}

/// An answer and how it came about.
#[derive(Debug)]
struct Served {
    answer: Answer,
    /// Upstream of the rule that decided; empty if none did.
    rule: String,
    outcome: Outcome,
}

impl App {
    /// Nothing fetched yet.
    #[must_use]
    pub fn new(config: Config, registries: Registries, push: Option<Arc<PushLogin>>) -> Self {
        let manifests = Arc::new(Manifests::new(config.limits.manifest_cache, config.tag_freshness));
        let blobs = Arc::new(Blobs::new(config.limits, config.blobs == config::Blobs::Verify));
        Self { config, registries, push, manifests, blobs, metrics: Metrics::default() }
    }

    /// Answers a request. Its body is never read: nothing that is served has one.
    pub async fn serve(self: Arc<Self>, request: Request<()>) -> Answer {
        let since = Instant::now();
        let head = request.method() == Method::HEAD;
        if !head && request.method() != Method::GET {
            return answer::method_not_allowed();
        }
        let found = match Route::of(request.uri().path()) {
            Route::Repository { path, part } => self.repository(&request, &path, &part, head, since).await,
            Route::Base => answer::json(StatusCode::OK, &json!({})),
            Route::Health => self.health(),
            Route::Metrics => {
                let measured = Measured {
                    registries: &self.registries,
                    push: self.push.as_deref(),
                    transfers: self.blobs.active(),
                    manifest_bytes: self.manifests.cached_bytes(),
                    blob_bytes: self.blobs.cached_bytes(),
                };
                let text = answer::plain(StatusCode::OK, self.metrics.text(&measured));
                answer::with(text, CONTENT_TYPE, metrics::CONTENT_TYPE)
            }
            Route::Invalid { code, message } => answer::error(StatusCode::BAD_REQUEST, code, &message),
            Route::Unknown => answer::error(StatusCode::NOT_FOUND, "UNSUPPORTED", "there is nothing here"),
        };
        let version = HeaderName::from_static("docker-distribution-api-version");
        let found = answer::with(found, version, "registry/2.0");
        if head { answer::head_of(found) } else { found }
    }

    async fn repository(
        &self,
        request: &Request<()>,
        path: &str,
        part: &Part,
        head: bool,
        since: Instant,
    ) -> Answer {
        let namespace = query(request.uri(), "ns");
        let (registry, path) = canonical(namespace.as_deref(), path);
        let asked = Asked { namespace, registry, path, part, head, request, since };
        let served = self.part(&asked).await;
        let took = since.elapsed();
        let operation = part.operation();
        self.metrics.request(&served.rule, operation, served.outcome, took);
        info!(
            method = %request.method(),
            registry = asked.registry,
            repository = asked.path,
            operation,
            reference = asked.reference(),
            rule = served.rule,
            outcome = served.outcome.name(),
            status = served.answer.status().as_u16(),
            took_ms = took.as_millis(),
            "request"
        );
        match asked.namespace {
            // Distribution specification, "Pulling manifests": the answer names the namespace that it is for.
            Some(namespace) => {
                answer::with(served.answer, HeaderName::from_static("oci-namespace"), namespace)
            }
            None => served.answer,
        }
    }

    /// Whether the daemon serves, which registries it does not ask now, and how it is about the login for pushes.
    fn health(&self) -> Answer {
        let registries: serde_json::Map<_, _> = self
            .registries
            .iter()
            .map(|remote| {
                let state = format!("{:?}", remote.health.breaker()).to_lowercase();
                (remote.name.clone(), json!({"breaker": state}))
            })
            .collect();
        let mut health = json!({"status": "ok", "registries": registries});
        if let Some(push) = &self.push {
            let status = push.status();
            let expires = status.token.and_then(|token| token.expires.duration_since(SystemTime::now()).ok());
            health["push"] = json!({
                "role": push.role_arn(),
                "login": if expires.is_some() { "good" } else { "none" },
                "expires_in_seconds": expires.map(|left| left.as_secs()),
                "failures": status.failures,
                "error": status.error,
            });
        }
        answer::json(StatusCode::OK, &health)
    }
}

impl Asked<'_> {
    fn reference(&self) -> String {
        match self.part {
            Part::Manifest(reference) => reference.to_string(),
            Part::Blob(digest) | Part::Referrers(digest) => digest.to_string(),
            Part::Tags => String::new(),
        }
    }
}
