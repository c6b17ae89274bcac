//! Schemas: what a provider, resource, data source or function announces, made from one documented struct.
//!
//! `#[derive(Schema)]` on the struct yields everything here: the [`Definition`], the plan form, and the
//! conversions between struct and [`RawValue`]. Doc comments become descriptions.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::value::{AttributePath, RawValue, Step, Type};

mod compare;
mod convert;
mod derive;
mod rules;
mod validate;
mod wrappers;

pub use compare::{AnyCase, Comparison, Json, JsonSpelling, Spelled, Spelling, replace_if};
pub use convert::{
    AttributeValue, Convert, ConvertError, attribute_from, list_block_from, list_block_to_raw,
};
pub use derive::{Schema, StringEnum};
pub use rules::Rule;
pub use validate::{
    Invalid, Validator, at_least, at_most, check, each, length, matches, one_of, range, text, within,
};
pub use wrappers::{Computed, Sensitive, WriteOnly};

/// A struct that is a schema. Implemented by `#[derive(Schema)]`.
pub trait Schema: Convert + Clone + Send + Sync + 'static {
    /// The plan form: the same fields, each a [`Value`](crate::value::Value) that may be unknown.
    type Plan: Convert + Clone + Send + Sync + 'static;

    /// The definition that is announced to Terraform.
    fn definition() -> Definition;
}

/// Everything that is announced about one object.
#[derive(Clone, Debug, Default)]
pub struct Definition {
    /// The type's name, such as `ecrunner_mirror_repository`; empty for a provider and for nested objects.
    pub type_name: String,
    /// Version of the state's shape; raised when a change needs an upgrade.
    pub version: i64,
    /// First paragraph and the rest, Markdown, from the doc comment.
    pub description: String,
    /// Attributes in the order in which the struct declares them.
    pub attributes: Vec<Attribute>,
    /// Nested blocks in the order in which the struct declares them.
    pub blocks: Vec<Block>,
    /// Which arguments may stand together.
    pub rules: Vec<Rule>,
    /// Default time limits; present when the object has a `timeouts` block.
    pub timeouts: Option<Timeouts>,
}

/// One attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name in configuration.
    pub name: String,
    /// Type, or nested attributes.
    pub kind: AttributeKind,
    /// Markdown, from the doc comment.
    pub description: String,
    /// Who sets it.
    pub presence: Presence,
    /// Masked in output; state holds plain text all the same.
    pub sensitive: bool,
    /// Only in configuration, never in plan or state.
    pub write_only: bool,
    /// Why it should not be used any more, and what to use instead.
    pub deprecated: Option<String>,
    /// What a null in configuration means.
    pub default: Option<RawValue>,
    /// A change replaces the object.
    pub replace: bool,
    /// A change of a known value to another replaces the object if this holds.
    pub replace_if: Option<Comparison>,
    /// Whether two values mean the same, so that the earlier spelling stays.
    pub same_meaning: Option<Comparison>,
    /// A planned unknown takes the prior value: for computed values that never change after create.
    pub keep: bool,
    /// Checks of the configured value.
    pub validators: Vec<Validator>,
}

/// Who sets an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The configuration must.
    Required,
    /// The configuration may; otherwise it is null.
    Optional,
    /// The configuration may; otherwise the provider does.
    OptionalComputed,
    /// The provider does.
    Computed,
}

impl Presence {
    /// True when the provider may set the attribute.
    pub fn is_computed(self) -> bool {
        matches!(self, Presence::Computed | Presence::OptionalComputed)
    }
}

/// Type of an attribute, or its nested attributes.
#[derive(Clone, Debug)]
pub enum AttributeKind {
    /// A value of this type.
    Plain(Type),
    /// Objects with attributes of their own.
    Nested(Nesting, Vec<Attribute>),
}

/// How nested objects are held together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// One object.
    Single,
    /// A list of objects.
    List,
    /// A set of objects.
    Set,
    /// Objects by string key.
    Map,
}

/// A nested block.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its name in configuration.
    pub name: String,
    /// One, or a list. ([`Nesting::Map`] does not occur.)
    pub nesting: Nesting,
    /// Markdown, from the doc comment.
    pub description: String,
    /// Attributes of the block.
    pub attributes: Vec<Attribute>,
    /// Blocks within the block.
    pub blocks: Vec<Block>,
    /// Which arguments may stand together.
    pub rules: Vec<Rule>,
    /// Fewest blocks, 0 or more.
    pub min_items: u64,
    /// Most blocks; 0 for no limit.
    pub max_items: u64,
    /// The provider sets them, with everything inside; only at the root. Needs Terraform 1.16.
    pub computed: bool,
}

