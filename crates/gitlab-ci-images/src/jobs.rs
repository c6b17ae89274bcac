//! From a configuration to the images of its jobs.

use std::collections::HashSet;
use std::hash::Hash;

use crate::choices;
use crate::config::{Config, Stop};
use crate::error::{Error, Place};
use crate::node::{Budget, Node, Value};
use crate::report::{ImageUse, Keyword, Report, Unresolved};
use crate::variables::{self, Scope, Variables};

/// What comes out, each thing once.
#[derive(Default)]
pub(crate) struct Findings {
    images: Once<ImageUse>,
    unresolved: Once<Unresolved>,
}

impl Findings {
    pub(crate) fn into_report(self) -> Report {
        Report { images: self.images.items, unresolved: self.unresolved.items }
    }

    pub(crate) fn miss(&mut self, unresolved: Unresolved) {
        self.unresolved.add(unresolved);
    }

    /// The value, if it is known.
    fn known<T>(&mut self, job: Option<&str>, value: Result<T, Stop>) -> Result<Option<T>, Error> {
        match value {
            Ok(value) => Ok(Some(value)),
            Err(Stop::Error(error)) => Err(error),
            Err(Stop::Unknown { place, text, reason }) => {
                self.miss(Unresolved { place, job: job.map(str::to_owned), text, reason });
                Ok(None)
            }
        }
    }
}

/// A list without repetitions.
struct Once<T> {
    items: Vec<T>,
    seen: HashSet<T>,
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Once { items: Vec::new(), seen: HashSet::new() }
    }
}

impl<T: Clone + Eq + Hash> Once<T> {
    fn add(&mut self, item: T) {
        if self.seen.insert(item.clone()) {
            self.items.push(item);
        }
    }
}

/// A pipeline that a job starts: `trigger:include`.
pub(crate) struct Child {
    pub(crate) include: Node,
    pub(crate) variables: Variables,
}

/// A name that stands somewhere in a job.
struct Name {
    text: String,
    place: Place,
    keyword: Keyword,
}

/// Reads the jobs of one configuration.
pub(crate) struct Jobs<'a> {
    pub(crate) config: &'a Config<'a>,
    /// Variables from outside the files.
    pub(crate) outside: &'a Variables,
    pub(crate) budget: &'a Budget,
    pub(crate) findings: &'a mut Findings,
}

