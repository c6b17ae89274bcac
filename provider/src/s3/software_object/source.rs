//! The local file: what is it called, how large is it, and what is its digest.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::s3::digest::Digest;

/// Most bytes of an object that is uploaded in one request (S3 user guide, "Uploading objects").
const MOST_BYTES: u64 = 5 * 1024 * 1024 * 1024;
/// Bytes that are read at once.
const CHUNK: usize = 256 * 1024;

/// A file that can be uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// Its name without the folders.
    pub(super) name: String,
    pub(super) digest: Digest,
}

/// Looks at the file and reads it once. Blocks as long as that takes: seconds for gigabytes.
///
/// # Errors
/// What is wrong with the file, and what to do, in sentences.
pub(super) fn look(path: &str) -> Result<Source, String> {
    let name = Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !is_name(name) {
        return Err(format!(
            "{path} does not end in the name of a file that can stand in a URL as it is. Name one of letters, digits and \
             `._+-`, not beginning with a dot."
        ));
    }
    let unreadable = |error: std::io::Error| {
        let place = std::env::current_dir().map(|place| place.display().to_string()).unwrap_or_default();
        format!(
            "{path} cannot be read: {error}. Build or download it first, or correct the path; a relative one begins at \
             {place}."
        )
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return Err(format!(
            "{path} is not a file. Name a file; pack what is more than one into an archive."
        ));
    }
    if about.len() > MOST_BYTES {
        return Err(format!(
            "{path} has {} bytes, and S3 takes {MOST_BYTES} in one upload. Pack it, or divide it.",
            about.len()
        ));
    }
    let (mut hash, mut chunk) = (Sha256::new(), vec![0; CHUNK]);
    loop {
        match file.read(&mut chunk).map_err(unreadable)? {
            0 => break,
            count => hash.update(chunk.get(..count).unwrap_or_default()),
        }
    }
    let digest: [u8; 32] = hash.finalize().into();
    Ok(Source { name: name.to_owned(), digest: digest.into() })
}

/// True for a name that is the same in a key, in a URL and in a shell.
pub(super) fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    (1..=255).contains(&name.len()) && name.chars().all(allowed) && !name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_name_and_content() {
        let source = look(concat!(env!("CARGO_MANIFEST_DIR"), "/src/s3/mod.rs")).expect("this crate's file");
        assert_eq!(source.name, "mod.rs");
        let expected: [u8; 32] = Sha256::digest(include_bytes!("../mod.rs")).into();
        assert_eq!(source.digest, Digest::from(expected));
    }

    #[test]
    fn what_cannot_be_uploaded_says_what_to_do() {
        let fault = |path: &str| look(path).expect_err(path);
        assert!(fault("/nowhere/tool").contains("Build or download it first"));
        assert!(fault(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).contains("is not a file"));
        for name in ["/", "", "..", ".hidden", "a tool", "tööl", "a?b"] {
            assert!(fault(name).contains("the name of a file"), "{name}");
        }
    }
}
