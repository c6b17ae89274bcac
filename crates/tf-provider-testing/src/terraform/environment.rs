//! A command's environment without what the caller's shell would add to it.

use std::path::Path;
use std::process::Command;

/// What a command needs of the caller's environment: to be found, to be loaded, to keep temporary files, to read text.
const KEPT: [&str; 6] = ["PATH", "LD_LIBRARY_PATH", "TMPDIR", "LANG", "LC_ALL", "LLVM_PROFILE_FILE"];

/// Takes credentials, settings and proxies of whoever runs the tests from `command`, and gives it a home directory.
///
/// Nothing is left of the caller's environment but what it takes to find and load programs. [`Workspace`] does it for
/// each command; other programs that a test starts may want it too.
///
/// [`Workspace`]: super::Workspace
pub fn isolate(command: &mut Command, home: &Path) {
    command.env_clear().env("HOME", home);
    for name in KEPT {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn isolated_command_finds_programs_and_knows_nothing_else_of_the_caller() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo \"$HOME-$LEFT-${PATH:+found}\""]).env("LEFT", "behind");
        isolate(&mut command, Path::new("/nowhere"));
        let output = command.output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "/nowhere--found\n");
        // What cargo sets for this test is not passed on.
        assert!(std::env::var_os("CARGO_PKG_NAME").is_some());
        let mut command = Command::new("env");
        isolate(&mut command, Path::new("/nowhere"));
        let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
        assert!(text.contains("HOME=/nowhere\n") && !text.contains("CARGO"), "{text}");
    }
}
