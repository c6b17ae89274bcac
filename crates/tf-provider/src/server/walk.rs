//! Walks over a planned object together with its schema, configuration and prior state.

use crate::schema::{Attribute, AttributeKind, Block, Nesting};
use crate::value::{AttributePath, RawValue};

/// One attribute as a walk meets it.
pub(super) struct Visit<'a> {
    /// Its schema.
    pub(super) attribute: &'a Attribute,
    /// Its value in the configuration.
    pub(super) config: &'a RawValue,
    /// Its value in the prior state; `None` where the object that holds it did not exist.
    pub(super) prior: Option<&'a RawValue>,
    /// Inside a set: the elements of the prior set, one of which its object may come from.
    pub(super) siblings: &'a [RawValue],
    /// Its planned value, to be changed.
    pub(super) planned: &'a mut RawValue,
    /// The path to it; inside a set it names what no host can address, until
    /// [`AttributePath::within`] has cut it.
    pub(super) path: &'a AttributePath,
}

/// The attributes and blocks of one object.
#[derive(Clone, Copy)]
pub(super) struct Level<'a> {
    pub(super) attributes: &'a [Attribute],
    pub(super) blocks: &'a [Block],
}

/// Calls `visit` for every attribute of `planned`, outer before inner.
///
/// Inner attributes are visited only where the configuration has the object that holds them: what a provider
/// computes as a whole is not taken apart.
pub(super) fn walk(
    level: Level<'_>,
    config: &RawValue,
    prior: Option<&RawValue>,
    planned: &mut RawValue,
    visit: &mut dyn FnMut(Visit<'_>),
) {
    object(level, config, (prior, &[]), planned, &AttributePath::root(), visit);
}

fn object(
    level: Level<'_>,
    config: &RawValue,
    (prior, siblings): (Option<&RawValue>, &[RawValue]),
    planned: &mut RawValue,
    path: &AttributePath,
    visit: &mut dyn FnMut(Visit<'_>),
) {
    let (RawValue::Mapping(config), RawValue::Mapping(planned)) = (config, planned) else { return };
    let prior = prior.filter(|prior| matches!(prior, RawValue::Mapping(_)));
    for attribute in level.attributes {
        let Some(planned) = planned.get_mut(&attribute.name) else { continue };
        let config = config.get(&attribute.name).unwrap_or(&RawValue::Null);
        let prior = prior.map(|prior| prior.get(&attribute.name).unwrap_or(&RawValue::Null));
        let path = path.with_attribute(&attribute.name);
        visit(Visit { attribute, config, prior, siblings, planned, path: &path });
        if let AttributeKind::Nested(nesting, attributes) = &attribute.kind {
            nested(*nesting, Level { attributes, blocks: &[] }, config, prior, planned, &path, visit);
        }
    }
    for block in level.blocks {
        let Some(planned) = planned.get_mut(&block.name) else { continue };
        let config = config.get(&block.name).unwrap_or(&RawValue::Null);
        let prior = prior.map(|prior| prior.get(&block.name).unwrap_or(&RawValue::Null));
        let inner = Level { attributes: &block.attributes, blocks: &block.blocks };
        nested(block.nesting, inner, config, prior, planned, &path.with_attribute(&block.name), visit);
    }
}

fn nested(
    nesting: Nesting,
    level: Level<'_>,
    config: &RawValue,
    prior: Option<&RawValue>,
    planned: &mut RawValue,
    path: &AttributePath,
    visit: &mut dyn FnMut(Visit<'_>),
) {
    match (nesting, config, planned) {
        (Nesting::Single, config, planned) => object(level, config, (prior, &[]), planned, path, visit),
        (Nesting::List, RawValue::Sequence(config), RawValue::Sequence(planned)) => {
            for (index, (config, planned)) in config.iter().zip(planned).enumerate() {
                let prior = match prior {
                    Some(RawValue::Sequence(prior)) => prior.get(index),
                    _ => None,
                };
                object(level, config, (prior, &[]), planned, &path.with_index(index), visit);
            }
        }
        (Nesting::Map, RawValue::Mapping(config), RawValue::Mapping(planned)) => {
            for (key, planned) in planned.iter_mut() {
                let Some(config) = config.get(key) else { continue };
                object(
                    level,
                    config,
                    (prior.and_then(|prior| prior.get(key)), &[]),
                    planned,
                    &path.with_key(key),
                    visit,
                );
            }
        }
        (Nesting::Set, RawValue::Sequence(config), set @ RawValue::Sequence(_)) => {
            let RawValue::Sequence(mut elements) = std::mem::replace(set, RawValue::Null) else { return };
            let siblings = match prior {
                Some(RawValue::Sequence(prior)) => prior.as_slice(),
                _ => &[],
            };
            for planned in &mut elements {
                // A set has no keys: the element's configuration is the one that it may have come from.
                let Some(config) = config.iter().find(|config| may_come_from(planned, config)) else {
                    continue;
                };
                let prior = siblings.iter().find(|prior| may_come_from(prior, config));
                object(level, config, (prior, siblings), planned, path, visit);
            }
            *set = RawValue::set(elements);
        }
        _ => {}
    }
}

/// True when everything that `config` sets is the same in `planned`.
fn may_come_from(planned: &RawValue, config: &RawValue) -> bool {
    match (planned, config) {
        (_, RawValue::Null) => true,
        (RawValue::Mapping(planned), RawValue::Mapping(config)) => config
            .iter()
            .all(|(name, config)| may_come_from(planned.get(name).unwrap_or(&RawValue::Null), config)),
        (RawValue::Sequence(planned), RawValue::Sequence(config)) => {
            planned.len() == config.len()
                && planned.iter().zip(config).all(|(planned, config)| may_come_from(planned, config))
        }
        (planned, config) => planned == config,
    }
}
