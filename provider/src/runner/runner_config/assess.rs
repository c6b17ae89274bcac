//! From arguments to the checked model: every fault of one run, each at its argument.

use ::runner_config::{
    CheckContext, Fault, FaultKind, Finding, ParseError, Path, RunnerConfig as Model, Severity, Step, check,
};
use tf_provider::value::{AttributePath, RawValue};
use tf_provider::{Diagnostic, Diagnostics};
use toml::{Table, Value};

use super::arguments::{Arguments, extended};
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
    let mut arguments = Arguments::of(config);
    let mut assessment = Assessment::default();
    let (extra, all_keys_are_there) = match config.get("extra_config") {
        Some(RawValue::String(text)) => match extra::read(text) {
            Ok(extra) => (extra, arguments.has_all_runners()),
            Err(unusable) => {
                assessment.errors.push(unusable_error(&unusable));
                (Table::new(), false)
            }
        },
        Some(extra) if extra.is_unknown() => (Table::new(), false),
        _ => (Table::new(), arguments.has_all_runners()),
    };
    let mut table = arguments.table.clone();
    if arguments.has_all_runners() {
        for clash in extra::merge(&mut table, &extra) {
            let error = Diagnostic::error("Invalid extra_config", format!("extra_config, {clash}."));
            assessment.errors.push(error.at("extra_config"));
        }
    }
    defaults::fill(&mut table);
    let model = match Model::parse(&table.to_string()) {
        Err(ParseError::Faults(faults)) => {
            let subject = Subject { arguments: &arguments, extra: &extra };
            subject.report(faults.as_slice(), &mut assessment.errors);
            // What is left may have further faults.
            for fault in faults.as_slice() {
                let removed = remove(&mut table, fault.path.steps());
                arguments.forget(&fault.path, removed);
            }
            defaults::fill(&mut table);
            Model::parse(&table.to_string()).ok()
        }
        Err(error @ ParseError::Syntax { .. }) => {
            let detail = format!("The arguments became no TOML: {error}.");
            assessment.errors.push(Diagnostic::provider_bug(detail));
            None
        }
        Ok(model) => Some(model),
    };
    assessment.config = model.map(|model| with_limits(model, &arguments));
    if let Some(model) = assessment.config.as_ref().filter(|_| all_keys_are_there) {
        let subject = Subject { arguments: &arguments, extra: &extra };
        for finding in subject.findings(model) {
            match finding.severity {
                Severity::Error => assessment.errors.push(subject.finding(&finding)),
                Severity::Warning => assessment.warnings.push(subject.finding(&finding)),
            }
        }
    }
    assessment
}

/// Runners without a limit get as many jobs as their instances can hold.
fn with_limits(mut model: Model, arguments: &Arguments) -> Model {
    for (position, runner) in model.runners.iter_mut().enumerate() {
        let path = Path::root().attribute("runners").index(position).attribute("limit");
        if runner.limit.is_none() && !arguments.is_open(&path) {
            runner.limit = runner.default_limit();
        }
    }
    model
}

/// Takes the key that `steps` lead to, or lead into, out of `table`; returns how many steps lead to it.
fn remove(table: &mut Table, steps: &[Step]) -> usize {
    let Some((Step::Attribute(key) | Step::Key(key), rest)) = steps.split_first() else { return 0 };
    let below = match (table.get_mut(key), rest) {
        (Some(Value::Table(section)), [_, ..]) => remove(section, rest),
        (Some(Value::Array(list)), [Step::Index(index), rest @ ..]) => match list.get_mut(*index) {
            Some(Value::Table(section)) if !rest.is_empty() => match remove(section, rest) {
                0 => 0,
                below => below + 1,
            },
            _ => 0,
        },
        _ => 0,
    };
    if below == 0 {
        table.remove(key);
    }
    below + 1
}

fn unusable_error(unusable: &extra::Unusable) -> Diagnostic {
    let error = Diagnostic::error("Invalid extra_config", format!("extra_config {unusable}."));
    match unusable {
        // Terraform shows the source that a diagnostic points at.
        extra::Unusable::Secret(_) => error,
        extra::Unusable::Syntax(_) => error.at("extra_config"),
    }
}

/// What is checked.
struct Subject<'a> {
    arguments: &'a Arguments,
    extra: &'a Table,
}

impl Subject<'_> {
    /// Adds what is wrong with single values.
    fn report(&self, faults: &[Fault], errors: &mut Diagnostics) {
        let is_open = |path: &Path| !self.is_extra(path) && self.arguments.is_open(path);
        let faults: Vec<&Fault> = faults.iter().filter(|fault| !is_open(&fault.path)).collect();
        // Terraform shows the source that a diagnostic points at.
        let hide = faults.iter().any(|fault| matches!(fault.kind, FaultKind::Secret(_)));
        for fault in faults {
            let (place, detail) = self.place(&fault.path, &format!("{}.", fault.kind));
            let error = Diagnostic::error("Invalid runner configuration", detail).at(place);
            errors.push(if hide { error.concealing() } else { error });
        }
    }

    /// What the model finds, without what could be otherwise once the unknown is known.
    fn findings(&self, model: &Model) -> Vec<Finding> {
        let mut findings = check(model, &CheckContext::default());
        findings.retain(|finding| {
            !self.arguments.is_open(&finding.path) && !self.depends_on_unknown(&finding.path)
        });
        findings
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

    fn finding(&self, finding: &Finding) -> Diagnostic {
        let (place, detail) = self.place(&finding.path, &format!("{}. {}.", finding.problem, finding.remedy));
        match finding.severity {
            Severity::Error => Diagnostic::error("Invalid runner configuration", detail),
            Severity::Warning => Diagnostic::warning("Doubtful runner configuration", detail),
        }
        .at(place)
    }

    /// The argument, and what is said of it. For nested arguments the SDK says where, since Terraform cannot point there.
    fn place(&self, path: &Path, what: &str) -> (AttributePath, String) {
        if self.is_extra(path) {
            return (AttributePath::attribute("extra_config"), format!("extra_config, {path}: {what}"));
        }
        let argument = self.arguments.attribute_path(path);
        let said = match argument.steps().len() {
            0 => format!("The configuration: {what}"),
            1 => format!("{argument}: {what}"),
            _ => what.to_owned(),
        };
        (argument, said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faulty_key_is_taken_out_with_the_list_it_lies_in() {
        let whole: Table = "[[runners]]\nid = 1\n[runners.docker]\nimage = \"i\"\nvolumes = [\"a\", \"b\"]\n"
            .parse()
            .unwrap();
        let docker = Path::root().attribute("runners").index(0).attribute("docker");
        for (path, steps, left) in [
            (
                docker.attribute("volumes").index(1),
                4,
                "[[runners]]\nid = 1\n[runners.docker]\nimage = \"i\"\n",
            ),
            (docker.clone(), 3, "[[runners]]\nid = 1\n"),
            (Path::root().attribute("runners").index(0), 1, ""),
        ] {
            let mut table = whole.clone();
            assert_eq!(remove(&mut table, path.steps()), steps, "{path}");
            assert_eq!(table, left.parse::<Table>().unwrap(), "{path}");
        }
    }
}
