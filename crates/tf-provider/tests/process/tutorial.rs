//! What of the tutorial's provider needs a newer core than there is: its search and its action.

use std::fs;

use futures::StreamExt as _;
use tf_provider::proto::tfplugin6::invoke_action::event::Type as Step;
use tf_provider::proto::tfplugin6::{DynamicValue, configure_provider, invoke_action, list_resource};
use tf_provider::value::{RawValue, Type, msgpack};

use crate::support::probe::Probe;

/// An object with one attribute, as a host sends it.
fn object(name: &str, value: RawValue) -> Option<DynamicValue> {
    let ty = Type::object([(name, Type::String)]);
    let msgpack = msgpack::encode(&ty, &RawValue::from([(name, value)])).unwrap().into();
    Some(DynamicValue { msgpack, ..Default::default() })
}

#[tokio::test]
async fn tutorial_provider_finds_its_files_and_copies_one() {
    let files = tempfile::tempdir().unwrap();
    for (name, text) in [("a.txt", "one"), ("b.txt", "three"), ("c.md", "")] {
        fs::write(files.path().join(name), text).unwrap();
    }
    let probe = Probe::of_by_host("local_files").start().await;
    let mut provider = probe.provider().await;
    let config = object("directory", RawValue::from(files.path().to_str().unwrap()));
    let request = configure_provider::Request { config, ..Default::default() };
    assert!(provider.configure_provider(request).await.unwrap().into_inner().diagnostics.is_empty());

    let request = list_resource::Request {
        type_name: "localfiles_file".into(),
        config: object("suffix", RawValue::from(".txt")),
        include_resource_object: true,
        limit: 0,
    };
    let events = provider.list_resource(request).await.unwrap().into_inner();
    let mut events: Vec<_> = events.map(Result::unwrap).collect().await;
    events.sort_by(|one, other| one.display_name.cmp(&other.display_name));
    let names: Vec<_> = events.iter().map(|event| event.display_name.as_str()).collect();
    assert_eq!(names, ["a.txt", "b.txt"]);
    for event in &events {
        assert!(event.diagnostic.is_empty() && event.identity.is_some() && event.resource_object.is_some());
    }

    let request = invoke_action::Request {
        action_type: "localfiles_backup".into(),
        config: object("name", RawValue::from("b.txt")),
        ..Default::default()
    };
    let events = provider.invoke_action(request).await.unwrap().into_inner();
    let events: Vec<_> = events.map(|event| event.unwrap().r#type.unwrap()).collect().await;
    let [Step::Progress(progress), Step::Completed(completed)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((progress.message.as_str(), completed.diagnostics.len()), ("copied 5 bytes", 0));
    assert_eq!(fs::read_to_string(files.path().join("b.txt.bak")).unwrap(), "three");
}
