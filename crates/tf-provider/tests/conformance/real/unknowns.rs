//! Items 39 and 54.

use std::fs;

use crate::support::terraform::Workspace;

fn through_everything(input: &str) -> String {
    format!(
        r#"
resource "terraform_data" "x" {{
  input            = {input:?}
  triggers_replace = {input:?}
}}
resource "terraform_data" "l" {{
  input            = [{input:?}, "l"]
  triggers_replace = {input:?}
}}
locals {{
  x = terraform_data.x.output
  l = terraform_data.l.output
}}
resource "conformance_everything" "direct" {{
  name             = "d-${{terraform_data.x.id}}"
  text             = local.x
  number           = length(local.x)
  float            = length(local.x) / 2
  whole            = length(local.x)
  flag             = local.x == "never"
  anything         = local.x
  words            = [local.x, "a-${{local.x}}"]
  tags             = [local.x, "t"]
  pairs            = {{ p = local.x }}
  spelled          = local.x
  chosen           = local.x
  settled          = local.x
  replaced         = local.x
  level            = local.x
  secret           = local.x
  password_wo      = local.x
  password_version = length(local.x)
  single           = {{ key = "s", value = local.x }}
  list             = [{{ key = "l", value = local.x, level = local.x }}]
  set              = [{{ key = local.x, value = "v" }}, {{ key = "y", value = local.x }}]
  map              = {{ k = {{ key = local.x }} }}
  one {{
    key   = "o"
    value = local.x
  }}
  many {{
    key   = local.x
    level = local.x
  }}
  timeouts {{
    create = "${{length(local.x)}}s"
  }}
}}
resource "conformance_everything" "whole" {{
  name     = "whole"
  anything = {{ a = local.l }}
  words    = local.l
  tags     = local.l
  pairs    = {{ for word in local.l : word => word }}
  single   = one([for word in ["s"] : {{ key = word }} if local.x != "never"])
  list     = [for word in local.l : {{ key = word }}]
  set      = [for word in local.l : {{ key = word }}]
  map      = {{ for word in local.l : word => {{ key = word }} }}
  dynamic "one" {{
    for_each = [for word in ["o"] : word if local.x != "never"]
    content {{
      key = one.value
    }}
  }}
  dynamic "many" {{
    for_each = local.l
    content {{
      key = many.value
    }}
  }}
}}
"#
    )
}

#[test]
fn item_39_unknown_input_through_every_argument_plans_and_applies() {
    let workspace = Workspace::new(&through_everything("one"));
    workspace.apply();
    workspace.assert_empty_plan();
    workspace.config(&through_everything("second"));
    workspace.apply();
    workspace.assert_empty_plan();
    workspace.destroy();
}

fn provider_of_unknown_directory(version: i64) -> String {
    format!(
        r#"
resource "terraform_data" "directory" {{
  input            = "$FILES"
  triggers_replace = {version}
}}
provider "files" {{
  directory = terraform_data.directory.output
}}
resource "files_file" "a" {{
  name    = "a"
  content = "version {version}"
}}
"#
    )
}

#[test]
fn item_54_provider_configuration_that_is_unknown_at_plan_fails_nothing() {
    let workspace = Workspace::new(&provider_of_unknown_directory(1));
    workspace.apply();
    workspace.assert_empty_plan();
    workspace.config(&provider_of_unknown_directory(2));
    workspace.apply().says(&["Warning: Object not refreshed", "1 added, 1 changed, 1 destroyed"]);
    assert_eq!(fs::read_to_string(workspace.file("a")).unwrap(), "version 2\n");
    workspace.assert_empty_plan();
}

#[test]
fn item_54_data_source_that_needs_the_unknown_configuration_says_so() {
    let data = "data \"files_content\" \"a\" {\n  name = \"a\"\n}\n";
    let workspace = Workspace::new(&format!("{}\n{data}", provider_of_unknown_directory(1)));
    workspace.plan(&[]).failed_with(&["Error: Provider configuration is not known yet", "-target"]);
}
