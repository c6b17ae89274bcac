//! The project's own build tool: `cargo xtask <subcommand>`, one file per subcommand.
//!
//! It depends on no AWS crate and on nothing of the workspace, so that it builds in seconds and can say what is
//! missing on a machine before the long build begins. What it needs to know about the provider it asks the
//! provider's binary.

mod subcommand {
    //! One module per subcommand; `SUBCOMMANDS` in `main.rs` is the register.
    pub(crate) mod bench;
    pub(crate) mod demo;
    pub(crate) mod docs;
    pub(crate) mod package;
    pub(crate) mod test;
    pub(crate) mod tidy;
}

mod account;
mod arguments;
mod aws_cli;
mod cargo;
mod digest;
mod emulators;
mod environment;
mod mirror;
mod prerequisites;
mod progress;
mod registry;
mod reproducible;
mod schema;
mod service;
mod terraform;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;

use crate::arguments::Arguments;
use crate::progress::say;
use crate::workspace::Workspace;

/// One entry of `cargo xtask --help`.
struct Subcommand {
    name: &'static str,
    /// Its arguments as the help shows them.
    usage: &'static str,
    /// What it does, one sentence per line.
    summary: &'static [&'static str],
    run: fn(&Workspace, Arguments) -> Result<ExitCode>,
}

const SUBCOMMANDS: &[Subcommand] = &[
    Subcommand {
        name: "demo",
        usage: "[--keep] [--upstream IMAGE] [--verbose]",
        summary: &[
            "Apply the quickstart example on emulated AWS, show what it made, destroy it.",
            "--keep            leave it running after apply, and say how to use it; Ctrl-C ends it",
            "--upstream IMAGE  mirror this image, for instance docker.io/library/alpine:3.20 (needs a network)",
            "--verbose         show everything that terraform prints",
        ],
        run: subcommand::demo::run,
    },
    Subcommand {
        name: "test",
        usage: "[FILTER]",
        summary: &[
            "Run every test: unit, compile-fail, acceptance with the real terraform, modules, docs, tidy.",
            "FILTER  only the cargo tests, and the modules, whose name contains it",
        ],
        run: subcommand::test::run,
    },
    Subcommand {
        name: "docs",
        usage: "[--check]",
        summary: &[
            "Write the Registry pages in docs/ from the provider's schemas and the examples.",
            "--check  write nothing; fail when a page is out of date",
        ],
        run: subcommand::docs::run,
    },
    Subcommand {
        name: "tidy",
        usage: "",
        summary: &["Check the rules of this repository that no lint can check."],
        run: subcommand::tidy::run,
    },
    Subcommand {
        name: "package",
        usage: "[--target TRIPLE]",
        summary: &[
            "Build the programs that instances download, reproducibly, for every system that they run.",
            "--target TRIPLE  build for this target of Rust instead of this machine, such as aarch64-unknown-linux-gnu",
        ],
        run: subcommand::package::run,
    },
    Subcommand {
        name: "bench",
        usage: "[NAME [OPTIONS]]",
        summary: &["Measure what the project promises; without a name, list the measurements."],
        run: subcommand::bench::run,
    },
];

fn main() -> ExitCode {
    match dispatch() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch() -> Result<ExitCode> {
    let mut arguments = Arguments::new(std::env::args().skip(1));
    let Some(name) = arguments.positional()? else {
        if arguments.flag("--help") || arguments.flag("-h") {
            say!("{}", help());
            return Ok(ExitCode::SUCCESS);
        }
        arguments.finish()?;
        eprint!("{}", help());
        return Ok(ExitCode::from(2));
    };
    let Some(subcommand) = SUBCOMMANDS.iter().find(|subcommand| subcommand.name == name) else {
        let names: Vec<&str> = SUBCOMMANDS.iter().map(|subcommand| subcommand.name).collect();
        anyhow::bail!("there is no subcommand `{name}`; there are {}", names.join(", "));
    };
    if arguments.flag("--help") || arguments.flag("-h") {
        say!("{}", help_of(subcommand));
        return Ok(ExitCode::SUCCESS);
    }
    (subcommand.run)(&Workspace::find()?, arguments)
}

fn help() -> String {
    let mut text = String::from("Usage: cargo xtask <SUBCOMMAND>\n\n");
    for subcommand in SUBCOMMANDS {
        text.push_str(&help_of(subcommand));
        text.push('\n');
    }
    text
}

fn help_of(subcommand: &Subcommand) -> String {
    let mut text = format!("cargo xtask {} {}", subcommand.name, subcommand.usage).trim_end().to_owned();
    text.push('\n');
    for line in subcommand.summary {
        text.push_str("    ");
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_lists_every_subcommand() {
        let help = help();
        for subcommand in SUBCOMMANDS {
            assert!(help.contains(&format!("cargo xtask {}", subcommand.name)), "{help}");
            assert!(help.contains(subcommand.summary[0]), "{help}");
        }
    }
}
