//! What a provider tells the practitioner, as an answer carries it.

use std::fmt;
use std::ops::Deref;

use tf_provider::Severity;
use tf_provider::proto::tfplugin6::attribute_path::step::Selector;
use tf_provider::proto::tfplugin6::{self as pb, diagnostic};

/// One diagnostic of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// The line in bold.
    pub summary: String,
    /// The text below it.
    pub detail: String,
    /// The attribute it points at, as `rule[0].port` or `tags["team"]`; empty when it is about the whole.
    pub path: String,
}

impl Diagnostic {
    fn of(diagnostic: pb::Diagnostic) -> Self {
        assert!(!diagnostic.summary.is_empty(), "a diagnostic without summary: {}", diagnostic.detail);
        let severity = match diagnostic.severity() {
            diagnostic::Severity::Error => Severity::Error,
            diagnostic::Severity::Warning => Severity::Warning,
            diagnostic::Severity::Invalid => panic!("a diagnostic without severity: {}", diagnostic.summary),
        };
        let path = diagnostic.attribute.as_ref().map(path).unwrap_or_default();
        Self { severity, summary: diagnostic.summary, detail: diagnostic.detail, path }
    }

    /// Severity, path and summary in one line: `error rule[0].port: Invalid port`.
    pub fn line(&self) -> String {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        format!("{severity} {}: {}", self.path, self.summary)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.line())?;
        self.detail.lines().try_for_each(|line| write!(formatter, "\n  | {line}"))
    }
}

/// All diagnostics of an answer, in its order: a slice, with what a test claims about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// One line for each, as `error rule[0].port: Invalid port`; the path is empty for the whole.
    pub fn lines(&self) -> Vec<String> {
        self.0.iter().map(Diagnostic::line).collect()
    }

    /// True when one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// The answer has no diagnostics, not even a warning.
    ///
    /// # Panics
    /// When it has some.
    #[track_caller]
    pub fn expect_none(&self) {
        assert!(self.0.is_empty(), "{}", self.report("no diagnostics"));
    }

    /// The answer has no errors.
    ///
    /// # Panics
    /// When it has some.
    #[track_caller]
    pub fn expect_success(&self) {
        assert!(!self.has_errors(), "{}", self.report("no errors"));
    }

    /// One of the errors has `summary` in its summary and points at `path`; an empty path is the whole.
    ///
    /// # Panics
    /// When there is no such error.
    #[track_caller]
    pub fn expect_error(&self, summary: &str, path: &str) {
        self.expect(Severity::Error, summary, path);
    }

    /// The same of the warnings.
    ///
    /// # Panics
    /// When there is no such warning.
    #[track_caller]
    pub fn expect_warning(&self, summary: &str, path: &str) {
        self.expect(Severity::Warning, summary, path);
    }

    #[track_caller]
    fn expect(&self, severity: Severity, summary: &str, path: &str) {
        let fits = |diagnostic: &Diagnostic| {
            diagnostic.severity == severity && diagnostic.summary.contains(summary) && diagnostic.path == path
        };
        let wanted = format!("{severity:?} with \"{summary}\" in its summary, at \"{path}\"");
        assert!(self.0.iter().any(fits), "{}", self.report(&wanted));
    }

    fn report(&self, expected: &str) -> String {
        let got = self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        crate::report::report("the answer has other diagnostics", &[("expected", expected), ("got", &got)])
    }
}

impl From<Vec<pb::Diagnostic>> for Diagnostics {
    fn from(diagnostics: Vec<pb::Diagnostic>) -> Self {
        Self(diagnostics.into_iter().map(Diagnostic::of).collect())
    }
}

impl Deref for Diagnostics {
    type Target = [Diagnostic];

    fn deref(&self) -> &[Diagnostic] {
        &self.0
    }
}

/// A path as text: `a.b`, `a["key"]`, `a[0]`; empty for the root.
///
/// # Panics
/// When a step selects nothing, which the protocol does not know.
pub fn path(path: &pb::AttributePath) -> String {
    let mut text = String::new();
    for step in &path.steps {
        match &step.selector {
            Some(Selector::AttributeName(name)) if text.is_empty() => text.push_str(name),
            Some(Selector::AttributeName(name)) => text.push_str(&format!(".{name}")),
            Some(Selector::ElementKeyString(key)) => text.push_str(&format!("[{key:?}]")),
            Some(Selector::ElementKeyInt(index)) => text.push_str(&format!("[{index}]")),
            None => panic!("a step of a path that says nothing, after \"{text}\""),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnostics() -> Diagnostics {
        let step = |selector| pb::attribute_path::Step { selector: Some(selector) };
        let steps = vec![
            step(Selector::AttributeName("rule".into())),
            step(Selector::ElementKeyInt(0)),
            step(Selector::AttributeName("tags".into())),
            step(Selector::ElementKeyString("a b".into())),
        ];
        let mut error = pb::Diagnostic { summary: "Invalid tag".into(), ..Default::default() };
        error.set_severity(diagnostic::Severity::Error);
        error.attribute = Some(pb::AttributePath { steps });
        let mut warning = pb::Diagnostic { summary: "Old".into(), ..Default::default() };
        warning.set_severity(diagnostic::Severity::Warning);
        Diagnostics::from(vec![error, warning])
    }

    #[test]
    fn diagnostics_are_told_with_severity_and_path() {
        assert_eq!(diagnostics().lines(), ["error rule[0].tags[\"a b\"]: Invalid tag", "warning : Old"]);
        diagnostics().expect_error("Invalid", "rule[0].tags[\"a b\"]");
        diagnostics().expect_warning("Old", "");
    }

    #[test]
    #[should_panic(expected = "at \"other\"")]
    fn error_at_another_path_is_not_the_expected_one() {
        diagnostics().expect_error("Invalid", "other");
    }

    #[test]
    #[should_panic(expected = "--- expected\nno diagnostics\n--- got\nerror rule[0]")]
    fn unexpected_diagnostics_are_shown() {
        diagnostics().expect_none();
    }
}
