//! Item 63: the provider makes the configuration of what is imported.

use std::fs;

use crate::support::terraform::Workspace;

#[test]
fn item_63_provider_generates_the_configuration_that_is_written() {
    let import = |provider: &str| {
        format!("import {{\n{provider}  to = conformance_everything.a\n  id = \"id-generated\"\n}}\n")
    };
    let workspace = Workspace::new(&import("  provider = conformance\n"));
    let plan = workspace.plan(&["-generate-config-out=generated.tf"]);
    plan.says(&["1 to import, 0 to add, 0 to change, 0 to destroy"]);
    let generated = fs::read_to_string(workspace.path("generated.tf")).unwrap();
    // Core alone would write the value that the default gives anyhow.
    assert!(!generated.contains("level = \"info\""), "{generated}");
    workspace.config(&import(""));
    workspace.apply().says(&["1 imported, 0 added, 0 changed, 0 destroyed"]);
    workspace.assert_empty_plan();
}
