//! `cargo xtask docs`: Registry pages from the provider's schemas and the examples.
//!
//! The folders are the Registry's. `docs/guides` is written by hand and left alone; in the other folders every
//! page is ours, and one whose type is gone is removed.

mod page;
mod section;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use self::page::Examples;
pub(crate) use self::page::Kind;
use crate::arguments::Arguments;
use crate::cargo::{PROVIDER, Scope, build};
use crate::progress::say;
use crate::schema::Offer;
use crate::workspace::Workspace;

/// Name of the provider in type names and titles.
pub(crate) const PROVIDER_NAME: &str = "ecrunner";
/// Folder of the pages of functions, in `docs/`.
const FUNCTIONS: &str = "functions";

pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> Result<ExitCode> {
    let only_check = arguments.flag("--check");
    arguments.finish()?;
    let programs = build(workspace, Scope::Programs, &[PROVIDER])?;
    let [provider] = programs.as_slice() else { bail!("cargo built no provider") };
    if only_check {
        let faults = check(workspace, provider)?;
        for fault in &faults {
            say!("{fault}");
        }
        return Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    for change in write(workspace, provider)? {
        say!("{change}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Pages that differ from what they should be, a sentence each.
pub(crate) fn check(workspace: &Workspace, provider: &Path) -> Result<Vec<String>> {
    let changes = changes(workspace.root(), &Offer::of(provider)?)?;
    Ok(changes
        .into_keys()
        .map(|path| format!("{} is out of date: run `cargo xtask docs`", path.display()))
        .collect())
}

fn write(workspace: &Workspace, provider: &Path) -> Result<Vec<String>> {
    let mut done = Vec::new();
    for (path, text) in changes(workspace.root(), &Offer::of(provider)?)? {
        let file = workspace.root().join(&path);
        match text {
            Some(text) => {
                if let Some(directory) = file.parent() {
                    fs::create_dir_all(directory)?;
                }
                fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
                done.push(format!("wrote {}", path.display()));
            }
            None => {
                fs::remove_file(&file).with_context(|| format!("removing {}", file.display()))?;
                done.push(format!("removed {}", path.display()));
            }
        }
    }
    Ok(done)
}

/// What has to change in `docs/`: the new text of a page, or nothing for one that has to go.
fn changes(root: &Path, offer: &Offer) -> Result<BTreeMap<PathBuf, Option<String>>> {
    let pages = pages(offer, &Examples::below(root.join("examples/terraform")))?;
    let mut changes = BTreeMap::new();
    // In each of these folders every page is generated.
    let generated = Kind::all(offer).map(|(kind, _)| kind.folder()).into_iter().chain([FUNCTIONS]);
    for folder in generated {
        let folder = Path::new("docs").join(folder);
        let entries = match fs::read_dir(root.join(&folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => bail!("reading {}: {error}", folder.display()),
        };
        for entry in entries {
            let path = folder.join(entry?.file_name());
            if !pages.contains_key(&path) {
                changes.insert(path, None);
            }
        }
    }
    for (path, text) in pages {
        let present = fs::read_to_string(root.join(&path)).ok();
        if present.as_deref() != Some(text.as_str()) {
            changes.insert(path, Some(text));
        }
    }
    Ok(changes)
}

/// Every page by its path below the repository's root.
fn pages(offer: &Offer, examples: &Examples) -> Result<BTreeMap<PathBuf, String>> {
    let mut pages = BTreeMap::new();
    pages.insert(PathBuf::from("docs/index.md"), page::provider(&offer.provider, examples)?);
    for (kind, schemas) in Kind::all(offer) {
        for (type_name, schema) in schemas {
            let path = Path::new("docs").join(kind.folder()).join(format!("{}.md", noun(type_name)));
            pages.insert(path, page::typed(kind, type_name, schema, examples)?);
        }
    }
    for (name, function) in &offer.functions {
        let path = Path::new("docs").join(FUNCTIONS).join(format!("{name}.md"));
        pages.insert(path, page::function(name, function, examples)?);
    }
    Ok(pages)
}

/// The type name without the provider's name, which is what files are named after.
pub(crate) fn noun(type_name: &str) -> &str {
    type_name.strip_prefix(PROVIDER_NAME).and_then(|rest| rest.strip_prefix('_')).unwrap_or(type_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = include_str!("docs/golden/schema.json");

    /// Repository with the examples that the golden pages show.
    fn repository() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let examples = directory.path().join("examples/terraform");
        let files = [
            ("provider/provider.tf", "provider \"ecrunner\" {\n  region = \"eu-central-1\"\n}\n"),
            (
                "resources/ecrunner_thing/resource.tf",
                "resource \"ecrunner_thing\" \"a\" {\n  name = \"a\"\n}\n",
            ),
            ("resources/ecrunner_thing/import.sh", "terraform import ecrunner_thing.a a\n"),
            (
                "resources/ecrunner_thing/import-by-identity.tf",
                "import {\n  to       = ecrunner_thing.a\n  identity = { name = \"a\" }\n}\n",
            ),
            (
                "list-resources/ecrunner_thing/list-resource.tfquery.hcl",
                "list \"ecrunner_thing\" \"all\" {\n  provider = ecrunner\n}\n",
            ),
            (
                "actions/ecrunner_poke/action.tf",
                "action \"ecrunner_poke\" \"a\" {\n  config {\n    name = \"a\"\n  }\n}\n",
            ),
            (
                "functions/parse_image/function.tf",
                "output \"host\" {\n  value = provider::ecrunner::parse_image(\"a\").host\n}\n",
            ),
        ];
        for (path, text) in files {
            let file = examples.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        directory
    }

    fn golden(name: &str, present: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/subcommand/docs/golden").join(name);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, present).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap();
        assert_eq!(present, expected, "{name} differs; UPDATE_GOLDEN=1 rewrites it");
    }

    #[test]
    fn pages_are_what_the_golden_files_show() {
        let repository = repository();
        let offer = Offer::parse(SCHEMA).unwrap();
        let pages = pages(&offer, &Examples::below(repository.path().join("examples/terraform"))).unwrap();
        let paths: Vec<_> = pages.keys().map(|path| path.to_str().unwrap()).collect();
        assert_eq!(
            paths,
            [
                "docs/actions/poke.md",
                "docs/data-sources/digest.md",
                "docs/ephemeral-resources/login.md",
                "docs/functions/parse_image.md",
                "docs/index.md",
                "docs/list-resources/thing.md",
                "docs/resources/thing.md"
            ]
        );
        golden("index.md", &pages[Path::new("docs/index.md")]);
        golden("thing.md", &pages[Path::new("docs/resources/thing.md")]);
        golden("digest.md", &pages[Path::new("docs/data-sources/digest.md")]);
        golden("poke.md", &pages[Path::new("docs/actions/poke.md")]);
        golden("login.md", &pages[Path::new("docs/ephemeral-resources/login.md")]);
        golden("list_thing.md", &pages[Path::new("docs/list-resources/thing.md")]);
        golden("parse_image.md", &pages[Path::new("docs/functions/parse_image.md")]);
    }

    #[test]
    fn page_that_is_edited_missing_or_left_over_is_a_change_and_a_guide_is_not() {
        let repository = repository();
        let offer = Offer::parse(SCHEMA).unwrap();
        let root = repository.path();
        for (path, text) in changes(root, &offer).unwrap() {
            fs::create_dir_all(root.join(&path).parent().unwrap()).unwrap();
            fs::write(root.join(path), text.unwrap()).unwrap();
        }
        assert!(changes(root, &offer).unwrap().is_empty());

        fs::write(root.join("docs/index.md"), "edited").unwrap();
        fs::remove_file(root.join("docs/resources/thing.md")).unwrap();
        fs::write(root.join("docs/resources/gone.md"), "old").unwrap();
        fs::create_dir_all(root.join("docs/guides")).unwrap();
        fs::write(root.join("docs/guides/by-hand.md"), "guide").unwrap();
        let changes = changes(root, &offer).unwrap();
        let paths: Vec<_> =
            changes.iter().map(|(path, text)| (path.to_str().unwrap(), text.is_some())).collect();
        assert_eq!(
            paths,
            [("docs/index.md", true), ("docs/resources/gone.md", false), ("docs/resources/thing.md", true)]
        );
    }
}
