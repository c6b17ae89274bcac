//! Another program that copies images, to compare with: crane or skopeo.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

/// How the program wants to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Crane,
    Skopeo,
}

/// A program that can copy an index with all its platforms.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Peer {
    program: PathBuf,
    kind: Kind,
}

impl Peer {
    /// The program at this place, or by its bare name the one on the `PATH`; known by its file name.
    pub(super) fn at(program: &Path) -> Result<Self> {
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let kind = match () {
            () if name.starts_with("crane") => Kind::Crane,
            () if name.starts_with("skopeo") => Kind::Skopeo,
            () => bail!("{} is neither crane nor skopeo by its name", program.display()),
        };
        Ok(Self { program: program.to_owned(), kind })
    }

    pub(super) fn is_crane(&self) -> bool {
        self.kind == Kind::Crane
    }

    pub(super) fn name(&self) -> &'static str {
        match self.kind {
            Kind::Crane => "crane",
            Kind::Skopeo => "skopeo",
        }
    }

    /// Copies all platforms, byte for byte, as ours does; both registries are on loopback and speak plain http.
    pub(super) fn copy(&self, source: &str, target: &str) -> Command {
        let mut command = Command::new(&self.program);
        match self.kind {
            Kind::Crane => command.args(["copy", "--insecure", source, target]),
            Kind::Skopeo => command
                .args(["--insecure-policy", "copy", "--all", "--preserve-digests", "--quiet"])
                .args(["--src-tls-verify=false", "--dest-tls-verify=false"])
                .args([format!("docker://{source}"), format!("docker://{target}")]),
        };
        // Its progress is of no interest here.
        command.stdout(Stdio::null());
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn program_is_known_by_its_name() {
        assert_eq!(Peer::at(Path::new("/opt/crane-0.20")).unwrap().name(), "crane");
        assert_eq!(Peer::at(Path::new("skopeo")).unwrap().name(), "skopeo");
        assert!(Peer::at(Path::new("/bin/cp")).is_err());
    }
}
