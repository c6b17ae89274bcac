//! One finished command, and what a test may claim about it.

use std::process::ExitStatus;
use std::time::Duration;

use super::diagnostic::{Diagnostic, Severity};
use crate::report::report;

/// A finished command.
#[derive(Clone, Debug)]
pub struct Run {
    name: String,
    exit_code: Option<i32>,
    stdout: String,
    stderr: String,
    diagnostics: Vec<Diagnostic>,
    duration: Duration,
}

impl Run {
    pub(crate) fn new(
        name: String,
        status: ExitStatus,
        stdout: String,
        stderr: String,
        duration: Duration,
    ) -> Self {
        let diagnostics = Diagnostic::all_of(&stdout);
        Self { name, exit_code: status.code(), stdout, stderr, diagnostics, duration }
    }

    /// Exit status; `None` when a signal ended the command.
    pub fn exit_code(&self) -> Option<i32> {
        self.exit_code
    }

    /// Standard output as it came.
    pub fn stdout(&self) -> &str {
        &self.stdout
    }

    /// Standard error as it came.
    pub fn stderr(&self) -> &str {
        &self.stderr
    }

    /// Time from start to end.
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// Whether the output of `plan -json` tells of a change or of drift.
    pub(crate) fn tells_changes(&self) -> bool {
        let types = ["\"type\":\"planned_change\"", "\"type\":\"resource_drift\""];
        self.stdout.lines().any(|line| types.iter().any(|kind| line.contains(kind)))
    }

    /// Diagnostics with severity error, in the order of the output. Only of commands with `-json` output: plan,
    /// apply, destroy, refresh, validate.
    pub fn errors(&self) -> Vec<&Diagnostic> {
        self.of(Severity::Error)
    }

    /// Diagnostics with severity warning.
    pub fn warnings(&self) -> Vec<&Diagnostic> {
        self.of(Severity::Warning)
    }

    /// The command succeeded.
    ///
    /// # Panics
    /// When it failed.
    #[track_caller]
    pub fn expect_success(&self) -> &Self {
        if self.exit_code != Some(0) {
            self.fail("success", &self.ending());
        }
        self
    }

    /// The command failed, by itself.
    ///
    /// # Panics
    /// When it succeeded, or when a signal ended it.
    #[track_caller]
    pub fn expect_failure(&self) -> &Self {
        if self.exit_code.is_none_or(|code| code == 0) {
            self.fail("failure", &self.ending());
        }
        self
    }

