//! A tiny provider, driven through every call that it answers.

mod shelf;

use std::time::{Duration, SystemTime};

use serde_json::json;
use tf_provider_testing::server::{MoveSource, State};
use tf_provider_testing::{Server, UNKNOWN};

use self::shelf::Shelf;

const BOOK: &str = "shelf_book";

async fn started() -> Server {
    let server = Server::start::<Shelf>().await;
    server.configure(json!({"room": "hall"})).await.expect_none();
    server
}

#[tokio::test]
async fn provider_block_is_validated_and_configured() {
    let server = Server::start::<Shelf>().await;
    server.validate_provider(json!({})).await.expect_none();
    let faults = server.validate_provider(json!({"room": ""})).await;
    assert_eq!(faults.lines(), ["error room: Invalid room"]);
    let refused = server.read_data_source("shelf_count", json!({"prefix": ""})).await;
    refused.diagnostics.expect_error("Provider is not configured", "");
    server.configure(json!({"room": UNKNOWN})).await.expect_none();
    let refused = server.read_data_source("shelf_count", json!({"prefix": ""})).await;
    refused.diagnostics.expect_error("Provider configuration is not known yet", "");
}

#[tokio::test]
async fn configuration_is_validated_with_path_and_severity() {
    let server = started().await;
    let faults = server.validate_resource(BOOK, json!({"title": ""})).await;
    assert_eq!(faults.lines(), ["error title: Invalid title", "warning : Anonymous book"]);
    assert_eq!((faults.len(), faults[1].detail.as_str()), (2, "Say who wrote it."));
    server.validate_resource(BOOK, json!({"title": UNKNOWN, "authors": [UNKNOWN]})).await.expect_none();
}

#[tokio::test]
async fn object_is_planned_created_read_updated_replaced_and_destroyed() {
    let server = started().await;
    let config = json!({"title": "Emma", "authors": ["Jane"], "mark": [{"page": 1}], "owner_wo": "me"});
    let planned = server.plan(BOOK, &State::absent(), config.clone()).await;
    planned.diagnostics.expect_none();
    let expected = json!({
        "title": "Emma", "authors": ["Jane"], "notes": null, "binding": "cloth", "owner_wo": null,
        "place": UNKNOWN, "visits": UNKNOWN, "mark": [{"page": 1, "colour": "red"}], "timeouts": null,
    });
    assert_eq!((&planned.value, planned.requires_replace.len()), (&expected, 0));

    let created = server.apply(&planned).await;
    created.diagnostics.expect_none();
    assert_eq!((&created.value["place"], &created.value["visits"]), (&json!("hall/Emma"), &json!(1)));
    assert_eq!(created.identity, Some(json!({"title": "Emma", "room": "hall"})));
    assert!(created.exists() && !created.private.is_empty());

    let read = server.read(BOOK, &created).await;
    assert_eq!(
        (&read.value, &read.identity, &read.private),
        (&created.value, &created.identity, &created.private)
    );
    let unchanged = server.plan(BOOK, &read, config).await;
    assert_eq!((&unchanged.value, &unchanged.identity), (&read.value, &read.identity));

    let updated = server.change(BOOK, &read, json!({"title": "Emma", "notes": {"1": "Hm."}})).await;
    updated.diagnostics.expect_none();
    assert_eq!((&updated.value["visits"], &updated.value["mark"]), (&json!(2), &json!([])));

    let replaced = server.plan(BOOK, &updated, json!({"title": "Sula"})).await;
    assert_eq!(
        (replaced.requires_replace.as_slice(), &replaced.value["visits"]),
        (&["title".to_owned()][..], &json!(UNKNOWN))
    );

    let destroyed = server.change(BOOK, &updated, json!(null)).await;
    destroyed.diagnostics.expect_none();
    assert!(!destroyed.exists());
    assert!(!server.read(BOOK, &updated).await.exists());
}

#[tokio::test]
async fn failed_create_answers_with_its_diagnostics_and_no_object() {
    let server = started().await;
    server.change(BOOK, &State::absent(), json!({"title": "Emma"})).await.diagnostics.expect_success();
    let again = server.change(BOOK, &State::absent(), json!({"title": "Emma"})).await;
    assert_eq!(
        (again.diagnostics.lines(), again.exists()),
        (vec!["error title: Book is there".to_owned()], false)
    );
}

