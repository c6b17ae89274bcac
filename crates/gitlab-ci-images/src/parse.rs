//! From text to nodes: anchors, aliases and merge keys as Ruby's Psych takes them, and `!reference`.

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use crate::error::{Error, Place};
use crate::node::{Map, Node, Value};

/// Largest file, in bytes; GitLab's own default is 2 MiB too.
pub(crate) const MAX_BYTES: usize = 2 * 1024 * 1024;
/// Deepest nesting, with aliases put in; GitLab's own default.
pub(crate) const MAX_DEPTH: usize = 100;
/// Most values of one file, with aliases put in.
const MAX_NODES: usize = 500_000;

/// A collection whose end was not met yet.
struct Frame {
    kind: Kind,
    anchor: usize,
    place: Place,
    size: Size,
}

enum Kind {
    List { elements: Vec<Node>, reference: bool },
    Map { entries: Map, key: Option<String> },
}

/// Values below and including one, and levels.
#[derive(Clone, Copy)]
struct Size {
    nodes: usize,
    depth: usize,
}

const LEAF: Size = Size { nodes: 1, depth: 1 };

/// The documents of a text, as far as GitLab looks at them: a header and the content.
pub(crate) fn documents(file: &Arc<str>, text: &str) -> Result<Vec<Node>, Error> {
    let at = |line: usize| Place { file: Arc::clone(file), line };
    if text.len() > MAX_BYTES {
        return Err(Error::limit(&at(1), format!("the file has more than {MAX_BYTES} bytes")));
    }
    let mut builder = Builder::default();
    let mut documents = Vec::new();
    for event in Parser::new_from_str(text.trim_start_matches('\u{feff}')) {
        let (event, span) = event.map_err(|error| {
            // At the end of the text the parser is one line further.
            let line = error.marker().line().min(text.lines().count()).max(1);
            Error::yaml(&at(line), error.info())
        })?;
        if let Event::DocumentEnd = event {
            documents.extend(builder.root.take());
            // An anchor means nothing in the next document.
            builder.anchors.clear();
            if documents.len() == 2 {
                break;
            }
            continue;
        }
        builder.event(event, at(span.start.line()))?;
    }
    Ok(documents)
}

#[derive(Default)]
struct Builder {
    frames: Vec<Frame>,
    anchors: HashMap<usize, (Node, Size)>,
    root: Option<Node>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, place: Place) -> Result<(), Error> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let value = match (style, text.as_ref()) {
                    (ScalarStyle::Plain, "" | "~" | "null" | "Null" | "NULL") => Value::Null,
                    (ScalarStyle::Plain, text) => Value::Plain(text.into()),
                    (_, text) => Value::Text(text.into()),
                };
                self.finish(Node { value, place }, anchor, LEAF)
            }
            Event::Alias(id) => match self.anchors.get(&id) {
                Some((node, size)) => {
                    let (node, size) = (node.clone(), *size);
                    self.add(node, size, &place)
                }
                None => Err(Error::yaml(&place, "the alias stands within the value that it means")),
            },
            Event::SequenceStart(anchor, tag) => {
                let kind = Kind::List { elements: Vec::new(), reference: is_reference(tag.as_deref()) };
                self.open(kind, anchor, place)
            }
            Event::MappingStart(anchor, _) => {
                self.open(Kind::Map { entries: Map::new(), key: None }, anchor, place)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            _ => Ok(()),
        }
    }

    fn open(&mut self, kind: Kind, anchor: usize, place: Place) -> Result<(), Error> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(too_deep(&place));
        }
        self.frames.push(Frame { kind, anchor, place, size: LEAF });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        let value = match frame.kind {
            Kind::List { elements, reference: true } => Value::Reference(Arc::new(elements)),
            Kind::List { elements, reference: false } => Value::List(Arc::new(elements)),
            Kind::Map { entries, .. } => Value::Map(Arc::new(entries)),
        };
        self.finish(Node { value, place: frame.place }, frame.anchor, frame.size)
    }

    fn finish(&mut self, node: Node, anchor: usize, size: Size) -> Result<(), Error> {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let place = node.place.clone();
        self.add(node, size, &place)
    }

    /// Puts a complete value into the collection that is open.
    fn add(&mut self, node: Node, size: Size, place: &Place) -> Result<(), Error> {
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.size.nodes = frame.size.nodes.saturating_add(size.nodes);
        frame.size.depth = frame.size.depth.max(size.depth + 1);
        if frame.size.nodes > MAX_NODES {
            return Err(Error::limit(
                place,
                format!("the file has more than {MAX_NODES} values when its aliases are put in"),
            ));
        }
        if frame.size.depth > MAX_DEPTH {
            return Err(too_deep(place));
        }
        match &mut frame.kind {
            Kind::List { elements, .. } => elements.push(node),
            Kind::Map { entries, key } => match key.take() {
                None => *key = Some(key_of(&node, place)?),
                Some(name) if name == "<<" => merge_key(entries, &node, place)?,
                Some(name) => {
                    entries.insert(name, node);
                }
            },
        }
        Ok(())
    }
}

fn too_deep(place: &Place) -> Error {
    Error::limit(place, format!("values are nested over more than {MAX_DEPTH} levels"))
}

fn is_reference(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| tag.handle == "!" && tag.suffix == "reference")
}

fn key_of(node: &Node, place: &Place) -> Result<String, Error> {
    match &node.value {
        Value::Null => Ok(String::new()),
        Value::Plain(text) | Value::Text(text) => Ok(text.to_string()),
        _ => Err(Error::yaml(place, "a key is not text")),
    }
}

/// Entries of `<<` take effect where it stands: they replace what is above it, and what is below replaces them.
/// In a list of mappings, the earlier one wins.
fn merge_key(entries: &mut Map, node: &Node, place: &Place) -> Result<(), Error> {
    for element in node.elements().iter().rev() {
        let Some(map) = element.as_map() else {
            return Err(Error::yaml(place, "the merge key << takes a mapping or a list of mappings"));
        };
        entries.extend(map.iter().map(|(key, node)| (key.clone(), node.clone())));
    }
    Ok(())
}
