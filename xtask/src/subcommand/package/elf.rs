//! What a program needs of the system that it runs on: its C library's version, and no other library.
//!
//! `readelf` reads it, of any architecture: it is part of what a C compiler brings, which building needs anyway.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cargo::capture;

/// The oldest C library that a program meets: that of Amazon Linux 2023. Ubuntu 24.04 has 2.39.
const GLIBC: Version = Version(2, 34);
/// Libraries that every system has: the C library in its parts, the dynamic loader, and the compiler's own.
const LIBRARIES: [&str; 7] = [
    "libc.so.6",
    "libm.so.6",
    "libdl.so.2",
    "libpthread.so.0",
    "libgcc_s.so.1",
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
];

/// A version of glibc; a third number never decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32);

/// Fails unless the program can be loaded on every system that instances run.
pub(super) fn check(program: &Path) -> Result<()> {
    let mut readelf = Command::new("readelf");
    // Its words are translated otherwise.
    readelf.env("LC_ALL", "C").args(["--wide", "--dynamic", "--version-info"]).arg(program);
    let text = capture(&mut readelf).context("reading what the program needs, by readelf of GNU binutils")?;
    let faults = faults(&text);
    ensure!(
        faults.is_empty(),
        "{} runs on this system, and not on each that instances run:\n  {}\n\
         Amazon Linux 2023 has glibc {}.{}: build on a system whose C library is not newer, or for a target that needs \
         none. `readelf --dyn-syms` shows what it uses.",
        program.display(),
        faults.join("\n  "),
        GLIBC.0,
        GLIBC.1
    );
    Ok(())
}

/// What of an output of `readelf --wide --dynamic --version-info` a system may lack.
fn faults(text: &str) -> Vec<String> {
    let libraries = text
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .filter_map(|line| line.split_once('[')?.1.split_once(']'))
        .map(|(library, _)| library)
        .filter(|library| !LIBRARIES.contains(library))
        .map(|library| format!("it needs the library {library}"));
    libraries.chain(versions(text)).collect()
}

/// `0x0010:   Name: GLIBC_2.38  Flags: none  Version: 7`
fn versions(text: &str) -> impl Iterator<Item = String> {
    let names = text.lines().filter_map(|line| {
        let (name, rest) = line.split_once("Name: ")?.1.split_once("  Flags: ")?;
        let (flags, _) = rest.split_once("  Version: ")?;
        // Who uses a version weakly does without it.
        (!flags.contains("WEAK")).then_some(name)
    });
    // A name without number is a feature of the loader, or private to one release: nobody promises it.
    names
        .filter(|name| {
            name.strip_prefix("GLIBC_").is_some_and(|number| version(number).is_none_or(|v| v > GLIBC))
        })
        .map(|name| format!("it needs {name}"))
}

/// Reads `2.34` and `2.2.5`.
fn version(text: &str) -> Option<Version> {
    let mut numbers = text.split('.').map(|number| number.parse().ok());
    Some(Version(numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The output for a program with this dynamic section and these versions.
    fn output(libraries: &[&str], versions: &[(&str, &str)]) -> String {
        let mut text =
            String::from("\nDynamic section at offset 0x2dc8 contains 28 entries:\n  Tag Type Name/Value\n");
        for library in libraries {
            text += &format!(" 0x0000000000000001 (NEEDED)             Shared library: [{library}]\n");
        }
        text += "\nVersion needs section '.gnu.version_r' contains 1 entry:\n";
        text += "  000000: Version: 1  File: libc.so.6  Cnt: 3\n";
        for (name, flags) in versions {
            text += &format!("  0x0010:   Name: {name}  Flags: {flags}  Version: 5\n");
        }
        text
    }

    fn faults_of(versions: &[(&str, &str)]) -> Vec<String> {
        faults(&output(&["libc.so.6", "libgcc_s.so.1", "libm.so.6"], versions))
    }

    #[test]
    fn versions_compare_as_numbers() {
        let old =
            [("GLIBC_2.2.5", "none"), ("GLIBC_2.9", "none"), ("GLIBC_2.34", "none"), ("GCC_4.2.0", "none")];
        assert!(faults_of(&old).is_empty());
        assert_eq!(faults_of(&[("GLIBC_2.35", "none")]), ["it needs GLIBC_2.35"]);
        assert_eq!(faults_of(&[("GLIBC_2.100", "none")]), ["it needs GLIBC_2.100"]);
        assert_eq!(faults_of(&[("GLIBC_3.0", "none")]), ["it needs GLIBC_3.0"]);
    }

    #[test]
    fn feature_without_number_is_refused() {
        let found = faults_of(&[("GLIBC_ABI_DT_RELR", "none"), ("GLIBC_PRIVATE", "none")]);
        assert_eq!(found, ["it needs GLIBC_ABI_DT_RELR", "it needs GLIBC_PRIVATE"]);
    }

    #[test]
    fn weakly_used_version_is_not_needed() {
        assert!(faults_of(&[("GLIBC_2.38", "WEAK")]).is_empty());
    }

    #[test]
    fn library_that_not_every_system_has_is_named() {
        let text = output(&["libc.so.6", "libssl.so.3"], &[("GLIBC_2.34", "none")]);
        assert_eq!(faults(&text), ["it needs the library libssl.so.3"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn versions_of_a_real_program_are_read() {
        let mut readelf = Command::new("readelf");
        readelf.env("LC_ALL", "C").args(["--wide", "--dynamic", "--version-info"]);
        let text = capture(readelf.arg(std::env::current_exe().unwrap())).unwrap();
        assert!(text.contains("(NEEDED)"), "{text}");
        let names =
            text.lines().filter(|line| line.contains("Name: GLIBC_2.") && line.contains("  Flags: none  "));
        assert!(names.count() > 0, "{text}");
    }
}
