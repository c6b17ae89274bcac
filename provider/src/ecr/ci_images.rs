//! `ecrunner_ci_images`: the images that the jobs of GitLab CI files use.
//! AWS: none; GitLab: none. Source is the crate `gitlab-ci-images`, names are completed by `oci-copy`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use gitlab_ci_images::{Error, Report, Settings, read_files, read_merged};
use oci_copy::Reference;
use tf_provider::schema::Computed;
use tf_provider::value::Number;
use tf_provider::{Context, DataSource, Diagnostic, Diagnostics, Schema};

use crate::clients::Clients;
use crate::functions::familiar;

/// Finds the container images that the jobs of `.gitlab-ci.yml` files use, so that mirrors can be made of them with
/// `for_each`.
///
/// Read are `image` and `services` of every job, with `default`, `extends`, anchors, `!reference`, local `include`,
/// `spec:inputs`, `variables`, `parallel:matrix`, `rules:variables` and child pipelines of `trigger:include`. Every job
/// is taken for one that runs. GitLab is not asked.
///
/// The result is a lower bound. Images that scripts name (`docker run`), `FROM` lines of Dockerfiles, the default image
/// of the runner and its helper image are not seen, and a name that depends on what only GitLab knows is listed in
/// `unresolved` and nowhere else. Keep a pull through cache rule behind the mirrors.
///
/// What GitLab would refuse, such as files that include each other in a circle, is an error with file and line.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "ecrunner_ci_images", exactly_one_of(files, merged_yaml), conflicts(merged_yaml, root))]
pub struct CiImages {
    /// Paths of `.gitlab-ci.yml` files, each the beginning of a pipeline of its own.
    #[tf(validate(length(1..=1000)))]
    pub files: Option<Vec<String>>,
    /// The text of a configuration whose includes are in it already: `merged_yaml` in the answer of GitLab's API "CI
    /// Lint", or the full configuration that the pipeline editor shows.
    pub merged_yaml: Option<String>,
    /// Root of the repository: the directory that local includes are relative to, and never lead out of. Default: the
    /// directory of the first of `files`.
    pub root: Option<String>,
    /// Variables by name, such as those of the project and its groups, or `CI_REGISTRY_IMAGE`. They win over those in
    /// the files, as they do at GitLab.
    pub variables: Option<BTreeMap<String, String>>,
    /// Contents of includes that are not local, by their text: the component, the address, the name of the template, or
    /// `project:file`; `project@ref:file` where the same file is included from two refs. An entry of `unresolved` shows
    /// the text.
    pub includes: Option<BTreeMap<String, String>>,
    /// The images, in full: `docker.io/library/alpine:3.20`.
    pub images: Computed<BTreeSet<String>>,
    /// Those of `images` that name a digest. Pull through cache imports none of them until their tag was pulled: they
    /// need a mirror.
    pub pinned_by_digest: Computed<BTreeSet<String>>,
    /// Those of `images` that come from Docker Hub, as Docker shows them: `alpine:3.20`.
    pub docker_hub_images: Computed<BTreeSet<String>>,
    /// Where the images are named, in the order of the jobs.
    pub uses: Computed<Vec<Use>>,
    /// What could be an image, or hold some, and is not known.
    pub unresolved: Computed<Vec<Unresolved>>,
}

/// A place where a job names an image.
#[derive(Schema, Clone, Debug)]
pub struct Use {
    /// The image, as in `images`.
    pub image: Computed<String>,
    /// The file: its path below `root` where it stands there, else its path, or the text of its include; `merged_yaml`
    /// for that argument.
    pub file: Computed<String>,
    /// The line, counted from 1.
    pub line: Computed<Number>,
    /// The job.
    pub job: Computed<String>,
    /// `image` or `services`.
    pub keyword: Computed<String>,
}

/// A place where something is named that is not known.
#[derive(Schema, Clone, Debug)]
pub struct Unresolved {
    /// The name with its variables, or what is included.
    pub text: Computed<String>,
    /// The file, as in `uses`.
    pub file: Computed<String>,
    /// The line, counted from 1.
    pub line: Computed<Number>,
    /// The job; null for an include.
    pub job: Computed<String>,
    /// Why it is not known.
    pub reason: Computed<String>,
}

impl DataSource for CiImages {
    type Client = Clients;

    async fn read(mut self, _: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let report = self.report().map_err(|error| self.refused(&error))?;
        self.show(report);
        Ok(self)
    }
}

impl CiImages {
    fn report(&self) -> Result<Report, Error> {
        let mut settings = Settings {
            root: PathBuf::new(),
            variables: self.variables.clone().unwrap_or_default(),
            includes: self.includes.clone().unwrap_or_default(),
        };
        if let Some(text) = &self.merged_yaml {
            return read_merged(text, &settings);
        }
        let files: Vec<PathBuf> = self.files.iter().flatten().map(PathBuf::from).collect();
        settings.root = match &self.root {
            Some(root) => PathBuf::from(root),
            None => files.first().and_then(|file| file.parent()).map(Path::to_owned).unwrap_or_default(),
        };
        read_files(&files, &settings)
    }

    fn refused(&self, error: &Error) -> Diagnostics {
        let (summary, remedy) = match error {
            Error::Read { .. } => ("Reading GitLab CI configuration", "Correct the path."),
            Error::Limit { .. } => ("GitLab CI configuration is too large", "Read fewer or smaller files."),
            _ => ("Invalid GitLab CI configuration", "Correct the file; GitLab refuses it too."),
        };
        let attribute = match error {
            _ if self.merged_yaml.is_some() => "merged_yaml",
            Error::Read { file, .. } if self.root.as_ref() == Some(file) => "root",
            _ => "files",
        };
        Diagnostic::error(summary, format!("{error}. {remedy}")).at(attribute).into()
    }

    fn show(&mut self, report: Report) {
        let (mut images, mut pinned, mut hub) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut uses = Vec::new();
        let mut unresolved: Vec<Unresolved> = report.unresolved.into_iter().map(Unresolved::from).collect();
        for found in report.images {
            let reference = match Reference::parse(&found.image) {
                Ok(reference) => reference,
                Err(error) => {
                    let (place, job, text) = (found.place, Some(found.job), found.image);
                    let found = gitlab_ci_images::Unresolved { place, job, text, reason: error.to_string() };
                    unresolved.push(found.into());
                    continue;
                }
            };
            let image = reference.to_string();
            if reference.digest().is_some() {
                pinned.insert(image.clone());
            }
            if reference.domain() == "docker.io" {
                hub.insert(familiar(&reference));
            }
            images.insert(image.clone());
            uses.push(Use {
                image: image.into(),
                file: found.place.file.to_string().into(),
                line: number(found.place.line).into(),
                job: found.job.into(),
                keyword: found.keyword.as_str().into(),
            });
        }
        self.images = images.into();
        self.pinned_by_digest = pinned.into();
        self.docker_hub_images = hub.into();
        self.uses = uses.into();
        self.unresolved = unresolved.into();
    }
}

impl From<gitlab_ci_images::Unresolved> for Unresolved {
    fn from(found: gitlab_ci_images::Unresolved) -> Self {
        Unresolved {
            text: found.text.into(),
            file: found.place.file.to_string().into(),
            line: number(found.place.line).into(),
            job: found.job.into(),
            reason: found.reason.into(),
        }
    }
}

/// A file is read up to 2 MiB, so that every line has its number.
fn number(line: usize) -> Number {
    u32::try_from(line).unwrap_or(u32::MAX).into()
}
