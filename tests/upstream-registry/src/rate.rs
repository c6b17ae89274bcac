//! Docker Hub's pull limit: the GET of a manifest counts, HEAD is free.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::response::Response;

use crate::answer::{named, too_many};

/// How many manifests one address may GET within a window.
#[derive(Clone, Debug)]
pub struct RateLimit {
    /// Pulls per window and address.
    pub limit: u64,
    /// Length of the window, counted from the address's first pull in it.
    pub window: Duration,
}

impl RateLimit {
    /// Docker Hub's limit for anonymous clients: a number of pulls in six hours.
    #[must_use]
    pub fn docker_hub(limit: u64) -> Self {
        Self { limit, window: Duration::from_secs(21_600) }
    }
}

/// What each address has used.
#[derive(Debug, Default)]
pub(crate) struct Usage(HashMap<IpAddr, (Instant, u64)>);

impl Usage {
    /// Counts a pull. False when the limit is used up; such a request does not count.
    pub(crate) fn pull(&mut self, limit: &RateLimit, client: IpAddr) -> bool {
        let (start, used) = self.0.entry(client).or_insert_with(|| (Instant::now(), 0));
        if start.elapsed() >= limit.window {
            (*start, *used) = (Instant::now(), 0);
        }
        let allowed = *used < limit.limit;
        *used += u64::from(allowed);
        allowed
    }

    pub(crate) fn used(&self, client: IpAddr) -> u64 {
        self.0.get(&client).map_or(0, |(_, used)| *used)
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.values().map(|(_, used)| used).sum()
    }

    /// The headers with which Docker Hub announces limit and remainder.
    pub(crate) fn announce(&self, limit: &RateLimit, client: IpAddr, response: Response) -> Response {
        let window = limit.window.as_secs();
        let remaining = limit.limit.saturating_sub(self.used(client));
        let response = named(response, "ratelimit-limit", format!("{};w={window}", limit.limit));
        let response = named(response, "ratelimit-remaining", format!("{remaining};w={window}"));
        named(response, "docker-ratelimit-source", client.to_string())
    }
}

pub(crate) fn exceeded() -> Response {
    too_many(
        "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
    )
}
