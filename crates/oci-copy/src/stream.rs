//! A blob on its way from one registry to the other: verified while it passes, never held whole.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::stream::{self, Stream};

use crate::descriptor::Descriptor;
use crate::digest::Hasher;
use crate::error::Error;
use crate::message::Response;
use crate::wire;

/// Where the stream leaves the reason of its failure; the HTTP client only reports that it failed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failure(Arc<Mutex<Option<Error>>>);

impl Failure {
    pub(crate) fn take(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, error: Error) -> io::Error {
        let text = error.to_string();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        io::Error::other(text)
    }
}

struct State<F> {
    response: Response,
    descriptor: Descriptor,
    subject: String,
    hasher: Option<Hasher>,
    seen: u64,
    /// The piece that goes out next. The last one goes out only when the whole blob is verified:
    /// an upload is complete with its last byte, and a wrong blob must never be.
    held: Option<Bytes>,
    failure: Failure,
    sent: F,
}

/// The body of `response` as upload body of the blob `descriptor`.
///
/// `sent` is told the length of each piece handed on.
pub(crate) fn verified<F>(
    response: Response,
    descriptor: &Descriptor,
    subject: String,
    failure: Failure,
    sent: F,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static
where
    F: FnMut(u64) + Send + 'static,
{
    let state = State {
        response,
        subject,
        hasher: Some(Hasher::new(descriptor.digest.algorithm())),
        descriptor: descriptor.clone(),
        seen: 0,
        held: None,
        failure,
        sent,
    };
    stream::try_unfold(state, |mut state| async move {
        match state.next().await {
            Ok(Some(piece)) => {
                (state.sent)(piece.len() as u64);
                Ok(Some((piece, state)))
            }
            Ok(None) => Ok(None),
            Err(error) => Err(state.failure.set(error)),
        }
    })
}

impl<F> State<F> {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        while self.hasher.is_some() {
            let Some(chunk) = wire::next_chunk(&mut self.response).await? else {
                self.verify()?;
                return Ok(self.held.take());
            };
            if chunk.is_empty() {
                continue;
            }
            self.seen += chunk.len() as u64;
            if self.seen > self.descriptor.size {
                return Err(self.wrong_size());
            }
            if let Some(hasher) = &mut self.hasher {
                hasher.update(&chunk);
            }
            if let Some(piece) = self.held.replace(chunk) {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    fn verify(&mut self) -> Result<(), Error> {
        if self.seen != self.descriptor.size {
            return Err(self.wrong_size());
        }
        let expected = &self.descriptor.digest;
        match self.hasher.take().map(Hasher::finish) {
            Some(actual) if actual != *expected => Err(Error::DigestMismatch {
                subject: self.subject.clone(),
                expected: expected.clone(),
                actual: actual.to_string(),
            }),
            _ => Ok(()),
        }
    }

    fn wrong_size(&self) -> Error {
        Error::SizeMismatch {
            subject: self.subject.clone(),
            expected: self.descriptor.size,
            actual: self.seen,
        }
    }
}
