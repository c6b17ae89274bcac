//! When the process ends: on request, by signal, or when its host is gone.

use std::io;
use std::os::unix::process::parent_id;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, interval};
use tokio_util::sync::CancellationToken;

use super::connection::Connections;

/// How often the host is looked for.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);
/// A host whose connection broke reconnects within a second or two; later it is taken for dead.
const ABANDONED_AFTER: Duration = Duration::from_secs(10);

/// Why the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The host asked for it.
    Shutdown,
    /// SIGTERM, or SIGINT while debugging.
    Signal,
    /// The host is gone.
    Orphaned,
}

impl End {
    /// How long running calls may go on.
    pub(super) fn grace(self) -> Duration {
        match self {
            // The host kills after two seconds; by then the socket has to be removed.
            Self::Shutdown => Duration::from_secs(1),
            Self::Signal | Self::Orphaned => Duration::from_secs(5),
        }
    }
}

/// Signal handlers, in force from the moment of [`Signals::install`].
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Must run before the handshake line: afterwards a Ctrl-C may arrive at any time.
    pub(super) fn install() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }
}

/// Who is watched.
#[derive(Debug)]
pub(super) enum Watch {
    /// The host that started this process, by its process id.
    Host { pid: u32 },
    /// Hosts come and go as they like, and Ctrl-C is meant for us.
    Debugging,
}

/// Waits for the reason to end.
pub(super) async fn wait(
    watch: Watch,
    signals: Signals,
    shutdown: &CancellationToken,
    connections: &Connections,
) -> End {
    let Signals { mut interrupt, mut terminate } = signals;
    let debugging = matches!(watch, Watch::Debugging);
    let orphaned = orphaned(watch, connections);
    tokio::pin!(orphaned);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return End::Shutdown,
            _ = terminate.recv() => return End::Signal,
            // Ctrl-C reaches the whole process group; the host reacts to it and tells us by StopProvider.
            _ = interrupt.recv() => if debugging { return End::Signal },
            () = &mut orphaned => return End::Orphaned,
        }
    }
}

/// Returns when no host can come any more.
async fn orphaned(watch: Watch, connections: &Connections) {
    let Watch::Host { pid } = watch else { return std::future::pending().await };
    let mut abandoned_since = None;
    let mut ticks = interval(WATCH_INTERVAL);
    loop {
        ticks.tick().await;
        if connections.open() > 0 {
            abandoned_since = None;
            continue;
        }
        // A process whose parent dies gets another one.
        if parent_id() != pid {
            return;
        }
        if connections.any_yet() {
            let since = *abandoned_since.get_or_insert_with(Instant::now);
            if since.elapsed() >= ABANDONED_AFTER {
                return;
            }
        }
    }
}
