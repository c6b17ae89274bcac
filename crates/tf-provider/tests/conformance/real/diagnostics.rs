//! Items 35 and 36.

use crate::support::terraform::Workspace;

#[test]
fn item_35_message_points_at_the_argument() {
    let workspace = Workspace::new(
        r#"resource "conformance_everything" "a" {
  name = ""
  words = [
    "w",
    "much too long",
  ]
  pairs = { p = "much too long" }
  list = [
    { key = "much too long" },
  ]
  set = [{ key = "much too long" }]
  many {
    key = "much too long"
  }
}
"#,
    );
    let run = workspace.run(&["validate"]);
    run.failed_with(&[
        "with conformance_everything.a",
        "on main.tf line 2, in resource \"conformance_everything\" \"a\": 2: name = \"\"",
        "on main.tf line 5, in resource \"conformance_everything\" \"a\": 5: \"much too long\"",
        "on main.tf line 7, in resource \"conformance_everything\" \"a\": 7: pairs = {",
        "on main.tf line 9, in resource \"conformance_everything\" \"a\": 9: { key = \"much too long\" },",
        "on main.tf line 11, in resource \"conformance_everything\" \"a\": 11: set = [",
        "on main.tf line 13, in resource \"conformance_everything\" \"a\": 13: key = \"much too long\"",
        "At list[0].key: key must have 1 to 10 characters, but has 13.",
        "5: \"much too long\", words must have 1 to 10 characters, but has 13.",
    ]);
}

#[test]
fn item_36_warnings_show_and_do_not_fail() {
    let workspace =
        Workspace::new("resource \"conformance_everything\" \"a\" {\n  name = \"a\"\n  old  = \"x\"\n}\n");
    workspace.apply().says(&["Warning: Deprecated attribute", "3: old = \"x\"", "Use text instead."]);
}
