//! GetProviderSchema, GetMetadata and GetFunctions: answers.

use crate::diagnostics::Diagnostics;
use crate::function::{Function, Parameter};
use crate::proto::tfplugin6 as pb;
use crate::provider::Registry;
use crate::schema::{Attribute, AttributeKind, Block, Definition, Nesting, Presence};

/// What the server can do beyond the basic calls.
fn capabilities<C>(registry: &Registry<C>) -> pb::ServerCapabilities {
    pb::ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: registry.resources.values().any(|entry| !entry.move_sources().is_empty()),
        generate_resource_config: true,
    }
}

pub(crate) fn response<C>(
    provider: &Definition,
    registry: &Registry<C>,
    faults: Diagnostics,
) -> pb::get_provider_schema::Response {
    let resources = registry.resources.iter();
    let data_sources = registry.data_sources.iter();
    let ephemeral = registry.ephemeral_resources.iter();
    let list = registry.list_resources.iter();
    let actions = registry.actions.iter();
    pb::get_provider_schema::Response {
        provider: Some(schema(provider)),
        server_capabilities: Some(capabilities(registry)),
        resource_schemas: resources.map(|(name, entry)| (name.clone(), schema(entry.definition()))).collect(),
        data_source_schemas: data_sources
            .map(|(name, entry)| (name.clone(), schema(entry.definition())))
            .collect(),
        ephemeral_resource_schemas: ephemeral
            .map(|(name, entry)| (name.clone(), schema(entry.definition())))
            .collect(),
        list_resource_schemas: list.map(|(name, entry)| (name.clone(), schema(entry.definition()))).collect(),
        action_schemas: actions
            .map(|(name, entry)| {
                let schema = Some(schema(entry.definition()));
                (name.clone(), pb::ActionSchema { schema })
            })
            .collect(),
        functions: functions(registry).functions,
        diagnostics: super::diagnostics(faults),
        ..Default::default()
    }
}

pub(crate) fn metadata<C>(registry: &Registry<C>) -> pb::get_metadata::Response {
    let resource = |type_name: &String| pb::get_metadata::ResourceMetadata { type_name: type_name.clone() };
    let data_source =
        |type_name: &String| pb::get_metadata::DataSourceMetadata { type_name: type_name.clone() };
    let ephemeral = |type_name: &String| pb::get_metadata::EphemeralMetadata { type_name: type_name.clone() };
    let list = |type_name: &String| pb::get_metadata::ListResourceMetadata { type_name: type_name.clone() };
    let action = |type_name: &String| pb::get_metadata::ActionMetadata { type_name: type_name.clone() };
    let function = |name: &String| pb::get_metadata::FunctionMetadata { name: name.clone() };
    pb::get_metadata::Response {
        server_capabilities: Some(capabilities(registry)),
        resources: registry.resources.keys().map(resource).collect(),
        data_sources: registry.data_sources.keys().map(data_source).collect(),
        ephemeral_resources: registry.ephemeral_resources.keys().map(ephemeral).collect(),
        list_resources: registry.list_resources.keys().map(list).collect(),
        actions: registry.actions.keys().map(action).collect(),
        functions: registry.functions.keys().map(function).collect(),
        ..Default::default()
    }
}

pub(crate) fn functions<C>(registry: &Registry<C>) -> pb::get_functions::Response {
    pb::get_functions::Response {
        functions: registry.functions.iter().map(|(name, entry)| (name.clone(), function(entry))).collect(),
        diagnostics: Vec::new(),
    }
}

pub(crate) fn identities<C>(registry: &Registry<C>) -> pb::get_resource_identity_schemas::Response {
    let identities = registry.resources.iter().filter_map(|(name, entry)| {
        let identity = entry.identity()?;
        Some((name.clone(), identity_schema(identity.definition())))
    });
    pb::get_resource_identity_schemas::Response {
        identity_schemas: identities.collect(),
        diagnostics: Vec::new(),
    }
}

