//! The command line of a provider binary, for people; hosts pass no arguments.

use std::ffi::OsString;

use super::ProcessOptions;

/// What the command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Serve the host that started this process.
    Serve,
    /// Serve any number of hosts that attach by hand.
    Debug,
    Version,
    Help,
    Schema,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown argument {0:?}, see --help")]
pub(super) struct UnknownArgument(OsString);

/// Reads the arguments after the program's name; the last of several wins.
pub(super) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    has_schema: bool,
) -> Result<Command, UnknownArgument> {
    let mut command = Command::Serve;
    for argument in arguments {
        // Providers written in Go take their flags with one dash.
        command = match argument.to_str() {
            Some("--debug" | "-debug") => Command::Debug,
            Some("--version" | "-version" | "-V") => Command::Version,
            Some("--help" | "-help" | "-h") => Command::Help,
            Some("--schema" | "-schema") if has_schema => Command::Schema,
            _ => return Err(UnknownArgument(argument)),
        };
    }
    Ok(command)
}

/// Text of `--help`.
pub(super) fn help(options: &ProcessOptions) -> String {
    let ProcessOptions { name, version, .. } = options;
    let schema = if options.schema.is_some() {
        "  --schema   print the schemas of everything the provider offers, as JSON\n"
    } else {
        ""
    };
    format!(
        "{name} {version}\n{}\nWhat it can do outside Terraform:\n\n  --version  print the version\n  \
         --help     print this text\n{schema}  --debug    serve until interrupted, and print the \
         TF_REATTACH_PROVIDERS to attach Terraform with\n",
        introduction(options)
    )
}

/// What a person sees who starts the plugin as if it were a program.
pub(super) fn not_started_by_terraform(options: &ProcessOptions) -> String {
    format!(
        "{}\nRun `{} --help` for what it can do outside Terraform.\n",
        introduction(options),
        options.name
    )
}

fn introduction(options: &ProcessOptions) -> String {
    let ProcessOptions { version, description, .. } = options;
    let local_name = options.local_name();
    let source = options.address.strip_prefix("registry.terraform.io/").unwrap_or(options.address);
    format!(
        r#"{description}

This is a Terraform plugin. Terraform and OpenTofu start it themselves; it does nothing when run by hand.
To use it, name it in a configuration and run `terraform init`:

  terraform {{
    required_providers {{
      {local_name} = {{
        source  = "{source}"
        version = "{version}"
      }}
    }}
  }}
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(arguments: &[&str], expected: Option<Command>) {
        assert_eq!(parse(arguments.iter().map(OsString::from), true).ok(), expected);
    }

    #[test]
    fn no_argument_means_serve() {
        check(&[], Some(Command::Serve));
    }

    #[test]
    fn flags_are_taken_with_one_dash_and_with_two() {
        check(&["-debug"], Some(Command::Debug));
        check(&["--debug"], Some(Command::Debug));
        check(&["--schema"], Some(Command::Schema));
        check(&["-h"], Some(Command::Help));
    }

    #[test]
    fn unknown_argument_is_refused() {
        check(&["--debug", "--fast"], None);
    }

    #[test]
    fn schema_flag_is_unknown_without_a_schema() {
        assert!(parse(["--schema".into()], false).is_err());
    }
}
