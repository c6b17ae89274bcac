//! The global section, and what concerns several entries at once.

use std::collections::BTreeMap;

use super::Findings;
use crate::config::is_known;
use crate::global::RunnerConfig;
use crate::path::Path;
use crate::secret;
use crate::value::Executor;

pub(super) fn check(config: &RunnerConfig, findings: &mut Findings) {
    check_secrets(config, findings);
    check_concurrent(config, findings);
    check_unique(config, findings);
    check_addresses(config, findings);

    let root = Path::root();
    let machines = config.runners.iter().any(|runner| runner.executor == Executor::DockerMachine);
    let drained = config.machine.as_ref().and_then(|machine| machine.shutdown_drain.as_ref()?.enabled);
    if machines && drained != Some(true) {
        findings.warning(
            &if drained.is_some() {
                root.attribute("machine").attribute("shutdown_drain").attribute("enabled")
            } else {
                root.clone()
            },
            "machines of docker+machine stay, and cost, when the runner stops",
            "Set enabled = true in [machine.shutdown_drain]",
        );
    }
    if !machines && config.machine.is_some() {
        findings.warning(
            &root.attribute("machine"),
            "no entry uses the executor docker+machine, so this section has no effect",
            "Remove the section",
        );
    }
    if config.user.is_some() && !config.runners.iter().any(|runner| runner.executor == Executor::Shell) {
        findings.warning(
            &root.attribute("user"),
            "only the shell executor knows a user, and no entry uses it",
            "Remove the key",
        );
    }
    let version = config.log_field_schema_version.unwrap_or(0);
    if config.log_field_dual_emit_target.is_some_and(|target| target != 0 && target <= version) {
        findings.error(
            &root.attribute("log_field_dual_emit_target"),
            format!("this must be above log_field_schema_version, which is {version}"),
            "Raise it, or write 0 to turn it off",
        );
    }
}

/// Strings that look like secrets, and strings that the manager would change with the tokens.
fn check_secrets(config: &RunnerConfig, findings: &mut Findings) {
    let table = config.to_table();
    for fault in secret::find(&table, RunnerConfig::keys()) {
        findings.error(
            &fault.path,
            fault.kind.to_string(),
            "Take it out, and let the manager get it at run time",
        );
    }
    let placeholders: Vec<&str> = config.token_placeholders().map(|token| token.as_str()).collect();
    secret::strings(&table, RunnerConfig::keys(), &Path::root(), &mut |text, path| {
        let is_token = path.steps().len() == 3 && *path == token_path(path);
        if !is_token && placeholders.iter().any(|placeholder| text.contains(placeholder)) && is_known(path) {
            findings.error(
                path,
                "this contains the placeholder of a token, so the token would be written here too",
                "Take the placeholder out",
            );
        }
    });
}

/// The path of `token` in the entry that `path` lies in; `path` itself if it lies in none.
fn token_path(path: &Path) -> Path {
    match path.steps() {
        [_, crate::Step::Index(position), ..] => {
            Path::root().attribute("runners").index(*position).attribute("token")
        }
        _ => path.clone(),
    }
}

fn check_concurrent(config: &RunnerConfig, findings: &mut Findings) {
    let path = Path::root().attribute("concurrent");
    if config.runners.is_empty() {
        findings.error(
            &Path::root().attribute("runners"),
            "there is no [[runners]] entry",
            "Add at least one entry",
        );
        return;
    }
    let concurrent = config.concurrent.unwrap_or(1);
    if concurrent == 0 {
        findings.error(&path, "with 0 no job ever runs", "Write the number of jobs that may run at once");
        return;
    }
    let entries = u32::try_from(config.runners.len()).unwrap_or(u32::MAX);
    if concurrent < entries {
        findings.warning(
            &path,
            format!("{concurrent} is fewer than the {entries} entries, so some of them starve"),
            format!("Write at least {entries}"),
        );
        return;
    }
    let sum =
        config.runners.iter().filter_map(crate::Runner::effective_limit).fold(0_u32, u32::saturating_add);
    if concurrent < sum {
        findings.warning(
            &path,
            format!(
                "{concurrent} is below {sum}, the sum of what the entries can run, so capacity stays unused"
            ),
            format!("Write at least {sum}, or lower the limits"),
        );
    }
}

/// What must differ from entry to entry.
fn check_unique(config: &RunnerConfig, findings: &mut Findings) {
    let runners = Path::root().attribute("runners");
    let (mut names, mut ids, mut tokens, mut groups) =
        (BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (position, runner) in config.runners.iter().enumerate() {
        let path = runners.index(position);
        if let Some(first) = runner.name.as_ref().and_then(|name| names.insert(name, position)) {
            findings.warning(
                &path.attribute("name"),
                format!(
                    "{} has this name too, so logs and metrics do not tell them apart",
                    runners.index(first)
                ),
                "Choose another name",
            );
        }
        if let Some(first) = tokens.insert(&runner.token, position) {
            findings.warning(
                &path.attribute("token"),
                format!(
                    "{} has this token too, so both are the same runner for GitLab",
                    runners.index(first)
                ),
                "Create a runner for each entry",
            );
        }
        let id = runner.id.filter(|_| runner.executor.uses_autoscaler());
        if let Some(first) = id.and_then(|id| ids.insert(id, position)) {
            findings.error(
                &path.attribute("id"),
                format!("{} has this id too, so both would share one autoscaler", runners.index(first)),
                "Write the id that GitLab gave this runner",
            );
        }
        let group = runner
            .autoscaler
            .as_ref()
            .and_then(|autoscaler| autoscaler.plugin_config.as_ref()?.name.as_ref());
        if let Some(first) = group.and_then(|group| groups.insert(group, position)) {
            findings.error(
                &path.attribute("autoscaler").attribute("plugin_config").attribute("name"),
                format!(
                    "{} uses this Auto Scaling group too; each would delete the instances of the other",
                    runners.index(first)
                ),
                "Give each entry a group of its own",
            );
        }
    }
}

fn check_addresses(config: &RunnerConfig, findings: &mut Findings) {
    let root = Path::root();
    let mut check = |address: Option<&String>, path: Path| {
        let port = address.map(|address| address.rsplit_once(':').map(|(_, port)| port.parse::<u16>()));
        if let Some(None | Some(Err(_))) = port {
            findings.error(
                &path,
                "this is no address with a port",
                "Write host:port, such as \"127.0.0.1:9252\"",
            );
        }
    };
    check(config.listen_address.as_ref(), root.attribute("listen_address"));
    let Some(server) = &config.session_server else { return };
    let section = root.attribute("session_server");
    check(server.listen_address.as_ref(), section.attribute("listen_address"));
    check(server.advertise_address.as_ref(), section.attribute("advertise_address"));
    if server.listen_address.is_none() {
        findings.warning(&section, "without listen_address the session server is off", "Set listen_address");
    }
}