fn identity_schema(definition: &Definition) -> pb::ResourceIdentitySchema {
    let attributes = definition.attributes.iter().map(|attribute| {
        let required = attribute.presence == Presence::Required;
        pb::resource_identity_schema::IdentityAttribute {
            name: attribute.name.clone(),
            r#type: attribute.kind.ty().to_json_string().into(),
            required_for_import: required,
            optional_for_import: !required,
            description: attribute.description.clone(),
        }
    });
    pb::ResourceIdentitySchema { version: definition.version, identity_attributes: attributes.collect() }
}

fn function(function: &Function) -> pb::Function {
    let markdown = pb::StringKind::Markdown.into();
    let parameter = |parameter: &Parameter| pb::function::Parameter {
        name: parameter.name.to_owned(),
        r#type: parameter.ty.to_json_string().into(),
        allow_null_value: parameter.allows_null,
        allow_unknown_values: parameter.allows_unknown,
        description: parameter.description.to_owned(),
        description_kind: markdown,
    };
    pb::Function {
        parameters: function.parameters().iter().map(parameter).collect(),
        variadic_parameter: function.variadic().map(parameter),
        r#return: Some(pb::function::Return { r#type: function.result().to_json_string().into() }),
        summary: function.summary().to_owned(),
        description: function.description().to_owned(),
        description_kind: markdown,
        deprecation_message: String::new(),
    }
}

fn schema(definition: &Definition) -> pb::Schema {
    pb::Schema {
        version: definition.version,
        block: Some(block(
            definition.version,
            &definition.description,
            &definition.attributes,
            &definition.blocks,
        )),
    }
}

fn block(version: i64, description: &str, attributes: &[Attribute], blocks: &[Block]) -> pb::schema::Block {
    pb::schema::Block {
        version,
        attributes: attributes.iter().map(attribute).collect(),
        block_types: blocks.iter().map(nested_block).collect(),
        description: description.to_owned(),
        description_kind: pb::StringKind::Markdown.into(),
        deprecated: false,
        deprecation_message: String::new(),
        computed: false,
    }
}

fn nested_block(nested: &Block) -> pb::schema::NestedBlock {
    use pb::schema::nested_block::NestingMode;
    pb::schema::NestedBlock {
        type_name: nested.name.clone(),
        block: Some(pb::schema::Block {
            computed: nested.computed,
            ..block(0, &nested.description, &nested.attributes, &nested.blocks)
        }),
        nesting: match nested.nesting {
            Nesting::Single => NestingMode::Single,
            Nesting::List => NestingMode::List,
            Nesting::Set => NestingMode::Set,
            Nesting::Map => NestingMode::Map,
        }
        .into(),
        min_items: i64::try_from(nested.min_items).unwrap_or(i64::MAX),
        max_items: i64::try_from(nested.max_items).unwrap_or(i64::MAX),
    }
}

fn attribute(attribute: &Attribute) -> pb::schema::Attribute {
    let (ty, nested_type) = match &attribute.kind {
        AttributeKind::Plain(ty) => (ty.to_json_string().into(), None),
        AttributeKind::Nested(nesting, attributes) => {
            (bytes::Bytes::new(), Some(object(*nesting, attributes)))
        }
    };
    pb::schema::Attribute {
        name: attribute.name.clone(),
        r#type: ty,
        nested_type,
        description: attribute.description.clone(),
        required: attribute.presence == Presence::Required,
        optional: matches!(attribute.presence, Presence::Optional | Presence::OptionalComputed),
        computed: attribute.presence.is_computed(),
        sensitive: attribute.sensitive,
        write_only: attribute.write_only,
        description_kind: pb::StringKind::Markdown.into(),
        deprecated: attribute.deprecated.is_some(),
        deprecation_message: attribute.deprecated.clone().unwrap_or_default(),
    }
}

fn object(nesting: Nesting, attributes: &[Attribute]) -> pb::schema::Object {
    use pb::schema::object::NestingMode;
    pb::schema::Object {
        attributes: attributes.iter().map(attribute).collect(),
        nesting: match nesting {
            Nesting::Single => NestingMode::Single,
            Nesting::List => NestingMode::List,
            Nesting::Set => NestingMode::Set,
            Nesting::Map => NestingMode::Map,
        }
        .into(),
    }
}
