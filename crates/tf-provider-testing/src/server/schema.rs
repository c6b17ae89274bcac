//! What a host makes of an announced schema: types, whole configurations, and its proposal of a new state.

use std::collections::BTreeMap;

use tf_provider::proto::tfplugin6::schema::nested_block::NestingMode as BlockNesting;
use tf_provider::proto::tfplugin6::schema::object::NestingMode;
use tf_provider::proto::tfplugin6::schema::{Attribute, Block, NestedBlock};
use tf_provider::value::{RawValue, Type};

/// The type of an object with this schema.
///
/// # Panics
/// When the schema is not one that a host accepts.
pub fn object_type(block: &Block) -> Type {
    let attributes =
        block.attributes.iter().map(|attribute| (attribute.name.clone(), attribute_type(attribute)));
    let blocks = block.block_types.iter().map(|nested| {
        let object = object_type(inner(nested));
        let ty = match nested.nesting() {
            BlockNesting::Single | BlockNesting::Group => object,
            BlockNesting::List => Type::list(object),
            BlockNesting::Set => Type::set(object),
            BlockNesting::Map => Type::map(object),
            BlockNesting::Invalid => panic!("block {} has no nesting", nested.type_name),
        };
        (nested.type_name.clone(), ty)
    });
    Type::object(attributes.chain(blocks))
}

