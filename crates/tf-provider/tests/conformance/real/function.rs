//! Item 58: functions in configuration.

use crate::support::terraform::Workspace;

fn output(expression: &str) -> String {
    format!(
        "output \"a\" {{\n  value = {expression}\n}}\nresource \"terraform_data\" \"later\" {{\n  input = 7\n}}\n"
    )
}

#[test]
fn item_58_functions_take_null_unknown_and_any_number_of_arguments() {
    let workspace = Workspace::new(&output("provider::conformance::join(null, \"a\", \"b\")"));
    workspace.apply().says(&["a = \"a,b\""]);
    let described = "provider::conformance::describe(terraform_data.later.output, { few = 3, many = 100 })";
    let workspace = Workspace::new(&output(described));
    workspace.plan(&[]).says(&["+ a = (known after apply)"]);
    workspace.apply().says(&["a = \"7 is below many\""]);
    workspace.config(&output("provider::conformance::shout(terraform_data.later.id)"));
    workspace.apply();
}

#[test]
fn item_58_error_of_a_function_points_at_its_argument() {
    let workspace = Workspace::new(&output("provider::conformance::join(\"-\", \"a\", \"\")"));
    workspace.plan(&[]).failed_with(&["Invalid value for \"parts\" parameter: must not be empty"]);
    workspace.config(&output("provider::conformance::shout(null)"));
    workspace.plan(&[]).failed_with(&["argument must not be null"]);
}
