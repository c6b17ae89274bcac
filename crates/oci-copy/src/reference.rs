//! Image references: `[domain[:port]/]path[:tag][@digest]`, with Docker's normalisation.
//!
//! Source: the reference grammar of the distribution project, and the rules by which Docker
//! completes short names.

use std::fmt;
use std::str::FromStr;

use crate::digest::{Digest, DigestError};

/// Longest repository path that the grammar admits, in bytes.
const PATH_LIMIT: usize = 255;
/// Longest tag, in bytes.
const TAG_LIMIT: usize = 128;
/// The name under which Docker Hub goes in references.
const DOCKER_HUB: &str = "docker.io";

/// A complete image reference: every part that Docker leaves out is filled in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    domain: String,
    path: String,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

/// A tag: a letter, digit or underscore, then at most 127 letters, digits, `_`, `.` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(String);

/// What a manifest is asked by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ManifestReference {
    /// A tag, which may move.
    Tag(Tag),
    /// A digest, which fixes the bytes.
    Digest(Digest),
}

/// Why a text is no image reference, repository or tag; each says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// Nothing was given.
    #[error("the image reference is empty: write a name such as alpine:3.20")]
    Empty,
    /// The text begins with a scheme such as `https://`.
    #[error(
        "{0:?} begins with a scheme: write the registry's name without it, such as quay.io/org/image:tag"
    )]
    Scheme(String),
    /// 64 hex digits are the id of a local image.
    #[error("{0:?} is an image id, not a name: write the name, or name@sha256:digest")]
    ImageId(String),
    /// The registry name breaks the grammar.
    #[error("{0:?} is no registry name: use letters, digits, dashes and dots, with an optional :port")]
    Domain(String),
    /// The repository path has upper-case letters.
    #[error("repository {path:?} has upper-case letters: write {lower:?}")]
    UpperCase {
        /// The path as given.
        path: String,
        /// The path in lower case.
        lower: String,
    },
    /// A component of the repository path breaks the grammar.
    #[error(
        "{component:?} is no part of a repository name: use lower-case letters and digits, \
         joined by one dot, one or two underscores, or dashes"
    )]
    Component {
        /// The component between two slashes.
        component: String,
    },
    /// The repository path is too long.
    #[error("the repository name has {length} characters, at most {PATH_LIMIT} are allowed")]
    PathTooLong {
        /// Length in bytes.
        length: usize,
    },
    /// The tag breaks the grammar.
    #[error(
        "{0:?} is no tag: use up to {TAG_LIMIT} letters, digits, underscores, dots and dashes, \
         not beginning with a dot or a dash"
    )]
    Tag(String),
    /// The digest breaks the grammar or has an unknown algorithm.
    #[error(transparent)]
    Digest(#[from] DigestError),
}

impl Reference {
    /// Parses a reference as Docker does: `alpine` is `docker.io/library/alpine:latest`.
    ///
    /// # Errors
    /// [`ReferenceError`] says what is wrong and what to write.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        if text.is_empty() {
            return Err(ReferenceError::Empty);
        }
        if text.contains("://") {
            return Err(ReferenceError::Scheme(text.to_owned()));
        }
        if text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(ReferenceError::ImageId(text.to_owned()));
        }
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(Digest::parse(digest)?)),
            None => (text, None),
        };
        let last_slash = name.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match name[last_slash..].split_once(':') {
            Some((last, tag)) => (&name[..last_slash + last.len()], Some(Tag::parse(tag)?)),
            None => (name, None),
        };
        let (domain, path) = split_domain(name);
        check_domain(domain)?;
        let domain = if domain == "index.docker.io" { DOCKER_HUB } else { domain };
        let path = if domain == DOCKER_HUB && !path.contains('/') && !path.is_empty() {
            format!("library/{path}")
        } else {
            path.to_owned()
        };
        check_repository(&path)?;
        let tag = match (tag, &digest) {
            (None, None) => Some(Tag("latest".to_owned())),
            (tag, _) => tag,
        };
        Ok(Self { domain: domain.to_owned(), path, tag, digest })
    }

    /// The registry's name, with its port where one was given; `docker.io` for Docker Hub.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The repository within the registry, such as `library/alpine`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The tag; `latest` where neither tag nor digest was given.
    #[must_use]
    pub fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    /// The digest, where one was given; it decides over the tag.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// What the manifest is asked by: the digest if there is one, else the tag.
    #[must_use]
    pub fn manifest_reference(&self) -> ManifestReference {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => ManifestReference::Digest(digest.clone()),
            (None, Some(tag)) => ManifestReference::Tag(tag.clone()),
            (None, None) => ManifestReference::Tag(Tag("latest".to_owned())),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.domain, self.path)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        Self::parse(text)
    }
}

