//! GenerateResourceConfig: the configuration that an existing object would have been made by.
//!
//! Left out is what nobody would write: what the provider sets, defaults, deprecated arguments, empty texts; and what
//! nobody may see in a file: secrets.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostics::Diagnostics;
use crate::erased::AnyResource;
use crate::schema::{Attribute, AttributeKind, Block, Nesting, Presence};
use crate::value::{RawValue, Type};

pub(crate) struct Request<C> {
    pub(crate) resource: Arc<dyn AnyResource<C>>,
    pub(crate) state: RawValue,
}

pub(crate) struct Response {
    pub(crate) ty: Type,
    pub(crate) config: RawValue,
    pub(crate) diagnostics: Diagnostics,
}

pub(crate) fn handle<C>(request: Request<C>) -> Response {
    let Request { resource, state } = request;
    let definition = resource.definition();
    let ty = definition.ty();
    let mut diagnostics = Diagnostics::new();
    let config = object(&definition.attributes, &definition.blocks, &state);
    let config = resource.generate_config(&state, config, &mut diagnostics).normalised(&ty);
    Response { ty, config, diagnostics: diagnostics.pointing_into(definition) }
}

fn object(attributes: &[Attribute], blocks: &[Block], state: &RawValue) -> RawValue {
    let RawValue::Mapping(entries) = state else { return RawValue::Null };
    let of = |name: &str| entries.get(name).unwrap_or(&RawValue::Null);
    let mut config: BTreeMap<String, RawValue> =
        attributes.iter().map(|it| (it.name.clone(), attribute(it, of(&it.name)))).collect();
    for block in blocks {
        let value = if block.computed || block.name == "timeouts" {
            block.absent()
        } else {
            nested(block.nesting, of(&block.name), |state| object(&block.attributes, &block.blocks, state))
        };
        config.insert(block.name.clone(), value);
    }
    RawValue::Mapping(config)
}

fn attribute(attribute: &Attribute, state: &RawValue) -> RawValue {
    let chosen = attribute.presence == Presence::OptionalComputed;
    let left_out = attribute.presence == Presence::Computed
        || attribute.write_only
        || attribute.sensitive
        || (attribute.deprecated.is_some() && attribute.presence != Presence::Required)
        || (chosen && attribute.name == "id")
        || attribute.default.as_ref() == Some(state)
        || (attribute.presence == Presence::Optional && *state == RawValue::from(""));
    if left_out {
        return RawValue::Null;
    }
    match &attribute.kind {
        AttributeKind::Plain(_) => state.clone(),
        AttributeKind::Nested(nesting, inner) => nested(*nesting, state, |state| object(inner, &[], state)),
    }
}

/// Applies `object` to an object, or to each in a list, set or map.
fn nested(nesting: Nesting, state: &RawValue, object: impl Fn(&RawValue) -> RawValue) -> RawValue {
    match (nesting, state) {
        (Nesting::List | Nesting::Set, RawValue::Sequence(elements)) => {
            RawValue::Sequence(elements.iter().map(object).collect())
        }
        (Nesting::Map, RawValue::Mapping(entries)) => {
            RawValue::Mapping(entries.iter().map(|(key, element)| (key.clone(), object(element))).collect())
        }
        (_, single) => object(single),
    }
}
