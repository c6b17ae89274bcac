//! The entries of `include`.

use std::collections::BTreeMap;

use crate::error::Place;
use crate::node::{Node, Value};
use crate::variables::Scope;

/// One file, or the files of one pattern.
pub(crate) struct Include {
    pub(crate) target: Target,
    pub(crate) inputs: Option<Node>,
    /// Whether `rules` decide about it.
    pub(crate) conditional: bool,
    pub(crate) place: Place,
}

/// What is included.
#[derive(Clone)]
pub(crate) enum Target {
    Local(String),
    Project {
        project: String,
        file: String,
        r#ref: Option<String>,
    },
    Remote(String),
    Template(String),
    Component(String),
    /// Files that a job makes.
    Artifact(String),
    /// Anything else.
    Other(String),
}

impl Target {
    /// The name by which the content of the include is given.
    pub(crate) fn key(&self) -> String {
        match self {
            Target::Project { project, file, .. } => format!("{project}:{file}"),
            Target::Local(text)
            | Target::Remote(text)
            | Target::Template(text)
            | Target::Component(text)
            | Target::Artifact(text)
            | Target::Other(text) => text.clone(),
        }
    }

    /// The same with the ref: for a file that is included from two of them.
    pub(crate) fn key_with_ref(&self) -> String {
        match self {
            Target::Project { project, file, r#ref: Some(r#ref) } => format!("{project}@{ref}:{file}"),
            _ => self.key(),
        }
    }

    pub(crate) fn description(&self) -> String {
        match self {
            Target::Local(path) => format!("the file {path} of another repository"),
            Target::Project { project, file, .. } => format!("the file {file} of the project {project}"),
            Target::Remote(address) => format!("the remote file {address}"),
            Target::Template(name) => format!("GitLab's template {name}"),
            Target::Component(name) => format!("the component {name}"),
            Target::Artifact(name) => format!("the file {name}, which a job makes,"),
            Target::Other(text) => format!("the include {text}"),
        }
    }

    /// The target with its variables put in. Only those from outside the files may stand there.
    pub(crate) fn expanded(&self, variables: &BTreeMap<String, String>) -> Result<Self, String> {
        let scope = Scope::outside(variables);
        let expand = |text: &str| scope.expand(text);
        Ok(match self {
            Target::Local(text) => Target::Local(expand(text)?),
            Target::Remote(text) => Target::Remote(expand(text)?),
            Target::Project { project, file, r#ref } => Target::Project {
                project: expand(project)?,
                file: expand(file)?,
                r#ref: r#ref.as_deref().map(expand).transpose()?,
            },
            // The whole text may be the name by which the content is given, variables and all.
            Target::Component(text) => Target::Component(expand(text).unwrap_or_else(|_| text.clone())),
            other => other.clone(),
        })
    }
}

/// The entries of an `include`, each project's files one by one.
pub(crate) fn includes(node: &Node) -> Vec<Include> {
    node.elements().iter().flat_map(entry).collect()
}

fn entry(node: &Node) -> Vec<Include> {
    let text = |key: &str| node.get(key).and_then(Node::text).map(|text| text.into_owned());
    let targets = if let Some(text) = node.text() {
        vec![bare(text.into_owned())]
    } else if let Some(project) = text("project") {
        let files = node.get("file").map_or(&[][..], Node::elements);
        let files = files.iter().filter_map(Node::text);
        let target = |file: String| Target::Project { project: project.clone(), file, r#ref: text("ref") };
        files.map(|file| target(file.into_owned())).collect()
    } else if let Some(path) = text("local") {
        vec![Target::Local(path)]
    } else if let Some(address) = text("remote") {
        vec![Target::Remote(address)]
    } else if let Some(name) = text("template") {
        vec![Target::Template(name)]
    } else if let Some(name) = text("component") {
        vec![Target::Component(name)]
    } else if let Some(name) = text("artifact") {
        vec![Target::Artifact(name)]
    } else {
        let form = if let Value::Reference(_) = node.value { "!reference" } else { "of an unknown form" };
        vec![Target::Other(form.to_owned())]
    };
    let include = |target| Include {
        target,
        inputs: node.get("inputs").cloned(),
        conditional: node.get("rules").is_some(),
        place: node.place.clone(),
    };
    targets.into_iter().map(include).collect()
}

fn bare(text: String) -> Target {
    if text.starts_with("https://") || text.starts_with("http://") {
        Target::Remote(text)
    } else {
        Target::Local(text)
    }
}
