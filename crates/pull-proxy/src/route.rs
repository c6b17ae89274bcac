//! What a request asks for (OCI distribution-spec, section "Endpoints").

use http::Uri;
use oci_copy::{Digest, ManifestReference, Tag, check_repository};

/// What a path stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `/v2/`: whether this is a registry.
    Base,
    /// Something of a repository.
    Repository {
        /// Name of the repository, as the client knows it.
        path: String,
        /// What of it.
        part: Part,
    },
    /// `/healthz`
    Health,
    /// `/metrics`
    Metrics,
    /// No path of ours.
    Unknown,
    /// A name, tag or digest that breaks its grammar.
    Invalid {
        /// Code of the distribution specification.
        code: &'static str,
        /// What is wrong.
        message: String,
    },
}

/// What of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A manifest.
    Manifest(ManifestReference),
    /// A blob.
    Blob(Digest),
    /// The list of tags.
    Tags,
    /// What refers to a manifest.
    Referrers(Digest),
}

impl Part {
    /// Name of the operation, for logs and metrics.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Manifest(_) => "manifest",
            Self::Blob(_) => "blob",
            Self::Tags => "tags",
            Self::Referrers(_) => "referrers",
        }
    }
}

impl Route {
    /// Takes a path apart.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let Some(rest) = path.strip_prefix("/v2") else {
            return match path {
                "/healthz" => Self::Health,
                "/metrics" => Self::Metrics,
                _ => Self::Unknown,
            };
        };
        let rest = match rest {
            "" | "/" => return Self::Base,
            _ => match rest.strip_prefix('/') {
                Some(rest) => rest,
                None => return Self::Unknown,
            },
        };
        // Repository names hold slashes: the last words of the path decide.
        let mut parts = rest.rsplitn(3, '/');
        let (Some(last), Some(word), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
            return Self::Unknown;
        };
        let part = match (word, last) {
            ("manifests", reference) => manifest_reference(reference).map(Part::Manifest),
            ("blobs", digest) => parse_digest(digest).map(Part::Blob),
            ("referrers", digest) => parse_digest(digest).map(Part::Referrers),
            ("tags", "list") => Ok(Part::Tags),
            _ => return Self::Unknown,
        };
        if let Err(error) = check_repository(path) {
            return Self::Invalid { code: "NAME_INVALID", message: error.to_string() };
        }
        match part {
            Ok(part) => Self::Repository { path: path.to_owned(), part },
            Err(invalid) => invalid,
        }
    }
}

/// The value of a query parameter.
#[must_use]
pub fn query(uri: &Uri, name: &str) -> Option<String> {
    let query = uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

fn manifest_reference(text: &str) -> Result<ManifestReference, Route> {
    if text.contains(':') {
        return parse_digest(text).map(ManifestReference::Digest);
    }
    let invalid =
        |error: oci_copy::ReferenceError| Route::Invalid { code: "TAG_INVALID", message: error.to_string() };
    Tag::parse(text).map(ManifestReference::Tag).map_err(invalid)
}

fn parse_digest(text: &str) -> Result<Digest, Route> {
    Digest::parse(text).map_err(|error| Route::Invalid { code: "DIGEST_INVALID", message: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn last_words_of_the_path_decide() {
        let repository = |path: &str, part| Route::Repository { path: path.to_owned(), part };
        let tag = |tag: &str| Part::Manifest(Tag::parse(tag).unwrap().into());
        let digest = || Digest::parse(DIGEST).unwrap();
        for (path, route) in [
            ("/v2/", Route::Base),
            ("/v2", Route::Base),
            ("/v2/library/alpine/manifests/3.20", repository("library/alpine", tag("3.20"))),
            ("/v2/a/manifests/b/manifests/1", repository("a/manifests/b", tag("1"))),
            ("/v2/tags/list/tags/list", repository("tags/list", Part::Tags)),
            ("/v2/v2x/a", Route::Unknown),
            ("/v2x/a/manifests/1", Route::Unknown),
            ("/v2/a/blobs/uploads/", Route::Unknown),
            ("/v2/_catalog", Route::Unknown),
            ("/healthz", Route::Health),
            ("/metrics", Route::Metrics),
            ("/", Route::Unknown),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
        assert_eq!(Route::of(&format!("/v2/a/b/blobs/{DIGEST}")), repository("a/b", Part::Blob(digest())));
        let referrers = Route::of(&format!("/v2/a/referrers/{DIGEST}"));
        assert_eq!(referrers, repository("a", Part::Referrers(digest())));
    }

    #[test]
    fn names_tags_and_digests_that_break_their_grammar_have_their_code() {
        for (path, code) in [
            ("/v2/A/manifests/1", "NAME_INVALID"),
            ("/v2/a/../b/manifests/1", "NAME_INVALID"),
            ("/v2/a/manifests/.1", "TAG_INVALID"),
            ("/v2/a/manifests/sha256:0", "DIGEST_INVALID"),
            ("/v2/a/blobs/x", "DIGEST_INVALID"),
        ] {
            let Route::Invalid { code: found, .. } = Route::of(path) else { panic!("{path}") };
            assert_eq!(found, code, "{path}");
        }
    }
}
