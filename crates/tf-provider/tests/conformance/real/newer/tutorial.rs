//! The tutorial's provider with a core that knows all it offers.

use std::fs;

use crate::support::terraform::Workspace;

const PROVIDER: &str = "provider \"localfiles\" {\n  directory = \"$FILES\"\n}\n";

#[test]
fn tutorial_provider_finds_its_files_and_copies_one() {
    let workspace = Workspace::new(PROVIDER);
    for (name, text) in [("a.txt", "one"), ("b.txt", "three"), ("c.md", "")] {
        fs::write(workspace.file(name), text).unwrap();
    }
    let query = "list \"localfiles_file\" \"texts\" {\n  provider = localfiles\n  include_resource = true\n  config \
                 {\n    suffix = \".txt\"\n  }\n}\n";
    fs::write(workspace.path("texts.tfquery.hcl"), query).unwrap();
    let found = workspace.run(&["query", "-generate-config-out=found.tf"]).succeeded();
    found.contains(&["a.txt", "b.txt"]);
    assert!(!found.text.contains("c.md"), "{}", found.text);
    fs::remove_file(workspace.path("texts.tfquery.hcl")).unwrap();
    workspace.apply().says(&["2 imported, 0 added, 0 changed, 0 destroyed"]);
    workspace.assert_empty_plan();

    workspace.config(&format!(
        "{PROVIDER}\naction \"localfiles_backup\" \"b\" {{\n  config {{\n    name = \"b.txt\"\n  }}\n}}\n"
    ));
    workspace.apply_with(&["-invoke=action.localfiles_backup.b"]).succeeded().says(&["copied 5 bytes"]);
    assert_eq!(fs::read_to_string(workspace.file("b.txt.bak")).unwrap(), "three");
    workspace.assert_empty_plan();
}
