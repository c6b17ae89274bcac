//! From an author's struct to the [`Model`]. Goes on after a mistake, so that all of them are found.

use std::collections::BTreeSet;

use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, Ident};

use crate::doc::description;
use crate::duration;
use crate::errors::{Errors, unknown_option};
use crate::model::{Model, Presence, Role};
use crate::options::{OptionValue, TfOption, tf_options};
use crate::parse_field::field;

const ROOT_OPTIONS: &[&str] = &[
    "type_name",
    "identity",
    "version",
    "timeouts",
    "conflicts",
    "exactly_one_of",
    "at_least_one_of",
    "together",
];
const ROOT_HINTS: &[(&str, &str)] = &[
    ("name", "write `type_name = \"…\"`"),
    ("schema_version", "write `version = 1`"),
    ("description", "the doc comment is the description"),
];
const OPERATIONS: &[&str] = &["create", "read", "update", "delete"];

/// Names that Terraform keeps for itself at the root of a resource or data source.
const RESERVED: &[&str] =
    &["_", "connection", "count", "depends_on", "for_each", "lifecycle", "locals", "provider", "provisioner"];

/// Reads the struct. The model is as complete as the mistakes allow; there is none for a generic type.
pub(crate) fn parse(input: &DeriveInput) -> (Option<Model>, Errors) {
    let mut errors = Errors::default();
    if !input.generics.params.is_empty() {
        errors.at(&input.generics, "a schema is one type of Terraform's and cannot be generic");
        return (None, errors);
    }
    let mut model = Model {
        ident: input.ident.clone(),
        vis: input.vis.clone(),
        description: description(&input.attrs),
        type_name: None,
        version: 0,
        identity: false,
        rules: Vec::new(),
        timeouts: None,
        fields: Vec::new(),
    };
    if model.description.is_empty() {
        errors.at(&input.ident, "a schema needs a doc comment: it becomes the description");
    }
    root_options(&tf_options(&input.attrs, &mut errors), &mut model, &mut errors);

    let message = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => {
                let fields = fields.named.iter();
                model.fields = fields.filter_map(|named| field(named, &input.ident, &mut errors)).collect();
                None
            }
            Fields::Unnamed(_) | Fields::Unit => Some("a schema needs named fields: `struct Name { … }`"),
        },
        Data::Enum(_) => Some("a schema is a struct; for an enum of strings derive `StringEnum`"),
        Data::Union(_) => Some("a schema is a struct"),
    };
    if let Some(message) = message {
        errors.at(&input.ident, message);
    }
    check_names(&model, &mut errors);
    check_rules(&model, &mut errors);
    if model.identity {
        check_identity(&model, &mut errors);
    }
    (Some(model), errors)
}

fn root_options(options: &[TfOption], model: &mut Model, errors: &mut Errors) {
    for option in options {
        match option.name.to_string().as_str() {
            "type_name" => {
                if let Some(text) = option.text(errors) {
                    if !is_name(&text.value()) {
                        errors.at(&text, NAME_RULE);
                    }
                    model.type_name = Some(text.value());
                }
            }
            "version" => {
                let version = option.integer(errors).unwrap_or_default();
                if i64::try_from(version).is_err() {
                    errors.at_span(option.span(), "`version` is too great");
                }
                model.version = version;
            }
            "conflicts" | "exactly_one_of" | "at_least_one_of" | "together" => {
                model.rules.push((option.name.clone(), option.names(errors)));
            }
            "identity" => model.identity = option.flag(errors),
            "timeouts" => model.timeouts = Some(timeouts(option, errors)),
            other => errors.at_span(option.span(), unknown_option(other, ROOT_OPTIONS, ROOT_HINTS)),
        }
    }
    let has = |name: &str| options.iter().find(|option| option.name == name);
    if let (Some(_), Some(option)) = (has("type_name"), has("identity")) {
        errors.at_span(option.span(), "an identity is a struct of its own, without `type_name`");
    }
    if has("type_name").is_none() {
        for option in ["version", "timeouts"].into_iter().filter_map(has) {
            if !(model.identity && option.name == "version") {
                let message = format!("`{}` belongs to a struct with `type_name`", option.name);
                errors.at_span(option.span(), message);
            }
        }
    }
}

fn timeouts(option: &TfOption, errors: &mut Errors) -> Vec<(Ident, u64)> {
    if matches!(&option.value, OptionValue::List(tokens) if tokens.is_empty()) {
        errors.at_span(option.span(), "write `timeouts` for the defaults, or `timeouts(create = \"5m\")`");
    }
    let mut limits = Vec::new();
    for limit in option.options(errors) {
        if !OPERATIONS.iter().any(|operation| limit.name == operation) {
            errors.at_span(limit.span(), unknown_option(&limit.name.to_string(), OPERATIONS, &[]));
        } else if let Some(text) = limit.text(errors) {
            match duration::seconds(&text.value()) {
                Ok(seconds) => limits.push((limit.name.clone(), seconds)),
                Err(problem) => errors.at(&text, problem),
            }
        }
    }
    limits
}

/// What a name has to look like; the digit rule is HCL's, the rest Terraform's.
pub(crate) const NAME_RULE: &str =
    "a name consists of lower-case letters, digits and underscores, and starts with no digit";

pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && !name.starts_with(|first: char| first.is_ascii_digit())
}

fn check_names(model: &Model, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for field in &model.fields {
        let name = field.name.as_str();
        if !seen.insert(name) {
            errors.at(&field.ident, format!("the name `{name}` is given twice"));
        }
        if model.type_name.is_some() && RESERVED.contains(&name) {
            errors.at(&field.ident, format!("Terraform keeps the name `{name}` for itself"));
        }
        if model.timeouts.is_some() && name == "timeouts" {
            errors.at(&field.ident, "`timeouts(…)` adds the block of this name; it needs no field");
        }
    }
}

/// A rule is about fields that the configuration may leave out.
fn check_rules(model: &Model, errors: &mut Errors) {
    for (kind, names) in &model.rules {
        if names.len() == 1 {
            errors.at(kind, format!("`{kind}` needs at least two fields"));
        }
        for name in names {
            let Some(field) = model.fields.iter().find(|field| field.ident == *name) else {
                errors.at(name, format!("there is no field `{name}`"));
                continue;
            };
            let optional = match &field.role {
                Role::Attribute(role) => {
                    matches!(role.presence, Presence::Optional | Presence::OptionalComputed)
                }
                Role::Block(role) => !role.computed && role.min_items == 0,
                Role::Faulty => true,
            };
            if !optional {
                errors.at(name, format!("`{name}` is no field that the configuration may leave out"));
            }
        }
    }
}

/// An identity consists of plain values that the practitioner gives.
fn check_identity(model: &Model, errors: &mut Errors) {
    if model.fields.is_empty() {
        errors.at(&model.ident, "an identity needs at least one field");
    }
    for field in &model.fields {
        let plain = match &field.role {
            Role::Attribute(role) => {
                matches!(role.presence, Presence::Required | Presence::Optional)
                    && role.deprecated.is_none()
                    && !role.replace
                    && role.validators.is_empty()
            }
            Role::Block(_) => false,
            // There is an error already.
            Role::Faulty => true,
        };
        if !plain {
            let message = "a field of an identity is a `T` or an `Option<T>`, without options but `name`";
            errors.at(&field.ident, message);
        }
    }
}

/// The name of a field in configuration unless an option says otherwise.
pub(crate) fn default_name(ident: &Ident) -> String {
    ident.unraw().to_string()
}
