//! The environment that child processes get: nothing of the user's AWS or Terraform settings reaches a test.

use std::process::Command;

/// Region of everything that is created on the emulators.
pub(crate) const REGION: &str = "eu-central-1";

/// Takes out every `AWS_*` and `TF_*` variable, and keeps proxies away from loopback.
///
/// A profile, an endpoint or a plugin cache of whoever runs this would change what is tested, and real
/// credentials must never be near it.
pub(crate) fn isolate(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        if text.starts_with("AWS_") || text.starts_with("TF_") {
            command.env_remove(&name);
        }
    }
    for name in ["NO_PROXY", "no_proxy"] {
        command.env(name, no_proxy(std::env::var(name).ok().as_deref()));
    }
    // Neither the instance metadata service nor the files of the user's AWS CLI may supply credentials.
    command
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_INPUT", "0")
        .env("TF_IN_AUTOMATION", "1")
}

/// Adds what makes a client use `account` on the gateway at `endpoint`.
pub(crate) fn use_account<'a>(command: &'a mut Command, endpoint: &str, account: &str) -> &'a mut Command {
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", account)
        .env("AWS_SECRET_ACCESS_KEY", "emulated")
        .env("AWS_REGION", REGION)
        .env("AWS_DEFAULT_REGION", REGION)
}

fn no_proxy(inherited: Option<&str>) -> String {
    let loopback = "127.0.0.1,localhost";
    match inherited {
        Some(hosts) if !hosts.is_empty() => format!("{hosts},{loopback}"),
        _ => loopback.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_added_to_the_hosts_without_proxy() {
        assert_eq!(no_proxy(None), "127.0.0.1,localhost");
        assert_eq!(no_proxy(Some("")), "127.0.0.1,localhost");
        assert_eq!(no_proxy(Some("intra.example")), "intra.example,127.0.0.1,localhost");
    }

    #[test]
    fn isolated_command_has_its_own_credential_files() {
        let mut command = Command::new("true");
        isolate(&mut command);
        let set: Vec<_> =
            command.get_envs().filter(|(name, _)| *name == "AWS_SHARED_CREDENTIALS_FILE").collect();
        assert_eq!(set.len(), 1);
        assert_eq!(set[0].1, Some("/dev/null".as_ref()));
    }
}
