//! Programs that cargo builds beside a test.

use std::fs;
use std::path::{Path, PathBuf};

/// Path of the executable of an example of the crate under test. Cargo names only the executables of binaries, by
/// `CARGO_BIN_EXE_<name>`.
///
/// # Panics
/// When it was not built, or is older than its sources: `cargo test` without the choice of a test builds examples.
#[track_caller]
pub fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap_or_else(|error| panic!("the path of this test: {error}"));
    let directory = test.parent().and_then(Path::parent).unwrap_or(&test);
    let path = directory.join("examples").join(name);
    assert!(path.exists(), "{} is missing: `cargo test` builds examples", path.display());
    assert!(!is_stale(&path), "{} is old: `cargo test` builds examples", path.display());
    path
}

/// Whether a source is newer than `executable`, by the list that cargo leaves.
fn is_stale(executable: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let sources = fs::read_to_string(executable.with_extension("d")).unwrap_or_default();
    sources.split_whitespace().skip(1).any(|source| modified(Path::new(source)) > modified(executable))
}
