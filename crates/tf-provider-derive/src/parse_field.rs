//! From one field to its role: attribute or block, and who sets it.

use syn::{Expr, Ident, Type};

use crate::doc::{description, doc_attributes};
use crate::errors::{Errors, unknown_option};
use crate::model::{AttributeRole, BlockNesting, BlockRole, Field, Presence, Role};
use crate::options::{TfOption, tf_options};
use crate::parse::{NAME_RULE, default_name, is_name};
use crate::types::{Wrapper, mentions, wrapper};

const OPTIONS: &[&str] = &[
    "name",
    "required",
    "optional",
    "default",
    "replace",
    "replace_if",
    "keep",
    "deprecated",
    "validate",
    "block",
];
const HINTS: &[(&str, &str)] = &[
    ("rename", "write `name = \"…\"`"),
    ("computed", "write the type as `Computed<T>`"),
    ("sensitive", "write the type as `Sensitive<T>`"),
    ("write_only", "write the type as `WriteOnly<T>`"),
    ("force_new", "write `replace`"),
    ("requires_replace", "write `replace`"),
    ("use_state_for_unknown", "write `keep`"),
    ("keep_state", "write `keep`"),
    ("validators", "write `validate(…)`"),
    ("description", "the doc comment is the description"),
    ("min", "write `block(min = …)`"),
    ("max", "write `block(max = …)`"),
];
/// Types that come to mind first, with the one to use. (The compiler's own list of impls names neither reason.)
const UNSUPPORTED: &[(&str, &str)] = &[
    ("HashMap", "the order of a `HashMap` changes from run to run; write `BTreeMap`"),
    ("HashSet", "the order of a `HashSet` changes from run to run; write `BTreeSet`"),
    ("usize", "the range of `usize` depends on the machine; write `u32` or `i64`"),
    ("isize", "the range of `isize` depends on the machine; write `i64`"),
    ("u64", "write `i64`, or `Number` for whole numbers of any size"),
];
const BLOCK_OPTIONS: &[&str] = &["min", "max"];

/// Options of a field by name, and the place to complain at.
struct Options<'a> {
    list: &'a [TfOption],
}

impl Options<'_> {
    fn get(&self, name: &str) -> Option<&TfOption> {
        self.list.iter().find(|option| option.name == name)
    }

    /// True when the flag is given.
    fn flag(&self, name: &str, errors: &mut Errors) -> bool {
        self.get(name).is_some_and(|option| option.flag(errors))
    }

    /// Refuses `name`, if it is given, because of `reason`.
    fn refuse(&self, name: &str, reason: &str, errors: &mut Errors) {
        if let Some(option) = self.get(name) {
            errors.at_span(option.span(), format!("`{name}` {reason}"));
        }
    }
}

/// Reads one field of the struct `parent`; none when it has no identifier.
pub(crate) fn field(field: &syn::Field, parent: &Ident, errors: &mut Errors) -> Option<Field> {
    let ident = field.ident.clone()?;
    let description = description(&field.attrs);
    if description.is_empty() {
        errors.at(&ident, format!("`{ident}` needs a doc comment: it becomes the description"));
    }
    let options = tf_options(&field.attrs, errors);
    for option in &options {
        let name = option.name.to_string();
        if !OPTIONS.contains(&name.as_str()) {
            errors.at_span(option.span(), unknown_option(&name, OPTIONS, HINTS));
        }
    }
    let options = Options { list: &options };

    let mut name = default_name(&ident);
    match options.get("name").map(|option| option.text(errors)) {
        Some(Some(text)) => {
            name = text.value();
            if !is_name(&name) {
                errors.at(&text, NAME_RULE);
            }
        }
        Some(None) => {}
        None if is_name(&name) => {}
        None => errors.at(&ident, NAME_RULE),
    }

    let role = match options.get("block") {
        Some(option) => block(&field.ty, option, &options, errors).map(Role::Block),
        None => attribute(&field.ty, &options, errors).map(|role| Role::Attribute(Box::new(role))),
    };
    let recursive = mentions(&field.ty, "Self") || mentions(&field.ty, &parent.to_string());
    if recursive {
        errors.at(&field.ty, "a schema cannot contain itself: Terraform has no recursive types");
    }
    let role = role.filter(|_| !recursive).unwrap_or(Role::Faulty);
    let docs = doc_attributes(&field.attrs).cloned().collect();
    Some(Field { ident, vis: field.vis.clone(), docs, name, description, role })
}

