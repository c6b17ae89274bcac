//! Copies OCI images from one distribution registry to another, byte for byte.
//!
//! Manifests are kept as the bytes that arrived, so digests survive; blobs are streamed and never
//! held whole; every manifest and blob is verified by length and digest before the destination is
//! allowed to complete it; children come before their index and tags come last.
//!
//! The crate knows the OCI distribution and image specifications and nothing of any cloud.
//!
//! ```no_run
//! # async fn example() -> Result<(), oci_copy::Error> {
//! use oci_copy::{CancellationToken, CopyOptions, Credentials, Reference, Registry, Tag, copy_image};
//!
//! let reference = Reference::parse("alpine:3.20")?;
//! let upstream = Registry::builder(reference.domain()).build()?;
//! let found = upstream.head_manifest(reference.path(), &reference.manifest_reference()).await?;
//! let planned = found.expect("the tag exists").digest;
//!
//! let ours = Registry::builder("registry.example.com").credentials(Credentials::basic("me", "secret")).build()?;
//! let tags = [Tag::parse("3.20")?];
//! let options = CopyOptions::new();
//! copy_image(&upstream, reference.path(), &planned, &ours, "mirror/alpine", &tags, &options, &(), &CancellationToken::new())
//!     .await?;
//! # Ok(())
//! # }
//! ```

mod auth;
mod challenge;
mod client;
mod connect;
mod credentials;
mod descriptor;
mod digest;
mod error;
mod limit;
mod manifest;
pub mod media_type;
mod message;
mod policy;
mod pulls;
mod reference;
mod referrers_tag;
mod retry;
mod stream;
mod transfer;
mod wire;

pub use client::{Answer, HeadFallback, ReadRequest, Registry, RegistryBuilder, Resource};
pub use connect::Pieces;
pub use credentials::{BasicCredentials, Credentials, CredentialsError, CredentialsProvider, Secret};
pub use descriptor::{Descriptor, Platform};
pub use digest::{Algorithm, Digest, DigestError, Hasher};
pub use error::{Cause, Error, PullLimit};
pub use manifest::{Content, Manifest, ManifestError};
pub use reference::{ManifestReference, Reference, ReferenceError, Tag, check_repository};
pub use referrers_tag::referrers_subject;
pub use retry::RetryPolicy;
pub use tokio_util::sync::CancellationToken;
pub use transfer::{
    CopyOptions, CopyReport, Event, MountSources, Progress, ReferrersReport, Warning, copy_image,
    copy_referrers,
};
