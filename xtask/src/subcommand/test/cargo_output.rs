//! Reads the output of `cargo test -- --show-output` line by line: what to show, and what to count.
//!
//! libtest has no stable machine-readable form, so this reads the human one: `Running …`, `test NAME ... ok`,
//! sections `---- NAME stdout ----`, and `test result: …`.

use std::collections::BTreeSet;

use super::Counts;

/// What begins a line that says why a test did not run.
const SKIPPED: &str = "skipped: ";
/// How much output of a program that crashed is shown.
const KEPT_LINES: usize = 400;

/// What to do about a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// Passing tests are not shown.
    Nothing,
    /// A test program starts.
    Program(String),
    /// A test program ended: its name and counts.
    Result(String),
    /// The line itself.
    Line(String),
}

/// The state between two lines.
#[derive(Debug, Default)]
pub(super) struct CargoOutput {
    counts: Counts,
    program: String,
    /// Lines of the present program that were not shown yet.
    kept: Vec<String>,
    section: Section,
    /// Test whose captured output is being read.
    test: String,
    skipped: BTreeSet<(String, String)>,
    skipped_here: BTreeSet<String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Section {
    #[default]
    Tests,
    Successes,
    Failures,
}

impl CargoOutput {
    /// Takes the next line, without its line ending.
    pub(super) fn line(&mut self, line: &str) -> Shown {
        if let Some(program) = program(line) {
            self.program = program;
            self.section = Section::Tests;
            self.kept.clear();
            return Shown::Program(self.program.clone());
        }
        if let Some(counts) = result(line) {
            return self.end_of_program(counts);
        }
        match line {
            "successes:" => self.section = Section::Successes,
            "failures:" if self.section != Section::Failures => {
                self.section = Section::Failures;
                return Shown::Line(format!("\n{}\n{line}", self.program));
            }
            _ => {}
        }
        if let Some(test) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
            test.clone_into(&mut self.test);
        }
        if self.section == Section::Failures {
            return Shown::Line(line.to_owned());
        }
        if self.section == Section::Successes
            && let Some(reason) = line.strip_prefix(SKIPPED)
            && self.skipped_here.insert(self.test.clone())
        {
            self.skipped.insert((reason.to_owned(), format!("{} {}", self.program, self.test)));
        }
        if self.kept.len() < KEPT_LINES {
            self.kept.push(line.to_owned());
        }
        Shown::Nothing
    }

    fn end_of_program(&mut self, mut counts: Counts) -> Shown {
        // A test that skips itself counts as passed in libtest's own line.
        let skipped = self.skipped_here.len().min(counts.passed);
        counts.passed -= skipped;
        counts.skipped += skipped;
        self.skipped_here.clear();
        self.counts.add(counts);
        self.section = Section::Tests;
        self.kept.clear();
        if counts == Counts::default() {
            return Shown::Nothing;
        }
        Shown::Result(format!("{}: {counts}", self.program))
    }

    /// The sum over all programs.
    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// One line for each reason to skip, with how many tests it skipped.
    pub(super) fn skips(&self) -> Vec<String> {
        let mut lines: Vec<(String, usize)> = Vec::new();
        for (reason, _) in &self.skipped {
            match lines.last_mut() {
                Some((last, count)) if last == reason => *count += 1,
                _ => lines.push((reason.clone(), 1)),
            }
        }
        lines.into_iter().map(|(reason, count)| format!("{count} skipped: {reason}")).collect()
    }

    /// What the last program printed before it ended without a result: why it crashed or did not compile.
    pub(super) fn unexplained(&self) -> String {
        self.kept.join("\n")
    }
}

/// `Running unittests src/lib.rs (target/debug/deps/oci_copy-0a…)` → `oci_copy`;
/// `Doc-tests tf_provider` → `tf_provider (doc)`.
fn program(line: &str) -> Option<String> {
    let line = line.trim_start();
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return Some(format!("{name} (doc)"));
    }
    let (what, executable) = line.strip_prefix("Running ")?.split_once(" (")?;
    let file = executable.strip_suffix(')')?.rsplit('/').next()?;
    let name = file.rsplit_once('-').map_or(file, |(name, _)| name);
    if what.starts_with("unittests") { Some(name.to_owned()) } else { Some(format!("{name} ({what})")) }
}

/// `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`
fn result(line: &str) -> Option<Counts> {
    let (_, numbers) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let mut counts = Counts::default();
    for part in numbers.split("; ") {
        let Some((number, what)) = part.split_once(' ') else { continue };
        let Ok(number) = number.parse() else { continue };
        match what {
            "passed" => counts.passed = number,
            "failed" => counts.failed = number,
            "ignored" => counts.skipped = number,
            _ => {}
        }
    }
    Some(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
   Compiling x v0.1.0
     Running unittests src/lib.rs (target/debug/deps/oci_copy-0a1b2c3d)

running 3 tests
test a::b ... ok
test a::c ... ok
test a::d ... ignored

successes:

---- a::b stdout ----
skipped: no dockerd
skipped: no dockerd

successes:
    a::b
    a::c

test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

     Running tests/acceptance/main.rs (target/debug/deps/acceptance-9f)

running 1 test
test basic ... FAILED

failures:

---- basic stdout ----
thread 'basic' panicked at x.rs:1

failures:
    basic

test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s

   Doc-tests tf_provider

running 0 tests

test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    fn read(text: &str) -> (CargoOutput, Vec<Shown>) {
        let mut output = CargoOutput::default();
        let shown =
            text.lines().map(|line| output.line(line)).filter(|shown| *shown != Shown::Nothing).collect();
        (output, shown)
    }

    #[test]
    fn results_of_all_programs_are_summed_and_a_test_that_skips_itself_is_a_skip() {
        let (output, _) = read(OUTPUT);
        assert_eq!(output.counts(), Counts { passed: 1, failed: 1, skipped: 2 });
        assert_eq!(output.skips(), ["1 skipped: no dockerd"]);
    }

    #[test]
    fn passing_tests_are_brief_and_failing_ones_whole() {
        let (_, shown) = read(OUTPUT);
        assert_eq!(shown[0], Shown::Program("oci_copy".to_owned()));
        assert_eq!(shown[1], Shown::Result("oci_copy: 1 passed, 0 failed, 2 skipped".to_owned()));
        assert!(shown.contains(&Shown::Line("thread 'basic' panicked at x.rs:1".to_owned())));
        assert!(!shown.iter().any(|shown| matches!(shown, Shown::Line(line) if line.contains("... ok"))));
        assert_eq!(shown.last(), Some(&Shown::Program("tf_provider (doc)".to_owned())));
    }

    #[test]
    fn program_that_crashes_leaves_its_last_lines() {
        let (output, _) = read(
            "     Running unittests src/lib.rs (target/debug/deps/x-1)\n\nrunning 1 test\nsignal: 6, SIGABRT",
        );
        assert!(output.unexplained().contains("SIGABRT"));
    }

    #[test]
    fn word_skipped_in_the_output_of_a_failing_test_is_no_skip() {
        let (output, _) = read(
            "failures:\n\n---- a stdout ----\nskipped: one\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out",
        );
        assert_eq!(output.counts(), Counts { passed: 0, failed: 1, skipped: 0 });
    }
}
