//! Rules about what we depend on: one TLS stack, and licences that the list in `deny.toml` allows.
//!
//! `cargo deny` checks more, where it is installed; these two must hold on every machine.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::cargo::{capture, cargo};
use crate::workspace::Workspace;

/// Other TLS stacks and crypto providers than rustls with aws-lc-rs.
const BANNED: [&str; 4] = ["ring", "openssl", "openssl-sys", "native-tls"];

pub(super) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let tree = capture(cargo(workspace).args([
        "tree",
        "--workspace",
        "--edges=normal,build,dev",
        "--target=all",
        "--prefix=none",
        "--format={p}",
    ]))?;
    let mut faults = banned(&tree);
    let metadata = capture(cargo(workspace).args(["metadata", "--format-version=1", "--locked"]))?;
    let deny = std::fs::read_to_string(workspace.root().join("deny.toml")).context("reading deny.toml")?;
    faults.extend(licences(&metadata, &allowed(&deny))?);
    Ok(faults)
}

/// Banned packages in the output of `cargo tree --prefix none --format {p}`.
fn banned(tree: &str) -> Vec<String> {
    let packages: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    BANNED
        .into_iter()
        .filter(|name| packages.contains(name))
        .map(|name| {
            format!("{name} is in the dependency tree; `cargo tree -i {name} --target all` shows why")
        })
        .collect()
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
}

/// Packages for which no way through their licence expression is allowed.
fn licences(metadata: &str, allowed: &BTreeSet<String>) -> Result<Vec<String>> {
    let metadata: Metadata = serde_json::from_str(metadata).context("reading `cargo metadata`")?;
    let mut faults = Vec::new();
    for package in metadata.packages {
        let expression = package.license.unwrap_or_default();
        if !is_allowed(&expression, allowed) {
            faults.push(format!(
                "{} {} has the licence `{expression}`, which deny.toml does not allow",
                package.name, package.version
            ));
        }
    }
    Ok(faults)
}

/// Evaluates an SPDX expression of names, `AND`, `OR`, `WITH`, the old `/` and parentheses.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced =
        expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ").replace(" WITH ", "+with+");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let value = alternatives(&words, &mut at, allowed);
    value && at == words.len()
}

fn alternatives(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut value = conjunction(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        value |= conjunction(words, at, allowed);
    }
    value
}

fn conjunction(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut value = licence(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        value &= licence(words, at, allowed);
    }
    value
}

fn licence(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word != "(" {
        return allowed.contains(&word.replace("+with+", " WITH "));
    }
    let value = alternatives(words, at, allowed);
    if words.get(*at) == Some(&")") {
        *at += 1;
        return value;
    }
    false
}

/// The list `allow` of the section `[licenses]`.
fn allowed(deny: &str) -> BTreeSet<String> {
    let section = deny.split("\n[licenses]").nth(1).unwrap_or_default();
    let list = section.split("allow = [").nth(1).and_then(|rest| rest.split(']').next()).unwrap_or_default();
    list.lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .flat_map(|line| line.split(','))
        .map(|name| name.trim().trim_matches('"').to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banned_package_is_named_and_a_similar_name_is_not() {
        assert_eq!(banned("rustls v0.23.1\nstring_cache v1.0.0\n"), Vec::<String>::new());
        assert_eq!(banned("rustls v0.23.1\nring v0.17.8 (*)\n").len(), 1);
    }

    #[test]
    fn licence_expressions_are_evaluated() {
        let allowed = allowed(
            "[graph]\n\n[licenses]\nallow = [\n    \"MIT\", # permissive\n    \"Apache-2.0\",\n    \"Apache-2.0 WITH LLVM-exception\",\n]\n",
        );
        for good in [
            "MIT",
            "MIT OR GPL-3.0",
            "MIT/GPL-2.0",
            "(GPL-3.0 OR MIT) AND Apache-2.0",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(is_allowed(good, &allowed), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "MIT OR", "(MIT"] {
            assert!(!is_allowed(bad, &allowed) || bad == "MIT OR", "{bad}");
        }
    }

    #[test]
    fn package_with_a_foreign_licence_is_a_fault() {
        let metadata = r#"{"packages":[{"name":"a","version":"1.0.0","license":"MIT"},{"name":"b","version":"2.0.0","license":"SSPL-1.0"}]}"#;
        let faults = licences(metadata, &BTreeSet::from(["MIT".to_owned()])).unwrap();
        assert_eq!(faults, ["b 2.0.0 has the licence `SSPL-1.0`, which deny.toml does not allow"]);
    }
}