    /// The command failed, and one of its errors has `summary` in its summary and underlines `attribute`;
    /// `None` for an error that underlines no attribute.
    ///
    /// # Panics
    /// When there is no such error.
    #[track_caller]
    pub fn expect_error<'a>(&self, summary: &str, attribute: impl Into<Option<&'a str>>) -> &Self {
        let attribute = attribute.into();
        self.expect_failure();
        let found = self
            .errors()
            .iter()
            .any(|error| error.summary.contains(summary) && error.attribute.as_deref() == attribute);
        if !found {
            let at = attribute.map_or("no attribute".to_owned(), |name| format!("attribute {name}"));
            self.fail(&format!("an error with \"{summary}\" in its summary, at {at}"), &self.listing());
        }
        self
    }

    /// The command failed with exactly one error, whose summary or detail contains each of `texts`.
    ///
    /// # Panics
    /// When there is none, more than one, or another.
    #[track_caller]
    pub fn expect_only_error(&self, texts: &[&str]) -> &Self {
        self.expect_failure().expect_error_count(1);
        let text = self.errors().iter().map(ToString::to_string).collect::<String>();
        for wanted in texts {
            if !unwrapped(&text).contains(wanted) {
                self.fail(&format!("an error that says \"{wanted}\""), &text);
            }
        }
        self
    }

    /// The command reported this many errors.
    ///
    /// # Panics
    /// When it reported more or fewer.
    #[track_caller]
    pub fn expect_error_count(&self, count: usize) -> &Self {
        if self.errors().len() != count {
            self.fail(&format!("{count} error(s)"), &self.listing());
        }
        self
    }

    /// One of the warnings has `summary` in its summary.
    ///
    /// # Panics
    /// When there is no such warning.
    #[track_caller]
    pub fn expect_warning(&self, summary: &str) -> &Self {
        if !self.warnings().iter().any(|warning| warning.summary.contains(summary)) {
            self.fail(&format!("a warning with \"{summary}\" in its summary"), &self.listing());
        }
        self
    }

    /// The output contains `text`; for commands without `-json` output.
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub fn expect_text(&self, text: &str) -> &Self {
        if !unwrapped(&self.stdout).contains(text) && !unwrapped(&self.stderr).contains(text) {
            self.fail(&format!("an output with \"{text}\""), "another output");
        }
        self
    }

    /// The command ended within `limit`.
    ///
    /// # Panics
    /// When it took longer.
    #[track_caller]
    pub fn expect_within(&self, limit: Duration) -> &Self {
        if self.duration > limit {
            self.fail(&format!("an end within {limit:?}"), &format!("an end after {:?}", self.duration));
        }
        self
    }

    #[track_caller]
    fn fail(&self, expected: &str, got: &str) -> ! {
        let stdout = readable(&self.stdout);
        let blocks = [
            ("expected", expected),
            ("got", got),
            ("standard output", &stdout),
            ("standard error", &self.stderr),
        ];
        panic!("{}", report(&self.name, &blocks));
    }

    fn of(&self, severity: Severity) -> Vec<&Diagnostic> {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).collect()
    }

    fn ending(&self) -> String {
        let ending = match self.exit_code {
            Some(code) => format!("exit status {code}"),
            None => "an end by a signal".to_owned(),
        };
        format!("{ending}\n{}", self.listing())
    }

    fn listing(&self) -> String {
        self.diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }
}

/// What a person would have seen: the messages of `-json` events, and every other line as it is.
fn readable(stdout: &str) -> String {
    let message = |line: &str| {
        let event = serde_json::from_str::<serde_json::Value>(line).ok()?;
        event["@message"].as_str().map(str::to_owned)
    };
    stdout.lines().map(|line| message(line).unwrap_or_else(|| line.to_owned()) + "\n").collect()
}

/// One line of a text that terraform, or the listing of a detail, broke into several.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().filter(|word| !["|", "│"].contains(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(exit_code: i32, stdout: &str) -> Run {
        use std::os::unix::process::ExitStatusExt;
        let status = ExitStatus::from_raw(exit_code << 8);
        Run::new("terraform apply".into(), status, stdout.into(), String::new(), Duration::from_secs(1))
    }

    const ERROR: &str = r#"{"type":"diagnostic","@message":"Error: Invalid prefix","diagnostic":{"severity":"error","summary":"Invalid prefix","detail":"too\nlong","snippet":{"code":"  prefix = 1","highlight_start_offset":11,"highlight_end_offset":12}}}"#;

    #[test]
    fn error_is_found_by_summary_and_attribute() {
        run(1, ERROR).expect_error("Invalid", "prefix").expect_only_error(&["too long"]);
    }

    #[test]
    #[should_panic(expected = "an error with \"Invalid\" in its summary, at attribute other")]
    fn error_at_another_attribute_is_not_the_expected_one() {
        run(1, ERROR).expect_error("Invalid", "other");
    }

    #[test]
    #[should_panic(expected = "--- expected\nsuccess\n--- got\nexit status 1\nerror: Invalid prefix")]
    fn failure_shows_the_diagnostics() {
        run(1, ERROR).expect_success();
    }

    #[test]
    #[should_panic(expected = "--- expected\nan end within 1ms")]
    fn slow_end_is_a_failure() {
        run(0, "").expect_within(Duration::from_millis(1));
    }

    #[test]
    fn events_are_shown_by_their_messages() {
        assert_eq!(readable("{\"@message\":\"Plan: 1\"}\nplain\n"), "Plan: 1\nplain\n");
    }
}
