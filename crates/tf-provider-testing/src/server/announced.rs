//! What the provider announced, by name, and values under it.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;
use tf_provider::proto::tfplugin6::schema::Block;
use tf_provider::proto::tfplugin6::{self as pb, DynamicValue, ResourceIdentityData};
use tf_provider::value::{RawValue, Type, msgpack};

use super::schema::{complete, object_type};
use super::{json, schema};

/// The schemas of a provider.
#[derive(Debug)]
pub(crate) struct Schemas {
    pub(crate) announced: pb::get_provider_schema::Response,
    pub(crate) identities: BTreeMap<String, pb::ResourceIdentitySchema>,
}

/// One announced object: its values as JSON on the one side, as the protocol has them on the other.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// For reports: `resource files_file`.
    name: String,
    block: Block,
    ty: Type,
}

impl Schemas {
    pub(crate) fn provider(&self) -> Shape {
        Shape::of("provider", "", self.announced.provider.as_ref())
    }

    pub(crate) fn resource(&self, name: &str) -> Shape {
        Self::find("resource", name, &self.announced.resource_schemas)
    }

    pub(crate) fn data_source(&self, name: &str) -> Shape {
        Self::find("data source", name, &self.announced.data_source_schemas)
    }

    pub(crate) fn ephemeral(&self, name: &str) -> Shape {
        Self::find("ephemeral resource", name, &self.announced.ephemeral_resource_schemas)
    }

    pub(crate) fn list(&self, name: &str) -> Shape {
        Self::find("list resource", name, &self.announced.list_resource_schemas)
    }

    pub(crate) fn action(&self, name: &str) -> Shape {
        let actions = &self.announced.action_schemas;
        let found = actions.get(name).unwrap_or_else(|| unknown("action", name, actions.keys()));
        Shape::of("action", name, found.schema.as_ref())
    }

    pub(crate) fn function(&self, name: &str) -> &pb::Function {
        let functions = &self.announced.functions;
        functions.get(name).unwrap_or_else(|| unknown("function", name, functions.keys()))
    }

    /// The type of a resource's identity.
    pub(crate) fn identity_type(&self, name: &str) -> Type {
        let found = self.identities.get(name);
        let schema = found.unwrap_or_else(|| unknown("identity of", name, self.identities.keys()));
        Type::object(schema.identity_attributes.iter().map(|attribute| {
            let ty = parsed(&attribute.r#type, &format!("identity attribute {}", attribute.name));
            (attribute.name.clone(), ty)
        }))
    }

    pub(crate) fn identity_sent(&self, name: &str, identity: &Value) -> ResourceIdentityData {
        let ty = self.identity_type(name);
        ResourceIdentityData { identity_data: Some(sent(&ty, identity, &format!("identity of {name}"))) }
    }

    pub(crate) fn identity_told(&self, name: &str, identity: ResourceIdentityData) -> Value {
        told(&self.identity_type(name), identity.identity_data, &format!("identity of {name}"))
    }

    fn find(kind: &str, name: &str, schemas: &BTreeMap<String, pb::Schema>) -> Shape {
        let found = schemas.get(name).unwrap_or_else(|| unknown(kind, name, schemas.keys()));
        Shape::of(kind, name, Some(found))
    }
}

impl Shape {
    fn of(kind: &str, name: &str, schema: Option<&pb::Schema>) -> Self {
        let name = format!("{kind} {name}").trim_end().to_owned();
        let Some(block) = schema.and_then(|schema| schema.block.clone()) else {
            panic!("{name} has no schema");
        };
        Self { ty: object_type(&block), name, block }
    }

    /// A configuration, with what its writer left out.
    pub(crate) fn config(&self, config: &Value) -> RawValue {
        complete(&self.block, self.value(config))
    }

    /// A state or plan.
    pub(crate) fn value(&self, value: &Value) -> RawValue {
        readable(json::read(&self.ty, value), &self.name)
    }

    /// What a host proposes for `config` over `prior`.
    pub(crate) fn proposed(&self, prior: &RawValue, config: &RawValue) -> RawValue {
        schema::proposed(&self.block, prior, config)
    }

    pub(crate) fn sent(&self, value: &RawValue) -> Option<DynamicValue> {
        Some(encoded(&self.ty, value, &self.name))
    }

    pub(crate) fn told(&self, value: Option<DynamicValue>) -> Value {
        told(&self.ty, value, &self.name)
    }
}

/// A value as a host sends it.
pub(crate) fn sent(ty: &Type, value: &Value, of: &str) -> DynamicValue {
    encoded(ty, &readable(json::read(ty, value), of), of)
}

/// A value that came, as JSON; null when none came.
pub(crate) fn told(ty: &Type, value: Option<DynamicValue>, of: &str) -> Value {
    let Some(value) = value else { return Value::Null };
    assert!(value.json.is_empty(), "the answer is JSON instead of MessagePack: {of}");
    let raw = readable(msgpack::decode(ty, &value.msgpack).map_err(|error| error.to_string()), of);
    readable(json::write(ty, &raw), of)
}

/// The type that `json` spells.
pub(crate) fn parsed(json: &[u8], of: &str) -> Type {
    readable(Type::from_json(json).map_err(|error| error.to_string()), of)
}

fn encoded(ty: &Type, value: &RawValue, of: &str) -> DynamicValue {
    let bytes = readable(msgpack::encode(ty, value).map_err(|error| error.to_string()), of);
    DynamicValue { msgpack: bytes.into(), json: Bytes::new() }
}

fn readable<T>(result: Result<T, String>, of: &str) -> T {
    match result {
        Ok(value) => value,
        Err(problem) => panic!("a value is not one of {of}: {problem}"),
    }
}

fn unknown<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a String>) -> ! {
    let known = known.map(String::as_str).collect::<Vec<_>>().join(", ");
    panic!("the provider announces no {kind} {name}, only: {known}")
}
