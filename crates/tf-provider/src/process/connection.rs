//! Accepting connections: each in a task of its own, counted while it is open.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

/// A client that has not finished its TLS handshake by then is dropped.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// Pause after a failed accept, so that a lack of file descriptors does not become a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How many connections are open, and whether there has been one.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    open: AtomicUsize,
    ever: AtomicUsize,
}

impl Connections {
    pub(super) fn open(&self) -> usize {
        self.0.open.load(Ordering::Acquire)
    }

    /// Whether a host ever got as far as to speak.
    pub(super) fn any_yet(&self) -> bool {
        self.0.ever.load(Ordering::Acquire) > 0
    }

    fn enter(&self) -> OpenConnection {
        self.0.open.fetch_add(1, Ordering::AcqRel);
        self.0.ever.fetch_add(1, Ordering::AcqRel);
        OpenConnection(Arc::clone(&self.0))
    }
}

/// Counts as open until dropped.
#[derive(Debug)]
struct OpenConnection(Arc<Counts>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Accepts connections until the returned stream is dropped.
///
/// Without `tls`, whoever reaches the socket is served.
pub(super) fn accept(
    listener: UnixListener,
    tls: Option<TlsAcceptor>,
    connections: Connections,
) -> ReceiverStream<io::Result<Connection>> {
    // Ready connections are taken at once; the channel is only the meeting point of many handshakes.
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            let stream = tokio::select! {
                () = sender.closed() => return,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        tracing::warn!(%error, "accepting a connection failed");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                },
            };
            // A silent or hostile client must not keep the next one waiting.
            tokio::spawn(greet(stream, tls.clone(), connections.clone(), sender.clone()));
        }
    });
    ReceiverStream::new(receiver)
}

async fn greet(
    stream: UnixStream,
    tls: Option<TlsAcceptor>,
    connections: Connections,
    sender: mpsc::Sender<io::Result<Connection>>,
) {
    let stream: Box<dyn Stream> = match tls {
        None => Box::new(stream),
        Some(tls) => match timeout(HANDSHAKE_LIMIT, tls.accept(stream)).await {
            Ok(Ok(stream)) => Box::new(stream),
            Ok(Err(error)) => return tracing::warn!(%error, "connection refused: TLS handshake failed"),
            Err(_) => return tracing::warn!("connection refused: no TLS handshake in time"),
        },
    };
    let connection = Connection { stream: Box::into_pin(stream), _open: connections.enter() };
    // Fails only while the process ends, when nobody needs the connection any more.
    let _ = sender.send(Ok(connection)).await;
}

trait Stream: AsyncRead + AsyncWrite + Send {}
impl<S: AsyncRead + AsyncWrite + Send> Stream for S {}

/// An accepted connection, encrypted or not.
pub(super) struct Connection {
    stream: Pin<Box<dyn Stream>>,
    _open: OpenConnection,
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