/// None when the type is a mistake.
fn block(ty: &Type, block: &TfOption, options: &Options<'_>, errors: &mut Errors) -> Option<BlockRole> {
    for name in ["required", "optional", "default", "replace", "replace_if", "keep", "deprecated", "validate"]
    {
        options.refuse(name, "applies to an attribute, not to a block", errors);
    }
    let (schema, nesting) = match wrapper(ty) {
        Wrapper::Option(inner) => (Box::new(inner.clone()), BlockNesting::Single),
        Wrapper::Vec(inner) => (Box::new(inner.clone()), BlockNesting::List),
        Wrapper::Computed(inner) => match wrapper(inner) {
            Wrapper::Vec(inner) => (Box::new(inner.clone()), BlockNesting::List),
            _ => (Box::new(inner.clone()), BlockNesting::Single),
        },
        Wrapper::WriteOnly | Wrapper::Plain => {
            errors.at(ty, "a block is an `Option<T>` (at most one) or a `Vec<T>` (a list)");
            return None;
        }
    };
    let computed = matches!(wrapper(ty), Wrapper::Computed(_));
    let mut role = BlockRole { schema, nesting, min_items: 0, max_items: 0, computed };
    for limit in block.options(errors) {
        let name = limit.name.to_string();
        if !BLOCK_OPTIONS.contains(&name.as_str()) {
            errors.at_span(limit.span(), unknown_option(&name, BLOCK_OPTIONS, &[]));
            continue;
        }
        if computed {
            errors.at_span(
                limit.span(),
                format!("`{name}` limits what the configuration sets, not the provider"),
            );
            continue;
        }
        if nesting == BlockNesting::Single {
            errors.at_span(limit.span(), format!("`{name}` counts the blocks of a `Vec<T>`"));
            continue;
        }
        let items = limit.integer(errors).unwrap_or_default();
        if name == "min" { role.min_items = items } else { role.max_items = items }
    }
    if role.max_items != 0 && role.min_items > role.max_items {
        errors.at_span(block.span(), "`min` is greater than `max`");
    }
    Some(role)
}

/// None when the type is a mistake.
fn attribute(ty: &Type, options: &Options<'_>, errors: &mut Errors) -> Option<AttributeRole> {
    let wrapper = wrapper(ty);
    let unsupported = UNSUPPORTED.iter().find(|(name, _)| mentions(ty, name)).map(|(_, remedy)| *remedy);
    if let Some(message) = unsupported.or_else(|| nesting_mistake(&wrapper)) {
        errors.at(ty, message);
        return None;
    }
    let role = AttributeRole {
        value: match wrapper {
            Wrapper::Option(inner) | Wrapper::Computed(inner) => inner.clone(),
            Wrapper::WriteOnly | Wrapper::Vec(_) | Wrapper::Plain => ty.clone(),
        },
        presence: presence(&wrapper, options, errors),
        deprecated: deprecated(options, errors),
        default: options.get("default").and_then(|option| option.expression(errors)),
        replace: options.flag("replace", errors),
        replace_if: options.get("replace_if").and_then(|option| option.expression(errors)),
        keep: options.flag("keep", errors),
        validators: validators(options, errors),
    };
    refuse_contradictions(&wrapper, options, errors);
    Some(role)
}

