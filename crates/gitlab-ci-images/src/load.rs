//! From files to one configuration: header, inputs, includes.

use std::sync::Arc;

use crate::error::{Error, Place};
use crate::include::{Include, Target, includes};
use crate::inputs::Inputs;
use crate::local::Root;
use crate::node::{Budget, Map, Node, Value, merge};
use crate::parse::documents;
use crate::report::{Settings, Unresolved};

/// Most files that one configuration includes.
const MAX_INCLUDES: usize = 150;

/// Reads one configuration.
pub(crate) struct Loader<'a> {
    pub(crate) settings: &'a Settings,
    /// None where there is no repository.
    pub(crate) root: Option<&'a mut Root>,
    pub(crate) budget: &'a Budget,
    pub(crate) included: usize,
    /// Includes whose content is not known.
    pub(crate) missing: Vec<Unresolved>,
}

/// Which repository a file belongs to; its local includes do too.
#[derive(Clone)]
pub(crate) enum Origin {
    Here,
    Project(String),
    Elsewhere,
}

impl Loader<'_> {
    /// The configuration of a file with all that it includes.
    pub(crate) fn document(
        &mut self,
        file: &Arc<str>,
        text: &str,
        origin: &Origin,
        inputs: Option<&Node>,
        chain: &mut Vec<String>,
    ) -> Result<Node, Error> {
        let mut documents = documents(file, text)?;
        let header = if documents.len() > 1 && documents[0].get("spec").is_some() {
            Some(documents.remove(0))
        } else {
            None
        };
        let start = Place { file: Arc::clone(file), line: 1 };
        let mut content = match documents.into_iter().next() {
            Some(content) if !content.is_null() => content,
            _ => Node::empty_map(&start),
        };
        if let Some(header) = header {
            content = Inputs::new(&header, inputs).fill(&content, 1, self.budget)?;
        }
        self.with_includes(&content, origin, chain)
    }

    /// The content of a document, over all that it includes.
    pub(crate) fn with_includes(
        &mut self,
        content: &Node,
        origin: &Origin,
        chain: &mut Vec<String>,
    ) -> Result<Node, Error> {
        let Value::Map(map) = &content.value else { return Err(Error::NotMapping(content.place.clone())) };
        let mut own = Map::clone(map);
        let included = own.shift_remove("include");
        let mut merged = Node::empty_map(&content.place);
        for include in included.iter().flat_map(includes) {
            self.include(&include, origin, &mut merged, chain)?;
        }
        merge(&merged, &Node::new(Value::Map(Arc::new(own)), &content.place), self.budget)
    }

    /// Lays the files of one include over `merged`.
    fn include(
        &mut self,
        include: &Include,
        origin: &Origin,
        merged: &mut Node,
        chain: &mut Vec<String>,
    ) -> Result<(), Error> {
        let target = match include.target.expanded(&self.settings.variables) {
            Ok(target) => target,
            Err(reason) => {
                self.miss(include, &include.target.key(), reason);
                return Ok(());
            }
        };
        if let (Target::Local(path), Origin::Here) = (&target, origin) {
            for path in self.local(include, path)? {
                let Some(root) = self.root.as_deref() else { break };
                let text = root.read(&path)?;
                self.add(include, &path.as_str().into(), &text, &Origin::Here, merged, chain)?;
            }
            return Ok(());
        }
        let (target, next) = match (target, origin) {
            (Target::Local(path), Origin::Project(project)) => {
                let file = format!("/{}", path.trim_start_matches('/'));
                (Target::Project { project: project.clone(), file, r#ref: None }, origin.clone())
            }
            (Target::Project { project, file, r#ref }, _) => {
                (Target::Project { project: project.clone(), file, r#ref }, Origin::Project(project))
            }
            (target, _) => (target, Origin::Elsewhere),
        };
        let keys = [include.target.key(), target.key_with_ref(), target.key()];
        let given = keys.iter().find_map(|key| self.settings.includes.get_key_value(key));
        let Some((key, text)) = given else {
            self.miss(include, &target.key(), format!("{} was not given", target.description()));
            return Ok(());
        };
        self.add(include, &key.as_str().into(), text, &next, merged, chain)
    }

    fn local(&mut self, include: &Include, path: &str) -> Result<Vec<String>, Error> {
        let Some(root) = self.root.as_deref_mut() else {
            self.miss(include, path, "there is no repository to read local includes from".to_owned());
            return Ok(Vec::new());
        };
        let found = root.find(path, &include.place)?;
        if found.is_empty() {
            if !include.conditional {
                return Err(Error::IncludeMissing { place: include.place.clone(), path: path.to_owned() });
            }
            self.miss(
                include,
                path,
                "the file does not exist, and rules decide whether it is included".to_owned(),
            );
        }
        Ok(found)
    }

    fn add(
        &mut self,
        include: &Include,
        file: &Arc<str>,
        text: &str,
        origin: &Origin,
        merged: &mut Node,
        chain: &mut Vec<String>,
    ) -> Result<(), Error> {
        let place = &include.place;
        if let Some(first) = chain.iter().position(|earlier| **earlier == **file) {
            let mut chain = chain.split_off(first);
            chain.push(file.to_string());
            return Err(Error::IncludeCycle { place: place.clone(), chain });
        }
        self.included += 1;
        if self.included > MAX_INCLUDES {
            return Err(Error::TooManyIncludes { place: place.clone(), limit: MAX_INCLUDES });
        }
        self.budget.spend(text.len() / 16, place)?;
        chain.push(file.to_string());
        let document = self.document(file, text, origin, include.inputs.as_ref(), chain)?;
        chain.pop();
        *merged = merge(merged, &document, self.budget)?;
        Ok(())
    }

    fn miss(&mut self, include: &Include, text: &str, reason: String) {
        self.missing.push(Unresolved {
            place: include.place.clone(),
            job: None,
            text: text.to_owned(),
            reason,
        });
    }
}
