//! Values that mean the same keep the spelling that was there first.

use crate::schema::{Attribute, AttributeKind, Block, Definition, Nesting};
use crate::value::RawValue;

/// `new`, spelled as `old` wherever that means the same.
pub(crate) fn keep(definition: &Definition, old: &RawValue, new: RawValue) -> RawValue {
    object(&definition.attributes, &definition.blocks, old, new)
}

fn object(attributes: &[Attribute], blocks: &[Block], old: &RawValue, mut new: RawValue) -> RawValue {
    let (RawValue::Mapping(old), RawValue::Mapping(entries)) = (old, &mut new) else { return new };
    for attribute in attributes {
        let (Some(old), Some(new)) = (old.get(&attribute.name), entries.get_mut(&attribute.name)) else {
            continue;
        };
        if let Some(same) = &attribute.same_meaning
            && old.is_wholly_known()
            && new.is_wholly_known()
            && same.holds(old, new)
        {
            new.clone_from(old);
        } else if let AttributeKind::Nested(nesting, inner) = &attribute.kind {
            nested(*nesting, inner, &[], old, new);
        }
    }
    for block in blocks {
        let (Some(old), Some(new)) = (old.get(&block.name), entries.get_mut(&block.name)) else { continue };
        nested(block.nesting, &block.attributes, &block.blocks, old, new);
    }
    new
}

fn nested(nesting: Nesting, attributes: &[Attribute], blocks: &[Block], old: &RawValue, new: &mut RawValue) {
    let keep = |old: &RawValue, new: &mut RawValue| {
        *new = object(attributes, blocks, old, std::mem::replace(new, RawValue::Null));
    };
    match (nesting, old, new) {
        (Nesting::Single, old, new) => keep(old, new),
        (Nesting::List, RawValue::Sequence(old), RawValue::Sequence(new)) => {
            old.iter().zip(new).for_each(|(old, new)| keep(old, new));
        }
        (Nesting::Map, RawValue::Mapping(old), RawValue::Mapping(new)) => {
            for (key, new) in new {
                old.get(key).into_iter().for_each(|old| keep(old, new));
            }
        }
        // Elements of a set have no counterpart but their equal.
        _ => {}
    }
}
