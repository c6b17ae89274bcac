//! An OCI distribution registry for tests and demonstrations: in memory, strict, and able to misbehave.
//!
//! It is written from the OCI distribution-spec, the token specification of the distribution project
//! and what is known of Docker Hub and ECR, not from any client of this repository, so that a client's
//! mistake is not repeated here.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use upstream_registry::{RateLimit, Registry, TokenAuth};
//!
//! let registry = Registry::builder()
//!     .token_auth(TokenAuth::anonymous())
//!     .rate_limit(RateLimit::docker_hub(100))
//!     .start()
//!     .await?;
//! let image = registry.add_image("library/alpine", "3.20", &["linux/amd64", "linux/arm64"]);
//! assert_eq!(registry.tag("library/alpine", "3.20"), Some(image.digest));
//! # Ok(())
//! # }
//! ```

mod answer;
mod auth;
mod builder;
mod control;
mod fault;
mod image;
mod manifest;
mod pull;
mod push;
mod rate;
mod referrers;
mod registry;
mod route;
mod server;
mod store;

pub use auth::{TokenAuth, TokenField};
pub use builder::{Behaviour, Builder};
pub use fault::{Effect, Fault, Operation};
pub use image::{Image, ImageDigests};
pub use rate::RateLimit;
pub use registry::{RecordedRequest, Registry};
