//! The answers for what repositories have: manifests, blobs, tags, referrers.

use std::io;

use axum::body::Body;
use futures::stream;
use http::header::{
    ACCEPT, ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, LINK, LOCATION, RANGE,
};
use http::{HeaderMap, HeaderName, StatusCode};
use oci_copy::{Digest, ManifestReference, Pieces, ReadRequest, Resource};
use serde::Deserialize;
use serde_json::json;
use tracing::warn;

use super::lookup::Found;
use super::{App, Asked, Served};
use crate::answer::{self, Answer};
use crate::attempts::{Patience, attempt};
use crate::blobs::Blob;
use crate::config;
use crate::failure::{Failure, FailureKind};
use crate::manifests::Described;
use crate::metrics::{Metrics, Outcome};
use crate::route::Part;
use crate::rules::Candidate;

const DOCKER_CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
const OCTETS: &str = "application/octet-stream";
/// Largest page of a list of tags.
const TAGS_LIMIT: u64 = 4 * 1024 * 1024;

#[derive(Deserialize)]
struct TagsPage {
    tags: Option<Vec<String>>,
}

/// Where a blob is to be had.
enum Located {
    /// Here, from its start.
    Whole(Blob),
    /// Here, a part of it.
    Part(Box<oci_copy::Answer>),
    /// Somewhere else.
    Elsewhere(url::Url),
    /// Only its length was asked for.
    Length(Option<u64>),
}

impl App {
    pub(super) async fn part(&self, asked: &Asked<'_>) -> Served {
        let candidates = self.config.rules.candidates(&asked.registry, &asked.path);
        let rule = candidates.first().map(|candidate| candidate.rule.name.clone()).unwrap_or_default();
        let found = match asked.part {
            Part::Manifest(reference) => self.manifest(asked, &candidates, reference).await,
            Part::Blob(digest) => self.blob(asked, &candidates, digest, &rule).await,
            Part::Tags => self.tags(asked, &candidates).await,
            Part::Referrers(_) if candidates.is_empty() => {
                self.look_up(asked, &[], |_, _| async { unnamed() }).await
            }
            Part::Referrers(_) => Ok(Found { value: answer::no_referrers(), outcome: Outcome::Local }),
        };
        match found {
            Ok(Found { value, outcome }) => Served { answer: value, rule, outcome },
            Err(failure) => {
                Served { answer: answer::failure(&failure, asked.part), rule, outcome: outcome(&failure) }
            }
        }
    }

