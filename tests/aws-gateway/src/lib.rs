//! One address in front of two AWS emulators, for tests and the demo.
//!
//! The provider, the AWS CLI and the tests talk to a [`Gateway`]. It reads service, region and account from
//! the credential scope of the request's signature and routes to the emulator that is closer to AWS for that
//! service: ECR (with its registry) and S3 to ministack, everything else to moto. What neither has, it
//! answers itself: pull through cache rules, repository creation templates, the pull-through itself, and the
//! strictness of ECR's `/v2/`. It records every call, and injects faults on demand.
//!
//! Simplifications, all deliberate:
//! - A signature is **not verified**; only its credential scope is read. A request without one is refused with
//!   403 in the service's own form.
//! - An access key of 12 digits is the account. A key issued by AssumeRole belongs to the role's account. Every
//!   other key belongs to [`DEFAULT_ACCOUNT`].
//! - IAM policies are not evaluated.
//! - `/v2/` never converts a manifest by `Accept`; the stored bytes are answered.
//! - A repository whose name has a part `blobs`, `manifests` or `tags` is out of reach below `/v2/` (ministack).
//! - A pull-through import is finished before the first answer. Where ECR sends the client of a first pull to
//!   upstream for its blobs, the gateway does so on demand ([`GatewayBuilder::first_pull_redirects`]).
//!
//! Reading order: [`Emulators`] (the children), [`Gateway`] (the listener), `dispatch` (one request's way), `ecr`
//! (API actions), `registry` (`/v2/`),
//! `moto` (corrections of the other services).

mod calls;
mod clock;
mod control;
mod dispatch;
mod ecr;
mod emulators;
mod fault;
mod forward;
mod gateway;
mod identity;
mod moto;
mod registry;
mod reply;
mod store;

pub use calls::Call;
pub use clock::Clock;
pub use emulators::{Emulators, EmulatorsError};
pub use fault::{Fault, FaultKind};
pub use gateway::{Gateway, GatewayBuilder, GatewayError};

/// Account of an access key that is neither 12 digits nor issued by AssumeRole.
pub const DEFAULT_ACCOUNT: &str = "123456789012";
