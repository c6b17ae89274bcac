//! A blob as it comes from a registry: verified piece by piece where that is wanted, and taken up again where a connection
//! breaks.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, RANGE};
use http::{HeaderMap, HeaderValue, StatusCode};
use oci_copy::{Answer, Digest, Hasher, Pieces, ReadRequest, Resource};
use tracing::debug;

use crate::attempts::{Patience, attempt};
use crate::failure::{Failure, FailureKind};
use crate::registries::Place;

/// Longest wait for the head of one answer.
const HEAD_LIMIT: Duration = Duration::from_secs(60);
/// How long a broken transfer is tried to be taken up again.
const RESUME_LIMIT: Duration = Duration::from_secs(30);
/// Broken connections in a row, with less than [`PROGRESS`] between them, that a transfer survives.
const BREAKS: u32 = 3;
/// Bytes after which a broken connection counts as the first one.
const PROGRESS: u64 = 1024 * 1024;

/// A piece of a blob, and what is needed to go on after it.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) bytes: Bytes,
    pub(super) after: Mark,
}

/// A place within a blob: how many bytes lie before it, and their digest so far if the blob is verified.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) offset: u64,
    hasher: Option<Hasher>,
}

/// How blobs are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) pieces: Pieces,
    /// Blobs of more bytes are not verified; none means that all are. Nor can one whose length the registry does not say
    /// go without.
    pub(super) unverified_above: Option<u64>,
}

impl Reading {
    fn verifies(&self, total: Option<u64>) -> bool {
        total.zip(self.unverified_above).is_none_or(|(total, above)| total <= above)
    }
}

/// Reads one blob.
#[derive(Debug)]
pub(super) struct Source {
    place: Place,
    digest: Arc<Digest>,
    /// Bytes of the whole blob, where the registry says so.
    total: Option<u64>,
    at: Mark,
    reading: Reading,
    answer: Option<Answer>,
    /// Bytes that a registry without ranges sends again.
    skip: u64,
    /// The piece that may be the last of a blob that is verified. It goes out only when that was done: a client that has
    /// the last byte believes that it has the blob.
    held: Option<Piece>,
    breaks: u32,
    resumed_at: u64,
    ended: bool,
}

impl Mark {
    pub(super) fn start(digest: &Digest) -> Self {
        Self { offset: 0, hasher: Some(Hasher::new(digest.algorithm())) }
    }
}

impl Source {
    /// Opens a blob at its start.
    pub(super) async fn open(
        place: Place,
        digest: Digest,
        reading: Reading,
        patience: Patience,
    ) -> Result<Self, Failure> {
        let at = Mark::start(&digest);
        let mut source = Self::resumed(place, Arc::new(digest), None, at, reading);
        source.ask(patience).await?;
        Ok(source)
    }

    /// Goes on after a mark that another source gave; nothing is asked before the first piece.
    pub(super) fn resumed(
        place: Place,
        digest: Arc<Digest>,
        total: Option<u64>,
        at: Mark,
        reading: Reading,
    ) -> Self {
        Self {
            place,
            digest,
            total,
            resumed_at: at.offset,
            at,
            reading,
            answer: None,
            skip: 0,
            held: None,
            breaks: 0,
            ended: false,
        }
    }

    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    /// Whether all was handed out, and is verified if it is to be.
    pub(super) fn is_finished(&self) -> bool {
        self.ended && self.held.is_none()
    }

