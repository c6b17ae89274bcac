//! Item 61, spoken to directly: searches.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::StreamExt as _;
use tf_provider::proto::tfplugin6::list_resource::{Event, Request};
use tf_provider::proto::tfplugin6::validate_list_resource_config;
use tf_provider::value::RawValue;
use tokio::time::timeout;

use crate::provider::listed::MADE;
use crate::support::host::{Host, Object, decoded, told};

const LIMIT: Duration = Duration::from_secs(20);

fn prefix(list: &Object, prefix: &str, number: i64) -> RawValue {
    list.config([("prefix", RawValue::from(prefix)), ("number", RawValue::from(number))])
}

async fn search(list: &Object, config: &RawValue, include: bool, limit: i64) -> Vec<Event> {
    let request = Request {
        type_name: list.name.into(),
        config: list.encoded(config),
        include_resource_object: include,
        limit,
    };
    let events = list.host.client.clone().list_resource(request).await.unwrap().into_inner();
    let events = timeout(LIMIT, events.collect::<Vec<_>>()).await.expect("the search should have ended");
    events.into_iter().map(Result::unwrap).collect()
}

fn names(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.display_name.as_str()).collect()
}

#[tokio::test]
async fn item_61_every_object_is_one_event_with_identity_and_name() {
    let host = Host::configured().await;
    let (list, object) = (host.list("conformance_identified"), host.resource("conformance_identified"));
    // There are three by default.
    let events = search(&list, &list.config([("prefix", RawValue::from("a"))]), false, 0).await;
    assert_eq!(names(&events), ["Object 0", "Object 1", "Object 2"]);
    assert!(events.iter().all(|event| {
        event.diagnostic.is_empty() && event.resource_object.is_none() && event.identity.is_some()
    }));

    let events = search(&list, &prefix(&list, "b", 1), true, 0).await;
    let state = decoded(&object.ty, events[0].resource_object.clone()).unwrap();
    assert!(state == object.config([("name", RawValue::from("b0")), ("id", RawValue::from("id-b0"))]));
    assert_eq!(search(&list, &prefix(&list, "c", 0), true, 0).await, []);
}

#[tokio::test]
async fn item_61_search_ends_at_the_limit_and_with_its_reader() {
    let list = Host::configured().await.list("conformance_identified");
    let before = MADE.load(Ordering::SeqCst);
    let events = search(&list, &prefix(&list, "a", 1_000_000), false, 5).await;
    assert_eq!((events.len(), events[4].display_name.as_str()), (5, "Object 4"));
    assert!(events.iter().all(|event| event.diagnostic.is_empty()));
    // Other tests search too, but none for so many.
    assert!(MADE.load(Ordering::SeqCst) - before < 10_000);

    let config = list.encoded(&prefix(&list, "a", i64::from(u32::MAX)));
    let request = Request { type_name: list.name.into(), config, ..Default::default() };
    let mut events = list.host.client.clone().list_resource(request).await.unwrap().into_inner();
    events.next().await.unwrap().unwrap();
    drop(events);
    // Nobody reads: the search stands still.
    let stopped = async {
        loop {
            let before = MADE.load(Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(50)).await;
            if MADE.load(Ordering::SeqCst) - before < 100 {
                break;
            }
        }
    };
    timeout(LIMIT, stopped).await.expect("the search should have stopped");
}

#[tokio::test]
async fn item_61_errors_end_the_search_after_what_was_found_and_warnings_do_not() {
    let list = Host::configured().await.list("conformance_identified");
    for (what, include, found, summary) in [
        ("fails", false, 2, "error : Search failed"),
        ("panics", false, 1, "error : Provider error"),
        ("warns", false, 5, "warning : Not everything"),
    ] {
        let events = search(&list, &prefix(&list, what, 5), include, 0).await;
        let (last, before) = events.split_last().unwrap();
        assert_eq!((before.len(), told(&last.diagnostic)), (found, vec![summary.to_owned()]), "{what}");
        assert!(last.identity.is_none());
    }
    let events = search(&list, &prefix(&list, "odd", 3), false, 0).await;
    assert_eq!((events.len(), told(&events[1].diagnostic)), (3, vec!["warning : Odd".to_owned()]));
    assert!(events[1].identity.is_some());
    let events = search(&list, &prefix(&list, "partial", 3), true, 0).await;
    assert_eq!((events.len(), told(&events[0].diagnostic)), (1, vec!["error : Provider error".to_owned()]));
}

#[tokio::test]
async fn item_61_search_is_validated_unconfigured_and_run_configured() {
    let list = Host::unconfigured().await.list("conformance_identified");
    let validated = async |config: RawValue| {
        let request = validate_list_resource_config::Request {
            type_name: list.name.into(),
            config: list.encoded(&config),
            ..Default::default()
        };
        told(
            &list
                .host
                .client
                .clone()
                .validate_list_resource_config(request)
                .await
                .unwrap()
                .into_inner()
                .diagnostics,
        )
    };
    assert_eq!(validated(prefix(&list, "a", 1)).await, Vec::<String>::new());
    assert_eq!(validated(list.config([("prefix", RawValue::unknown())])).await, Vec::<String>::new());
    assert_eq!(validated(prefix(&list, "forbidden", 1)).await, ["error prefix: Forbidden prefix"]);
    assert_eq!(validated(prefix(&list, "much too long", 1)).await, ["error prefix: Invalid prefix"]);
    let events = search(&list, &prefix(&list, "a", 1), false, 0).await;
    assert_eq!(
        (events.len(), told(&events[0].diagnostic)),
        (1, vec!["error : Provider is not configured".to_owned()])
    );
}
