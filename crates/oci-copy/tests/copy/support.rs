//! Builders that the themes share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use oci_copy::{
    BasicCredentials, CancellationToken, CopyOptions, CopyReport, Credentials, CredentialsError,
    CredentialsProvider, Digest, Error, ManifestReference, Registry, RegistryBuilder, RetryPolicy, Tag,
    copy_image,
};
use upstream_registry::{Behaviour, Registry as Double};

pub(crate) const ALPINE: &str = "library/alpine";
pub(crate) const MIRROR: &str = "mirror/alpine";
pub(crate) const PLATFORMS: [&str; 2] = ["linux/amd64", "linux/arm64"];

/// A plain upstream without authentication.
pub(crate) async fn upstream() -> Double {
    Double::builder().start().await.unwrap()
}

/// A registry with ECR's habits, `AWS` and a token, and the repository of [`MIRROR`].
pub(crate) async fn ecr() -> Double {
    let double = Double::builder()
        .behaviour(Behaviour::Ecr)
        .basic_auth("AWS", "ecr-token")
        .manifest_puts_per_second(10)
        .stored_blobs()
        .start()
        .await
        .unwrap();
    double.create_repository(MIRROR);
    double
}

/// A client whose retries take milliseconds.
pub(crate) fn client(double: &Double) -> RegistryBuilder {
    Registry::builder(double.url()).retry(RetryPolicy::default().with_first_delay(Duration::from_millis(5)))
}

pub(crate) fn anonymous(double: &Double) -> Registry {
    client(double).build().unwrap()
}

pub(crate) fn ecr_client(double: &Double) -> Registry {
    client(double).credentials(Credentials::basic("AWS", "ecr-token")).build().unwrap()
}

pub(crate) fn digest(text: &str) -> Digest {
    Digest::parse(text).unwrap()
}

pub(crate) fn tag(text: &str) -> ManifestReference {
    Tag::parse(text).unwrap().into()
}

/// Copies `library/alpine` by digest to `mirror/alpine`, and tags it `3.20`.
pub(crate) async fn copy(from: &Registry, by: &str, to: &Registry) -> Result<CopyReport, Error> {
    copy_with(from, by, to, &CopyOptions::new()).await
}

pub(crate) async fn copy_with(
    from: &Registry,
    by: &str,
    to: &Registry,
    options: &CopyOptions,
) -> Result<CopyReport, Error> {
    let tags = [Tag::parse("3.20").unwrap()];
    let cancel = CancellationToken::new();
    copy_image(from, ALPINE, &digest(by), to, MIRROR, &tags, options, &(), &cancel).await
}

/// Uploads that ended, whether well or not.
pub(crate) fn uploads(double: &Double) -> usize {
    double.count("PUT", "/blobs/uploads/")
}

/// The login of [`ecr`], which is another one once it was refused: `next-token`.
#[derive(Debug)]
pub(crate) struct Renewing {
    /// How often it was refused.
    pub(crate) asked: Arc<AtomicUsize>,
}

impl CredentialsProvider for Renewing {
    fn credentials(
        &self,
        rejected: Option<BasicCredentials>,
    ) -> BoxFuture<'_, Result<BasicCredentials, CredentialsError>> {
        if rejected.is_some() {
            self.asked.fetch_add(1, Ordering::Relaxed);
        }
        let token = if self.asked.load(Ordering::Relaxed) == 0 { "ecr-token" } else { "next-token" };
        Box::pin(async move { Ok(BasicCredentials { username: "AWS".to_owned(), password: token.into() }) })
    }
}
