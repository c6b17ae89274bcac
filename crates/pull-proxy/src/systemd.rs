//! What passes between systemd and the daemon: its unit, sockets that it is handed, and notices of readiness and stopping.
//!
//! Source: sd_listen_fds(3) and sd_notify(3). Without systemd nothing of this happens.

use std::env;
use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;

use listenfd::ListenFd;

/// The unit that the daemon runs as: `ecr-pull-proxy.service`, for systemd 250 and later.
pub const SERVICE_UNIT: &str = include_str!("../systemd/ecr-pull-proxy.service");

/// The listening sockets that systemd opened for us.
///
/// # Errors
/// One of them is no TCP socket.
pub fn listeners() -> io::Result<Vec<TcpListener>> {
    let mut handed = ListenFd::from_env();
    let mut listeners = Vec::new();
    for position in 0..handed.len() {
        listeners.extend(handed.take_tcp_listener(position)?);
    }
    Ok(listeners)
}

/// Tells systemd how the daemon does, in lines such as `READY=1`; does nothing where nobody asks.
///
/// # Errors
/// The socket that systemd named cannot be written to.
pub fn notify(state: &str) -> io::Result<()> {
    let Some(path) = env::var_os("NOTIFY_SOCKET") else { return Ok(()) };
    let socket = UnixDatagram::unbound()?;
    #[cfg(target_os = "linux")]
    {
        use std::os::linux::net::SocketAddrExt as _;
        use std::os::unix::ffi::OsStrExt as _;
        use std::os::unix::net::SocketAddr;
        // A name that begins with @ is in the abstract namespace.
        if let Some(name) = path.as_bytes().strip_prefix(b"@") {
            socket.send_to_addr(state.as_bytes(), &SocketAddr::from_abstract_name(name)?)?;
            return Ok(());
        }
    }
    socket.send_to(state.as_bytes(), path)?;
    Ok(())
}
