//! Item 54 with a host that understands deferral: what needs the unknown configuration of the provider comes later.

use bytes::Bytes;
use tf_provider::proto::tfplugin6::deferred::Reason;
use tf_provider::proto::tfplugin6::{self as pb, ClientCapabilities, Deferred};
use tf_provider::value::RawValue;

use crate::support::host::{Host, decoded, told};

const NOTHING: RawValue = RawValue::Null;

fn capabilities(deferral_allowed: bool) -> Option<ClientCapabilities> {
    Some(ClientCapabilities { deferral_allowed, computed_blocks_allowed: true, ..Default::default() })
}

fn because(reason: Reason) -> Option<Deferred> {
    Some(Deferred { reason: reason.into() })
}

/// A host whose provider has an unknown configuration.
async fn unknown() -> Host {
    let host = Host::unconfigured().await;
    host.configure(RawValue::unknown()).await;
    host
}

#[tokio::test]
async fn item_54_calls_that_need_the_unknown_configuration_are_deferred_where_allowed() {
    let host = unknown().await;
    let mut client = host.client.clone();
    let reason = because(Reason::ProviderConfigUnknown);

    let object = host.resource("conformance_identified");
    let config = object.config([("name", RawValue::from("a"))]);
    let planned = client
        .plan_resource_change(pb::plan_resource_change::Request {
            type_name: object.name.into(),
            prior_state: object.encoded(&NOTHING),
            proposed_new_state: object.encoded(&config),
            config: object.encoded(&config),
            client_capabilities: capabilities(true),
            ..Default::default()
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!((told(&planned.diagnostics), planned.deferred), (Vec::new(), reason));
    assert!(planned.planned_state.is_some());

    let read = client
        .read_resource(pb::read_resource::Request {
            type_name: object.name.into(),
            current_state: object.encoded(&config),
            private: Bytes::from_static(br#"{"k":1}"#),
            client_capabilities: capabilities(true),
            ..Default::default()
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!((told(&read.diagnostics), read.deferred), (Vec::new(), reason));
    assert!(decoded(&object.ty, read.new_state) == Some(config) && read.private.as_ref() == br#"{"k":1}"#);

    let import = pb::import_resource_state::Request {
        type_name: object.name.into(),
        id: "id-a".into(),
        client_capabilities: capabilities(true),
        ..Default::default()
    };
    let imported = client.import_resource_state(import).await.unwrap().into_inner();
    assert_eq!((told(&imported.diagnostics), imported.deferred), (Vec::new(), reason));
    let state = decoded(&object.ty, imported.imported_resources[0].state.clone());
    assert!(state.is_some_and(|state| state.is_unknown()));

    let lookup = host.data_source("conformance_lookup");
    let config = lookup.config([("name", RawValue::from("a"))]);
    let read = client
        .read_data_source(pb::read_data_source::Request {
            type_name: lookup.name.into(),
            config: lookup.encoded(&config),
            client_capabilities: capabilities(true),
            ..Default::default()
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!((told(&read.diagnostics), read.deferred), (Vec::new(), reason));
    let state = decoded(&lookup.ty, read.state).unwrap();
    assert_eq!(state.get("name"), Some(&RawValue::from("a")));
    assert!(state.get("found").unwrap().is_unknown());

    let lease = host.ephemeral("conformance_lease");
    let open = pb::open_ephemeral_resource::Request {
        type_name: lease.name.into(),
        config: lease.encoded(&lease.config([("name", RawValue::from("a"))])),
        client_capabilities: capabilities(true),
    };
    let opened = client.open_ephemeral_resource(open).await.unwrap().into_inner();
    assert_eq!((told(&opened.diagnostics), opened.deferred), (Vec::new(), reason));
    assert!(opened.renew_at.is_none());

    let shout = host.action("conformance_shout");
    let plan = pb::plan_action::Request {
        action_type: shout.name.into(),
        config: shout.encoded(&shout.config([("name", RawValue::from("a"))])),
        client_capabilities: capabilities(true),
    };
    assert_eq!(client.plan_action(plan).await.unwrap().into_inner().deferred, reason);
}

#[tokio::test]
async fn item_54_author_defers_only_where_the_host_understands_it() {
    let object = Host::configured().await.resource("conformance_blocks");
    let config = object.config([("name", RawValue::from("later")), ("part", RawValue::Sequence(Vec::new()))]);
    for allowed in [true, false] {
        let request = pb::plan_resource_change::Request {
            type_name: object.name.into(),
            prior_state: object.encoded(&NOTHING),
            proposed_new_state: object.encoded(&config),
            config: object.encoded(&config),
            client_capabilities: capabilities(allowed),
            ..Default::default()
        };
        let planned = object.host.client.clone().plan_resource_change(request).await.unwrap().into_inner();
        assert_eq!(told(&planned.diagnostics), Vec::<String>::new());
        let expected = if allowed { because(Reason::AbsentPrereq) } else { None };
        assert_eq!(planned.deferred, expected);
        assert_eq!(planned.planned_private.is_empty(), allowed, "planned all the same where it has to be");
    }
}
