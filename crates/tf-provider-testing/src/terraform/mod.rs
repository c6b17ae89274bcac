//! The real `terraform`, or OpenTofu, with providers from binaries.

mod debugged;
mod diagnostic;
mod environment;
mod example;
mod installation;
mod plan;
mod process;
mod run;
mod state;
mod workspace;

use std::time::{Duration, Instant};

pub use self::debugged::DebuggedProvider;
pub use self::diagnostic::{Diagnostic, Severity};
pub use self::environment::isolate;
pub use self::example::example;
pub use self::installation::{Builder, Terraform};
pub use self::plan::Plan;
pub use self::process::Running;
pub use self::run::Run;
pub use self::state::State;
pub use self::workspace::Workspace;

/// Polls until `condition` holds.
///
/// # Panics
/// When it does not hold within `limit`; the message names `what` was awaited.
#[track_caller]
pub fn wait_until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !condition() {
        assert!(Instant::now() < deadline, "waited {limit:?} in vain for {what}");
        pause();
    }
}

/// Time between two looks at something that is polled.
fn pause() {
    std::thread::park_timeout(Duration::from_millis(20));
}
