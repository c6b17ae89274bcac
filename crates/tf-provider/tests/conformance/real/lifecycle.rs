//! Items 37, 42, 45, 50, 51, 53 and 55.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::terraform::Workspace;

const PROVIDER: &str = r#"provider "files" {
  directory = "$FILES"
}
"#;

fn file(arguments: &str) -> String {
    format!("{PROVIDER}\nresource \"files_file\" \"a\" {{\n{arguments}\n}}\n")
}

#[test]
fn item_37_file_is_created_changed_replaced_and_destroyed_with_empty_plans_between() {
    let workspace = Workspace::new(&file("name = \"one\"\ncontent = \"1\"\nlabels = { k = \"v\" }"));
    workspace.apply();
    assert_eq!(fs::read_to_string(workspace.file("one")).unwrap(), "1\n");
    workspace.assert_empty_plan();
    workspace.config(&file("name = \"one\"\ncontent = \"two\"\naccess = \"owner\"\nlabels = { k = \"w\" }"));
    workspace.apply().says(&["will be updated in-place", "~ size = 2 -> 4", "1 changed"]);
    assert_eq!(workspace.attributes("files_file.a")["writes"], 2);
    assert_eq!(fs::metadata(workspace.file("one")).unwrap().permissions().mode() & 0o777, 0o600);
    workspace.assert_empty_plan();
    workspace.config(&file("name = \"one\"\ncontent = \"two\""));
    workspace.apply().says(&["0 added, 1 changed, 0 destroyed"]);
    assert!(!workspace.file("one.labels").exists());
    workspace.assert_empty_plan();
    workspace.config(&file("name = \"other\"\ncontent = \"two\""));
    workspace.apply().says(&["must be replaced", "# forces replacement", "1 added, 0 changed, 1 destroyed"]);
    assert!(!workspace.file("one").exists() && workspace.file("other").exists());
    workspace.assert_empty_plan();
    workspace.destroy();
    assert!(workspace.instances("files_file.a").is_empty());
    assert_eq!(fs::read_dir(workspace.file("")).unwrap().count(), 0);
}

fn named(text: &str) -> String {
    format!("resource \"conformance_everything\" \"a\" {{\n  name = \"a\"\n  text = {text:?}\n}}\n")
}

#[test]
fn item_53_destroy_plan_warns_and_refuses() {
    let workspace = Workspace::new(&named("kept"));
    workspace.apply();
    let destroy = ["destroy", "-auto-approve", "-input=false"];
    workspace.run(&destroy).failed_with(&["Error: Object is kept"]);
    assert_eq!(workspace.instances("conformance_everything.a").len(), 1);
    workspace.config(&named("regretted"));
    workspace.apply();
    workspace.plan(&["-destroy"]).says(&["Warning: Parts go too", "1 to destroy"]);
    workspace.run(&destroy).succeeded().says(&["Warning: Parts go too", "1 destroyed"]);
    assert!(workspace.instances("conformance_everything.a").is_empty());
}

fn ruled(arguments: &str) -> String {
    format!("resource \"conformance_ruled\" \"a\" {{\n  {arguments}\n}}\n")
}

#[test]
fn item_42_json_that_means_the_same_makes_no_difference() {
    let workspace = Workspace::new(&ruled("file = \"f\"\npolicy = \"{ \\\"b\\\": 1, \\\"a\\\": 2 }\""));
    workspace.apply();
    workspace.assert_empty_plan();
    workspace.config(&ruled("file = \"f\"\npolicy = jsonencode({ a = 2, b = 1 })"));
    workspace.assert_empty_plan();
    workspace.config(&ruled("file = \"f\"\npolicy = jsonencode({ a = 2, b = 3 })"));
    workspace.apply().says(&["0 added, 1 changed, 0 destroyed"]);
    workspace.assert_empty_plan();
}

#[test]
fn item_41_condition_decides_about_replacement() {
    let workspace = Workspace::new(&ruled("file = \"f\"\nsize = 5"));
    workspace.apply();
    workspace.config(&ruled("file = \"f\"\nsize = 6"));
    workspace.apply().says(&["0 added, 1 changed, 0 destroyed"]);
    workspace.config(&ruled("file = \"f\"\nsize = 5"));
    workspace.apply().says(&["must be replaced", "1 added, 0 changed, 1 destroyed"]);
}

#[test]
fn item_35_combination_of_arguments_points_at_the_argument() {
    let workspace = Workspace::new(&ruled("file = \"f\"\ninline = \"i\""));
    workspace.plan(&[]).failed_with(&[
        "Invalid combination of arguments",
        "inline and file exclude each other",
        "file = \"f\"",
    ]);
}

// A newer core does not refuse them.
#[cfg(not(feature = "newer-core"))]
#[test]
fn item_64_computed_blocks_are_refused_with_the_version_that_has_them() {
    let workspace = Workspace::new("resource \"conformance_blocks\" \"a\" {\n  name = \"a\"\n}\n");
    workspace.plan(&[]).failed_with(&["Error: Computed blocks not supported", "Terraform 1.16 or newer"]);
}

#[test]
fn item_50_write_only_value_replaces_where_the_plan_hook_says_so() {
    let workspace = Workspace::new(&named("one"));
    workspace.apply();
    workspace.config(&named("another password"));
    workspace.apply().says(&["must be replaced", "1 added, 0 changed, 1 destroyed"]);
    workspace.config(&named("two"));
    workspace.apply().says(&["0 added, 1 changed, 0 destroyed"]);
}

