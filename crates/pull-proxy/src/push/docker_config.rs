//! The Docker configuration that jobs read: `{"auths": {"<host>": {"auth": "<base64>"}}}`, in memory only.
//!
//! Jobs have its directory mounted: a file that is renamed into it is there for them, a mounted file would stay the old.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_copy::BasicCredentials;
use serde_json::{Map, Value, json};

/// Jobs read the file as any user.
const FILE_MODE: u32 = 0o644;
const DIRECTORY_MODE: u32 = 0o755;

/// Why the file cannot be kept where the configuration has it.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// A token would reach a disk.
    #[error(
        "push.docker_config: {} is not on a tmpfs, and a token must not reach a disk: choose a directory below /run",
        .0.display()
    )]
    NotInMemory(PathBuf),
    /// Jobs of other users would find nothing.
    #[error("push.docker_config: jobs cannot read in {}: chmod 755", .0.display())]
    Closed(PathBuf),
    /// The directory cannot be used at all.
    #[error(
        "push.docker_config: {}: {source}; let systemd make it by RuntimeDirectory=", .directory.display()
    )]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The file, and the directory around it.
#[derive(Debug)]
pub struct DockerConfig {
    path: PathBuf,
    directory: PathBuf,
}

impl DockerConfig {
    /// Checks where the file would be. Nothing is written.
    ///
    /// # Errors
    /// [`PlaceError`] when the directory is not on a tmpfs, or would not be.
    pub fn new(path: &Path) -> Result<Self, PlaceError> {
        let directory = path.parent().unwrap_or(path).to_owned();
        let nearest = directory.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(&directory);
        in_memory(nearest)?;
        Ok(Self { path: path.to_owned(), directory })
    }

    /// Makes the directory unless it is there, so that jobs can have it mounted.
    ///
    /// # Errors
    /// [`PlaceError`] when it cannot be made, or its users could not read in it.
    pub fn prepare(&self) -> Result<(), PlaceError> {
        let failed = |source| PlaceError::Directory { directory: self.directory.clone(), source };
        if !self.directory.exists() {
            DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(&self.directory).map_err(failed)?;
            // Whatever the umask says.
            fs::set_permissions(&self.directory, Permissions::from_mode(DIRECTORY_MODE)).map_err(failed)?;
        }
        in_memory(&self.directory)?;
        let mode = fs::metadata(&self.directory).map_err(failed)?.permissions().mode();
        if mode & 0o005 == 0o005 { Ok(()) } else { Err(PlaceError::Closed(self.directory.clone())) }
    }

    /// Writes the logins in the place of what was there; a reader has the old or the new, whole.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn write<'a>(&self, logins: impl Iterator<Item = (&'a str, &'a BasicCredentials)>) -> io::Result<()> {
        let auths: Map<String, Value> = logins
            .map(|(host, login)| {
                let pair = format!("{}:{}", login.username, login.password.expose());
                (host.to_owned(), json!({"auth": STANDARD.encode(pair)}))
            })
            .collect();
        let beside = self.path.with_extension("json.new");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(json!({"auths": auths}).to_string().as_bytes())?;
        file.set_permissions(Permissions::from_mode(FILE_MODE))?;
        fs::rename(&beside, &self.path)
    }

    /// Removes the file; it may not be there.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(target_os = "linux")]
fn in_memory(directory: &Path) -> Result<(), PlaceError> {
    /// statfs(2)
    const TMPFS: rustix::fs::FsWord = 0x0102_1994;
    let found = rustix::fs::statfs(directory)
        .map_err(|error| PlaceError::Directory { directory: directory.to_owned(), source: error.into() })?;
    if found.f_type == TMPFS { Ok(()) } else { Err(PlaceError::NotInMemory(directory.to_owned())) }
}

/// Only Linux has tmpfs.
#[cfg(not(target_os = "linux"))]
fn in_memory(directory: &Path) -> Result<(), PlaceError> {
    Err(PlaceError::NotInMemory(directory.to_owned()))
}
