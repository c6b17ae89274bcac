//! Keys: `<prefix><SHA-256>/<file name>`, and back from them.

use tf_provider::schema::Invalid;

use super::source::is_name;
use crate::s3::digest::Digest;

/// What a key is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key<'a> {
    pub(super) prefix: &'a str,
    pub(super) digest: Digest,
    pub(super) name: &'a str,
}

impl<'a> Key<'a> {
    /// `None` for a key of another shape.
    pub(super) fn parse(key: &'a str) -> Option<Self> {
        let (front, name) = key.rsplit_once('/')?;
        let (_, digest) = front.rsplit_once('/').unwrap_or(("", front));
        let prefix = front.strip_suffix(digest)?;
        let is_ours = is_name(name) && check_prefix(prefix).is_ok();
        is_ours.then_some(()).and_then(|()| Some(Key { prefix, digest: Digest::of_hex(digest)?, name }))
    }
}

impl std::fmt::Display for Key<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}{}/{}", self.prefix, self.digest.hex(), self.name)
    }
}

/// Checks the prefix of keys: nothing, or folders with a slash behind each.
///
/// # Errors
/// What is wrong, and what to write instead.
pub(super) fn check_prefix(prefix: &str) -> Result<(), Invalid> {
    let is_folder = |part: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        !part.is_empty() && part != "." && part != ".." && part.chars().all(allowed)
    };
    let is_folders = |folders: &str| folders.split('/').all(is_folder);
    if prefix.len() <= 512 && (prefix.is_empty() || prefix.strip_suffix('/').is_some_and(is_folders)) {
        return Ok(());
    }
    Err(Invalid::new("must be folders of letters, digits, `.`, `_` and `-`, each with a slash behind it")
        .remedy("Write \"software/\", for example, or \"\" for none."))
}

/// Checks the name of a bucket (S3 user guide, "Bucket naming rules").
///
/// # Errors
/// What is wrong, and what to write instead.
pub(super) fn check_bucket(bucket: &str) -> Result<(), Invalid> {
    let is_end = |byte: Option<u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let ends = is_end(bucket.bytes().next()) && is_end(bucket.bytes().next_back());
    if (3..=63).contains(&bucket.len()) && bucket.chars().all(allowed) && ends && !bucket.contains("..") {
        return Ok(());
    }
    Err(Invalid::new(
        "must be the name of a bucket: 3 to 63 of lower-case letters, digits, `-` and `.`, a letter or a digit at \
         either end",
    )
    .remedy("Write \"example-ci-software\", for example: no ARN and no URL."))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_key_tells_what_it_is_made_of() {
        for prefix in ["", "software/", "team-a/ci.d/"] {
            let text = format!("{prefix}{HEX}/tool-1.0+x.tar.gz");
            let key = Key::parse(&text).expect(&text);
            assert_eq!((key.prefix, key.digest.hex().as_str(), key.name), (prefix, HEX, "tool-1.0+x.tar.gz"));
            assert_eq!(key.to_string(), text);
        }
        for other in [
            "tool",
            "software/tool",
            &format!("software/{HEX}"),
            &format!("x{HEX}/tool"),
            &format!("/{HEX}/tool"),
        ] {
            assert_eq!(Key::parse(other), None, "{other}");
        }
    }

    #[test]
    fn prefixes_and_buckets_are_checked() {
        for good in ["", "software/", "a/b/"] {
            assert_eq!(check_prefix(good), Ok(()), "{good}");
        }
        for bad in ["software", "/", "/a/", "a//", "a/../", "a b/", "ä/", "a?/"] {
            assert!(check_prefix(bad).is_err(), "{bad} was accepted");
        }
        for good in ["abc", "example-ci.software", "1-2"] {
            assert_eq!(check_bucket(good), Ok(()), "{good}");
        }
        for bad in ["", "ab", "Abc", "-ab", "ab-", "a..b", "arn:aws:s3:::abc", "s3://abc", &"a".repeat(64)] {
            assert!(check_bucket(bad).is_err(), "{bad} was accepted");
        }
    }
}
