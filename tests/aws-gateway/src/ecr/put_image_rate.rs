//! ECR's limit of PutImage: ten in a second for each registry, by the API and by `/v2/` together.
//! Source: Amazon ECR user guide, "Service quotas"; containerd issue 10447 for what a client is answered.

use std::time::Duration;

use crate::gateway::Shared;
use crate::identity::Scope;

const LIMIT: usize = 10;
const WINDOW: Duration = Duration::from_secs(1);

/// Counts a PutImage. False above the limit; such a call does not count.
pub(crate) fn take(shared: &Shared, scope: &Scope) -> bool {
    let now = shared.clock.now();
    shared.ecr.with(scope, |state| {
        while state.image_puts.front().is_some_and(|put| now.saturating_sub(*put) >= WINDOW) {
            state.image_puts.pop_front();
        }
        let allowed = state.image_puts.len() < LIMIT;
        if allowed {
            state.image_puts.push_back(now);
        }
        allowed
    })
}
