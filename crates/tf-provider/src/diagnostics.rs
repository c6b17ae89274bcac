//! Diagnostics: what a practitioner is told, with severity, summary, detail, remedy and path.
//!
//! Policy. Validation and planning *collect*: every fault of one run is reported. Create, read, update and
//! delete stop at the first fault and keep the state. A breach of the SDK's or the protocol's rules by the
//! provider says so, and asks for a report. Secrets never enter a diagnostic.

use crate::schema::Definition;
use crate::value::{AttributePath, Type};

/// How bad a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The operation failed.
    Error,
    /// Works now, will hurt later; always something the practitioner can act on.
    Warning,
}

/// One message to the practitioner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Under ten words: what failed and on which object.
    pub summary: String,
    /// What was asked, what came back, what exists now, and what to do next.
    pub detail: String,
    /// The place in the configuration that causes it; the root when there is none.
    pub path: AttributePath,
    /// The configuration holds a secret where it must not. Terraform prints the lines that a path points at, and a
    /// nested attribute is shown with all its neighbours: so paths of the whole answer are told in words instead.
    pub conceal: bool,
}

impl Diagnostic {
    /// An error without a path.
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Error,
            summary: summary.into(),
            detail: detail.into(),
            path: AttributePath::root(),
            conceal: false,
        }
    }

    /// A warning without a path.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(summary, detail) }
    }

    /// An error that only a fault in the provider can cause.
    pub fn provider_bug(detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Diagnostic::error(
            "Provider error",
            format!(
                "{detail}\n\nThis is a fault in the provider, not in the configuration: please report it."
            ),
        )
    }

    /// The same diagnostic, pointing at `path`.
    #[must_use]
    pub fn at(mut self, path: impl Into<AttributePath>) -> Self {
        self.path = path.into();
        self
    }

    /// The same diagnostic, with nothing of the configuration shown beside it.
    #[must_use]
    pub fn concealing(mut self) -> Self {
        self.conceal = true;
        self
    }
}

/// Any number of diagnostics, in the order in which they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// None yet.
    pub fn new() -> Self {
        Diagnostics::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// Adds all of `others`.
    pub fn extend(&mut self, others: Diagnostics) {
        self.list.extend(others.list);
    }

    /// True when at least one is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// True when there are none at all.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The same diagnostics with paths that address something within a value of type `ty`.
    #[must_use]
    pub(crate) fn within(mut self, ty: &Type) -> Self {
        for diagnostic in &mut self.list {
            diagnostic.path = diagnostic.path.within(ty);
        }
        self
    }

    /// The same diagnostics with paths that Terraform can point at in a configuration of this schema.
    #[must_use]
    pub(crate) fn pointing_into(mut self, definition: &Definition) -> Self {
        let ty = definition.ty();
        let conceal = self.list.iter().any(|diagnostic| diagnostic.conceal);
        for diagnostic in &mut self.list {
            let full = diagnostic.path.within(&ty);
            diagnostic.path = if conceal { AttributePath::root() } else { definition.visible(&full) };
            if diagnostic.path != full {
                diagnostic.detail = format!("At {full}: {}", diagnostic.detail);
            }
        }
        self
    }

    /// All of them, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Diagnostics { list: vec![diagnostic] }
    }
}

impl From<Vec<Diagnostic>> for Diagnostics {
    fn from(list: Vec<Diagnostic>) -> Self {
        Diagnostics { list }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, diagnostics: I) {
        self.list.extend(diagnostics);
    }
}
