//! The mark of a create that is not over: a tag by which a later apply goes on with what an interrupted one made.
//!
//! Create adopts nothing that is there. But a process that is killed, or an answer that never comes, leaves objects that
//! no state tells of. So everything that a create makes bears the tag `ecrunner:creating` from its first call until all
//! of it is there. The tag's value is the id of that create and that of its configuration: another create of the same
//! configuration goes on with what bears it, and any other is refused.
//!
//! Private data tell which create an object in the state is of, as long as that create is not over: with
//! create_before_destroy another one can have gone on with the same objects before the first one's are deleted.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use sha2::{Digest as _, Sha256};
use tf_provider::Context;
use tf_provider::schema::Convert;
use tf_provider::value::RawValue;

use crate::clients::Clients;
use crate::tags::{OWN_PREFIX, Tags};

/// Name of the mark, after the prefix of all marks.
const CREATING: &str = "creating";
/// Private data of an object whose create is not over: the id of that create.
const CREATOR: &str = "creator";
/// Stands for the configuration where a part that is gone is made again: no create goes on with that.
const RESTORING: &str = "-";
/// Attributes that do not tell configurations apart: tags often say which pipeline applied.
const UNTOLD: [&str; 2] = ["tags", "tags_all"];
/// Hex digits of a configuration's id.
const ID_LENGTH: usize = 32;

/// A create that is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creating {
    id: String,
    configuration: String,
}

impl Creating {
    /// A create that begins now. `configuration` is the same in each create of the same configuration.
    pub fn begin(configuration: impl Into<String>) -> Self {
        // The standard library's seed is random, and nothing more is asked of an id that tells two creates apart.
        let id = RandomState::new().build_hasher().finish();
        Creating { id: format!("{id:016x}"), configuration: configuration.into() }
    }

    /// A create of `planned`.
    pub fn begin_of(planned: &impl Convert) -> Self {
        Creating::begin(configuration_id(&planned.to_raw()))
    }

    /// An update that makes parts which are gone: they are marked so that an answer that is lost can be made up for.
    pub fn restoring() -> Self {
        Creating::begin(RESTORING)
    }

    /// The create that an object's tags tell of.
    pub fn of(tags: &Tags) -> Option<Self> {
        let (id, configuration) = tags.get(&key())?.split_once(' ')?;
        Some(Creating { id: id.to_owned(), configuration: configuration.to_owned() })
    }

    /// `tags` and the mark, for an object that is made.
    pub fn mark(&self, tags: &Tags) -> Tags {
        let mut marked = tags.clone();
        marked.insert(key(), format!("{} {}", self.id, self.configuration));
        marked
    }

    /// The tags to give an object that was made, or found when `is_there`: one that a create goes on with is marked as
    /// its own, one that an update finds is not.
    pub fn tags_for(&self, is_there: bool, tags: &Tags) -> Tags {
        if is_there && self.configuration == RESTORING { tags.clone() } else { self.mark(tags) }
    }

    /// True for the tags of an object that this create may go on with.
    pub fn goes_on_with(&self, tags: &Tags) -> bool {
        Creating::of(tags).is_some_and(|other| other.configuration == self.configuration)
    }

    /// True for the tags of an object that this very create has made.
    pub fn has_made(&self, tags: &Tags) -> bool {
        Creating::of(tags).as_ref() == Some(self)
    }

    /// Notes in the object's private data that it is of this create.
    pub fn note(&self, ctx: &mut Context<Clients>) {
        ctx.private().set(CREATOR, &self.id);
    }
}

/// Notes that the create is over: all of it is there. Then the marks are to be taken away.
pub fn note_end(ctx: &mut Context<Clients>) {
    ctx.private().remove(CREATOR);
}

/// True when the object in the state is of a create that failed, and another one went on with what it made, of which
/// `tags` are: then it is that one's.
pub fn was_taken_over(ctx: &mut Context<Clients>, tags: &Tags) -> bool {
    let creator = ctx.private().get::<String>(CREATOR);
    creator.is_some_and(|creator| Creating::of(tags).is_none_or(|other| other.id != creator))
}

/// True while the create of the object in the state is not over.
pub fn is_unfinished(ctx: &mut Context<Clients>) -> bool {
    ctx.private().get::<String>(CREATOR).is_some()
}

fn key() -> String {
    format!("{OWN_PREFIX}{CREATING}")
}

/// A checksum of what is planned.
fn configuration_id(planned: &RawValue) -> String {
    let mut hash = Sha256::new();
    if let RawValue::Mapping(attributes) = planned {
        for (name, value) in attributes.iter().filter(|(name, _)| !UNTOLD.contains(&name.as_str())) {
            text(&mut hash, name);
            feed(&mut hash, value);
        }
    }
    let mut id: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    id.truncate(ID_LENGTH);
    id
}

fn feed(hash: &mut Sha256, value: &RawValue) {
    match value {
        RawValue::Null => hash.update("n"),
        RawValue::Unknown(_) => hash.update("u"),
        RawValue::Bool(value) => hash.update(if *value { "t" } else { "f" }),
        RawValue::Number(number) => text(hash, &number.to_string()),
        RawValue::String(value) => text(hash, value),
        RawValue::Sequence(elements) => {
            hash.update(format!("[{}:", elements.len()));
            elements.iter().for_each(|element| feed(hash, element));
        }
        RawValue::Mapping(entries) => {
            hash.update(format!("{{{}:", entries.len()));
            for (name, value) in entries {
                text(hash, name);
                feed(hash, value);
            }
        }
        RawValue::Dynamic(value) => feed(hash, &value.1),
    }
}

/// With its length, so that two texts in a row are not one.
fn text(hash: &mut Sha256, text: &str) {
    hash.update(format!("\"{}:{text}", text.len()));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn object(pairs: &[(&str, RawValue)]) -> RawValue {
        RawValue::Mapping(pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    fn string(text: &str) -> RawValue {
        RawValue::String(text.to_owned())
    }

    #[test]
    fn a_configuration_is_known_by_all_but_its_tags() {
        let tags = |value| RawValue::Mapping(BTreeMap::from([("commit".to_owned(), string(value))]));
        let id = |name, value| {
            let arn = ("arn", RawValue::unknown());
            configuration_id(&object(&[("name", string(name)), ("tags", tags(value)), arn]))
        };
        assert_eq!(id("ci", "1"), id("ci", "2"));
        assert_ne!(id("ci", "1"), id("other", "1"));
        let list = |texts: &[&str]| RawValue::Sequence(texts.iter().map(|text| string(text)).collect());
        assert_ne!(
            configuration_id(&object(&[("a", list(&["b", "c"]))])),
            configuration_id(&object(&[("a", list(&["bc"]))]))
        );
    }

    #[test]
    fn a_create_goes_on_with_its_own_configuration_alone() {
        let tags = Tags::from([("team".to_owned(), "ci".to_owned())]);
        let first = Creating::begin("one");
        let marked = first.mark(&tags);
        assert_eq!(marked.len(), 2);
        assert!(first.has_made(&marked) && Creating::begin("one").goes_on_with(&marked));
        assert!(!Creating::begin("one").has_made(&marked) && !Creating::begin("two").goes_on_with(&marked));
        assert!(!first.goes_on_with(&tags) && !first.has_made(&tags));
    }

    #[test]
    fn an_update_marks_only_what_it_makes() {
        let tags = Tags::new();
        let restoring = Creating::restoring();
        assert_eq!(restoring.tags_for(true, &tags), tags);
        assert!(restoring.has_made(&restoring.tags_for(false, &tags)));
    }
}