impl Tag {
    /// Checks and keeps a tag.
    ///
    /// # Errors
    /// [`ReferenceError::Tag`] when it breaks the grammar.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let bytes = text.as_bytes();
        let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
        let legal = bytes.len() <= TAG_LIMIT
            && bytes.first().is_some_and(word)
            && bytes.iter().all(|b| word(b) || matches!(b, b'.' | b'-'));
        if legal { Ok(Self(text.to_owned())) } else { Err(ReferenceError::Tag(text.to_owned())) }
    }

    /// The tag as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Tag {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        Self::parse(text)
    }
}

impl fmt::Display for ManifestReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

impl From<Tag> for ManifestReference {
    fn from(tag: Tag) -> Self {
        Self::Tag(tag)
    }
}

impl From<Digest> for ManifestReference {
    fn from(digest: Digest) -> Self {
        Self::Digest(digest)
    }
}

/// Docker's rule: the piece before the first slash is a domain when it cannot be a path component.
fn split_domain(name: &str) -> (&str, &str) {
    match name.split_once('/') {
        Some((first, rest))
            if first == "localhost"
                || first.contains(['.', ':'])
                || first.bytes().any(|b| b.is_ascii_uppercase()) =>
        {
            (first, rest)
        }
        _ => (DOCKER_HUB, name),
    }
}

fn check_domain(domain: &str) -> Result<(), ReferenceError> {
    let wrong = || ReferenceError::Domain(domain.to_owned());
    let (host, port) = if let Some(rest) = domain.strip_prefix('[') {
        let (address, after) = rest.split_once(']').ok_or_else(wrong)?;
        // A zone (`%eth0`) means nothing to anyone else; `Ipv6Addr` refuses it.
        address.parse::<std::net::Ipv6Addr>().map_err(|_| wrong())?;
        (None, if after.is_empty() { None } else { Some(after.strip_prefix(':').ok_or_else(wrong)?) })
    } else {
        let (host, port) = domain.split_once(':').map_or((domain, None), |(host, port)| (host, Some(port)));
        (Some(host), port)
    };
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.is_some_and(|host| !host.split('.').all(label)) {
        return Err(wrong());
    }
    match port {
        Some(port) if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) => Err(wrong()),
        _ => Ok(()),
    }
}

/// Checks a repository path: lower-case components joined by slashes, at most 255 characters in all.
///
/// # Errors
/// [`ReferenceError`] names the component that is wrong, or the length.
pub fn check_repository(path: &str) -> Result<(), ReferenceError> {
    if path.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(ReferenceError::UpperCase { path: path.to_owned(), lower: path.to_ascii_lowercase() });
    }
    for component in path.split('/') {
        if !is_component(component) {
            return Err(ReferenceError::Component { component: component.to_owned() });
        }
    }
    if path.len() > PATH_LIMIT {
        return Err(ReferenceError::PathTooLong { length: path.len() });
    }
    Ok(())
}

/// `[a-z0-9]+`, joined by one `.`, one `_`, two `_`, or any number of `-`.
fn is_component(component: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !component.starts_with(word) || !component.ends_with(word) {
        return false;
    }
    component
        .split(word)
        .filter(|between| !between.is_empty())
        .all(|between| matches!(between, "." | "_" | "__") || between.bytes().all(|b| b == b'-'))
}
