//! Rules about what the provider registers: every type is complete, and no resource knows another.

use crate::schema::Offer;
use crate::subcommand::docs::{Kind, noun};
use crate::subcommand::tidy::files::Files;

/// Files that may name every type: the register, and the modules that only list their children.
const MAY_NAME_ALL: [&str; 2] = ["provider.rs", "mod.rs"];

/// Every registered type has its page, example and acceptance file; every such file has its type.
pub(super) fn complete(files: &Files, offer: &Offer) -> Vec<String> {
    let mut faults = Vec::new();
    let mut demand = |type_name: &str, what: &str, there: bool| {
        if !there {
            faults.push(format!("{type_name} has no {what}"));
        }
    };
    for (kind, schemas) in Kind::all(offer) {
        let folder = kind.folder();
        for type_name in schemas.keys() {
            let noun = noun(type_name);
            let page = format!("docs/{folder}/{noun}.md");
            demand(type_name, &format!("page {page}"), files.contains(&page));
            let example = format!("examples/terraform/{folder}/{type_name}/{}", kind.example_file());
            demand(type_name, &format!("example {example}"), files.contains(&example));
            if kind == Kind::Resource {
                let import = format!("examples/terraform/{folder}/{type_name}/import.sh");
                demand(type_name, &format!("import example {import}"), files.contains(&import));
            }
            let name = format!("/{noun}.rs");
            let tested = files.below("tests/acceptance/").any(|(path, _)| path.ends_with(&name));
            demand(type_name, &format!("acceptance file {noun}.rs below tests/acceptance"), tested);
        }
    }
    for name in offer.functions.keys() {
        let page = format!("docs/functions/{name}.md");
        demand(name, &format!("page {page}"), files.contains(&page));
        let example = format!("examples/terraform/functions/{name}/function.tf");
        demand(name, &format!("example {example}"), files.contains(&example));
        let call = format!("provider::ecrunner::{name}");
        let tested = files.below("tests/acceptance/").any(|(_, text)| text.contains(&call));
        demand(name, &format!("acceptance test that calls {call}"), tested);
    }
    faults
}

/// No file of one type names the module of another: what two need stands in a module of its own.
pub(super) fn independent(files: &Files, offer: &Offer) -> Vec<String> {
    let nouns: Vec<&str> = Kind::all(offer)
        .iter()
        .flat_map(|(_, schemas)| schemas.keys())
        .map(|type_name| noun(type_name))
        .collect();
    let mut faults = Vec::new();
    for (path, text) in files.below("provider/src/").filter(|(path, _)| path.ends_with(".rs")) {
        // `src/ecr/x.rs` and everything in `src/ecr/x/` belong to the type `x`.
        let Some(own) = nouns.iter().find(|noun| {
            path.split('/').any(|part| part == **noun || part.strip_suffix(".rs") == Some(**noun))
        }) else {
            continue;
        };
        if MAY_NAME_ALL.iter().any(|name| path == format!("provider/src/{name}")) {
            continue;
        }
        for other in nouns.iter().filter(|other| *other != own) {
            if crate_paths(text).any(|segments| segments.iter().any(|segment| segment == other)) {
                faults.push(format!(
                    "{path} imports the resource module {other}: move what both need out of it"
                ));
            }
        }
    }
    faults.sort();
    faults.dedup();
    faults
}

/// Every path in the code that begins with `crate::` or `super::`, as its identifiers in order.
fn crate_paths(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).flat_map(|line| {
        ["crate::", "super::"].into_iter().filter_map(move |start| {
            let at = line.find(start)?;
            let rest = &line[at..];
            // A path may end in a group: `crate::ecr::{a, b}`.
            let end = rest
                .find(|character: char| !(character.is_alphanumeric() || "_:{}, *".contains(character)))
                .unwrap_or(rest.len());
            Some(
                rest[..end]
                    .split(|character: char| !(character.is_alphanumeric() || character == '_'))
                    .filter(|part| !part.is_empty())
                    .collect(),
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer() -> Offer {
        Offer::parse(
            r#"{"provider":{},"resources":{"ecrunner_rule":{},"ecrunner_fleet":{}},
                "functions":{"parse_image":{"return":"string"}}}"#,
        )
        .unwrap()
    }

    #[test]
    fn type_without_page_example_or_test_is_named_with_the_missing_file() {
        let files = Files::made_of(&[
            ("docs/resources/rule.md", ""),
            ("examples/terraform/resources/ecrunner_rule/resource.tf", ""),
            ("examples/terraform/resources/ecrunner_rule/import.sh", ""),
            ("tests/acceptance/tests/acceptance/rule.rs", "provider::ecrunner::parse_image"),
        ]);
        let faults = complete(&files, &offer());
        assert!(!faults.iter().any(|fault| fault.starts_with("ecrunner_rule")), "{faults:?}");
        assert!(
            faults.contains(&"ecrunner_fleet has no page docs/resources/fleet.md".to_owned()),
            "{faults:?}"
        );
        assert!(faults.iter().any(|fault| fault.contains("acceptance file fleet.rs")), "{faults:?}");
        assert!(faults.contains(&"parse_image has no page docs/functions/parse_image.md".to_owned()));
        assert!(!faults.iter().any(|fault| fault.contains("that calls")), "{faults:?}");
    }

    #[test]
    fn resource_that_imports_another_is_a_fault_and_the_register_is_none() {
        let files = Files::made_of(&[
            ("provider/src/provider.rs", "use crate::ecr::rule::Rule;\nuse crate::ec2::fleet::Fleet;"),
            ("provider/src/ecr/rule.rs", "use crate::clients::Clients;\nuse super::repository_name::check;"),
            ("provider/src/ec2/fleet/wait.rs", "use super::Fleet;\nuse crate::ecr::{name, rule};"),
        ]);
        assert_eq!(
            independent(&files, &offer()),
            [
                "provider/src/ec2/fleet/wait.rs imports the resource module rule: move what both need out of it"
            ]
        );
    }

    #[test]
    fn mention_in_a_comment_is_no_import() {
        let files =
            Files::made_of(&[("provider/src/ecr/rule.rs", "// as crate::ec2::fleet does\nlet fleet = 1;")]);
        assert_eq!(independent(&files, &offer()), Vec::<String>::new());
    }
}
