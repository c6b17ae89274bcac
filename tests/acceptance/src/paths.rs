//! Where the test process finds what it needs: from the environment, else below the target directory.

use std::path::{Path, PathBuf};

/// Virtual environment with the emulators and the AWS CLI.
pub(crate) fn venv() -> PathBuf {
    prepared("ECRUNNER_TEST_VENV", "emulators/venv")
}

/// Filesystem mirror that holds the provider, in Terraform's unpacked layout.
pub(crate) fn mirror() -> PathBuf {
    prepared("ECRUNNER_TEST_MIRROR", "mirror")
}

/// The provider's executable.
///
/// # Panics
/// When it was not built.
pub fn provider_binary() -> PathBuf {
    prepared("ECRUNNER_TEST_PROVIDER", "debug/terraform-provider-ecrunner")
}

/// Directory of the workspaces.
pub(crate) fn workspaces() -> PathBuf {
    target().join("acceptance")
}

/// Directory of the emulators' output.
pub(crate) fn logs() -> PathBuf {
    target().join("acceptance").join("logs")
}

fn prepared(variable: &str, below_target: &str) -> PathBuf {
    let path = match std::env::var_os(variable) {
        Some(path) => PathBuf::from(path),
        None => target().join(below_target),
    };
    assert!(
        path.exists(),
        "{} is missing: run `cargo xtask test`, which prepares it, or name another place in {variable}",
        path.display()
    );
    path
}

fn target() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => root.join(directory),
        None => root.join("target"),
    };
    // Diagnostics and messages name files below it: without `..` they can be read and copied.
    target.canonicalize().unwrap_or(target)
}
