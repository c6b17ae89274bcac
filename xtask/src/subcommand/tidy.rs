//! `cargo xtask tidy`: the rules of this repository that no lint can hold.

mod dependencies;
mod files;
mod text;
mod types;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};

use self::files::Files;
use crate::arguments::Arguments;
use crate::cargo::{PROVIDER, Scope, build};
use crate::progress::say;
use crate::schema::Offer;
use crate::subcommand::docs;
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace, arguments: Arguments) -> Result<ExitCode> {
    arguments.finish()?;
    let programs = build(workspace, Scope::Programs, &[PROVIDER])?;
    let [provider] = programs.as_slice() else { bail!("cargo built no provider") };
    let mut faults = check(workspace, provider)?;
    faults.extend(docs::check(workspace, provider)?);
    for fault in &faults {
        say!("{fault}");
    }
    if faults.is_empty() {
        say!("tidy");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

/// Every breach of a rule, a sentence each, with the file first where there is one.
pub(crate) fn check(workspace: &Workspace, provider: &Path) -> Result<Vec<String>> {
    let files = Files::of(workspace.root())?;
    let offer = Offer::of(provider)?;
    let mut faults = types::complete(&files, &offer);
    faults.extend(types::independent(&files, &offer));
    faults.extend(text::check(&files, workspace.root()));
    faults.extend(text::decisions(&files));
    faults.extend(dependencies::check(workspace)?);
    Ok(faults)
}
