//! The container images that the jobs of `.gitlab-ci.yml` files use, as far as they can be known without GitLab's
//! server.
//!
//! Read are `image` and `services` of every job, with all that decides about them: `default` and `inherit`,
//! `extends`, anchors, aliases and merge keys, `!reference`, local `include`s, `spec:inputs`, `variables`,
//! `parallel:matrix`, `rules:variables`, and the child pipelines of `trigger:include`.
//! Every job is taken for one that runs.
//!
//! The result is a lower bound. Images that a script names (`docker run`), `FROM` lines of Dockerfiles and the
//! runner's own default image are not seen; what depends on something that only the server knows is reported as
//! [`Unresolved`], with the reason.
//!
//! Source: GitLab's "CI/CD YAML syntax reference", state of GitLab 19.
//!
//! ```
//! use gitlab_ci_images::{Settings, read_merged};
//!
//! let text = "test:\n  image: golang:$GO\n  services: [postgres:17]\n  script: make\n";
//! let report = read_merged(text, &Settings::default())?;
//! assert_eq!(report.images[0].image, "postgres:17");
//! assert_eq!(report.unresolved[0].reason, "variable GO is not known");
//!
//! let settings = Settings { variables: [("GO".into(), "1.24".into())].into(), ..Settings::default() };
//! assert_eq!(read_merged(text, &settings)?.images[0].image, "golang:1.24");
//! # Ok::<(), gitlab_ci_images::Error>(())
//! ```

use std::path::PathBuf;

mod report;

mod pipeline;

mod load;

mod include;

mod local;

mod parse;

mod inputs;

mod config;

mod jobs;

mod choices;

mod variables;

mod error;
mod node;

pub use error::{Error, Place};
pub use report::{ImageUse, Keyword, Report, Settings, Unresolved};

use local::Root;
use pipeline::Reader;

/// Reads files, each the beginning of a pipeline of its own: usually one `.gitlab-ci.yml`.
///
/// # Errors
/// [`Error`] where a file cannot be read, is no YAML, is refused by GitLab too, or passes a limit.
pub fn read_files(files: &[PathBuf], settings: &Settings) -> Result<Report, Error> {
    let mut reader = Reader::new(settings, Some(Root::open(&settings.root)?));
    for file in files {
        let name = file.display().to_string();
        let text = local::read(file).map_err(|source| Error::Read { file: name.clone(), source })?;
        reader.pipeline(&name.as_str().into(), Some(file), &text)?;
    }
    Ok(reader.into_report())
}

/// Reads the merged configuration that GitLab shows: includes are in it already. Its places are in `merged_yaml`.
///
/// # Errors
/// As [`read_files`].
pub fn read_merged(text: &str, settings: &Settings) -> Result<Report, Error> {
    let mut reader = Reader::new(settings, None);
    reader.pipeline(&"merged_yaml".into(), None, text)?;
    Ok(reader.into_report())
}
