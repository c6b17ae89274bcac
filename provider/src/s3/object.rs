//! One object of a bucket: find, put, tag, delete.
//! AWS: HeadObject, GetObjectTagging, PutObject, PutObjectTagging, DeleteObject (S3 API reference).

use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_sdk_s3::types::{ChecksumMode, Tag, Tagging};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tf_provider::{Context, Diagnostics};

use super::digest::Digest;
use crate::clients::Clients;
use crate::diagnostics::Failure;
use crate::retry::while_failing;
use crate::tags::Tags;

/// How long another write to the same key may be in the way.
const CONFLICT: Duration = Duration::from_secs(60);
/// What S3 answers to a conditional write meanwhile (S3 user guide, "Conditional writes").
const CONFLICTS: [&str; 1] = ["ConditionalRequestConflict"];
/// What reading needs, since S3 says so little where it is refused.
const READING: &str = "Reading needs s3:GetObject and s3:GetObjectTagging on the object, and s3:ListBucket on the bucket, \
                       without which S3 does not tell that an object is gone.";

/// Where an object is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Location<'a> {
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
}

/// An object as S3 reports it.
#[derive(Clone, Debug)]
pub(super) struct Object {
    /// Of the content, if S3 knows it.
    pub(super) digest: Option<Digest>,
    pub(super) tags: Tags,
}

/// What becomes of an object that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existing {
    /// It stays, and the put fails with `PreconditionFailed`.
    Kept,
    Overwritten,
}

/// Why an object was not put.
#[derive(Clone, Debug)]
pub(super) enum NotPut {
    /// What came back.
    Refused(Failure),
    /// The file went since it was looked at.
    Unreadable(String),
    /// The practitioner interrupts.
    Interrupted,
}

impl std::fmt::Display for Location<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.bucket, self.key)
    }
}

/// The object, if it is there. One in a bucket that is gone is none.
pub(super) async fn find(clients: &Clients, at: Location<'_>) -> Result<Option<Object>, Diagnostics> {
    let failed = |failure: &Failure| failure.report(format!("Reading S3 object ({at})"), "", READING);
    let head =
        clients.s3.head_object().bucket(at.bucket).key(at.key).checksum_mode(ChecksumMode::Enabled).send();
    let head = match head.await {
        Ok(head) => head,
        Err(error) => {
            let failure = Failure::of("S3", &error);
            return if is_absent(&failure) { Ok(None) } else { Err(failed(&failure)) };
        }
    };
    let tagging = match clients.s3.get_object_tagging().bucket(at.bucket).key(at.key).send().await {
        Ok(tagging) => tagging,
        Err(error) => {
            let failure = Failure::of("S3", &error);
            return if is_absent(&failure) { Ok(None) } else { Err(failed(&failure)) };
        }
    };
    let tags = tagging.tag_set().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
    Ok(Some(Object { digest: head.checksum_sha256().and_then(Digest::of_base64), tags }))
}

/// Uploads `file` in one request, streamed from disk; S3 verifies that its content has the `digest`.
pub(super) async fn put(
    ctx: &Context<Clients>,
    at: Location<'_>,
    file: &Path,
    digest: Digest,
    tags: &Tags,
    existing: Existing,
) -> Result<(), NotPut> {
    let body = ByteStream::from_path(file).await.map_err(|error| NotPut::Unreadable(error.to_string()))?;
    let body = body.into_inner();
    let tagging: Vec<String> =
        tags.iter().map(|(key, value)| format!("{}={}", encoded(key), encoded(value))).collect();
    let condition = (existing == Existing::Kept).then(|| "*".to_owned());
    let put = while_failing(ctx, &CONFLICTS, CONFLICT, || {
        let call = ctx
            .client()
            .s3
            .put_object()
            .bucket(at.bucket)
            .key(at.key)
            .checksum_sha256(digest.base64())
            .set_if_none_match(condition.clone())
            .set_tagging(Some(tagging.join("&")).filter(|tagging| !tagging.is_empty()));
        // Of a file, it reads that again; S3 would not take an empty body for the digest.
        let call = call.body(ByteStream::new(body.try_clone().unwrap_or_else(SdkBody::empty)));
        let config = aws_sdk_s3::config::Config::builder().timeout_config(patient(ctx));
        async move {
            let sent = call.customize().config_override(config).send().await;
            sent.map(drop).map_err(|error| Failure::of("S3", &error))
        }
    });
    tokio::select! {
        put = put => put.map_err(NotPut::Refused),
        // S3 keeps nothing of an upload that ends half-way.
        () = ctx.stop().cancelled() => Err(NotPut::Interrupted),
    }
}

/// The client's limits are those of calls that are over at once. An upload takes as long as it takes, within the
/// operation's own limit; one that stands still is ended by the SDK.
fn patient(ctx: &Context<Clients>) -> TimeoutConfig {
    let left = ctx.deadline().saturating_duration_since(tokio::time::Instant::now());
    TimeoutConfig::builder()
        .read_timeout(left)
        .operation_attempt_timeout(left)
        .operation_timeout(left)
        .build()
}

/// Makes `tags` all tags of the object.
pub(super) async fn set_tags(clients: &Clients, at: Location<'_>, tags: &Tags) -> Result<(), Diagnostics> {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    let tagging = tags
        .iter()
        .map(tag)
        .collect::<Result<Vec<_>, _>>()
        .and_then(|tags| Tagging::builder().set_tag_set(Some(tags)).build())
        .map_err(|error| {
            tf_provider::Diagnostic::provider_bug(format!("A tag cannot be sent to S3: {error}."))
        })?;
    let sent = clients.s3.put_object_tagging().bucket(at.bucket).key(at.key).tagging(tagging).send().await;
    sent.map(drop).map_err(|error| {
        let remedy = "Tagging needs s3:PutObjectTagging on the object.";
        Failure::of("S3", &error).report(format!("Tagging S3 object ({at})"), "The object is there.", remedy)
    })
}

/// Removes the object. One that is gone counts as removed, and S3 says nothing else of it.
pub(super) async fn delete(clients: &Clients, at: Location<'_>) -> Result<(), Diagnostics> {
    let Err(error) = clients.s3.delete_object().bucket(at.bucket).key(at.key).send().await else {
        return Ok(());
    };
    let failure = Failure::of("S3", &error);
    if is_absent(&failure) {
        return Ok(());
    }
    let (exists_now, remedy) =
        ("It is still there. Destroy again.", "Deleting needs s3:DeleteObject on the object.");
    Err(failure.report(format!("Deleting S3 object ({at})"), exists_now, remedy))
}

/// HEAD answers with the status alone, from which the SDK makes `NotFound`.
fn is_absent(failure: &Failure) -> bool {
    failure.is(&["NotFound", "NoSuchKey", "NoSuchBucket"])
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