impl Jobs<'_> {
    /// Finds the images of all jobs, and returns the pipelines that they start.
    pub(crate) fn read(&mut self) -> Result<Vec<Child>, Error> {
        let global = variables::read(self.config, self.config.keyword("variables"));
        let global = self.findings.known(None, global)?.unwrap_or_default();
        let workflow = choices::rules(self.config, self.config.keyword("workflow"));
        let workflow = self.findings.known(None, workflow)?.unwrap_or_else(|| vec![Variables::new()]);
        let mut children = Vec::new();
        for name in self.config.jobs() {
            let job = self.config.entry(&name);
            let Some(Some(job)) = self.findings.known(Some(&name), job)? else { continue };
            children.extend(self.job(&name, &job, &global, &workflow)?);
        }
        Ok(children)
    }

    fn job(
        &mut self,
        name: &str,
        job: &Node,
        global: &Variables,
        workflow: &[Variables],
    ) -> Result<Option<Child>, Error> {
        let config = self.config;
        let own = variables::read(config, job.get("variables"));
        let own = self.findings.known(Some(name), own)?.unwrap_or_default();
        let kept;
        let global = match job.get("inherit").and_then(|inherit| inherit.get("variables")) {
            None => global,
            Some(inherit) => {
                kept = inherited(global, inherit);
                &kept
            }
        };
        if let Some(trigger) = job.get("trigger") {
            // Its images are those of the pipeline that it starts.
            let include = trigger.get("include").cloned();
            let variables = global.iter().chain(&own);
            let variables = variables.map(|(name, variable)| (name.clone(), variable.clone())).collect();
            return Ok(include.map(|include| Child { include, variables }));
        }
        let names = self.names(name, job)?;
        if names.iter().all(|found| !found.text.contains('$')) {
            for found in names {
                self.use_image(name, &found, Ok(found.text.clone()));
            }
            return Ok(None);
        }
        let one = || vec![Variables::new()];
        let matrix = choices::matrix(config, job);
        let matrix = self.findings.known(Some(name), matrix)?.unwrap_or_else(one);
        let rules = choices::rules(config, Some(job));
        let rules = self.findings.known(Some(name), rules)?.unwrap_or_else(one);
        for combination in &matrix {
            for by_rule in &rules {
                for by_workflow in workflow {
                    let layers = vec![self.outside, by_rule, combination, &own, by_workflow, global];
                    let scope = Scope::new(layers);
                    for found in &names {
                        self.budget.spend(1 + found.text.len() / 16, &found.place)?;
                        self.use_image(name, found, scope.expand(&found.text));
                    }
                }
            }
        }
        Ok(None)
    }

    /// The names in `image` and `services` of a job, or in those of `default`.
    fn names(&mut self, name: &str, job: &Node) -> Result<Vec<Name>, Error> {
        let mut names = Vec::new();
        if let Some(image) = self.keyword(job, "image") {
            let image = self.config.resolve(&image);
            if let Some(image) = self.findings.known(Some(name), image)? {
                names.extend(self.name(name, &image, Keyword::Image)?);
            }
        }
        if let Some(services) = self.keyword(job, "services") {
            let services = self.config.flatten(&services);
            for service in self.findings.known(Some(name), services)?.unwrap_or_default() {
                names.extend(self.name(name, &service, Keyword::Services)?);
            }
        }
        Ok(names)
    }

    fn name(&mut self, job: &str, node: &Node, keyword: Keyword) -> Result<Option<Name>, Error> {
        let named =
            if node.as_map().is_some() { self.config.get(node, "name") } else { Ok(Some(node.clone())) };
        let Some(named) = self.findings.known(Some(job), named)? else { return Ok(None) };
        if let Some(node) = &named
            && let Some(text) = node.text()
        {
            return Ok(Some(Name { text: text.into_owned(), place: node.place.clone(), keyword }));
        }
        self.findings.miss(Unresolved {
            place: node.place.clone(),
            job: Some(job.to_owned()),
            text: keyword.to_string(),
            reason: "it is neither a name nor a mapping with a name".to_owned(),
        });
        Ok(None)
    }

    /// A keyword of the job, or what it inherits: from `default`, or from the top level, as it was written before.
    fn keyword(&self, job: &Node, name: &str) -> Option<Node> {
        if let Some(own) = job.get(name) {
            return Some(own.clone());
        }
        if let Some(inherit) = job.get("inherit").and_then(|inherit| inherit.get("default"))
            && !lists(inherit, name)
        {
            return None;
        }
        let default = self.config.keyword("default").and_then(|default| default.get(name));
        default.or_else(|| self.config.keyword(name)).cloned()
    }

    fn use_image(&mut self, job: &str, name: &Name, expanded: Result<String, String>) {
        let image = match expanded {
            Ok(image) if !image.trim().is_empty() => image.trim().to_owned(),
            other => {
                let reason = other.err().unwrap_or_else(|| "the name is empty".to_owned());
                self.findings.miss(Unresolved {
                    place: name.place.clone(),
                    job: Some(job.to_owned()),
                    text: name.text.clone(),
                    reason,
                });
                return;
            }
        };
        let pinned = image.contains('@');
        let place = name.place.clone();
        self.findings.images.add(ImageUse {
            image,
            place,
            job: job.to_owned(),
            keyword: name.keyword,
            pinned,
        });
    }
}

/// Whether `inherit` takes over a name: `true`, or a list that has it.
fn lists(inherit: &Node, name: &str) -> bool {
    match &inherit.value {
        Value::List(names) => names.iter().any(|listed| listed.written() == Some(name)),
        _ => !inherit.is_false(),
    }
}

fn inherited(global: &Variables, inherit: &Node) -> Variables {
    let kept = global.iter().filter(|(name, _)| lists(inherit, name));
    kept.map(|(name, variable)| (name.clone(), variable.clone())).collect()
}
