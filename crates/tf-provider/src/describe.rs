//! The provider as JSON for documentation: more than the protocol's schema says (defaults, demands, replacement).

use serde_json::{Value as Json, json};

use crate::function::Function;
use crate::provider::{Provider, Registry};
use crate::schema::{Attribute, AttributeKind, Block, Definition, Nesting, Presence, Rule};
use crate::value::{RawValue, Type, json as json_codec};

/// Everything `P` offers: `{"provider", "resources", "data_sources", "ephemeral_resources", "list_resources",
/// "actions", "functions"}`.
pub fn describe<P: Provider>() -> Json {
    let registry: Registry<P::Client> = P::register();
    let resources = registry.resources.iter().map(|(name, entry)| {
        let mut resource = definition(entry.definition());
        if let Some(identity) = entry.identity() {
            resource["identity"] = attributes(&identity.definition().attributes);
        }
        (name.clone(), resource)
    });
    let data_sources =
        registry.data_sources.iter().map(|(name, entry)| (name.clone(), definition(entry.definition())));
    let ephemeral = registry
        .ephemeral_resources
        .iter()
        .map(|(name, entry)| (name.clone(), definition(entry.definition())));
    let list =
        registry.list_resources.iter().map(|(name, entry)| (name.clone(), definition(entry.definition())));
    let actions = registry.actions.iter().map(|(name, entry)| (name.clone(), definition(entry.definition())));
    let functions = registry.functions.iter().map(|(name, entry)| (name.clone(), function(entry)));
    json!({
        "provider": definition(&P::definition()),
        "resources": resources.collect::<serde_json::Map<_, _>>(),
        "data_sources": data_sources.collect::<serde_json::Map<_, _>>(),
        "ephemeral_resources": ephemeral.collect::<serde_json::Map<_, _>>(),
        "list_resources": list.collect::<serde_json::Map<_, _>>(),
        "actions": actions.collect::<serde_json::Map<_, _>>(),
        "functions": functions.collect::<serde_json::Map<_, _>>(),
    })
}

fn definition(definition: &Definition) -> Json {
    json!({
        "version": definition.version,
        "description": definition.description,
        "attributes": attributes(&definition.attributes),
        "blocks": blocks(&definition.blocks),
        "rules": rules(&definition.rules),
    })
}

fn rules(rules: &[Rule]) -> Json {
    rules.iter().map(Rule::demand).collect()
}

fn attributes(attributes: &[Attribute]) -> Json {
    attributes.iter().map(attribute).collect()
}

fn attribute(attribute: &Attribute) -> Json {
    let mut described = json!({
        "name": attribute.name,
        "description": attribute.description,
        "required": attribute.presence == Presence::Required,
        "optional": matches!(attribute.presence, Presence::Optional | Presence::OptionalComputed),
        "computed": attribute.presence.is_computed(),
        "sensitive": attribute.sensitive,
        "write_only": attribute.write_only,
        "deprecated": attribute.deprecated,
        "default": attribute.default.as_ref().map(|default| plain(&attribute.kind.ty(), default)),
        "replace": attribute.replace,
        "demands": attribute.validators.iter().map(|validator| &validator.demand).filter(|text| !text.is_empty())
            .collect::<Vec<_>>(),
    });
    match &attribute.kind {
        AttributeKind::Plain(ty) => described["type"] = type_json(ty),
        AttributeKind::Nested(nesting, inner) => {
            described["nested"] = json!({"nesting": nesting_name(*nesting), "attributes": attributes(inner)});
        }
    }
    described
}

fn blocks(blocks: &[Block]) -> Json {
    let block = |block: &Block| {
        json!({
            "name": block.name,
            "nesting": nesting_name(block.nesting),
            "description": block.description,
            "attributes": attributes(&block.attributes),
            "blocks": self::blocks(&block.blocks),
            "rules": rules(&block.rules),
            "min_items": block.min_items,
            "max_items": block.max_items,
            "computed": block.computed,
        })
    };
    blocks.iter().map(block).collect()
}

fn function(function: &Function) -> Json {
    let parameter = |parameter: &crate::function::Parameter| {
        json!({
            "name": parameter.name,
            "type": type_json(&parameter.ty),
            "description": parameter.description,
            "allows_null": parameter.allows_null,
        })
    };
    json!({
        "summary": function.summary(),
        "description": function.description(),
        "parameters": function.parameters().iter().map(parameter).collect::<Vec<_>>(),
        "variadic": function.variadic().map(parameter),
        "return": type_json(function.result()),
    })
}

fn nesting_name(nesting: Nesting) -> &'static str {
    match nesting {
        Nesting::Single => "single",
        Nesting::List => "list",
        Nesting::Set => "set",
        Nesting::Map => "map",
    }
}

fn type_json(ty: &Type) -> Json {
    serde_json::from_str(&ty.to_json_string()).unwrap_or(Json::Null)
}

/// A default as JSON; defaults are known, so nothing can be lost.
fn plain(ty: &Type, value: &RawValue) -> Json {
    json_codec::encode(ty, value).unwrap_or(Json::Null)
}
