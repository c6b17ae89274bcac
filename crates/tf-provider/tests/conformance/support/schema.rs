//! What a host makes of an announced schema: types, empty configurations, and its proposal of a new state.

use std::collections::BTreeMap;

use tf_provider::proto::tfplugin6::schema::nested_block::NestingMode as BlockMode;
use tf_provider::proto::tfplugin6::schema::object::NestingMode;
use tf_provider::proto::tfplugin6::schema::{Attribute, Block};
use tf_provider::value::{RawValue, Type};

/// The type of an object with this schema.
pub(crate) fn object_type(block: &Block) -> Type {
    let attributes =
        block.attributes.iter().map(|attribute| (attribute.name.clone(), attribute_type(attribute)));
    let blocks = block.block_types.iter().map(|nested| {
        let object = object_type(nested.block.as_ref().unwrap());
        let ty = match nested.nesting() {
            BlockMode::Single | BlockMode::Group => object,
            BlockMode::List => Type::list(object),
            BlockMode::Set => Type::set(object),
            BlockMode::Map => Type::map(object),
            BlockMode::Invalid => panic!("block {} has no nesting", nested.type_name),
        };
        (nested.type_name.clone(), ty)
    });
    Type::object(attributes.chain(blocks))
}

fn attribute_type(attribute: &Attribute) -> Type {
    let Some(nested) = &attribute.nested_type else { return Type::from_json(&attribute.r#type).unwrap() };
    let object =
        Type::object(nested.attributes.iter().map(|inner| (inner.name.clone(), attribute_type(inner))));
    match nested.nesting() {
        NestingMode::Single => object,
        NestingMode::List => Type::list(object),
        NestingMode::Set => Type::set(object),
        NestingMode::Map => Type::map(object),
        NestingMode::Invalid => panic!("attribute {} has no nesting", attribute.name),
    }
}

/// A value of the object type `ty`: `entries`, below them what a host fills in for what is not written.
pub(crate) fn object(ty: &Type, entries: impl IntoIterator<Item = (&'static str, RawValue)>) -> RawValue {
    let mut object: BTreeMap<String, RawValue> =
        ty.attributes().unwrap().keys().map(|name| (name.clone(), RawValue::Null)).collect();
    for (name, value) in entries {
        let ty = ty.attributes().unwrap().get(name).unwrap_or_else(|| panic!("there is no {name}"));
        object.insert(name.to_owned(), filled(ty, value));
    }
    if let Some(Type::List(_)) = ty.attributes().unwrap().get("many") {
        let many = object.get_mut("many").unwrap();
        if many.is_null() {
            *many = RawValue::Sequence(Vec::new());
        }
    }
    RawValue::Mapping(object)
}

/// `value` with null for what its objects leave out.
fn filled(ty: &Type, value: RawValue) -> RawValue {
    match (ty, value) {
        (Type::Object(attributes), RawValue::Mapping(mut entries)) => {
            for name in attributes.keys() {
                entries.entry(name.clone()).or_insert(RawValue::Null);
            }
            let entries = entries.into_iter().map(|(name, value)| {
                let value = filled(&attributes[&name], value);
                (name, value)
            });
            RawValue::Mapping(entries.collect())
        }
        (Type::Map(element), RawValue::Mapping(entries)) => {
            RawValue::Mapping(entries.into_iter().map(|(key, value)| (key, filled(element, value))).collect())
        }
        (Type::List(element), RawValue::Sequence(elements)) => {
            RawValue::Sequence(elements.into_iter().map(|value| filled(element, value)).collect())
        }
        (Type::Set(element), RawValue::Sequence(elements)) => {
            RawValue::set(elements.into_iter().map(|value| filled(element, value)).collect())
        }
        (_, value) => value,
    }
}

/// What a host proposes: the configuration, with prior values where it leaves computed attributes out.
pub(crate) fn proposed(block: &Block, prior: &RawValue, config: &RawValue) -> RawValue {
    let RawValue::Mapping(entries) = config else { return config.clone() };
    let prior_of = |name: &str| prior.get(name).unwrap_or(&RawValue::Null);
    let mut planned = merged(&block.attributes, prior, config);
    for nested in &block.block_types {
        let inner = nested.block.as_ref().unwrap();
        let value = match (&entries[&nested.type_name], prior_of(&nested.type_name)) {
            (RawValue::Sequence(config), RawValue::Sequence(prior)) => {
                let prior = |index| prior.get(index).unwrap_or(&RawValue::Null);
                let blocks =
                    config.iter().enumerate().map(|(index, config)| proposed(inner, prior(index), config));
                RawValue::Sequence(blocks.collect())
            }
            (config, prior) => proposed(inner, prior, config),
        };
        planned.insert(nested.type_name.clone(), value);
    }
    RawValue::Mapping(planned)
}

fn merged(attributes: &[Attribute], prior: &RawValue, config: &RawValue) -> BTreeMap<String, RawValue> {
    let merge = |attribute: &Attribute| {
        let config = config.get(&attribute.name).unwrap_or(&RawValue::Null);
        let prior = prior.get(&attribute.name).unwrap_or(&RawValue::Null);
        let Some(nested) = &attribute.nested_type else {
            return if attribute.computed && config.is_null() { prior.clone() } else { config.clone() };
        };
        let object = |prior: &RawValue, config: &RawValue| match config {
            RawValue::Mapping(_) => RawValue::Mapping(merged(&nested.attributes, prior, config)),
            other => other.clone(),
        };
        match (nested.nesting(), config, prior) {
            (NestingMode::Single, config, prior) => object(prior, config),
            (NestingMode::List, RawValue::Sequence(elements), RawValue::Sequence(prior)) => {
                let prior = |index| prior.get(index).unwrap_or(&RawValue::Null);
                RawValue::Sequence(
                    elements.iter().enumerate().map(|(i, config)| object(prior(i), config)).collect(),
                )
            }
            (NestingMode::Map, RawValue::Mapping(entries), prior) => {
                let prior = |key: &str| prior.get(key).unwrap_or(&RawValue::Null);
                RawValue::Mapping(
                    entries.iter().map(|(key, config)| (key.clone(), object(prior(key), config))).collect(),
                )
            }
            (NestingMode::Set, RawValue::Sequence(elements), RawValue::Sequence(prior)) => {
                let fits = |prior: &&RawValue, config: &RawValue| prior.get("key") == config.get("key");
                let merge = |config| {
                    object(prior.iter().find(|prior| fits(prior, config)).unwrap_or(&RawValue::Null), config)
                };
                RawValue::set(elements.iter().map(merge).collect())
            }
            (_, config, _) => config.clone(),
        }
    };
    attributes.iter().map(|attribute| (attribute.name.clone(), merge(attribute))).collect()
}