    /// The next piece; none when all was handed out, and is verified if it is to be.
    pub(super) async fn next(&mut self) -> Result<Option<Piece>, Failure> {
        while !self.ended {
            let Some(answer) = &mut self.answer else {
                // What asking takes is far more than what waiting for pieces takes, and most of the time is not needed.
                Box::pin(self.ask(Patience::new(RESUME_LIMIT, true))).await?;
                continue;
            };
            match answer.chunk().await {
                Ok(Some(chunk)) => {
                    let chunk = self.unskipped(chunk);
                    if chunk.is_empty() {
                        continue;
                    }
                    self.at.offset += chunk.len() as u64;
                    if let Some(hasher) = &mut self.at.hasher {
                        hasher.update(&chunk);
                    }
                    if self.total.is_some_and(|total| self.at.offset > total) {
                        return Err(self.damaged("is longer than the registry says"));
                    }
                    let piece = Piece { bytes: chunk, after: self.at.clone() };
                    if self.total.is_some_and(|total| self.at.offset < total) {
                        return Ok(Some(piece));
                    }
                    if self.at.hasher.is_none() {
                        self.ended = true;
                        return Ok(Some(piece));
                    }
                    if let Some(earlier) = self.held.replace(piece) {
                        return Ok(Some(earlier));
                    }
                }
                _ if self.total == Some(self.at.offset) => self.finish()?,
                Ok(None) if self.total.is_none() => self.finish()?,
                Ok(None) => self.broken("it ended early".to_owned())?,
                Err(error) => self.broken(error.to_string())?,
            }
        }
        Ok(self.held.take())
    }

    fn finish(&mut self) -> Result<(), Failure> {
        self.ended = true;
        match &self.at.hasher {
            Some(hasher) if hasher.clone().finish() != *self.digest => {
                Err(self.damaged("arrived with another digest"))
            }
            _ => Ok(()),
        }
    }

    /// Asks for the rest of the blob.
    async fn ask(&mut self, patience: Patience) -> Result<(), Failure> {
        let mut headers = HeaderMap::new();
        let offset = self.at.offset;
        if offset > 0 {
            headers.insert(RANGE, range_from(offset));
        }
        let place = &self.place;
        let digest = &*self.digest;
        let answer = attempt(&place.remote.health, patience, || async {
            let request = ReadRequest {
                head: false,
                repository: &place.repository,
                resource: Resource::Blob(digest),
                headers: headers.clone(),
                follow: true,
                patience: HEAD_LIMIT,
                pieces: self.reading.pieces,
            };
            Ok(place.remote.registry.read(&request).await?)
        });
        let answer = answer.await?;
        let length = length(&answer.headers);
        if answer.status == StatusCode::PARTIAL_CONTENT {
            let start = answer.headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
            let start =
                start.and_then(|value| value.strip_prefix("bytes ")?.split('-').next()?.parse::<u64>().ok());
            if start != Some(offset) {
                return Err(self.damaged("came in another range than was asked for"));
            }
            self.skip = 0;
        } else {
            self.total = self.total.or(length);
            self.skip = offset;
        }
        if offset == 0 && !self.reading.verifies(self.total) {
            self.at.hasher = None;
        }
        self.answer = Some(answer);
        Ok(())
    }

    fn unskipped(&mut self, mut chunk: Bytes) -> Bytes {
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(chunk.len());
        self.skip -= skipped as u64;
        chunk.split_off(skipped)
    }

    /// Notes a broken connection; the next piece comes from another one.
    fn broken(&mut self, why: String) -> Result<(), Failure> {
        if self.at.offset >= self.resumed_at + PROGRESS {
            self.breaks = 0;
        }
        self.breaks += 1;
        self.resumed_at = self.at.offset;
        let subject = self.subject();
        if self.breaks > BREAKS {
            let message =
                format!("{subject} broke off {} times at byte {}: {why}", self.breaks, self.at.offset);
            return Err(Failure::new(FailureKind::Unavailable, message));
        }
        debug!(blob = subject, offset = self.at.offset, why, "taking up a broken transfer");
        self.answer = None;
        Ok(())
    }

    fn damaged(&self, what: &str) -> Failure {
        Failure::new(FailureKind::Damaged, format!("{} {what}", self.subject()))
    }

    fn subject(&self) -> String {
        format!("blob {} of {}/{}", self.digest, self.place.remote.name, self.place.repository)
    }
}

pub(super) fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn range_from(offset: u64) -> HeaderValue {
    // Digits are always a header value.
    HeaderValue::from_str(&format!("bytes={offset}-"))
        .unwrap_or_else(|_| HeaderValue::from_static("bytes=0-"))
}
