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
use tf_provider::Schema;
use tf_provider::schema::Presence;
use tf_provider::value::RawValue;

use crate::clients::Clients;
use crate::tags::{OWN_PREFIX, Tags};

/// Name of the mark, after the prefix of all marks.
const CREATING: &str = "creating";
/// Private data of an object whose create is not over: the id of that create.
const CREATOR: &str = "creator";
/// Stands for the configuration where a part that is gone is made again: no create goes on with that.
const RESTORING: &str = "-";
/// The one argument that does not tell configurations apart: tags often say which pipeline applied.
const TAGS: &str = "tags";
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
    pub fn begin_of<T: Schema>(planned: &T) -> Self {
        let definition = T::definition();
        // What the provider sets is not told: an attribute may be known to the plan only the second time.
        let told = definition.attributes.iter().filter(|attribute| attribute.presence != Presence::Computed);
        let names = told.map(|attribute| attribute.name.as_str()).filter(|name| *name != TAGS);
        Creating::begin(configuration_id(&definition.type_name, names, &planned.to_raw()))
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

/// A checksum of a type, and of the arguments `names` of what is planned.
fn configuration_id<'a>(type_name: &str, names: impl Iterator<Item = &'a str>, planned: &RawValue) -> String {
    let mut hash = Sha256::new();
    text(&mut hash, type_name);
    for name in names {
        text(&mut hash, name);
        feed(&mut hash, planned.get(name).unwrap_or(&RawValue::Null));
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
    use tf_provider::schema::Computed;

    use super::*;

    /// An example.
    #[derive(Schema, Clone, Debug)]
    #[tf(type_name = "ecrunner_example")]
    struct Example {
        /// Name.
        name: String,
        /// Members.
        members: Vec<String>,
        /// Tags.
        tags: Option<Tags>,
        /// ARN.
        arn: Computed<String>,
    }

    #[test]
    fn a_configuration_is_known_by_its_arguments_but_for_tags() {
        let id = |change: &dyn Fn(&mut Example)| {
            let mut example = Example {
                name: "ci".to_owned(),
                members: vec!["a".to_owned(), "b".to_owned()],
                tags: None,
                arn: Computed::Pending,
            };
            change(&mut example);
            Creating::begin_of(&example).configuration
        };
        let same = id(&|_| {});
        assert_eq!(id(&|example| example.tags = Some(Tags::new())), same);
        assert_eq!(id(&|example| example.arn = "known now".into()), same);
        assert_ne!(id(&|example| example.name = "other".to_owned()), same);
        assert_ne!(id(&|example| example.members = vec!["ab".to_owned()]), same);
        assert_eq!(same.len(), ID_LENGTH);
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
