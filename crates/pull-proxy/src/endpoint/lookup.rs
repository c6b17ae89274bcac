//! Where something is found: the repositories that rules name, one after the other, then the upstream registry if the
//! rule lets it be asked.

use std::time::Duration;

use oci_copy::ManifestReference;
use tracing::warn;

use super::{App, Asked};
use crate::failure::{Failure, FailureKind};
use crate::manifests::Budget;
use crate::metrics::Outcome;
use crate::registries::Place;
use crate::route::Part;
use crate::rules::{Candidate, Fallback, Kind};

/// What was found, and where.
#[derive(Debug)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) outcome: Outcome,
}

/// A value, and whether it was in memory.
pub(super) type Fetched<T> = Result<(T, bool), Failure>;

impl App {
    /// Asks each candidate until one has it; a failure other than "not found" ends the search in ECR.
    ///
    /// The first rule decides what comes then.
    pub(super) async fn look_up<T, F, Fut>(
        &self,
        asked: &Asked<'_>,
        candidates: &[Candidate<'_>],
        fetch: F,
    ) -> Result<Found<T>, Failure>
    where
        F: Fn(Place, Budget) -> Fut,
        Fut: Future<Output = Fetched<T>>,
    {
        let Some(first) = candidates.first() else {
            let message = format!("no rule covers {}/{}", asked.registry, asked.path);
            return Err(Failure::new(FailureKind::NameUnknown, message));
        };
        let any_fallback = [first.rule.fallback, first.rule.digest_fallback].contains(&Fallback::Upstream);
        let upstream = self.registries.get(&asked.registry).filter(|_| any_fallback);
        let mut failure = Failure::new(FailureKind::NotFound, String::new());
        for candidate in candidates {
            let Some(remote) = self.registries.get(candidate.rule.host.as_str()) else { continue };
            let place = Place { remote: remote.clone(), repository: candidate.repository.clone() };
            match fetch(place, self.budget(asked, upstream.is_some())).await {
                Ok((value, cached)) => {
                    let outcome = if cached { Outcome::Cache } else { Outcome::Ecr };
                    return Ok(Found { value, outcome });
                }
                Err(error) => failure = error,
            }
            if failure.kind != FailureKind::NotFound {
                break;
            }
        }
        let failure = explained(failure, asked, candidates);
        let Some(upstream) = upstream.filter(|_| may_fall_back(&failure, asked, first)) else {
            return Err(failure);
        };
        warn!(registry = asked.registry, repository = asked.path, %failure, "asking the upstream registry");
        let place = Place { remote: upstream.clone(), repository: asked.path.clone() };
        let (value, _) = fetch(place, self.budget(asked, false)).await?;
        Ok(Found { value, outcome: Outcome::Upstream })
    }

    /// What is left of the client's patience; less where somebody else is to be asked afterwards.
    fn budget(&self, asked: &Asked<'_>, more_to_ask: bool) -> Budget {
        let left = self.config.wait.saturating_sub(asked.since.elapsed());
        let client = if more_to_ask { left * 2 / 5 } else { left };
        Budget { client: client.max(Duration::from_millis(100)), waits: !more_to_ask }
    }
}

fn may_fall_back(failure: &Failure, asked: &Asked<'_>, first: &Candidate<'_>) -> bool {
    let policy = match (failure.kind, asked.part) {
        (FailureKind::Range, _) => return false,
        (FailureKind::NotFound, Part::Manifest(ManifestReference::Digest(_))) => first.rule.digest_fallback,
        // Blobs of a manifest that came from upstream are there as well.
        (FailureKind::NotFound, Part::Blob(_)) if first.rule.digest_fallback == Fallback::Upstream => {
            Fallback::Upstream
        }
        _ => first.rule.fallback,
    };
    policy == Fallback::Upstream
}

/// The failure with what to do about it.
fn explained(mut failure: Failure, asked: &Asked<'_>, candidates: &[Candidate<'_>]) -> Failure {
    let name = format!("{}/{}", asked.registry, asked.path);
    let repositories: Vec<String> =
        candidates.iter().map(|found| format!("{}/{}", found.rule.host, found.repository)).collect();
    let repositories = repositories.join(", ");
    let pulls_through = candidates.iter().any(|candidate| candidate.rule.kind == Kind::PullThrough);
    match (failure.kind, asked.part) {
        (FailureKind::NotFound, Part::Manifest(ManifestReference::Digest(digest))) => {
            let remedy = if pulls_through {
                "a pull through cache rule imports tags only: pull its tag once, or copy the digest into a repository \
                 that a [[mirror]] rule names"
            } else {
                "copy the digest there, or add a [[pull_through]] rule"
            };
            failure.message = format!("{name}@{digest} is not in {repositories}; {remedy}");
        }
        (FailureKind::NotFound, Part::Manifest(ManifestReference::Tag(tag))) => {
            let remedy = if pulls_through {
                "check that the tag exists upstream, that the pull through cache rule is there and its credential good, \
                 and that the role may ecr:CreateRepository and ecr:BatchImportUpstreamImage"
            } else {
                "copy the tag there, or add a [[pull_through]] rule"
            };
            failure.message = format!("{name}:{tag} is not in {repositories}; {remedy}");
        }
        (FailureKind::NotFound, _) => failure.message = format!("not in {repositories}"),
        (FailureKind::Denied, _) => {
            failure.message = format!(
                "{}; the role needs ecr:GetAuthorizationToken, and ecr:BatchGetImage and \
                 ecr:GetDownloadUrlForLayer on {repositories}",
                failure.message
            );
        }
        _ => {}
    }
    failure
}
