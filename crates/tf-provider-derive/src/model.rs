//! What a struct says, once its attributes are understood.

use syn::{Attribute, Expr, Ident, Type, Visibility};

/// A struct that is a schema.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    /// Doc comment as Markdown.
    pub(crate) description: String,
    /// Given for the root of a resource, data source or ephemeral resource.
    pub(crate) type_name: Option<String>,
    pub(crate) version: u64,
    /// The struct is the identity of a resource.
    pub(crate) identity: bool,
    /// Operation and its limit in seconds, for those that are not left at their default.
    pub(crate) timeouts: Option<Vec<(Ident, u64)>>,
    /// Kind of rule, and the fields that it is about.
    pub(crate) rules: Vec<(Ident, Vec<Ident>)>,
    pub(crate) fields: Vec<Field>,
}

/// One field of the struct.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    /// The doc attributes as written, for the plan form.
    pub(crate) docs: Vec<Attribute>,
    /// Name in configuration.
    pub(crate) name: String,
    /// Doc comment as Markdown.
    pub(crate) description: String,
    pub(crate) role: Role,
}

/// What a field stands for.
#[derive(Debug)]
pub(crate) enum Role {
    Attribute(Box<AttributeRole>),
    Block(BlockRole),
    /// Its type is a mistake, so that nothing is known of it. There is an error for each of these.
    Faulty,
}

/// An attribute.
#[derive(Debug)]
pub(crate) struct AttributeRole {
    /// The type that has the `AttributeValue` impl: what is inside `Option` or `Computed`.
    pub(crate) value: Type,
    pub(crate) presence: Presence,
    pub(crate) deprecated: Option<String>,
    pub(crate) default: Option<Expr>,
    pub(crate) replace: bool,
    /// When a change replaces.
    pub(crate) replace_if: Option<Expr>,
    pub(crate) keep: bool,
    pub(crate) validators: Vec<Expr>,
}

/// A nested block.
#[derive(Debug)]
pub(crate) struct BlockRole {
    /// The type that has the `Schema` impl: what is inside `Option`, `Vec` or `Computed`.
    pub(crate) schema: Box<Type>,
    pub(crate) nesting: BlockNesting,
    pub(crate) min_items: u64,
    /// 0 for no limit.
    pub(crate) max_items: u64,
    /// Set by the provider.
    pub(crate) computed: bool,
}

/// How blocks are held together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockNesting {
    /// `Option<T>`, `Computed<T>`
    Single,
    /// `Vec<T>`, `Computed<Vec<T>>`
    List,
}

/// Who sets an attribute; the variants of `tf_provider::schema::Presence`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Required,
    Optional,
    OptionalComputed,
    Computed,
}

impl Model {
    /// True when the struct can stand in an attribute: neither a root, nor an identity, nor with blocks in it.
    pub(crate) fn is_attribute_value(&self) -> bool {
        self.type_name.is_none()
            && !self.identity
            && !self.fields.iter().any(|field| matches!(field.role, Role::Block(_)))
    }
}
