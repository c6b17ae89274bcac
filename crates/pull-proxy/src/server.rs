//! The listener: connections within bounds, and an orderly end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use crate::endpoint::App;
use crate::systemd;

/// Bytes of one request's head, and of an answer on its way out: the least that hyper takes, since with a thousand
/// downloads it counts.
const BUFFER: usize = 8 * 1024;
/// Wait after a failure to accept, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A daemon that has its addresses.
#[derive(Debug)]
pub struct Server {
    app: Arc<App>,
    listeners: Vec<TcpListener>,
}

/// Why the daemon cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// An address is taken or not ours.
    #[error("listening on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// A socket of systemd cannot be used.
    #[error("taking a socket from systemd: {0}")]
    Handed(#[source] io::Error),
    /// There is nowhere to listen.
    #[error("no address to listen on: add listen = [\"127.0.0.1:5000\"], or start with a systemd socket")]
    Nowhere,
}

impl Server {
    /// Takes the sockets that systemd hands over, and binds the addresses of the configuration.
    ///
    /// # Errors
    /// [`BindError`]
    pub async fn bind(app: App) -> Result<Self, BindError> {
        let mut listeners = Vec::new();
        for handed in systemd::listeners().map_err(BindError::Handed)? {
            handed.set_nonblocking(true).map_err(BindError::Handed)?;
            listeners.push(TcpListener::from_std(handed).map_err(BindError::Handed)?);
        }
        for address in &app.config.listen {
            let listener = TcpListener::bind(address).await;
            listeners.push(listener.map_err(|source| BindError::Listen { address: *address, source })?);
        }
        if listeners.is_empty() {
            Err(BindError::Nowhere)
        } else {
            Ok(Self { app: Arc::new(app), listeners })
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// Serves until `stop`, then lets answers that have begun go on for the drain time.
    pub async fn run(self, stop: CancellationToken) {
        let connections = TaskTracker::new();
        let slots = Arc::new(Semaphore::new(self.app.config.limits.connections));
        let ended = CancellationToken::new();
        let mut accepting = tokio::task::JoinSet::new();
        for listener in self.listeners {
            let (app, slots) = (Arc::clone(&self.app), Arc::clone(&slots));
            let (connections, stop, ended) = (connections.clone(), stop.clone(), ended.clone());
            accepting.spawn(async move {
                tokio::select! {
                    () = accept(listener, app, slots, connections, stop.clone(), ended) => {}
                    () = stop.cancelled() => {}
                }
            });
        }
        accepting.join_all().await;
        connections.close();
        info!(connections = connections.len(), "stopping: answers that have begun go on");
        if tokio::time::timeout(self.app.config.drain, connections.wait()).await.is_err() {
            warn!(connections = connections.len(), "drain time is over: cutting answers off");
            ended.cancel();
            connections.wait().await;
        }
    }
}

async fn accept(
    listener: TcpListener,
    app: Arc<App>,
    slots: Arc<Semaphore>,
    connections: TaskTracker,
    stop: CancellationToken,
    ended: CancellationToken,
) {
    loop {
        // Who finds no slot waits in the kernel's queue.
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                warn!(%error, "accepting a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (app, stop, ended) = (Arc::clone(&app), stop.clone(), ended.clone());
        connections.spawn(async move {
            app.metrics.connections.inc();
            tokio::select! {
                () = connection(stream, Arc::clone(&app), stop) => {}
                () = ended.cancelled() => {}
            }
            app.metrics.connections.dec();
            drop(slot);
        });
    }
}

async fn connection(stream: TcpStream, app: Arc<App>, stop: CancellationToken) {
    // Small answers follow each other; waiting to fill packets only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "connection");
    }
    let header_timeout = app.config.limits.header;
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let app = Arc::clone(&app);
        // Finding the answer takes far more memory than sending it, which is what a connection does most of the time.
        async move { Ok::<_, Infallible>(Box::pin(app.serve(request.map(drop))).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        debug!(%error, "connection ended");
    }
}
