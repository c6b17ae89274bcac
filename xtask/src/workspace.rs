//! Where things are: the repository and its target directory.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Version of everything in the workspace, from the workspace's `Cargo.toml`.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The repository this tool was started in.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// The repository as cargo told us, so that a moved checkout is no problem.
    pub(crate) fn find() -> Result<Self> {
        let package = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = package.parent().context("the xtask package has no parent directory")?.to_owned();
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(directory) => std::path::absolute(PathBuf::from(directory))?,
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// The repository's root directory, absolute.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The one directory that may be written to, absolute.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// A path as it is shown: from the repository's root where it lies below it.
    pub(crate) fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }

    /// A program that a development build leaves in the target directory.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }
}
