//! The calls about list resources.

use futures::TryStreamExt as _;
use serde_json::Value;
use tf_provider::proto::tfplugin6 as pb;
use tf_provider::value::Type;

use super::announced::{self, Schemas};
use super::answer::Listed;
use super::diagnostic::Diagnostics;
use super::{Server, answer, whole};

impl Server {
    /// ValidateListResourceConfig, with neither a limit nor whole objects asked for.
    pub async fn validate_list(&self, type_name: &str, config: Value) -> Diagnostics {
        let shape = self.schemas.list(type_name);
        let null = |ty| Some(announced::sent(&ty, &Value::Null, "an argument of every list"));
        let request = pb::validate_list_resource_config::Request {
            type_name: type_name.to_owned(),
            config: shape.sent(&shape.config(&config)),
            include_resource_object: null(Type::Bool),
            limit: null(Type::Number),
        };
        let response = self.client().validate_list_resource_config(request).await;
        Diagnostics::from(answer("ValidateListResourceConfig", response).diagnostics)
    }

    /// ListResource: all that comes until the stream ends, at most `limit` objects.
    pub async fn list(
        &self,
        type_name: &str,
        config: Value,
        limit: i64,
        include_resource: bool,
    ) -> Vec<Listed> {
        let shape = self.schemas.list(type_name);
        let request = pb::list_resource::Request {
            type_name: type_name.to_owned(),
            config: shape.sent(&shape.config(&config)),
            include_resource_object: include_resource,
            limit,
        };
        let events = answer("ListResource", self.client().list_resource(request).await);
        let listed = events.map_ok(|event| Listed::of(&self.schemas, type_name, event));
        whole("ListResource", listed.try_collect().await)
    }
}

impl Listed {
    fn of(schemas: &Schemas, type_name: &str, event: pb::list_resource::Event) -> Self {
        Self {
            display_name: event.display_name,
            identity: event.identity.map(|it| schemas.identity_told(type_name, it)),
            resource: event.resource_object.map(|it| schemas.resource(type_name).told(Some(it))),
            diagnostics: Diagnostics::from(event.diagnostic),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bytes::Bytes;
    use serde_json::json;
    use tf_provider::value::{RawValue, msgpack};

    use super::*;

    fn schemas() -> Schemas {
        let name = || pb::schema::Attribute {
            name: "name".into(),
            r#type: "\"string\"".into(),
            required: true,
            ..Default::default()
        };
        let block = pb::schema::Block { attributes: vec![name()], ..Default::default() };
        let schema = pb::Schema { version: 0, block: Some(block) };
        let identity = pb::resource_identity_schema::IdentityAttribute {
            name: "name".into(),
            r#type: "\"string\"".into(),
            ..Default::default()
        };
        let identity = pb::ResourceIdentitySchema { version: 0, identity_attributes: vec![identity] };
        Schemas {
            announced: pb::get_provider_schema::Response {
                resource_schemas: BTreeMap::from([("thing".to_owned(), schema)]),
                ..Default::default()
            },
            identities: BTreeMap::from([("thing".to_owned(), identity)]),
        }
    }

    fn named(name: &str) -> pb::DynamicValue {
        let ty = Type::object([("name", Type::String)]);
        let value = RawValue::from([("name", RawValue::from(name))]);
        pb::DynamicValue { msgpack: msgpack::encode(&ty, &value).unwrap().into(), json: Bytes::new() }
    }

    #[test]
    fn listed_object_has_its_identity_and_where_asked_for_its_value() {
        let identity = Some(pb::ResourceIdentityData { identity_data: Some(named("a")) });
        let event = pb::list_resource::Event {
            identity,
            display_name: "A".into(),
            resource_object: Some(named("a")),
            diagnostic: Vec::new(),
        };
        let listed = Listed::of(&schemas(), "thing", event);
        assert_eq!((listed.display_name.as_str(), listed.identity), ("A", Some(json!({"name": "a"}))));
        assert_eq!(listed.resource, Some(json!({"name": "a"})));
        let mut fault = pb::Diagnostic { summary: "No more".into(), ..Default::default() };
        fault.set_severity(pb::diagnostic::Severity::Error);
        let event = pb::list_resource::Event { diagnostic: vec![fault], ..Default::default() };
        let listed = Listed::of(&schemas(), "thing", event);
        assert!(listed.identity.is_none() && listed.resource.is_none());
        listed.diagnostics.expect_error("No more", "");
    }
}
