//! The provider's functions: pure, about names of images and logins to their registries.

mod docker_auth_config;

use oci_copy::{Reference, ReferenceError};
use tf_provider::{Function, FunctionError, Schema};

pub use self::docker_auth_config::docker_auth_config;
use crate::ecr::repository_name::{MAX_NAME, check_name};

/// A complete image reference, taken apart.
#[derive(Schema, Clone, Debug, PartialEq, Eq)]
pub struct ParsedImage {
    /// The registry, with its port where one was given; `docker.io` for Docker Hub.
    pub registry: String,
    /// The repository within the registry, such as `library/alpine`.
    pub repository: String,
    /// The tag; `latest` where neither tag nor digest was given, null where only a digest was.
    pub tag: Option<String>,
    /// The digest, such as `sha256:…`; null where none was given.
    pub digest: Option<String>,
    /// Registry and repository: `docker.io/library/alpine`.
    pub name: String,
    /// The reference as Docker shows it: `alpine:3.20`.
    pub familiar: String,
}

/// `parse_image`: the parts of an image reference.
pub fn parse_image() -> Function {
    Function::unary(
        "parse_image",
        "Takes an image reference apart.",
        "Completes an image reference as Docker does, and returns its parts: `registry`, `repository`, `tag`, `digest`, \
         `name` (registry and repository) and `familiar` (as Docker shows it). `alpine` is \
         `docker.io/library/alpine:latest`. `tag` is null where only a digest was given, `digest` where none was.",
        ("reference", "An image reference, such as `alpine:3.20` or `quay.io/org/image@sha256:…`."),
        |reference: String| Ok(ParsedImage::of(&parse(0, &reference)?)),
    )
}

/// `mirror_image`: the ECR repository of an image's mirror.
pub fn mirror_image() -> Function {
    Function::binary(
        "mirror_image",
        "Names the ECR repository that mirrors an image.",
        "Returns the name of the repository in which an image of another registry is kept: \
         `<prefix>/<registry>/<repository>`, so that images of two registries never meet. `alpine:3.20` under `mirror` \
         is `mirror/docker.io/library/alpine`. Tag and digest are no part of it; a port is joined by a hyphen, since \
         ECR takes no colon.",
        [
            ("reference", "An image reference, such as `alpine:3.20` or `quay.io/org/image`."),
            ("prefix", "The first part of the name, such as `mirror` or `team/mirror`."),
        ],
        |reference: String, prefix: String| mirror_repository(&parse(0, &reference)?, &prefix),
    )
}

impl ParsedImage {
    fn of(reference: &Reference) -> Self {
        ParsedImage {
            registry: reference.domain().to_owned(),
            repository: reference.path().to_owned(),
            tag: reference.tag().map(ToString::to_string),
            digest: reference.digest().map(ToString::to_string),
            name: format!("{}/{}", reference.domain(), reference.path()),
            familiar: familiar(reference),
        }
    }
}

fn parse(argument: i64, text: &str) -> Result<Reference, FunctionError> {
    Reference::parse(text)
        .map_err(|error: ReferenceError| FunctionError::argument(argument, format!("reference: {error}.")))
}

/// Docker leaves out its own registry, and there the namespace of official images.
pub(crate) fn familiar(reference: &Reference) -> String {
    let full = reference.to_string();
    match full.strip_prefix("docker.io/") {
        Some(short) => match short.strip_prefix("library/") {
            // A path below `library/x` would be another repository without it.
            Some(shorter) if !reference.path().trim_start_matches("library/").contains('/') => {
                shorter.to_owned()
            }
            _ => short.to_owned(),
        },
        None => full,
    }
}

fn mirror_repository(reference: &Reference, prefix: &str) -> Result<String, FunctionError> {
    check_name(prefix).map_err(|fault| {
        let remedy = if fault.remedy.is_empty() { String::new() } else { format!(" {}", fault.remedy) };
        FunctionError::argument(1, format!("prefix {}.{remedy}", fault.problem))
    })?;
    let registry = reference.domain().to_ascii_lowercase().replace(':', "-");
    let name = format!("{prefix}/{registry}/{}", reference.path());
    if name.len() > MAX_NAME {
        let text = format!(
            "prefix: the repository would be named {name}, which has {} characters; ECR takes at most {MAX_NAME}. \
             Choose a shorter prefix.",
            name.len()
        );
        return Err(FunctionError::argument(1, text));
    }
    match check_name(&name) {
        Ok(()) => Ok(name),
        Err(_) => Err(FunctionError::argument(
            0,
            format!(
                "reference: the registry {} has no place in the name of an ECR repository. Name the registry by a host \
                 name.",
                reference.domain()
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirror(reference: &str, prefix: &str) -> Result<String, FunctionError> {
        mirror_repository(&parse(0, reference)?, prefix)
    }

    #[test]
    fn familiar_form_is_dockers() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for (reference, expected) in [
            ("alpine", "alpine:latest"),
            ("docker.io/library/alpine:3.20", "alpine:3.20"),
            ("index.docker.io/org/image", "org/image:latest"),
            ("docker.io/library/a/b:1", "library/a/b:1"),
            ("quay.io/library/x:1", "quay.io/library/x:1"),
            ("localhost:5000/x:1", "localhost:5000/x:1"),
            (&format!("alpine@{digest}"), &format!("alpine@{digest}")),
        ] {
            let reference = Reference::parse(reference).unwrap();
            let short = familiar(&reference);
            assert_eq!(short, expected);
            assert_eq!(Reference::parse(&short).unwrap(), reference, "{short} names something else");
        }
    }

    #[test]
    fn mirror_is_named_for_registry_and_repository() {
        assert_eq!(mirror("alpine:3.20", "mirror").unwrap(), "mirror/docker.io/library/alpine");
        assert_eq!(mirror("quay.io/org/image", "team/mirror").unwrap(), "team/mirror/quay.io/org/image");
        assert_eq!(
            mirror("Registry.Example.com:5000/x", "mirror").unwrap(),
            "mirror/registry.example.com-5000/x"
        );
    }

    #[test]
    fn fault_names_its_argument() {
        let fault = |reference: &str, prefix: &str| mirror(reference, prefix).unwrap_err().argument;
        assert_eq!(fault("alpine:", "mirror"), Some(0));
        assert_eq!(fault("[::1]:5000/x", "mirror"), Some(0));
        assert_eq!(fault("alpine", "Mirror"), Some(1));
        assert_eq!(fault("alpine", ""), Some(1));
        assert_eq!(fault(&format!("quay.io/{}", "a".repeat(200)), &"p".repeat(60)), Some(1));
    }
}
