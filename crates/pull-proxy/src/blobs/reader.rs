//! A client's view of a blob: pieces from a shared transfer, and from one of its own when it was left behind.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use oci_copy::Digest;

use super::flight::{Next, Seat};
use super::source::{Mark, Source};
use crate::failure::Failure;
use crate::registries::Place;

/// Reads a blob from its start to its end.
#[derive(Debug)]
pub struct BlobReader(Reading);

#[derive(Debug)]
enum Reading {
    Cached(VecDeque<Bytes>),
    Shared(Box<Shared>),
    Own(Box<Source>),
}

#[derive(Debug)]
struct Shared {
    seat: Seat,
    place: Place,
    digest: Arc<Digest>,
    total: Option<u64>,
    at: Mark,
}

impl BlobReader {
    pub(super) fn cached(pieces: Arc<Vec<Bytes>>) -> Self {
        Self(Reading::Cached(pieces.iter().cloned().collect()))
    }

    pub(super) fn new(seat: Seat, place: Place, digest: Digest, total: Option<u64>) -> Self {
        let at = Mark::start(&digest);
        Self(Reading::Shared(Box::new(Shared { seat, place, digest: Arc::new(digest), total, at })))
    }

    /// Reads everything, and gives a reader of it.
    pub(super) async fn read_whole(&mut self) -> Result<Self, Failure> {
        let mut pieces = VecDeque::new();
        while let Some(piece) = self.next().await? {
            pieces.push_back(piece);
        }
        Ok(Self(Reading::Cached(pieces)))
    }

    /// The next piece; none at the verified end.
    ///
    /// # Errors
    /// The blob cannot be had, or is not what its digest says. What was handed out before is then no blob: the
    /// connection to the client must not end as if it were.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            match &mut self.0 {
                Reading::Cached(pieces) => return Ok(pieces.pop_front()),
                Reading::Own(source) => return Ok(source.next().await?.map(|piece| piece.bytes)),
                Reading::Shared(shared) => match shared.seat.flight.next(shared.seat.id).await {
                    Next::Piece(piece) => {
                        shared.at = piece.after;
                        return Ok(Some(piece.bytes));
                    }
                    Next::End => return Ok(None),
                    Next::Failed(failure) => return Err(failure),
                    Next::LeftBehind | Next::Wait => {
                        let source = Source::resumed(
                            shared.place.clone(),
                            Arc::clone(&shared.digest),
                            shared.total,
                            shared.at.clone(),
                        );
                        self.0 = Reading::Own(Box::new(source));
                    }
                },
            }
        }
    }
}