fn everything(value: &str) -> String {
    format!(
        r#"
resource "conformance_everything" "a" {{
  name     = "a"
  text     = {value:?}
  number   = 0.1
  float    = 0.1
  whole    = 7
  flag     = true
  anything = {{ a = [1, "two", null] }}
  words    = ["w", "v"]
  tags     = ["t", "s"]
  pairs    = {{ p = "q" }}
  spelled  = "LoUd"
  secret   = "s3cret"
  single   = {{ key = "s", value = {value:?} }}
  list     = [{{ key = "l0" }}, {{ key = "l1", value = {value:?} }}]
  set      = [{{ key = "x", value = {value:?} }}, {{ key = "y" }}]
  map      = {{ k = {{ key = "m", value = {value:?} }} }}
  one {{
    key   = "o"
    value = {value:?}
  }}
  many {{
    key = "b0"
  }}
  many {{
    key   = "b1"
    value = {value:?}
  }}
  timeouts {{
    create = "9s"
  }}
}}
"#
    )
}

#[test]
fn item_37_every_kind_of_attribute_is_created_changed_and_destroyed_with_empty_plans_between() {
    let workspace = Workspace::new(&everything("1"));
    workspace.apply();
    workspace.assert_empty_plan();
    workspace.config(&everything("2"));
    workspace.apply().says(&["0 added, 1 changed, 0 destroyed"]);
    workspace.assert_empty_plan();
    workspace.config("resource \"conformance_everything\" \"a\" {\n  name = \"a\"\n}\n");
    workspace.apply().says(&["0 added, 1 changed, 0 destroyed"]);
    workspace.assert_empty_plan();
    workspace.destroy();
}

#[test]
fn item_41_replacing_argument_within_a_set_replaces() {
    let config = |kind: &str| {
        format!(
            "resource \"conformance_everything\" \"a\" {{\n  name = \"a\"\n  set = [{{ key = \"x\", kind = {kind:?} }}]\n}}\n"
        )
    };
    let workspace = Workspace::new(&config("k"));
    workspace.apply();
    workspace.assert_empty_plan();
    workspace.config(&config("other"));
    workspace.plan(&[]).says(&["must be replaced"]);
}

#[test]
fn item_42_spelling_that_means_the_same_makes_no_difference() {
    let workspace = Workspace::new(&file("name = \"a\"\ncontent = \"no line end\""));
    workspace.apply();
    assert_eq!(workspace.attributes("files_file.a")["content"], "no line end");
    workspace.assert_empty_plan();
    fs::write(workspace.file("a"), "drifted\n").unwrap();
    let plan = workspace.plan(&[]);
    assert_eq!(plan.status, Some(2));
    plan.says(&["- drifted + no line end"]);
}

#[test]
fn item_45_file_deleted_outside_is_planned_for_create_and_other_failures_keep_the_state() {
    let workspace = Workspace::new(&file("name = \"a\""));
    workspace.apply();
    fs::remove_file(workspace.file("a")).unwrap();
    let plan = workspace.plan(&[]);
    assert_eq!(plan.status, Some(2), "{}", plan.text);
    plan.says(&["will be created"]);
    fs::create_dir(workspace.file("a")).unwrap();
    workspace.plan(&[]).failed_with(&["Error: Reading file (a)"]);
    assert_eq!(workspace.attributes("files_file.a")["name"], "a");
}

#[test]
fn item_51_ignored_targeted_unrefreshed_and_requested_changes_are_planned_as_asked() {
    let config = |content: &str, lifecycle: &str| {
        let a = file(&format!("name = \"a\"\ncontent = {content:?}\nlifecycle {{\n{lifecycle}\n}}"));
        format!("{a}\nresource \"files_file\" \"b\" {{\n  name    = \"b\"\n  content = {content:?}\n}}\n")
    };
    let workspace = Workspace::new(&config("1", "ignore_changes = [content]"));
    workspace.apply();
    workspace.config(&config("2", "ignore_changes = [content]"));
    workspace.plan(&[]).says(&["0 to add, 1 to change, 0 to destroy"]);
    workspace.apply_with(&["-target=files_file.a"]).succeeded().says(&["0 added, 0 changed, 0 destroyed"]);
    workspace.apply_with(&["-refresh=false"]).succeeded().says(&["0 added, 1 changed, 0 destroyed"]);
    workspace.assert_empty_plan();
    let plan = workspace.plan(&["-replace=files_file.b"]);
    plan.says(&["will be replaced, as requested", "1 to add, 0 to change, 1 to destroy"]);
}

#[test]
fn item_51_create_before_destroy_makes_the_new_object_first() {
    let config =
        |name: &str| file(&format!("name = {name:?}\nlifecycle {{\n  create_before_destroy = true\n}}"));
    let workspace = Workspace::new(&config("one"));
    workspace.apply();
    workspace.config(&config("two"));
    workspace.apply().says(&["+/- create replacement and then destroy", "1 added, 0 changed, 1 destroyed"]);
    assert!(!workspace.file("one").exists() && workspace.file("two").exists());
    workspace.assert_empty_plan();
}

#[test]
fn item_55_data_source_is_read_at_plan_or_apply_and_not_found_is_an_error() {
    let config = |name: &str| {
        format!(
            "{PROVIDER}\ndata \"files_content\" \"a\" {{\n  name = {name}\n}}\noutput \"text\" {{\n  value = data.files_content.a.content\n}}\n"
        )
    };
    let workspace = Workspace::new(&config("\"there\""));
    fs::write(workspace.file("there"), "hello").unwrap();
    workspace.plan(&[]).says(&["+ text = \"hello\""]);
    workspace.config(&config("\"missing\""));
    workspace.plan(&[]).failed_with(&["Error: Reading file (missing)"]);
    workspace.config(&format!(
        "{}\nresource \"terraform_data\" \"x\" {{\n  input = \"there\"\n}}\n",
        config("terraform_data.x.output")
    ));
    workspace.apply().says(&["will be read during apply", "text = \"hello\""]);
}
