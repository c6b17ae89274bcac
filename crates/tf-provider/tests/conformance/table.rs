//! `CONFORMANCE.md`, made from the names of the tests. `UPDATE_EXPECT=1` refreshes it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The core that the tests below `real` were last seen to pass with.
const CORE: &str = "Terraform 1.11.4";

/// The core that the tests below `real/newer` were last seen to pass with.
const NEWER_CORE: &str = "Terraform 1.16.0, by hand";

/// Number of items in the checklist.
const ITEMS: u32 = 66;

/// Why an item has no test here.
const UNTESTED: &[(u32, &str)] = &[
    (17, "measured by `cargo xtask bench start`, never in a timed test"),
    (
        66,
        "the tests with a real core pass with OpenTofu 1.12.6 too: by hand, as `TERRAFORM` names its binary",
    ),
];

/// For what needs no core.
const NONE: &str = "none";

const HEAD: &str = "# Conformance to plugin protocol 6

What hosts expect of a provider, by item of the project's checklist, and the tests that hold it.
Made from the names of the tests by `tests/conformance/table.rs`; `UPDATE_EXPECT=1 cargo test -p tf-provider` refreshes it.
No test is ignored: each line holds wherever the suite passes.

- **in process**: a raw gRPC client against the server in the test's own process.
- **process**: a raw gRPC client against a provider process.
- **terraform**: the real core against provider processes; the variable `TERRAFORM` names another binary.
- **by hand**: not in the suite as it runs everywhere, for want of this core in releases that can be installed offline.
  Seen to pass with `TERRAFORM=… cargo test -p tf-provider --features newer-core`, with the core built from its release
  tag without the remote state backends.

| item | claim | how | core | result |
|---:|---|---|---|---|
";

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    item: u32,
    claim: String,
    how: &'static str,
    core: &'static str,
}

#[test]
fn table_of_conformance_is_fresh() {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut rows = BTreeSet::new();
    for file in sources(&crate_root.join("tests/conformance")) {
        let below = |name: &str| file.components().any(|component| component.as_os_str() == name);
        let (how, core) = match (below("real"), below("newer")) {
            (true, true) => ("terraform", NEWER_CORE),
            (true, false) => ("terraform", CORE),
            (false, _) => ("in process", NONE),
        };
        collect(&file, how, core, &mut rows);
    }
    for file in sources(&crate_root.join("tests/process")) {
        collect(&file, "process", NONE, &mut rows);
    }
    assert!(rows.len() > 100, "only {} tests were found", rows.len());
    let mut table = HEAD.to_owned();
    for Row { item, claim, how, core } in &rows {
        table.push_str(&format!("| {item} | {claim} | {how} | {core} | pass |\n"));
    }
    let covered: BTreeSet<u32> = rows.iter().map(|row| row.item).collect();
    table.push_str("\nItems without a test here, and why:\n\n");
    for item in (1..=ITEMS).filter(|item| !covered.contains(item)) {
        let reason = UNTESTED.iter().find(|(untested, _)| *untested == item);
        let (_, reason) = reason.unwrap_or_else(|| panic!("item {item} has neither a test nor a reason"));
        table.push_str(&format!("- {item}: {reason}\n"));
    }
    for (item, _) in UNTESTED {
        assert!(!covered.contains(item), "item {item} has a test and a reason for having none");
    }

    let path = crate_root.join("CONFORMANCE.md");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &table).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == table, "CONFORMANCE.md is old: run this test with UPDATE_EXPECT=1");
}

/// All Rust files below `directory`.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Adds the tests of one file: functions called `item_<number>_<claim>`.
fn collect(file: &Path, how: &'static str, core: &'static str, rows: &mut BTreeSet<Row>) {
    for line in fs::read_to_string(file).unwrap().lines() {
        let Some((_, rest)) = line.split_once("fn item_") else { continue };
        let Some((item, rest)) = rest.split_once('_') else { continue };
        let Ok(item) = item.parse() else { continue };
        let claim = rest.split('(').next().unwrap_or_default().replace('_', " ");
        rows.insert(Row { item, claim, how, core });
    }
}
