//! A client's view of a blob: pieces from a shared transfer, and from one of its own when it was left behind.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use oci_copy::{Digest, Pieces};

use super::flight::{Next, Seat};
use super::source::{Mark, Reading, Source};
use crate::failure::Failure;
use crate::registries::Place;

/// Reads a blob from its start to its end.
#[derive(Debug)]
pub struct BlobReader(Supply);

#[derive(Debug)]
enum Supply {
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
    unverified_above: Option<u64>,
}

impl BlobReader {
    pub(super) fn cached(pieces: Arc<Vec<Bytes>>) -> Self {
        Self(Supply::Cached(pieces.iter().cloned().collect()))
    }

    pub(super) fn new(
        seat: Seat,
        place: Place,
        digest: Digest,
        total: Option<u64>,
        unverified_above: Option<u64>,
    ) -> Self {
        let (at, digest) = (Mark::start(&digest), Arc::new(digest));
        Self(Supply::Shared(Box::new(Shared { seat, place, digest, total, at, unverified_above })))
    }

    /// Reads everything, and gives a reader of it.
    pub(super) async fn read_whole(&mut self) -> Result<Self, Failure> {
        let mut pieces = VecDeque::new();
        while let Some(piece) = self.next().await? {
            pieces.push_back(piece);
        }
        Ok(Self(Supply::Cached(pieces)))
    }

    /// The next piece; none at the end, which is verified unless the blob is one that is not.
    ///
    /// # Errors
    /// The blob cannot be had, or is not what its digest says. What was handed out before is then no blob: the
    /// connection to the client must not end as if it were.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            match &mut self.0 {
                Supply::Cached(pieces) => return Ok(pieces.pop_front()),
                Supply::Own(source) => return Ok(source.next().await?.map(|piece| piece.bytes)),
                Supply::Shared(shared) => match shared.seat.flight.next(shared.seat.id).await {
                    Next::Piece(piece) => {
                        shared.at = piece.after;
                        return Ok(Some(piece.bytes));
                    }
                    Next::End => return Ok(None),
                    Next::Failed(failure) => return Err(failure),
                    Next::LeftBehind | Next::Wait => {
                        // Who was left behind is slow.
                        let reading =
                            Reading { pieces: Pieces::Small, unverified_above: shared.unverified_above };
                        let source = Source::resumed(
                            shared.place.clone(),
                            Arc::clone(&shared.digest),
                            shared.total,
                            shared.at.clone(),
                            reading,
                        );
                        self.0 = Supply::Own(Box::new(source));
                    }
                },
            }
        }
    }
}
