//! Item 16.

use std::process::Command;

use tf_provider_testing::terraform::DebuggedProvider;

use crate::support::terraform::{Workspace, example};

#[test]
fn item_16_printed_reattach_string_serves_plan_apply_apply_and_destroy_in_one_process() {
    let provider = DebuggedProvider::start(Command::new(example("conformance_files")));
    let file = |content: &str| {
        format!(
            "provider \"files\" {{\n  directory = \"$FILES\"\n}}\nresource \"files_file\" \"a\" {{\n  name    = \"a\"\n  content = {content:?}\n}}\n"
        )
    };
    let mut workspace = Workspace::new(&file("1"));
    workspace.environment("TF_REATTACH_PROVIDERS", provider.reattach());
    assert_eq!(workspace.plan(&[]).status, Some(2));
    workspace.apply();
    workspace.config(&file("2"));
    workspace.apply();
    workspace.assert_empty_plan();
    workspace.destroy();
    assert_eq!(provider.interrupt(), Some(0));
}