    async fn manifest(
        &self,
        asked: &Asked<'_>,
        candidates: &[Candidate<'_>],
        reference: &ManifestReference,
    ) -> Result<Found<Answer>, Failure> {
        let accept: HeaderMap =
            asked.request.headers().get_all(ACCEPT).iter().map(|line| (ACCEPT, line.clone())).collect();
        let (manifests, blobs, accept) = (&self.manifests, &self.blobs, &accept);
        let found = self.look_up(asked, candidates, |place, budget| async move {
            if let Some(manifest) = manifests.cached(&place, reference, accept) {
                if !asked.head {
                    blobs.announce(&manifest.blobs);
                }
                return Ok((manifest_answer(&manifest.described, manifest.bytes.clone()), true));
            }
            if asked.head {
                let described = manifests.head(&place, reference, accept, budget).await?;
                return Ok((manifest_answer(&described, Body::empty()), false));
            }
            let manifest = manifests.get(&place, reference, accept, budget).await?;
            blobs.announce(&manifest.blobs);
            Ok((manifest_answer(&manifest.described, manifest.bytes.clone()), false))
        });
        found.await
    }

    async fn blob(
        &self,
        asked: &Asked<'_>,
        candidates: &[Candidate<'_>],
        digest: &Digest,
        rule: &str,
    ) -> Result<Found<Answer>, Failure> {
        let blobs = &self.blobs;
        let range = asked.request.headers().get(RANGE);
        let redirects = self.config.blobs == config::Blobs::Redirect;
        let found = self.look_up(asked, candidates, |place, budget| async move {
            if asked.head {
                return Ok((Located::Length(blobs.head(&place, digest, budget).await?), false));
            }
            if redirects && let Some(target) = blobs.locate(&place, digest, budget).await? {
                return Ok((Located::Elsewhere(target), false));
            }
            if let Some(range) = range {
                let part = blobs.range(&place, digest, range, budget).await?;
                return Ok((Located::Part(Box::new(part)), false));
            }
            let blob = blobs.open(&place, digest, budget).await?;
            let cached = blob.cached;
            Ok((Located::Whole(blob), cached))
        });
        let Found { value, mut outcome } = found.await?;
        let answer = match value {
            Located::Length(total) => sized(answer::plain(StatusCode::OK, Body::empty()), total),
            Located::Elsewhere(target) => {
                outcome = Outcome::Redirect;
                return Ok(Found { value: redirect(&target), outcome });
            }
            Located::Part(part) => partial(*part, &self.metrics, rule),
            Located::Whole(blob) => whole(blob, &self.metrics, rule),
        };
        let answer = answer::with(answer, CONTENT_TYPE, OCTETS);
        let answer = answer::with(answer, ACCEPT_RANGES, "bytes");
        Ok(Found { value: answer::with(answer, DOCKER_CONTENT_DIGEST, digest.to_string()), outcome })
    }

    async fn tags(&self, asked: &Asked<'_>, candidates: &[Candidate<'_>]) -> Result<Found<Answer>, Failure> {
        // `ns` is for us; the rest is the registry's own.
        let query = asked.request.uri().query().unwrap_or_default();
        let query = without_namespace(query);
        let query = (!query.is_empty()).then_some(query.as_str());
        let found = self.look_up(asked, candidates, |place, budget| async move {
            let patience = Patience::new(budget.client, budget.waits);
            attempt(&place.remote.health, patience, || async {
                let request = ReadRequest {
                    head: false,
                    repository: &place.repository,
                    resource: Resource::Tags(query),
                    headers: HeaderMap::new(),
                    follow: true,
                    patience: budget.client,
                    pieces: Pieces::Large,
                };
                let answer = place.remote.registry.read(&request).await?;
                let next = answer.headers.get(LINK).and_then(|link| next_query(link.to_str().ok()?));
                let body = answer.bytes(TAGS_LIMIT, "the list of tags").await?;
                let page: TagsPage = serde_json::from_slice(&body).map_err(|error| {
                    Failure::new(FailureKind::Damaged, format!("the list of tags cannot be read: {error}"))
                })?;
                Ok(((page.tags.unwrap_or_default(), next), false))
            })
            .await
        });
        let Found { value: (tags, next), outcome } = found.await?;
        // The client's name of the repository, not ECR's.
        let path = asked.request.uri().path();
        let name = path.trim_start_matches("/v2/").trim_end_matches("/tags/list");
        let answer = answer::json(StatusCode::OK, &json!({"name": name, "tags": tags}));
        let answer = match next {
            Some(next) => {
                let namespace = asked.namespace.as_ref().map(|ns| format!("&ns={ns}")).unwrap_or_default();
                answer::with(answer, LINK, format!("<{path}?{next}{namespace}>; rel=\"next\""))
            }
            None => answer,
        };
        Ok(Found { value: answer, outcome })
    }
}

fn unnamed() -> Result<(Answer, bool), Failure> {
    Err(Failure::new(FailureKind::NameUnknown, "no rule covers the name"))
}

fn outcome(failure: &Failure) -> Outcome {
    match failure.kind {
        FailureKind::NameUnknown | FailureKind::NotFound => Outcome::NotFound,
        FailureKind::Denied => Outcome::Denied,
        FailureKind::Limited | FailureKind::PullLimit | FailureKind::Unavailable => Outcome::Unavailable,
        FailureKind::Damaged => Outcome::Damaged,
        FailureKind::Range | FailureKind::Refused => Outcome::Refused,
    }
}

fn manifest_answer(described: &Described, body: impl Into<Body>) -> Answer {
    let answer = answer::with(answer::plain(StatusCode::OK, body), CONTENT_TYPE, &described.media_type);
    let answer = sized(answer, Some(described.size));
    answer::with(answer, DOCKER_CONTENT_DIGEST, described.digest.to_string())
}

fn sized(answer: Answer, total: Option<u64>) -> Answer {
    match total {
        Some(total) => answer::with(answer, CONTENT_LENGTH, total.to_string()),
        None => answer,
    }
}

fn redirect(target: &url::Url) -> Answer {
    answer::with(answer::plain(StatusCode::TEMPORARY_REDIRECT, Body::empty()), LOCATION, target.as_str())
}

fn whole(blob: Blob, metrics: &Metrics, rule: &str) -> Answer {
    let counted = Counted::new(metrics, rule);
    let pieces = stream::try_unfold((blob.reader, counted), |(mut reader, counted)| async move {
        match reader.next().await {
            Ok(piece) => Ok(piece.map(|piece| {
                counted.sent(piece.len());
                (piece, (reader, counted))
            })),
            Err(failure) => Err(counted.cut(&failure)),
        }
    });
    sized(answer::plain(StatusCode::OK, Body::from_stream(pieces)), blob.total)
}

fn partial(part: oci_copy::Answer, metrics: &Metrics, rule: &str) -> Answer {
    let counted = Counted::new(metrics, rule);
    let (status, headers) = (part.status, part.headers.clone());
    let pieces = stream::try_unfold((part, counted), |(mut part, counted)| async move {
        match part.chunk().await {
            Ok(piece) => Ok(piece.map(|piece| {
                counted.sent(piece.len());
                (piece, (part, counted))
            })),
            Err(error) => Err(counted.cut(&Failure::from(error))),
        }
    });
    let mut answer = answer::plain(status, Body::from_stream(pieces));
    for name in [CONTENT_LENGTH, CONTENT_RANGE] {
        if let Some(value) = headers.get(&name) {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    answer
}

/// Counts what is sent of one blob.
struct Counted {
    rule: String,
    bytes: prometheus_client::metrics::counter::Counter,
    cut: prometheus_client::metrics::counter::Counter,
}

impl Counted {
    fn new(metrics: &Metrics, rule: &str) -> Self {
        Self { rule: rule.to_owned(), bytes: metrics.bytes(rule), cut: metrics.cut(rule) }
    }

    fn sent(&self, bytes: usize) {
        self.bytes.inc_by(bytes as u64);
    }

    /// The error that cuts the connection: what was sent is not the blob, and must not end as if it were.
    fn cut(&self, failure: &Failure) -> io::Error {
        self.cut.inc();
        warn!(rule = self.rule, %failure, "answer cut off");
        io::Error::other(failure.to_string())
    }
}

/// The query of the next page in `</v2/name/tags/list?query>; rel="next"`.
fn next_query(link: &str) -> Option<String> {
    let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    let (_, query) = target.split_once('?')?;
    parameters.contains("next").then(|| without_namespace(query))
}

fn without_namespace(query: &str) -> String {
    let others: Vec<&str> =
        query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("ns=")).collect();
    others.join("&")
}