#[tokio::test]
async fn import_by_id_and_by_identity_is_completed_by_the_read_that_follows() {
    let server = started().await;
    let created = server.change(BOOK, &State::absent(), json!({"title": "Emma"})).await;
    for imported in
        [server.import(BOOK, "Emma").await, server.import_identity(BOOK, json!({"title": "Emma"})).await]
    {
        imported.diagnostics.expect_none();
        assert_eq!(imported.value["place"], json!(null));
        let read = server.read(BOOK, &imported).await;
        read.diagnostics.expect_none();
        assert_eq!(
            (&read.value["place"], read.identity),
            (&created.value["place"], created.identity.clone())
        );
    }
    let refused = server.import(BOOK, "").await;
    refused.diagnostics.expect_error("Import needs an id", "");
    assert!(!refused.exists());
}

#[tokio::test]
async fn states_and_identities_of_old_versions_are_upgraded_and_other_types_moved() {
    let server = Server::start::<Shelf>().await;
    let upgraded = server.upgrade_state(BOOK, 1, json!({"name": "Emma"})).await;
    upgraded.diagnostics.expect_none();
    assert_eq!((&upgraded.value["title"], &upgraded.value["place"]), (&json!("Emma"), &json!("attic")));
    let refused = server.upgrade_state(BOOK, 1, json!({})).await;
    refused.diagnostics.expect_error("Unreadable state", "");
    let upgraded = server.upgrade_identity(BOOK, 0, json!({"name": "Emma"})).await;
    assert_eq!(upgraded.identity, Some(json!({"title": "Emma", "room": null})));

    let source = MoveSource {
        provider_address: "registry.terraform.io/example/attic".into(),
        type_name: "attic_book".into(),
        schema_version: 3,
        state: json!({"name": "Emma"}),
        identity: json!({"box": 5}),
        ..MoveSource::default()
    };
    let moved = server.move_state(source.clone(), BOOK).await;
    moved.diagnostics.expect_none();
    assert_eq!(moved.value["place"], "5 of version 3");
    let other = MoveSource { type_name: "attic_lamp".into(), ..source };
    assert!(server.move_state(other, BOOK).await.diagnostics.has_errors());
}

#[tokio::test]
async fn data_sources_are_read_and_functions_called() {
    let server = started().await;
    server.change(BOOK, &State::absent(), json!({"title": "Emma"})).await.diagnostics.expect_success();
    let counted = server.read_data_source("shelf_count", json!({"prefix": "E"})).await;
    counted.diagnostics.expect_none();
    assert_eq!(counted.value, json!({"prefix": "E", "books": 1}));
    server.validate_data_source("shelf_count", json!({"prefix": UNKNOWN})).await.expect_none();

    assert_eq!(server.call_function("initials", &[json!("War and Peace")]).await, Ok(json!("WaP")));
    let fault = server.call_function("initials", &[json!("")]).await.unwrap_err();
    assert_eq!((fault.text.as_str(), fault.argument), ("has no letters", Some(0)));
}

#[tokio::test]
async fn ephemeral_resource_is_opened_renewed_and_closed() {
    let server = started().await;
    let faults = server.validate_ephemeral("shelf_loan", json!({"title": ""})).await;
    faults.expect_error("Invalid title", "title");
    let opened = server.open_ephemeral("shelf_loan", json!({"title": "Emma"})).await;
    opened.diagnostics.expect_none();
    assert_eq!(opened.value, json!({"title": "Emma", "number": 7}));
    let left = opened.renew_at.unwrap().duration_since(SystemTime::now()).unwrap();
    assert!(left > Duration::from_secs(50) && left <= Duration::from_secs(100));
    let renewed = server.renew_ephemeral("shelf_loan", opened.private.clone()).await;
    renewed.diagnostics.expect_none();
    assert!(renewed.renew_at.is_none() && renewed.private != opened.private);
    let closed = server.close_ephemeral("shelf_loan", renewed.private).await;
    assert_eq!(closed[0].detail, "Emma, again");
}

#[tokio::test]
async fn stop_cuts_a_running_call_short() {
    let server = started().await;
    let other = server.clone();
    let running =
        tokio::spawn(async move { other.change(BOOK, &State::absent(), json!({"title": "endless"})).await });
    // Where the stop comes before the call it touches nothing: so it is sent until the call is over.
    while !running.is_finished() {
        server.stop().await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    running.await.unwrap().diagnostics.expect_error("Interrupted", "");
}

#[tokio::test]
#[should_panic(expected = "the provider announces no resource shelf_lamp, only: shelf_book")]
async fn type_that_is_not_announced_is_named_beside_those_that_are() {
    started().await.import("shelf_lamp", "1").await;
}

#[tokio::test]
#[should_panic(
    expected = "a value is not one of resource shelf_book: mark[0].pages: there is only colour, page"
)]
async fn value_that_no_host_would_send_is_refused_with_its_place() {
    started().await.validate_resource(BOOK, json!({"mark": [{"pages": 1}]})).await;
}
