//! Files of the repository: found from its root, and never outside of it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::error::{Error, Place};
use crate::parse::MAX_BYTES;

/// Most directory entries that the patterns of all includes may look at.
const MAX_ENTRIES: usize = 200_000;

/// Longest path, in bytes: Linux has no longer ones.
const MAX_PATH: usize = 4096;

/// The directory that local includes are relative to.
#[derive(Debug)]
pub(crate) struct Root {
    directory: PathBuf,
    entries_left: usize,
}

impl Root {
    pub(crate) fn open(directory: &Path) -> Result<Self, Error> {
        // The directory of "file.yml" is "", which is the current one.
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        let directory = fs::canonicalize(directory)
            .map_err(|source| Error::Read { file: directory.display().to_string(), source })?;
        Ok(Root { directory, entries_left: MAX_ENTRIES })
    }

    /// The files that a local include means, by their paths below the root, in order. Empty where there are none.
    pub(crate) fn find(&mut self, path: &str, place: &Place) -> Result<Vec<String>, Error> {
        let relative = path.trim_start_matches('/');
        let outside = || Error::IncludeOutside { place: place.clone(), path: path.to_owned() };
        if relative.split('/').any(|part| part == "..") || relative.contains(['\0', '\\']) {
            return Err(outside());
        }
        if !relative.ends_with(".yml") && !relative.ends_with(".yaml") {
            return Err(Error::IncludeExtension { place: place.clone(), path: path.to_owned() });
        }
        if relative.len() > MAX_PATH {
            return Ok(Vec::new());
        }
        if relative.contains('*') {
            return self.matching(relative, place);
        }
        let Ok(real) = fs::canonicalize(self.directory.join(relative)) else { return Ok(Vec::new()) };
        if !real.starts_with(&self.directory) {
            return Err(outside());
        }
        Ok(if real.is_file() { vec![relative.to_owned()] } else { Vec::new() })
    }

    /// The path of a file below the root, if it is there.
    pub(crate) fn relative(&self, file: &Path) -> Option<String> {
        let real = fs::canonicalize(file).ok()?;
        Some(real.strip_prefix(&self.directory).ok()?.to_str()?.to_owned())
    }

    pub(crate) fn read(&self, relative: &str) -> Result<String, Error> {
        read(&self.directory.join(relative))
            .map_err(|source| Error::Read { file: relative.to_owned(), source })
    }

    /// Symbolic links are not followed: one file would come twice, or a circle of directories never end.
    fn matching(&mut self, pattern: &str, place: &Place) -> Result<Vec<String>, Error> {
        let fixed = pattern.split('*').next().unwrap_or_default();
        let start = fixed.rsplit_once('/').map_or("", |(directory, _)| directory);
        let inside = |path: &Path| fs::canonicalize(path).is_ok_and(|real| real.starts_with(&self.directory));
        let mut directories = vec![start.to_owned()];
        if !inside(&self.directory.join(start)) {
            directories.clear();
        }
        let mut found = Vec::new();
        while let Some(directory) = directories.pop() {
            let Ok(entries) = fs::read_dir(self.directory.join(&directory)) else { continue };
            for entry in entries.flatten() {
                let Some(left) = self.entries_left.checked_sub(1) else {
                    return Err(Error::limit(
                        place,
                        format!("patterns look at more than {MAX_ENTRIES} files"),
                    ));
                };
                self.entries_left = left;
                let (Some(name), Ok(kind)) =
                    (entry.file_name().to_str().map(str::to_owned), entry.file_type())
                else {
                    continue;
                };
                let path = if directory.is_empty() { name.clone() } else { format!("{directory}/{name}") };
                if kind.is_dir() && name != ".git" {
                    directories.push(path);
                } else if kind.is_file() && matches(pattern, &path) {
                    found.push(path);
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

/// The text of a file. Whatever is no regular file is refused: a pipe would never end.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "is no file"));
    }
    let mut text = String::new();
    // One byte more than is allowed, so that the parser sees that it is too much.
    let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(limit).read_to_string(&mut text)?;
    Ok(text)
}

/// `*` stands for anything within a directory, `**` for anything.
fn matches(pattern: &str, path: &str) -> bool {
    let path: Vec<char> = path.chars().collect();
    // reached[n]: the pattern so far can end before character n.
    let mut reached = vec![false; path.len() + 1];
    reached[0] = true;
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        let mut next = vec![false; path.len() + 1];
        if c == '*' {
            let any = rest.next_if_eq(&'*').is_some();
            for n in 0..=path.len() {
                next[n] = reached[n] || (n > 0 && next[n - 1] && (any || path[n - 1] != '/'));
            }
        } else {
            for n in 1..=path.len() {
                next[n] = reached[n - 1] && path[n - 1] == c;
            }
        }
        reached = next;
    }
    reached[path.len()]
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn one_star_stays_in_its_directory_and_two_do_not() {
        for (pattern, path, is_match) in [
            ("ci/*.yml", "ci/a.yml", true),
            ("ci/*.yml", "ci/a/b.yml", false),
            ("ci/**.yml", "ci/a.yml", true),
            ("ci/**.yml", "ci/a/b.yml", true),
            ("ci/**/*.yml", "ci/a.yml", false),
            ("ci/**/*.yml", "ci/a/b.yml", true),
            ("*/a.yml", "ci/a.yml", true),
            ("ci/a*b.yml", "ci/ab.yml", true),
            ("ci/a*.yml", "ci/b.yml", false),
        ] {
            assert_eq!(matches(pattern, path), is_match, "{pattern} {path}");
        }
    }
}
