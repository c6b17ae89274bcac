//! The arguments of a subcommand: a handful of flags, which need no parser crate.

use anyhow::{Result, bail};

/// What is left of the command line; each call takes something out, [`finish`](Self::finish) refuses the rest.
#[derive(Debug)]
pub(crate) struct Arguments {
    rest: Vec<String>,
}

impl Arguments {
    pub(crate) fn new(arguments: impl IntoIterator<Item = String>) -> Self {
        Self { rest: arguments.into_iter().collect() }
    }

    /// Takes `name` out; true when it was there.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.rest.len();
        self.rest.retain(|argument| argument != name);
        self.rest.len() != before
    }

    /// Takes `name VALUE` or `name=VALUE` out.
    pub(crate) fn value(&mut self, name: &str) -> Result<Option<String>> {
        let prefix = format!("{name}=");
        let Some(at) =
            self.rest.iter().position(|argument| argument == name || argument.starts_with(&prefix))
        else {
            return Ok(None);
        };
        let argument = self.rest.remove(at);
        if let Some(value) = argument.strip_prefix(&prefix) {
            return Ok(Some(value.to_owned()));
        }
        if at < self.rest.len() && !self.rest[at].starts_with('-') {
            return Ok(Some(self.rest.remove(at)));
        }
        bail!("{name} needs a value");
    }

    /// Takes the next argument that is not a flag, if one comes first.
    pub(crate) fn positional(&mut self) -> Result<Option<String>> {
        match self.rest.first() {
            Some(argument) if !argument.starts_with('-') => Ok(Some(self.rest.remove(0))),
            _ => Ok(None),
        }
    }

    /// Refuses whatever nobody took.
    pub(crate) fn finish(self) -> Result<()> {
        match self.rest.first() {
            None => Ok(()),
            Some(argument) => bail!("unexpected argument `{argument}`; --help lists what there is"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(text: &str) -> Arguments {
        Arguments::new(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn flags_and_values_are_found_in_any_order() {
        let mut arguments = arguments("--verbose --upstream quay.io/x:1 --keep");
        assert!(arguments.flag("--keep"));
        assert_eq!(arguments.value("--upstream").unwrap().as_deref(), Some("quay.io/x:1"));
        assert!(arguments.flag("--verbose"));
        assert!(!arguments.flag("--all"));
        arguments.finish().unwrap();
    }

    #[test]
    fn value_may_follow_an_equals_sign() {
        assert_eq!(arguments("--upstream=a:1").value("--upstream").unwrap().as_deref(), Some("a:1"));
    }

    #[test]
    fn value_that_is_missing_is_an_error() {
        assert!(arguments("--upstream").value("--upstream").is_err());
        assert!(arguments("--upstream --keep").value("--upstream").is_err());
    }

    #[test]
    fn unknown_argument_is_refused_by_name() {
        let error = arguments("--kepe").finish().unwrap_err();
        assert!(error.to_string().contains("`--kepe`"), "{error}");
    }
}