/// Default time limits of an object's operations, each to be overridden in its `timeouts` block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For create.
    pub create: Duration,
    /// For read.
    pub read: Duration,
    /// For update.
    pub update: Duration,
    /// For delete.
    pub delete: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let twenty_minutes = Duration::from_secs(20 * 60);
        Timeouts {
            create: twenty_minutes,
            read: twenty_minutes,
            update: twenty_minutes,
            delete: twenty_minutes,
        }
    }
}

impl AttributeKind {
    /// The type of the attribute's value on the wire.
    pub fn ty(&self) -> Type {
        match self {
            AttributeKind::Plain(ty) => ty.clone(),
            AttributeKind::Nested(nesting, attributes) => nesting.of(object_type(attributes, &[])),
        }
    }
}

impl Nesting {
    /// The type of so nested objects.
    pub(crate) fn of(self, object: Type) -> Type {
        match self {
            Nesting::Single => object,
            Nesting::List => Type::list(object),
            Nesting::Set => Type::set(object),
            Nesting::Map => Type::map(object),
        }
    }
}

impl Definition {
    /// The object type of the whole value on the wire.
    pub fn ty(&self) -> Type {
        object_type(&self.attributes, &self.blocks)
    }

    /// The part of `path` that Terraform finds in a configuration. It looks into blocks, but of a nested attribute
    /// only the element is found: for anything deeper it points at the whole object (seen with 1.11).
    pub(crate) fn visible(&self, path: &AttributePath) -> AttributePath {
        let (mut attributes, mut blocks) = (&self.attributes, &self.blocks);
        let mut steps = path.steps().iter();
        let mut visible = AttributePath::root();
        while let Some(step) = steps.next() {
            visible = visible.with(step.clone());
            let Step::Attribute(name) = step else { continue };
            if let Some(block) = blocks.iter().find(|block| block.name == *name) {
                (attributes, blocks) = (&block.attributes, &block.blocks);
            } else if attributes.iter().any(|attribute| attribute.name == *name) {
                let element = steps.next().filter(|step| !matches!(step, Step::Attribute(_)));
                return element.map_or(visible.clone(), |step| visible.with(step.clone()));
            }
        }
        visible
    }

    /// True when `path` leads to a write-only attribute.
    pub(crate) fn is_write_only(&self, path: &AttributePath) -> bool {
        let (mut attributes, mut blocks) = (self.attributes.as_slice(), self.blocks.as_slice());
        let mut write_only = false;
        for step in path.steps() {
            let Step::Attribute(name) = step else { continue };
            if let Some(block) = blocks.iter().find(|block| block.name == *name) {
                (attributes, blocks) = (&block.attributes, &block.blocks);
                continue;
            }
            let Some(attribute) = attributes.iter().find(|attribute| attribute.name == *name) else {
                return false;
            };
            write_only = attribute.write_only;
            (attributes, blocks) = match &attribute.kind {
                AttributeKind::Nested(_, inner) => (inner.as_slice(), [].as_slice()),
                AttributeKind::Plain(_) => ([].as_slice(), [].as_slice()),
            };
        }
        write_only
    }

    /// The attribute `name` of the root.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }
}

pub(crate) fn object_type(attributes: &[Attribute], blocks: &[Block]) -> Type {
    let attributes = attributes.iter().map(|attribute| (attribute.name.clone(), attribute.kind.ty()));
    let blocks = blocks.iter().map(|block| (block.name.clone(), block.ty()));
    Type::Object(attributes.chain(blocks).collect::<BTreeMap<_, _>>())
}

impl Block {
    /// The same block, set by the provider as a whole; for generated code.
    #[must_use]
    pub fn computed(mut self) -> Self {
        fn set(attributes: &mut [Attribute]) {
            for attribute in attributes {
                attribute.presence = Presence::Computed;
                if let AttributeKind::Nested(_, inner) = &mut attribute.kind {
                    set(inner);
                }
            }
        }
        set(&mut self.attributes);
        self.blocks = self.blocks.into_iter().map(Block::computed).collect();
        self.computed = true;
        self
    }

    /// The value of a block that is not there: a list is empty, never null.
    pub(crate) fn absent(&self) -> RawValue {
        match self.nesting {
            Nesting::Single => RawValue::Null,
            Nesting::List | Nesting::Set => RawValue::Sequence(Vec::new()),
            Nesting::Map => RawValue::Mapping(BTreeMap::new()),
        }
    }

    /// The type of the block's value on the wire.
    pub fn ty(&self) -> Type {
        self.nesting.of(object_type(&self.attributes, &self.blocks))
    }
}

/// A check, shared between threads.
pub(crate) type CheckFn = Arc<dyn Fn(&RawValue) -> Result<(), Invalid> + Send + Sync>;

impl fmt::Display for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Presence::Required => "Required",
            Presence::Optional | Presence::OptionalComputed => "Optional",
            Presence::Computed => "Read-Only",
        })
    }
}
