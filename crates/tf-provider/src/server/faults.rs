//! What the protocol forbids and no type can: found when the schema is asked for, which every run begins with.

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::provider::Registry;
use crate::schema::{Attribute, AttributeKind, Block, Definition};

/// Mistakes in what a provider offers.
pub(super) fn faults<C>(provider: &Definition, registry: &Registry<C>) -> Diagnostics {
    let mut faults = Diagnostics::new();
    let data_sources = registry.data_sources.values().map(|entry| ("data source", entry.definition()));
    let ephemeral = registry.ephemeral_resources.values().map(|it| ("ephemeral resource", it.definition()));
    let lists = registry.list_resources.values().map(|entry| ("list resource", entry.definition()));
    let configured =
        std::iter::once(("provider", provider)).chain(data_sources).chain(ephemeral).chain(lists);
    for (kind, definition) in configured {
        if let Some(name) = write_only(&definition.attributes, &definition.blocks) {
            let what = "Only resources and actions have write-only attributes";
            faults.push(Diagnostic::provider_bug(format!(
                "{what}: {name} stands in {kind} {}.",
                definition.type_name
            )));
        }
        computed_blocks(kind, definition, &definition.blocks, &mut faults);
    }
    for definition in registry.resources.values().map(|entry| entry.definition()) {
        let nested = definition.blocks.iter().filter(|block| !block.computed).flat_map(|block| &block.blocks);
        computed_blocks("a block of", definition, nested, &mut faults);
    }
    for definition in registry.actions.values().map(|entry| entry.definition()) {
        computed_blocks("action", definition, &definition.blocks, &mut faults);
    }
    for name in registry.list_resources.keys() {
        if registry.resources.get(name).is_none_or(|resource| resource.identity().is_none()) {
            faults.push(Diagnostic::provider_bug(format!(
                "{name} can be listed, but is no resource with an identity."
            )));
        }
    }
    faults
}

fn computed_blocks<'a>(
    place: &str,
    definition: &Definition,
    blocks: impl IntoIterator<Item = &'a Block>,
    faults: &mut Diagnostics,
) {
    for block in blocks {
        if block.computed {
            let (what, name) = ("Computed blocks stand at the root of a resource", &block.name);
            faults.push(Diagnostic::provider_bug(format!(
                "{what}: {name} stands in {place} {}.",
                definition.type_name
            )));
        }
    }
}

/// The first write-only attribute at any depth.
fn write_only<'a>(attributes: &'a [Attribute], blocks: &'a [Block]) -> Option<&'a str> {
    let nested = |attribute: &'a Attribute| match &attribute.kind {
        AttributeKind::Nested(_, inner) => write_only(inner, &[]),
        AttributeKind::Plain(_) => None,
    };
    let of_attribute = |attribute: &'a Attribute| {
        attribute.write_only.then_some(attribute.name.as_str()).or_else(|| nested(attribute))
    };
    let in_blocks = || blocks.iter().find_map(|block| write_only(&block.attributes, &block.blocks));
    attributes.iter().find_map(of_attribute).or_else(in_blocks)
}
