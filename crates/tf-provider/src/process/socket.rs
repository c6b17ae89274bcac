//! The Unix socket of the provider: in a directory of its own, and gone when the process ends.

use std::fs::{self, DirBuilder, Permissions};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

use super::handshake::SocketPlace;

/// Names tried before giving up; a collision of even two is already unlikely.
const ATTEMPTS: u32 = 16;
const GROUP_FILE: &str = "/etc/group";

/// A listening socket; dropping it removes the file and its directory.
#[derive(Debug)]
pub(super) struct Socket {
    listener: UnixListener,
    path: SocketPath,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum SocketError {
    #[error(
        "socket path {path} has {length} bytes, more than this system allows; set TMPDIR to a shorter directory",
        path = path.display(),
        length = path.as_os_str().len()
    )]
    PathTooLong { path: PathBuf },
    #[error("creating a directory for the socket in {directory}", directory = directory.display())]
    Directory { directory: PathBuf, source: io::Error },
    #[error("listening on {path}", path = path.display())]
    Listen { path: PathBuf, source: io::Error },
    #[error("no group {0:?} in {GROUP_FILE}; give its number instead")]
    UnknownGroup(String),
    #[error("giving {path} to group {group}", path = path.display())]
    Group { path: PathBuf, group: u32, source: io::Error },
    #[error("setting the permissions of {path}", path = path.display())]
    Permissions { path: PathBuf, source: io::Error },
}

impl Socket {
    /// Opens a socket that only the owner, or also the group asked for, can connect to.
    pub(super) fn open(place: &SocketPlace) -> Result<Self, SocketError> {
        let group = place.group.as_deref().map(group_id).transpose()?;
        let base = place.directory.clone().unwrap_or_else(std::env::temp_dir);
        // The directory is private from its first moment, so the socket never has a moment with wider permissions.
        let path = SocketPath::create(&base)?;
        let listener = UnixListener::bind(&path.socket)
            .map_err(|source| SocketError::Listen { path: path.socket.clone(), source })?;
        match group {
            None => permit(&path.socket, 0o600)?,
            Some(group) => {
                give(&path.socket, group)?;
                permit(&path.socket, 0o660)?;
                give(&path.directory, group)?;
                permit(&path.directory, 0o750)?;
            }
        }
        Ok(Self { listener, path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path.socket
    }

    /// Separates the listener from the guard that removes the file.
    pub(super) fn split(self) -> (UnixListener, SocketPath) {
        (self.listener, self.path)
    }
}

/// The files of a socket, removed on drop.
#[derive(Debug)]
pub(super) struct SocketPath {
    directory: PathBuf,
    socket: PathBuf,
}

impl SocketPath {
    fn create(base: &Path) -> Result<Self, SocketError> {
        let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
        for attempt in 0..ATTEMPTS {
            // Short, since a path has about a hundred bytes in all.
            let number = RandomState::new().hash_one((std::process::id(), attempt)) >> 32;
            let directory = base.join(format!("plugin-{number:08x}"));
            let socket = directory.join("s");
            if SocketAddr::from_pathname(&socket).is_err() {
                return Err(SocketError::PathTooLong { path: socket });
            }
            match DirBuilder::new().mode(0o700).create(&directory) {
                Ok(()) => return Ok(Self { directory, socket }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
                Err(error) => {
                    last = error;
                    break;
                }
            }
        }
        Err(SocketError::Directory { directory: base.to_owned(), source: last })
    }
}

impl Drop for SocketPath {
    fn drop(&mut self) {
        // Hosts remove the directory they gave us, perhaps before this; there is nothing to do about a failure.
        let _ = fs::remove_file(&self.socket);
        let _ = fs::remove_dir(&self.directory);
    }
}

fn give(path: &Path, group: u32) -> Result<(), SocketError> {
    chown(path, None, Some(group)).map_err(|source| SocketError::Group {
        path: path.to_owned(),
        group,
        source,
    })
}

fn permit(path: &Path, mode: u32) -> Result<(), SocketError> {
    fs::set_permissions(path, Permissions::from_mode(mode))
        .map_err(|source| SocketError::Permissions { path: path.to_owned(), source })
}

/// The number of a group given by number or by name.
fn group_id(group: &str) -> Result<u32, SocketError> {
    if let Ok(id) = group.parse() {
        return Ok(id);
    }
    let groups = fs::read_to_string(GROUP_FILE).unwrap_or_default();
    find_group(&groups, group).ok_or_else(|| SocketError::UnknownGroup(group.to_owned()))
}

/// Finds a group in the text of a group file: `name:password:id:members` in each line.
fn find_group(groups: &str, name: &str) -> Option<u32> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_is_found_by_its_whole_name() {
        let groups = "root:x:0:\nadmins:x:4:\nadmin:x:115:a,b\nbroken\n";
        assert_eq!(find_group(groups, "admin"), Some(115));
        assert_eq!(find_group(groups, "adm"), None);
        assert_eq!(find_group(groups, "broken"), None);
    }

    #[tokio::test]
    async fn dropped_socket_leaves_nothing_behind() {
        let base = tempfile::tempdir().unwrap();
        let place = SocketPlace { directory: Some(base.path().to_owned()), group: None };
        let socket = Socket::open(&place).unwrap();
        assert_eq!(fs::metadata(socket.path()).unwrap().permissions().mode() & 0o777, 0o600);
        drop(socket);
        assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn missing_directory_is_named() {
        let place = SocketPlace { directory: Some("/does-not-exist".into()), group: None };
        let error = Socket::open(&place).unwrap_err().to_string();
        assert!(error.contains("/does-not-exist"), "{error}");
    }
}
