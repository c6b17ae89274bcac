//! Copying one blob: asked for by HEAD, mounted if possible, else streamed.

use std::sync::atomic::Ordering;

use tracing::debug;

use super::mounts::Underway;
use super::{Copy, Event};
use crate::client::{Session, Upload};
use crate::descriptor::Descriptor;
use crate::error::Error;
use crate::stream::{Failure, verified};

/// How a blob came to be at the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Skipped,
    Mounted,
    Copied(u64),
}

impl Copy<'_> {
    pub(super) async fn blob(
        &self,
        blob: &Descriptor,
        underway: Option<&Underway>,
    ) -> Result<Outcome, Error> {
        if self.destination.has_blob(self.destination_repository, blob).await? {
            self.progress.event(&Event::BlobSkipped { blob });
            return Ok(Outcome::Skipped);
        }
        let mut from = match underway {
            Some(underway) => underway.repositories(&blob.digest, self.destination_repository).await,
            None => Vec::new(),
        };
        if self.source.is_same(self.destination) && self.source_repository != self.destination_repository {
            from.push(self.source_repository.to_owned());
        }
        // Shared by all copies into this registry. Closed only with the registry itself.
        let Ok(_permit) = self.destination.transfers().acquire().await else { return Err(Error::Cancelled) };
        self.progress.event(&Event::BlobStarted { blob });
        let subject = self.destination.subject("blob", self.destination_repository, &blob.digest.to_string());
        let outcome = self.destination.retry().run(&subject, || self.transfer(blob, &from)).await?;
        debug!(digest = %blob.digest, bytes = blob.size, ?outcome, "blob is at the destination");
        self.progress.event(&match outcome {
            Outcome::Copied(_) => Event::BlobCopied { blob },
            Outcome::Mounted | Outcome::Skipped => Event::BlobSkipped { blob },
        });
        Ok(outcome)
    }

    /// One try, from a new upload session to its end.
    async fn transfer(&self, blob: &Descriptor, from: &[String]) -> Result<Outcome, Error> {
        let subject = self.source.subject("blob", self.source_repository, &blob.digest.to_string());
        // Authorization can run out between POST and PUT: then once more with a new one.
        for _ in 0..2 {
            let location = match self.session(blob, from).await? {
                Session::Mounted => return Ok(Outcome::Mounted),
                Session::Open(location) => location,
            };
            let response = self.source.open_blob(self.source_repository, &blob.digest).await?;
            self.precheck(blob, &subject, response.content_length())?;
            let failure = Failure::default();
            let bytes = self.bytes.clone();
            let body = verified(response, blob, subject.clone(), failure.clone(), move |length| {
                bytes.fetch_add(length, Ordering::Relaxed);
            });
            let sent = self
                .destination
                .send_blob(self.destination_repository, blob, &location, body, &failure)
                .await?;
            if sent == Upload::Done {
                return Ok(Outcome::Copied(blob.size));
            }
        }
        Err(Error::Unauthorized {
            host: self.destination.host().to_owned(),
            repository: self.destination_repository.to_owned(),
            detail: "its authorization runs out before a blob can be sent".to_owned(),
        })
    }

    /// Mounts the blob, or opens an upload: a registry that does not mount answers with one.
    async fn session(&self, blob: &Descriptor, from: &[String]) -> Result<Session, Error> {
        let repository = self.destination_repository;
        for from in from {
            match self.destination.open_upload(repository, &blob.digest, Some(from)).await {
                // Lacking rights on the other repository only costs the short cut.
                Err(Error::Denied { .. } | Error::Unauthorized { .. } | Error::NotFound { .. }) => {}
                other => return other,
            }
        }
        self.destination.open_upload(repository, &blob.digest, None).await
    }

    /// What can be known to be wrong before the first byte is sent.
    fn precheck(&self, blob: &Descriptor, subject: &str, announced: Option<u64>) -> Result<(), Error> {
        if let Some(actual) = announced.filter(|announced| *announced != blob.size) {
            return Err(Error::SizeMismatch { subject: subject.to_owned(), expected: blob.size, actual });
        }
        // An upload of no bytes is complete at once, so the stream could not hold it back.
        let empty = blob.digest.same_algorithm(b"");
        if blob.size == 0 && blob.digest != empty {
            return Err(Error::DigestMismatch {
                subject: subject.to_owned(),
                expected: blob.digest.clone(),
                actual: empty.to_string(),
            });
        }
        Ok(())
    }
}
