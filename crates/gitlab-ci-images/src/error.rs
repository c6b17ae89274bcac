//! What ends the reading: files that GitLab would refuse too, and limits that protect the reader.

use std::fmt;
use std::sync::Arc;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The file: by its path below the root where it stands there, else as it was given; by its text for an include
    /// that is not local.
    pub file: Arc<str>,
    /// The line, counted from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Why files cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read.
    #[error("{file}: {source}")]
    Read {
        /// The file.
        file: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The text is no YAML.
    #[error("{place}: {problem}")]
    Yaml {
        /// Where it is noticed.
        place: Place,
        /// What is wrong.
        problem: String,
    },
    /// A document is something else than a mapping.
    #[error("{0}: expected a mapping of keywords and jobs")]
    NotMapping(Place),
    /// A file is too large, nests too deep, or grows too much by its aliases and inputs.
    #[error("{place}: {what}")]
    Limit {
        /// Where the limit was reached.
        place: Place,
        /// Which limit.
        what: String,
    },
    /// Files include each other in a circle.
    #[error("{place}: files include each other in a circle: {}", chain.join(" -> "))]
    IncludeCycle {
        /// The include that closes the circle.
        place: Place,
        /// The files, from the first to itself.
        chain: Vec<String>,
    },
    /// More files are included than GitLab admits.
    #[error("{place}: more than {limit} files are included")]
    TooManyIncludes {
        /// The include that is one too many.
        place: Place,
        /// GitLab's limit.
        limit: usize,
    },
    /// A local include leads out of the repository.
    #[error("{place}: the local include {path:?} leads out of the repository")]
    IncludeOutside {
        /// The include.
        place: Place,
        /// The path as written.
        path: String,
    },
    /// A local include has no file.
    #[error("{place}: the local include {path:?} has no file")]
    IncludeMissing {
        /// The include.
        place: Place,
        /// The path as written.
        path: String,
    },
    /// A local include is no YAML file by its name.
    #[error("{place}: the local include {path:?} does not end in .yml or .yaml")]
    IncludeExtension {
        /// The include.
        place: Place,
        /// The path as written.
        path: String,
    },
    /// Jobs extend each other in a circle.
    #[error("{place}: jobs extend each other in a circle: {}", chain.join(" -> "))]
    ExtendsCycle {
        /// The `extends` that closes the circle.
        place: Place,
        /// The jobs, from the first to itself.
        chain: Vec<String>,
    },
    /// A job extends one that does not exist.
    #[error("{place}: extends {name:?}, which does not exist")]
    ExtendsUnknown {
        /// The `extends`.
        place: Place,
        /// What does not exist.
        name: String,
    },
    /// A job extends over too many levels.
    #[error("{place}: extends over more than {limit} levels")]
    ExtendsTooDeep {
        /// The `extends` that is one too many.
        place: Place,
        /// GitLab's limit.
        limit: usize,
    },
    /// A `!reference` names something that does not exist.
    #[error("{place}: !reference {path} does not exist")]
    ReferenceUnknown {
        /// The tag.
        place: Place,
        /// Its path.
        path: String,
    },
    /// References refer to each other in a circle.
    #[error("{place}: references refer to each other in a circle: {}", chain.join(" -> "))]
    ReferenceCycle {
        /// The reference that closes the circle.
        place: Place,
        /// The references, from the first to itself.
        chain: Vec<String>,
    },
    /// References are nested too deep.
    #[error("{place}: !reference is nested over more than {limit} levels")]
    ReferenceTooDeep {
        /// The reference that is one too many.
        place: Place,
        /// GitLab's limit.
        limit: usize,
    },
    /// A matrix makes too many jobs.
    #[error("{place}: the matrix makes more than {limit} jobs")]
    MatrixTooLarge {
        /// The matrix.
        place: Place,
        /// GitLab's limit.
        limit: usize,
    },
}

impl Error {
    pub(crate) fn yaml(place: &Place, problem: impl Into<String>) -> Self {
        Error::Yaml { place: place.clone(), problem: problem.into() }
    }

    pub(crate) fn limit(place: &Place, what: impl Into<String>) -> Self {
        Error::Limit { place: place.clone(), what: what.into() }
    }
}