fn attribute_type(attribute: &Attribute) -> Type {
    let Some(nested) = &attribute.nested_type else {
        return match Type::from_json(&attribute.r#type) {
            Ok(ty) => ty,
            Err(error) => panic!("attribute {} has no type: {error}", attribute.name),
        };
    };
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

fn inner(nested: &NestedBlock) -> &Block {
    match &nested.block {
        Some(block) => block,
        None => panic!("block {} has no schema", nested.type_name),
    }
}

/// A configuration as a host sends it: attributes that were left out are null, blocks that were left out are empty.
pub fn complete(block: &Block, config: RawValue) -> RawValue {
    let RawValue::Mapping(mut entries) = config else { return config };
    for attribute in &block.attributes {
        let value = entries.remove(&attribute.name).unwrap_or(RawValue::Null);
        entries.insert(attribute.name.clone(), complete_attribute(attribute, value));
    }
    for nested in &block.block_types {
        let value = entries.remove(&nested.type_name).unwrap_or(RawValue::Null);
        entries.insert(nested.type_name.clone(), complete_block(nested, value));
    }
    RawValue::Mapping(entries)
}

fn complete_attribute(attribute: &Attribute, value: RawValue) -> RawValue {
    let Some(nested) = &attribute.nested_type else { return value };
    let object = |value| {
        let RawValue::Mapping(mut entries) = value else { return value };
        for attribute in &nested.attributes {
            let value = entries.remove(&attribute.name).unwrap_or(RawValue::Null);
            entries.insert(attribute.name.clone(), complete_attribute(attribute, value));
        }
        RawValue::Mapping(entries)
    };
    match nested.nesting() {
        NestingMode::Single => object(value),
        NestingMode::Set => as_set(each(value, object)),
        NestingMode::List | NestingMode::Map => each(value, object),
        NestingMode::Invalid => panic!("attribute {} has no nesting", attribute.name),
    }
}

fn complete_block(nested: &NestedBlock, value: RawValue) -> RawValue {
    let object = |value| complete(inner(nested), value);
    match (nested.nesting(), value) {
        (BlockNesting::List | BlockNesting::Set, RawValue::Null) => RawValue::Sequence(Vec::new()),
        (BlockNesting::Map, RawValue::Null) => RawValue::Mapping(BTreeMap::new()),
        // A group is there without being written.
        (BlockNesting::Group, RawValue::Null) => object(RawValue::Mapping(BTreeMap::new())),
        (BlockNesting::Single | BlockNesting::Group, value) => object(value),
        (BlockNesting::Set, value) => as_set(each(value, object)),
        (BlockNesting::List | BlockNesting::Map, value) => each(value, object),
        (BlockNesting::Invalid, _) => panic!("block {} has no nesting", nested.type_name),
    }
}

/// The same collection with every element changed.
fn each(value: RawValue, change: impl Fn(RawValue) -> RawValue) -> RawValue {
    match value {
        RawValue::Sequence(elements) => RawValue::Sequence(elements.into_iter().map(change).collect()),
        RawValue::Mapping(entries) => {
            RawValue::Mapping(entries.into_iter().map(|(key, value)| (key, change(value))).collect())
        }
        other => other,
    }
}

/// A collection in the one order of sets.
fn as_set(value: RawValue) -> RawValue {
    match value {
        RawValue::Sequence(elements) => RawValue::set(elements),
        other => other,
    }
}

const NULL: &RawValue = &RawValue::Null;

/// What a host proposes as the new state: the configuration, with prior values where it leaves computed attributes
/// out. Elements of lists are paired by index, those of maps by key, and those of sets by what is configured in them.
pub fn proposed(block: &Block, prior: &RawValue, config: &RawValue) -> RawValue {
    let RawValue::Mapping(entries) = config else { return config.clone() };
    let mut planned = merged(&block.attributes, prior, config);
    for nested in &block.block_types {
        let config = entries.get(&nested.type_name).unwrap_or(NULL);
        let prior = prior.get(&nested.type_name).unwrap_or(NULL);
        let block = inner(nested);
        let merge = |prior: &RawValue, config: &RawValue| proposed(block, prior, config);
        let value = match nested.nesting() {
            BlockNesting::Single | BlockNesting::Group => merge(prior, config),
            BlockNesting::List | BlockNesting::Map => paired(prior, config, merge),
            BlockNesting::Set => {
                set_paired(prior, config, |prior, config| is_same_block(block, prior, config), merge)
            }
            BlockNesting::Invalid => panic!("block {} has no nesting", nested.type_name),
        };
        planned.insert(nested.type_name.clone(), value);
    }
    RawValue::Mapping(planned)
}

fn merged(attributes: &[Attribute], prior: &RawValue, config: &RawValue) -> BTreeMap<String, RawValue> {
    let merge = |attribute: &Attribute| {
        let config = config.get(&attribute.name).unwrap_or(NULL);
        let prior = prior.get(&attribute.name).unwrap_or(NULL);
        if attribute.computed && config.is_null() {
            return prior.clone();
        }
        let Some(nested) = &attribute.nested_type else { return config.clone() };
        let object = |prior: &RawValue, config: &RawValue| match config {
            RawValue::Mapping(_) => RawValue::Mapping(merged(&nested.attributes, prior, config)),
            other => other.clone(),
        };
        match nested.nesting() {
            NestingMode::Single => object(prior, config),
            NestingMode::List | NestingMode::Map => paired(prior, config, object),
            NestingMode::Set => {
                let fits = |prior: &RawValue, config: &RawValue| is_same(&nested.attributes, prior, config);
                set_paired(prior, config, fits, object)
            }
            NestingMode::Invalid => panic!("attribute {} has no nesting", attribute.name),
        }
    };
    attributes.iter().map(|attribute| (attribute.name.clone(), merge(attribute))).collect()
}

/// A list whose elements are merged by index, or a map whose elements are merged by key.
fn paired(prior: &RawValue, config: &RawValue, merge: impl Fn(&RawValue, &RawValue) -> RawValue) -> RawValue {
    match config {
        RawValue::Sequence(elements) => {
            let prior = |index| match prior {
                RawValue::Sequence(prior) => prior.get(index).unwrap_or(NULL),
                _ => NULL,
            };
            let elements = elements.iter().enumerate();
            RawValue::Sequence(elements.map(|(index, config)| merge(prior(index), config)).collect())
        }
        RawValue::Mapping(entries) => {
            let entries = entries
                .iter()
                .map(|(key, config)| (key.clone(), merge(prior.get(key).unwrap_or(NULL), config)));
            RawValue::Mapping(entries.collect())
        }
        other => other.clone(),
    }
}

/// A set whose elements are merged with the prior element that has the same configuration; each serves once.
fn set_paired(
    prior: &RawValue,
    config: &RawValue,
    fits: impl Fn(&RawValue, &RawValue) -> bool,
    merge: impl Fn(&RawValue, &RawValue) -> RawValue,
) -> RawValue {
    let RawValue::Sequence(elements) = config else { return config.clone() };
    let mut left: Vec<&RawValue> = match prior {
        RawValue::Sequence(elements) => elements.iter().collect(),
        _ => Vec::new(),
    };
    let merged = elements.iter().map(|config| match left.iter().position(|prior| fits(prior, config)) {
        Some(found) => merge(left.swap_remove(found), config),
        None => merge(NULL, config),
    });
    RawValue::set(merged.collect())
}

/// Whether `prior` can have come of `config`: what is not configured may have been computed.
fn is_same(attributes: &[Attribute], prior: &RawValue, config: &RawValue) -> bool {
    attributes.iter().all(|attribute| {
        let config = config.get(&attribute.name).unwrap_or(NULL);
        (attribute.computed && config.is_null()) || config == prior.get(&attribute.name).unwrap_or(NULL)
    })
}

fn is_same_block(block: &Block, prior: &RawValue, config: &RawValue) -> bool {
    is_same(&block.attributes, prior, config)
        && block.block_types.iter().all(|nested| {
            let of = |object: &RawValue| object.get(&nested.type_name).unwrap_or(NULL).clone();
            match (of(prior), of(config)) {
                (RawValue::Sequence(prior), RawValue::Sequence(config)) => {
                    prior.len() == config.len()
                        && prior
                            .iter()
                            .zip(&config)
                            .all(|(prior, config)| is_same_block(inner(nested), prior, config))
                }
                (prior @ RawValue::Mapping(_), config @ RawValue::Mapping(_))
                    if nested.nesting() != BlockNesting::Map =>
                {
                    is_same_block(inner(nested), &prior, &config)
                }
                (prior, config) => prior == config,
            }
        })
}

#[cfg(test)]
mod tests {
    use tf_provider::proto::tfplugin6::schema::Object;

    use super::*;

    fn attribute(name: &str, computed: bool) -> Attribute {
        Attribute {
            name: name.into(),
            r#type: "\"string\"".into(),
            optional: true,
            computed,
            ..Default::default()
        }
    }

    fn block(nesting: BlockNesting) -> Block {
        let inner = Block {
            attributes: vec![attribute("key", false), attribute("made", true)],
            ..Default::default()
        };
        let mut nested = NestedBlock { type_name: "rule".into(), block: Some(inner), ..Default::default() };
        nested.set_nesting(nesting);
        let mut object = Object {
            attributes: vec![attribute("key", false), attribute("made", true)],
            ..Default::default()
        };
        object.set_nesting(NestingMode::Set);
        let set =
            Attribute { name: "set".into(), nested_type: Some(object), optional: true, ..Default::default() };
        Block {
            attributes: vec![attribute("name", true), set],
            block_types: vec![nested],
            ..Default::default()
        }
    }

    fn element(key: &str, made: Option<&str>) -> RawValue {
        RawValue::from([("key", RawValue::from(key)), ("made", made.map_or(RawValue::Null, RawValue::from))])
    }

    fn object(name: Option<&str>, rules: RawValue, set: Vec<RawValue>) -> RawValue {
        let name = name.map_or(RawValue::Null, RawValue::from);
        RawValue::from([("name", name), ("rule", rules), ("set", RawValue::set(set))])
    }

    #[test]
    fn blocks_that_were_left_out_are_empty_and_attributes_null() {
        let empty = || RawValue::Mapping(BTreeMap::new());
        let rule = |nesting| complete(&block(nesting), empty()).get("rule").cloned().unwrap();
        assert!(rule(BlockNesting::List) == RawValue::Sequence(Vec::new()));
        assert!(rule(BlockNesting::Set) == RawValue::Sequence(Vec::new()));
        assert!(rule(BlockNesting::Map) == empty());
        assert!(rule(BlockNesting::Single).is_null());
        let nothing = RawValue::from([("key", RawValue::Null), ("made", RawValue::Null)]);
        assert!(rule(BlockNesting::Group) == nothing);
    }

    #[test]
    fn computed_attributes_keep_their_prior_value_unless_configured() {
        let block = block(BlockNesting::List);
        let rules = |made| RawValue::Sequence(vec![element("a", made)]);
        let prior = object(Some("n"), rules(Some("m")), vec![]);
        assert!(proposed(&block, &prior, &object(None, rules(None), vec![])) == prior);
        let config = object(Some("o"), rules(Some("p")), vec![]);
        assert!(proposed(&block, &prior, &config) == config);
    }

    #[test]
    fn elements_of_sets_are_found_again_by_what_is_configured_in_them() {
        let block = block(BlockNesting::Set);
        let (a, b) = (element("a", Some("1")), element("b", Some("2")));
        let prior = object(None, RawValue::set(vec![a.clone(), b.clone()]), vec![a, b.clone()]);
        let elements = || vec![element("b", None), element("c", None)];
        let config = object(None, RawValue::set(elements()), elements());
        let expected = vec![b, element("c", None)];
        assert!(proposed(&block, &prior, &config) == object(None, RawValue::set(expected.clone()), expected));
    }
}
