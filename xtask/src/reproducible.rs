//! Release builds whose bytes do not depend on the directory they were made in.
//!
//! Paths of this machine get names that every machine has. The target is always named, even when it is the host's:
//! cargo then keeps what was built with these flags apart, and build scripts do not get them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cargo::{capture, cargo, run};
use crate::workspace::Workspace;

/// What `rustc` says of itself.
#[derive(Debug, PartialEq, Eq)]
struct Compiler {
    /// The target of a build that names none.
    host: String,
    /// Commit of the standard library.
    commit: String,
}

/// Builds a program for `target`, or for this machine, and gives its file and its target.
///
/// Flags of the user's environment or configuration have no effect on it.
pub(crate) fn build(
    workspace: &Workspace,
    target: Option<String>,
    package: &str,
    program: &str,
) -> Result<(PathBuf, String)> {
    let compiler = compiler(&capture(rustc(workspace).arg("-vV"))?)?;
    let sysroot = capture(rustc(workspace).args(["--print", "sysroot"]))?;
    let sysroot = Path::new(sysroot.trim_end());
    let names = names(workspace.root(), workspace.target(), &cargo_home()?, sysroot, &compiler.commit)?;
    let target = target.unwrap_or(compiler.host);
    let mut command = cargo(workspace);
    command.args(["build", "--release", "--locked", "--target", &target]);
    command.args(["--package", package, "--bin", program]);
    run(command.env("CARGO_ENCODED_RUSTFLAGS", flags(&names)))?;
    let file = workspace.target().join(&target).join("release").join(program);
    let bytes = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
    for (path, _) in &names {
        ensure!(
            !holds(&bytes, path),
            "{} holds the path {path} of this machine; what brings it there has to be told another name",
            workspace.shown(&file)
        );
    }
    Ok((file, target))
}

fn rustc(workspace: &Workspace) -> Command {
    let mut command = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    // The toolchain that the workspace asks for.
    command.current_dir(workspace.root());
    command
}

fn compiler(version: &str) -> Result<Compiler> {
    let field = |name: &str| {
        let value = version.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        value.map(str::to_owned).with_context(|| format!("`rustc -vV` says no {name}"))
    };
    Ok(Compiler { host: field("host")?, commit: field("commit-hash")? })
}

fn cargo_home() -> Result<PathBuf> {
    let home = || std::env::home_dir().map(|home| home.join(".cargo"));
    std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home).context("there is no home directory")
}

/// Paths of this machine and what they are called instead, the longest last: the last one that fits is taken.
fn names(
    root: &Path,
    target: &Path,
    cargo_home: &Path,
    sysroot: &Path,
    commit: &str,
) -> Result<Vec<(String, String)>> {
    let mut names = vec![
        (root.to_owned(), "/build".to_owned()),
        (target.to_owned(), "/build/target".to_owned()),
        (cargo_home.to_owned(), "/cargo".to_owned()),
        // Where the standard library's source is installed, its paths are those of this machine.
        (sysroot.join("lib/rustlib/src/rust"), format!("/rustc/{commit}")),
    ];
    // Named for the host that the sources came from, which may be a mirror.
    let sources = cargo_home.join("registry/src");
    for entry in fs::read_dir(&sources).with_context(|| format!("reading {}", sources.display()))? {
        names.push((entry?.path(), "/cargo/registry".to_owned()));
    }
    names.sort_by_key(|(path, _)| path.as_os_str().len());
    let text = |(path, name): (PathBuf, String)| {
        let path = path.into_os_string().into_string();
        path.map(|path| (path, name)).map_err(|path| anyhow::anyhow!("{} is not UTF-8", path.display()))
    };
    names.into_iter().map(text).collect()
}

/// In the form of `CARGO_ENCODED_RUSTFLAGS`.
fn flags(names: &[(String, String)]) -> String {
    let flags: Vec<String> =
        names.iter().map(|(path, name)| format!("--remap-path-prefix={path}={name}")).collect();
    flags.join("\u{1f}")
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiler_says_its_host_and_commit() {
        let version =
            "rustc 1.95.0 (59807616e 2026-04-14)\ncommit-hash: 5980\nhost: x86_64-unknown-linux-gnu\n";
        let found = compiler(version).unwrap();
        assert_eq!(
            found,
            Compiler { host: "x86_64-unknown-linux-gnu".to_owned(), commit: "5980".to_owned() }
        );
        assert!(compiler("rustc 1.95.0\nhost: x\n").unwrap_err().to_string().contains("commit-hash"));
    }

    #[test]
    fn longest_path_comes_last_and_no_host_of_a_registry_is_named() {
        let home = tempfile::tempdir().unwrap();
        let source = home.path().join("registry/src/mirror.example-0123");
        fs::create_dir_all(&source).unwrap();
        let root = home.path().join("a/checkout/far/below/that/directory");
        let (root, target, sysroot) = (root.as_path(), root.join("target"), Path::new("/sys"));
        let names = names(root, &target, home.path(), sysroot, "5980").unwrap();
        let lengths: Vec<usize> = names.iter().map(|(path, _)| path.len()).collect();
        assert!(lengths.is_sorted() && names.len() == 5, "{names:?}");
        assert!(names.contains(&(source.display().to_string(), "/cargo/registry".to_owned())), "{names:?}");
        assert!(names.iter().all(|(_, name)| !name.contains("example")), "{names:?}");
    }

    #[test]
    fn flags_are_told_apart_as_cargo_does() {
        let names =
            [("/a b", "/build"), ("/c", "/cargo")].map(|(path, name)| (path.to_owned(), name.to_owned()));
        assert_eq!(flags(&names), "--remap-path-prefix=/a b=/build\u{1f}--remap-path-prefix=/c=/cargo");
    }

    #[test]
    fn path_within_a_program_is_found() {
        assert!(holds(b"\0\x7fELF/srv/x/.cargo/registry", "/srv/x/.cargo"));
        assert!(!holds(b"\0\x7fELF/srv/x/.carg", "/srv/x/.cargo"));
    }
}
