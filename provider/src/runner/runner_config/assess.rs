//! From arguments to the checked model: every fault of one run, each at its argument.

use ::runner_config::{
    CheckContext, Fault, FaultKind, Finding, ParseError, Path, RunnerConfig as Model, Severity, Step, check,
};
use tf_provider::value::{AttributePath, RawValue};
use tf_provider::{Diagnostic, Diagnostics};
use toml::Table;

use super::arguments::Arguments;
use super::{defaults, extra};

/// Errors that lie at one key and depend on a second one of the same section.
const DEPENDS_ON: [(&str, &str); 2] =
    [("allowed_pull_policies", "pull_policy"), ("ServerSideEncryptionKeyID", "ServerSideEncryption")];

/// What a configuration came to.
#[derive(Debug, Default)]
pub(super) struct Assessment {
    /// The model, with stand-ins for what is unknown; `None` where arguments have no form that it can take.
    pub(super) config: Option<Model>,
    /// What will not work. Says nothing that could be otherwise once the unknown is known.
    pub(super) errors: Diagnostics,
    /// What will hurt later; only of use where all is known.
    pub(super) warnings: Vec<Diagnostic>,
}

/// Checks a configuration.
pub(super) fn assess(config: &RawValue) -> Assessment {
    let arguments = Arguments::of(config);
    let mut assessment = Assessment::default();
    let mut table = arguments.table.clone();
    let extra = match config.get("extra_config") {
        Some(RawValue::String(text)) => extra::read(text).unwrap_or_else(|unusable| {
            let error = Diagnostic::error("Invalid extra_config", format!("extra_config {unusable}."));
            // Terraform shows the source that a diagnostic points at.
            let hide = matches!(unusable, extra::Unusable::Secret(_));
            assessment.errors.push(if hide { error } else { error.at("extra_config") });
            Table::new()
        }),
        _ => Table::new(),
    };
    if arguments.has_all_runners() {
        for clash in extra::merge(&mut table, &extra) {
            let error = Diagnostic::error("Invalid extra_config", format!("extra_config, {clash}."));
            assessment.errors.push(error.at("extra_config"));
        }
    }
    // Keys that an unknown or unusable text brings are missing from here on.
    let whole = !assessment.errors.has_errors()
        && !config.get("extra_config").is_some_and(RawValue::is_unknown)
        && arguments.has_all_runners();
    defaults::fill(&mut table);
    let subject = Subject { arguments: &arguments, extra: &extra };
    match Model::parse(&table.to_string()) {
        Ok(mut model) => {
            for (position, runner) in model.runners.iter_mut().enumerate() {
                let path = Path::root().attribute("runners").index(position).attribute("limit");
                if runner.limit.is_none() && !arguments.is_open(&path) {
                    runner.limit = runner.default_limit();
                }
            }
            if whole {
                subject.check(&model, &mut assessment);
            }
            assessment.config = Some(model);
        }
        Err(ParseError::Faults(faults)) => {
            let faults: Vec<&Fault> =
                faults.as_slice().iter().filter(|fault| !subject.is_open(&fault.path)).collect();
            // Terraform shows the source that a diagnostic points at.
            let hide = faults.iter().any(|fault| matches!(fault.kind, FaultKind::Secret(_)));
            for fault in faults {
                assessment.errors.push(subject.fault(fault, hide));
            }
        }
        Err(error @ ParseError::Syntax { .. }) => {
            assessment
                .errors
                .push(Diagnostic::provider_bug(format!("The arguments became no TOML: {error}.")));
        }
    }
    assessment
}

/// What is checked.
struct Subject<'a> {
    arguments: &'a Arguments,
    extra: &'a Table,
}

impl Subject<'_> {
    fn check(&self, model: &Model, assessment: &mut Assessment) {
        for finding in check(model, &CheckContext::default()) {
            if self.is_open(&finding.path) || self.depends_on_unknown(&finding.path) {
                continue;
            }
            match finding.severity {
                Severity::Error => assessment.errors.push(self.finding(&finding)),
                Severity::Warning => assessment.warnings.push(self.finding(&finding)),
            }
        }
    }

    /// True when the place is, or may be, filled by something unknown.
    fn is_open(&self, path: &Path) -> bool {
        !self.is_extra(path) && self.arguments.is_open(path)
    }

    /// True when what was found at `path` may follow from a stand-in elsewhere.
    fn depends_on_unknown(&self, path: &Path) -> bool {
        if let [Step::Attribute(_), Step::Index(position), ..] = path.steps() {
            let runner = Path::root().attribute("runners").index(*position);
            // The executor decides which sections there are.
            if self.arguments.is_open_below(&runner.attribute("executor")) {
                return true;
            }
            let ends_with =
                |key: &str| matches!(path.steps().last(), Some(Step::Attribute(last)) if last == key);
            if ends_with("use_common_build_dir")
                && self.arguments.is_open_below(&runner.attribute("autoscaler"))
            {
                return true;
            }
        }
        let Some((Step::Attribute(last), section)) = path.steps().split_last() else { return false };
        DEPENDS_ON.iter().any(|(key, other)| {
            key == last
                && self
                    .arguments
                    .is_open_below(&section.iter().fold(Path::root(), extended).attribute(*other))
        })
    }

    fn is_extra(&self, path: &Path) -> bool {
        extra::is_from(self.extra, &self.arguments.table, path)
    }

    fn fault(&self, fault: &Fault, hide: bool) -> Diagnostic {
        let (place, shown) = self.place(&fault.path);
        let place = if hide { AttributePath::root() } else { place };
        Diagnostic::error("Invalid runner configuration", format!("{shown}: {}.", fault.kind)).at(place)
    }

    fn finding(&self, finding: &Finding) -> Diagnostic {
        let (place, shown) = self.place(&finding.path);
        let detail = format!("{shown}: {}. {}.", finding.problem, finding.remedy);
        match finding.severity {
            Severity::Error => Diagnostic::error("Invalid runner configuration", detail),
            Severity::Warning => Diagnostic::warning("Doubtful runner configuration", detail),
        }
        .at(place)
    }

    /// The argument, and how the place is called in a sentence.
    fn place(&self, path: &Path) -> (AttributePath, String) {
        if self.is_extra(path) {
            return (AttributePath::attribute("extra_config"), format!("extra_config, {path}"));
        }
        let argument = self.arguments.attribute_path(path);
        let shown = if argument.is_root() { "The configuration".to_owned() } else { argument.to_string() };
        (argument, shown)
    }
}

fn extended(path: Path, step: &Step) -> Path {
    match step {
        Step::Attribute(key) => path.attribute(key),
        Step::Index(index) => path.index(*index),
        Step::Key(key) => path.key(key),
    }
}
