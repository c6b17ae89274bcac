//! Item 60.

use serde_json::json;

use crate::support::terraform::Workspace;

fn identified(name: &str, note: &str) -> String {
    format!(
        "provider \"conformance\" {{\n  label = \"us\"\n}}\nresource \"conformance_identified\" \"a\" {{\n  name = \
         {name:?}\n  note = {note}\n}}\n"
    )
}

fn import(identity: &str) -> String {
    format!(
        "{}\nimport {{\n  to = conformance_identified.a\n  identity = {{ {identity} }}\n}}\n",
        identified("b", "null")
    )
}

#[test]
fn item_60_identity_is_stored_and_kept() {
    let workspace = Workspace::new(&identified("b", "null"));
    workspace.apply();
    let stored = || workspace.instances("conformance_identified.a")[0].clone();
    assert_eq!(stored()["identity"], json!({ "name": "b", "owner": "us" }));
    assert_eq!(stored()["identity_schema_version"], 2);
    workspace.assert_empty_plan();
    workspace.config(&identified("b", "\"changed\""));
    workspace.apply().says(&["0 added, 1 changed, 0 destroyed"]);
    assert_eq!(stored()["identity"], json!({ "name": "b", "owner": "us" }));
    workspace.config(&identified("c", "null"));
    workspace.apply().says(&["1 added, 0 changed, 1 destroyed"]);
    assert_eq!(stored()["identity"]["name"], "c");
}

#[test]
fn item_60_object_is_imported_by_identity() {
    let workspace = Workspace::new(&import("name = \"b\""));
    workspace.apply().says(&["1 imported, 0 added, 0 changed, 0 destroyed"]);
    assert_eq!(workspace.attributes("conformance_identified.a")["id"], "id-b");
    workspace.assert_empty_plan();
}

#[test]
fn item_60_wrong_identity_is_a_clear_error() {
    let workspace = Workspace::new(&import("name = \"b\", owner = \"them\""));
    workspace.plan(&[]).failed_with(&["Error: Not ours", "Somebody else owns it."]);
    workspace.config(&import("owner = \"us\""));
    workspace.plan(&[]).failed_with(&["name"]);
}

#[test]
fn item_60_identity_that_must_not_change_is_a_fault_of_the_provider() {
    let workspace = Workspace::new(&identified("b", "null"));
    workspace.apply();
    workspace.config(&identified("b", "\"wanders\""));
    workspace.apply_with(&[]).failed_with(&["identity"]);
    assert_eq!(workspace.instances("conformance_identified.a")[0]["identity"]["name"], "b");
}

#[test]
fn item_60_identity_that_may_change_changes() {
    let drifter =
        |place: &str| format!("resource \"conformance_drifter\" \"a\" {{\n  place = {place:?}\n}}\n");
    let workspace = Workspace::new(&drifter("here"));
    workspace.apply();
    workspace.config(&drifter("there"));
    workspace.apply().says(&["0 added, 1 changed, 0 destroyed"]);
    assert_eq!(workspace.instances("conformance_drifter.a")[0]["identity"], json!({ "place": "there" }));
    workspace.assert_empty_plan();
}

#[test]
fn item_60_stored_identity_of_an_old_version_is_upgraded() {
    // The old identity tells no owner.
    let workspace = Workspace::new(&identified("b", "null").replace("\"us\"", "null"));
    workspace.apply();
    workspace.edit_state(|state| {
        let instance = &mut state["resources"][0]["instances"][0];
        instance["identity"] = json!({ "title": "b" });
        instance["identity_schema_version"] = json!(0);
    });
    workspace.run(&["apply", "-refresh-only", "-auto-approve", "-input=false"]).succeeded();
    workspace.assert_empty_plan();
    let stored = workspace.instances("conformance_identified.a")[0].clone();
    assert_eq!((&stored["identity"]["name"], &stored["identity_schema_version"]), (&json!("b"), &json!(2)));
}
