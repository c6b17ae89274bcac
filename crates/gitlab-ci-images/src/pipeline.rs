//! From the first file of a pipeline to its images, and to those of the pipelines that it starts.

use std::path::Path;
use std::sync::Arc;

use crate::config::Config;
use crate::error::Error;
use crate::jobs::{Child, Findings, Jobs};
use crate::load::{Loader, Origin};
use crate::local::Root;
use crate::node::{Budget, Map, Node, Value};
use crate::report::{Report, Settings, Unresolved};
use crate::variables::{self, Variables};

/// How deep pipelines start each other; GitLab's limit.
const MAX_CHILDREN: usize = 2;

/// Reads pipelines one after the other.
pub(crate) struct Reader<'a> {
    settings: &'a Settings,
    root: Option<Root>,
    budget: Budget,
    findings: Findings,
}

impl<'a> Reader<'a> {
    /// Without a root there is no repository, and no local include can be read.
    pub(crate) fn new(settings: &'a Settings, root: Option<Root>) -> Self {
        Reader { settings, root, budget: Budget::new(), findings: Findings::default() }
    }

    pub(crate) fn into_report(self) -> Report {
        self.findings.into_report()
    }

    /// Reads one text, which stands in a file where there is one.
    pub(crate) fn pipeline(&mut self, name: &Arc<str>, path: Option<&Path>, text: &str) -> Result<(), Error> {
        // By the name that an include of it would have: circles through it are seen, and no machine's paths come out.
        let below_root = path.and_then(|path| self.root.as_ref()?.relative(path));
        let name = below_root.map_or_else(|| Arc::clone(name), Arc::from);
        let mut loader = self.loader();
        let config = loader.document(&name, text, &Origin::Here, None, &mut vec![name.to_string()])?;
        let missing = loader.missing;
        self.jobs(config, missing, &variables::outside(&self.settings.variables), 0)
    }

    fn loader(&mut self) -> Loader<'_> {
        Loader {
            settings: self.settings,
            root: self.root.as_mut(),
            budget: &self.budget,
            included: 0,
            missing: Vec::new(),
        }
    }

    fn jobs(
        &mut self,
        root: Node,
        missing: Vec<Unresolved>,
        outside: &Variables,
        level: usize,
    ) -> Result<(), Error> {
        let complete = missing.is_empty();
        missing.into_iter().for_each(|include| self.findings.miss(include));
        let config = Config::new(root, complete, &self.budget);
        let (budget, findings) = (&self.budget, &mut self.findings);
        let children = Jobs { config: &config, outside, budget, findings }.read()?;
        if level < MAX_CHILDREN {
            for child in children {
                self.child(child, outside, level + 1)?;
            }
        }
        Ok(())
    }

    /// A child pipeline is a configuration that has nothing but the include of its trigger. The variables that it is
    /// given win over its own.
    fn child(&mut self, child: Child, outside: &Variables, level: usize) -> Result<(), Error> {
        let place = child.include.place.clone();
        let mut variables = child.variables;
        variables.extend(outside.iter().map(|(name, variable)| (name.clone(), variable.clone())));
        self.budget.spend(100 + variables.len(), &place)?;
        let content = Map::from_iter([("include".to_owned(), child.include)]);
        let content = Node::new(Value::Map(Arc::new(content)), &place);
        let mut loader = self.loader();
        let config = loader.with_includes(&content, &Origin::Here, &mut Vec::new())?;
        let missing = loader.missing;
        self.jobs(config, missing, &variables, level)
    }
}