fn presence(wrapper: &Wrapper<'_>, options: &Options<'_>, errors: &mut Errors) -> Presence {
    let required = options.flag("required", errors);
    let optional = options.flag("optional", errors);
    match wrapper {
        Wrapper::Option(_) => Presence::Optional,
        Wrapper::Computed(_) if optional => Presence::OptionalComputed,
        Wrapper::Computed(_) => Presence::Computed,
        Wrapper::WriteOnly if required => Presence::Required,
        Wrapper::WriteOnly => Presence::Optional,
        Wrapper::Vec(_) | Wrapper::Plain if options.get("default").is_some() => Presence::OptionalComputed,
        Wrapper::Vec(_) | Wrapper::Plain => Presence::Required,
    }
}

/// Options that say the opposite of the type, or nothing.
fn refuse_contradictions(wrapper: &Wrapper<'_>, options: &Options<'_>, errors: &mut Errors) {
    match wrapper {
        Wrapper::Option(_) => {
            options.refuse("required", "contradicts `Option<T>`; write the type as `T`", errors);
            options.refuse("default", "contradicts `Option<T>`; write the type as `T`", errors);
            options.refuse("optional", "is what `Option<T>` says already", errors);
        }
        Wrapper::Computed(_) => {
            options.refuse("required", "contradicts `Computed<T>`, which the provider sets", errors);
            options.refuse("default", "contradicts `Computed<T>`; write the type as `T`", errors);
            if options.get("optional").is_none() {
                let reason = "never runs: only the provider sets this value, unless `optional` is added";
                options.refuse("validate", reason, errors);
            }
        }
        Wrapper::WriteOnly => {
            options.refuse("default", "contradicts `WriteOnly<T>`, which is kept nowhere", errors);
            options.refuse("optional", "is what `WriteOnly<T>` says already", errors);
            let reason = "cannot compare a write-only value, which is kept nowhere; \
                          put it on the attribute that versions the value";
            options.refuse("replace", reason, errors);
            options.refuse("replace_if", reason, errors);
        }
        Wrapper::Vec(_) | Wrapper::Plain => {
            if options.get("default").is_some() {
                options.refuse("required", "contradicts `default`", errors);
            }
            options.refuse("optional", "goes with `Computed<T>`; write the type as `Option<T>`", errors);
        }
    }
    if options.get("replace").is_some() {
        options.refuse("replace_if", "goes without `replace`, which replaces in any case", errors);
    }
    if !matches!(wrapper, Wrapper::Computed(_)) {
        options.refuse("keep", "keeps what the provider has set; write the type as `Computed<T>`", errors);
    }
}

/// Wrappers stand outermost: whether a value may be absent is said once.
fn nesting_mistake(outer: &Wrapper<'_>) -> Option<&'static str> {
    let inner = match outer {
        Wrapper::Option(inner) | Wrapper::Computed(inner) | Wrapper::Vec(inner) => inner,
        Wrapper::WriteOnly | Wrapper::Plain => return None,
    };
    if mentions(inner, "WriteOnly") {
        return Some("`WriteOnly<T>` stands outermost, and may be absent by itself");
    }
    match (outer, wrapper(inner)) {
        (Wrapper::Option(_), Wrapper::Computed(_)) | (Wrapper::Computed(_), Wrapper::Option(_)) => {
            Some("`Computed<T>` may be null by itself; `optional` lets the configuration set it")
        }
        (Wrapper::Option(_), Wrapper::Option(_)) | (Wrapper::Computed(_), Wrapper::Computed(_)) => {
            Some("one wrapper is enough")
        }
        (_, Wrapper::Option(_)) => Some("elements cannot be null; write the element's type alone"),
        (_, Wrapper::Computed(_)) => Some("elements are not computed one by one; write `Computed<Vec<T>>`"),
        _ => None,
    }
}

fn deprecated(options: &Options<'_>, errors: &mut Errors) -> Option<String> {
    let text = options.get("deprecated")?.text(errors)?;
    if text.value().trim().is_empty() {
        errors.at(&text, "say what to use instead");
    }
    Some(text.value())
}

fn validators(options: &Options<'_>, errors: &mut Errors) -> Vec<Expr> {
    options.get("validate").map(|option| option.expressions(errors)).unwrap_or_default()
}
