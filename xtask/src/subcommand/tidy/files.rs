//! The repository's files: those that git tracks or would track, and their text.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo::capture;

/// Directories that are never part of the source.
const NOT_SOURCE: [&str; 4] = ["target", ".git", ".terraform", "__pycache__"];

/// Text files by their path below the root, with `/`.
#[derive(Debug, Default)]
pub(super) struct Files {
    texts: BTreeMap<String, String>,
}

impl Files {
    /// Reads all files; what is not UTF-8 is left out.
    pub(super) fn of(root: &Path) -> Result<Self> {
        let paths = if root.join(".git").exists() {
            let listed = capture(Command::new("git").current_dir(root).args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ]))?;
            listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect()
        } else {
            let mut paths = Vec::new();
            walk(root, "", &mut paths)?;
            paths
        };
        let mut texts = BTreeMap::new();
        for path in paths {
            // A file may be tracked and deleted, or no text; neither is a fault.
            if let Ok(text) = fs::read_to_string(root.join(&path)) {
                texts.insert(path, text);
            }
        }
        Ok(Self { texts })
    }

    /// Path and text of each file, sorted.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Path and text of each file below a directory that ends with `/`.
    pub(super) fn below<'a>(&'a self, directory: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.iter().filter(move |(path, _)| path.starts_with(directory))
    }

    /// The text of a file.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Whether the file is there.
    pub(super) fn contains(&self, path: &str) -> bool {
        self.texts.contains_key(path)
    }

    #[cfg(test)]
    pub(super) fn made_of(files: &[(&str, &str)]) -> Self {
        Self { texts: files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect() }
    }
}

/// What a source archive without git holds.
fn walk(root: &Path, below: &str, paths: &mut Vec<String>) -> Result<()> {
    let directory = root.join(below);
    for entry in fs::read_dir(&directory).with_context(|| format!("reading {}", directory.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if NOT_SOURCE.contains(&name.as_str()) {
            continue;
        }
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.file_type()?.is_dir() {
            walk(root, &path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_git_the_tree_is_walked_and_build_output_left_out() {
        let directory = tempfile::tempdir().unwrap();
        for path in ["a/b.rs", "target/x.rs", "c.md"] {
            let file = directory.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "text").unwrap();
        }
        let files = Files::of(directory.path()).unwrap();
        let paths: Vec<_> = files.iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["a/b.rs", "c.md"]);
        assert!(files.contains("c.md"));
    }
}
