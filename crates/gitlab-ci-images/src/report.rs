//! What goes in and what comes out.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::error::Place;

/// What is known besides the files.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The directory that local includes are relative to: the root of the repository.
    pub root: PathBuf,
    /// Variables of the project, the group or the instance, and predefined ones. They win over those in the files.
    pub variables: BTreeMap<String, String>,
    /// Contents of includes that are not local, by their text: the component, the address, the template's name, or
    /// `project:file`; `project@ref:file` where the same file is included from two refs.
    pub includes: BTreeMap<String, String>,
}

/// The images of one or more configurations, each use once, in the order of the jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The images that are known.
    pub images: Vec<ImageUse>,
    /// What could be an image, or hold some, and is not known.
    pub unresolved: Vec<Unresolved>,
}

/// An image that a job uses.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImageUse {
    /// The image as the runner would ask for it, such as `alpine:3.20`.
    pub image: String,
    /// Where the name stands.
    pub place: Place,
    /// The job.
    pub job: String,
    /// Which keyword names it.
    pub keyword: Keyword,
    /// Whether a digest fixes it.
    pub pinned: bool,
}

/// The keyword that names an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Keyword {
    /// `image`.
    Image,
    /// `services`.
    Services,
}

impl Keyword {
    /// The keyword as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Keyword::Image => "image",
            Keyword::Services => "services",
        }
    }
}

impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that only GitLab's server can tell, or that was not given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unresolved {
    /// Where it stands.
    pub place: Place,
    /// The job; none for an include.
    pub job: Option<String>,
    /// The text: a name with variables, or what is included.
    pub text: String,
    /// Why it is not known.
    pub reason: String,
}
