//! What an instance's user data tells about its manager, for import: names that nothing else in AWS holds.

use std::collections::BTreeMap;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use crate::runner::boot::USER_DATA_LIMIT;

/// What was found; everything may be missing, for the user data may be anybody's.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Name of the parameter with the configuration.
    pub(super) config_parameter: Option<String>,
    /// Names of the parameters with the tokens, by placeholder.
    pub(super) token_parameters: BTreeMap<String, String>,
    /// Name of the log group.
    pub(super) log_group: Option<String>,
}

/// Reads user data as EC2 answers it.
pub(super) fn read(base64: &str) -> Told {
    let Some(plain) = plain(base64) else { return Told::default() };
    let document: Value = match plain.strip_prefix("#cloud-config\n").map(serde_json::from_str) {
        Some(Ok(document)) => document,
        _ => return Told::default(),
    };
    let content = |path: &str| {
        let files = document["write_files"].as_array()?;
        let file = files.iter().find(|file| file["path"] == path && file["encoding"].is_null())?;
        file["content"].as_str()
    };
    let environment = content("/etc/ecrunner/manager.env").unwrap_or_default().lines();
    let tokens = content("/etc/ecrunner/tokens").unwrap_or_default().lines();
    let logs: Value =
        serde_json::from_str(content("/etc/ecrunner/logs.json").unwrap_or_default()).unwrap_or_default();
    let owned = |text: &str| text.to_owned();
    Told {
        config_parameter: environment
            .filter_map(|line| line.strip_prefix("ECRUNNER_CONFIG_PARAMETER="))
            .next()
            .map(owned),
        token_parameters: tokens
            .filter_map(|line| line.split_once(' '))
            .map(|(placeholder, name)| (owned(placeholder), owned(name)))
            .collect(),
        log_group: logs["logs"]["logs_collected"]["files"]["collect_list"][0]["log_group_name"]
            .as_str()
            .map(owned),
    }
}

fn plain(base64: &str) -> Option<String> {
    let sent = BASE64.decode(base64).ok()?;
    if !sent.starts_with(&[0x1f, 0x8b]) {
        return String::from_utf8(sent).ok();
    }
    let mut text = String::new();
    let limit = 64 * USER_DATA_LIMIT as u64;
    flate2::read::GzDecoder::new(sent.as_slice()).take(limit).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;
    use crate::runner::boot::Setup;
    use crate::runner::boot::manager::{self, GitlabRunner, Manager};

    #[test]
    fn what_a_manager_was_told_is_found_again() {
        let manager = Manager {
            group: "ci".to_owned(),
            region: "eu-central-1".to_owned(),
            config_parameter: "/team/config".to_owned(),
            token_parameters: BTreeMap::from([("__a__".to_owned(), "/team/token".to_owned())]),
            ecr_hosts: BTreeSet::new(),
            gitlab_runner: GitlabRunner::Package("gitlab-runner".to_owned()),
            fleeting_plugin: None,
            log_group: Some("/team/log".to_owned()),
            shutdown_timeout: Duration::from_secs(7200),
        };
        let data = manager::bundle(&Setup::default(), &manager).user_data().unwrap();
        let told = Told {
            config_parameter: Some("/team/config".to_owned()),
            token_parameters: manager.token_parameters.clone(),
            log_group: Some("/team/log".to_owned()),
        };
        assert_eq!(read(&data.base64()), told);
        let silent = Manager { log_group: None, token_parameters: BTreeMap::new(), ..manager };
        let data = manager::bundle(&Setup::default(), &silent).user_data().unwrap();
        assert_eq!(read(&data.base64()), Told { token_parameters: BTreeMap::new(), log_group: None, ..told });
    }

    #[test]
    fn foreign_user_data_tells_nothing() {
        for foreign in ["%", "", &BASE64.encode("#!/bin/sh\n"), &BASE64.encode("#cloud-config\n[]")] {
            assert_eq!(read(foreign), Told::default());
        }
    }
}
