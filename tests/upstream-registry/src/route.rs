//! The paths of the distribution-spec, in which repository names hold slashes.

/// What a path below `/v2/` stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Base,
    Token,
    /// A blob at its storage address, where redirects lead.
    StoredBlob {
        digest: String,
    },
    Manifest {
        repository: String,
        reference: String,
    },
    Blob {
        repository: String,
        digest: String,
    },
    Uploads {
        repository: String,
    },
    Upload {
        repository: String,
        id: String,
    },
    Tags {
        repository: String,
    },
    Referrers {
        repository: String,
        digest: String,
    },
    Control {
        action: String,
    },
    Unknown,
}

impl Route {
    pub(crate) fn of(path: &str) -> Self {
        if let Some(action) = path.strip_prefix("/_control/") {
            return Self::Control { action: action.to_owned() };
        }
        if let Some(digest) = path.strip_prefix("/_blob/") {
            return Self::StoredBlob { digest: digest.to_owned() };
        }
        if path == "/token" {
            return Self::Token;
        }
        let Some(rest) = path.strip_prefix("/v2/") else {
            return if path == "/v2" { Self::Base } else { Self::Unknown };
        };
        if rest.is_empty() {
            return Self::Base;
        }
        let parts: Vec<&str> = rest.split('/').collect();
        let name = |count: usize| parts[..count].join("/");
        let legal = |count: usize| count > 0 && parts[..count].iter().all(|part| is_component(part));
        match parts.as_slice() {
            [name_parts @ .., "manifests", reference] if legal(name_parts.len()) => {
                Self::Manifest { repository: name(name_parts.len()), reference: (*reference).to_owned() }
            }
            [name_parts @ .., "blobs", "uploads", ""] if legal(name_parts.len()) => {
                Self::Uploads { repository: name(name_parts.len()) }
            }
            [name_parts @ .., "blobs", "uploads", id] if legal(name_parts.len()) => {
                Self::Upload { repository: name(name_parts.len()), id: (*id).to_owned() }
            }
            [name_parts @ .., "blobs", digest] if legal(name_parts.len()) => {
                Self::Blob { repository: name(name_parts.len()), digest: (*digest).to_owned() }
            }
            [name_parts @ .., "tags", "list"] if legal(name_parts.len()) => {
                Self::Tags { repository: name(name_parts.len()) }
            }
            [name_parts @ .., "referrers", digest] if legal(name_parts.len()) => {
                Self::Referrers { repository: name(name_parts.len()), digest: (*digest).to_owned() }
            }
            _ => Self::Unknown,
        }
    }

    pub(crate) fn repository(&self) -> Option<&str> {
        match self {
            Self::Manifest { repository, .. }
            | Self::Blob { repository, .. }
            | Self::Uploads { repository }
            | Self::Upload { repository, .. }
            | Self::Tags { repository }
            | Self::Referrers { repository, .. } => Some(repository),
            _ => None,
        }
    }
}

fn is_component(part: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    part.starts_with(word)
        && part.ends_with(word)
        && part.chars().all(|c| word(c) || matches!(c, '.' | '_' | '-'))
}

/// `sha256:` and 64 lower-case hex digits.
pub(crate) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

/// `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`.
pub(crate) fn is_tag(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= 128 && text.starts_with(word) && text.chars().all(|c| word(c) || matches!(c, '.' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_names_may_hold_slashes() {
        let manifest = Route::of("/v2/a/b/manifests/1");
        assert_eq!(manifest, Route::Manifest { repository: "a/b".to_owned(), reference: "1".to_owned() });
        assert_eq!(Route::of("/v2/a/blobs/uploads/"), Route::Uploads { repository: "a".to_owned() });
        assert_eq!(Route::of("/v2/A/manifests/1"), Route::Unknown);
        assert_eq!(Route::of("/v2/a/../manifests/1"), Route::Unknown);
    }
}
