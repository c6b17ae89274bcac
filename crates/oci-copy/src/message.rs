//! Bodies of requests, and answers whose bodies are yet to be read.

use std::io;

use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use http::response::Parts;
use http::{HeaderMap, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Body as _, Frame, Incoming};
use url::Url;

/// The body of a request.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// A body in memory; an empty one is none.
pub(crate) fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// A body that comes piece by piece.
pub(crate) fn streamed(pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Body {
    StreamBody::new(pieces.map_ok(Frame::data)).boxed_unsync()
}

/// An answer: its head, and the rest as it comes.
#[derive(Debug)]
pub(crate) struct Response {
    url: Url,
    head: Parts,
    body: Incoming,
}

impl Response {
    pub(crate) fn new(url: Url, answer: http::Response<Incoming>) -> Self {
        let (head, body) = answer.into_parts();
        Self { url, head, body }
    }

    /// What was asked.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.head.status
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// Bytes that are yet to come, where the answer says so.
    pub(crate) fn content_length(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }

    /// The next piece of the body; none at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, hyper::Error> {
        while let Some(frame) = self.body.frame().await.transpose()? {
            // Trailers say nothing that matters here.
            if let Ok(piece) = frame.into_data() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }
}
