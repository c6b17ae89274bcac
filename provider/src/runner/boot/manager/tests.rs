use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use super::*;

fn manager() -> Manager {
    Manager {
        group: "ci-manager".to_owned(),
        region: "eu-central-1".to_owned(),
        config_parameter: "/ecrunner/ci/config".to_owned(),
        token_parameters: BTreeMap::from([("__TOKEN__".to_owned(), "/ci/token".to_owned())]),
        ecr_hosts: BTreeSet::from(["123456789012.dkr.ecr.eu-central-1.amazonaws.com".to_owned()]),
        gitlab_runner: GitlabRunner::Download(Download {
            url: "https://example.com/gitlab-runner".to_owned(),
            sha256: "a".repeat(64),
            path: "/usr/local/bin/gitlab-runner".to_owned(),
            mode: 0o755,
        }),
        fleeting_plugin: None,
        log_group: Some("/ecrunner/ci/manager".to_owned()),
        shutdown_timeout: Duration::from_secs(7200),
    }
}

#[test]
fn the_bundle_fits_and_holds_no_secret() {
    for system in [OperatingSystem::AmazonLinux2023, OperatingSystem::Ubuntu2404] {
        let setup = Setup { operating_system: system, ..Setup::default() };
        let user_data = bundle(&setup, &manager()).user_data().unwrap();
        assert!(user_data.size() <= super::super::USER_DATA_LIMIT, "{}", user_data.size());
        assert!(user_data.plain().contains("credHelpers") && !user_data.plain().contains("auths"));
    }
}

#[test]
fn a_stop_lets_jobs_end_within_the_limit() {
    let unit = runner_service(&manager(), "/usr/local/bin/gitlab-runner");
    assert!(unit.contains("KillSignal=SIGQUIT\n") && unit.contains("TimeoutStopSec=7200\n"), "{unit}");
}

/// A directory with stand-ins for `aws` and `gitlab-runner`, which answer from files.
struct Host {
    directory: tempfile::TempDir,
}

impl Host {
    fn new(config: &str, token: &str) -> Self {
        let host = Host { directory: tempfile::tempdir().unwrap() };
        host.publish(config);
        host.write("token", &format!("{token}\n"));
        host.write("tokens", "__TOKEN__ /ci/token\n");
        host.write("instance-id", "i-self");
        fs::create_dir(host.path("run")).unwrap();
        // What is asked for by name is answered; anything else is a fault of the script.
        host.program(
            "aws",
            r#"echo "$*" >>"$HOST/calls"
case "$*" in
*"get-parameter --name /ecrunner/ci/config --with-decryption"*) cat "$HOST/published" ;;
*"get-parameter --name /ci/token --with-decryption"*) cat "$HOST/token" ;;
*"describe-auto-scaling-groups --auto-scaling-group-names ci-manager"*)
  head -n 1 "$HOST/others"; sed -i 1d "$HOST/others" ;;
*) exit 9 ;;
esac"#,
        );
        host.program("gitlab-runner", r#"[ "$1 $2" = "lint --config" ] || exit 9; ! grep -q refused "$3""#);
        host
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn program(&self, name: &str, body: &str) {
        self.write(name, &format!("#!/bin/sh\n{body}\n"));
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// As the resource publishes it: base64 of gzip.
    fn publish(&self, config: &str) {
        self.write("published", &crate::runner::published::encode(config));
    }

    fn run(&self, script: &str) -> Output {
        let path = format!("{}:/usr/bin:/bin", self.directory.path().display());
        let mut command = Command::new("sh");
        command.env_clear().env("PATH", path).env("HOST", self.directory.path());
        command.env("ECRUNNER_RUN", self.path("run")).env("ECRUNNER_TOKENS", self.path("tokens"));
        command.env("ECRUNNER_CONFIG_PARAMETER", "/ecrunner/ci/config").env("ECRUNNER_GROUP", "ci-manager");
        command.env("ECRUNNER_INSTANCE_ID", self.path("instance-id")).env("ECRUNNER_PAUSE", "0.05");
        command.arg("-c").arg(script).output().unwrap()
    }

    fn config(&self) -> Option<String> {
        fs::read_to_string(self.path("run/config.toml")).ok()
    }
}

fn leftovers(directory: &Path) -> usize {
    fs::read_dir(directory)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("sync."))
        .count()
}

#[test]
fn tokens_are_put_in_literally_and_the_file_is_private() {
    let host = Host::new("a = \"__TOKEN__\" # __TOKEN__ &\\1\n", "glrt-abc.DEF_1");
    let output = host.run(SYNC);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(host.config().as_deref(), Some("a = \"glrt-abc.DEF_1\" # glrt-abc.DEF_1 &\\1\n"));
    let mode = fs::metadata(host.path("run/config.toml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(leftovers(&host.path("run")), 0);
    let calls = fs::read_to_string(host.path("calls")).unwrap();
    assert!(!calls.contains("glrt-abc"), "the token is no argument: {calls}");
}

#[test]
fn an_unchanged_configuration_is_not_written_again() {
    let host = Host::new("a = 1\n", "glrt-a");
    host.run(SYNC);
    let written = || fs::metadata(host.path("run/config.toml")).unwrap().modified().unwrap();
    let before = written();
    assert!(host.run(SYNC).status.success());
    assert_eq!(written(), before);
    host.publish("a = 2\n");
    assert!(host.run(SYNC).status.success());
    assert_eq!(host.config().as_deref(), Some("a = 2\n"), "a changed one is");
}

#[test]
fn what_lint_refuses_never_replaces_a_good_configuration() {
    let host = Host::new("a = 1\n", "glrt-a");
    host.run(SYNC);
    host.publish("refused = 1\n");
    let output = host.run(SYNC);
    assert!(!output.status.success());
    assert_eq!(host.config().as_deref(), Some("a = 1\n"));
    assert_eq!(leftovers(&host.path("run")), 0);
}

#[test]
fn an_entry_without_a_parameter_for_its_token_changes_nothing() {
    let host = Host::new("  token = \"__TOKEN__\"\n", "glrt-a");
    host.run(SYNC);
    let good = host.config();
    host.publish("  token = \"__TOKEN__\"\n  token = \"__OTHER__\"\n");
    let output = host.run(SYNC);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("no parameter"), "{output:?}");
    assert_eq!(host.config(), good);
    host.publish("  token = \"__TOKEN__\"\n  script = \"__OTHER__\"\n");
    assert!(host.run(SYNC).status.success(), "underscores elsewhere are nobody's placeholder");
}

#[test]
fn what_a_killed_run_left_is_taken_away() {
    let host = Host::new("a = 1\n", "glrt-a");
    fs::create_dir(host.path("run/sync.abc")).unwrap();
    host.write("run/sync.abc/token", "glrt-a\n");
    assert_eq!(leftovers(&host.path("run")), 1);
    assert!(host.run(SYNC).status.success());
    assert_eq!(leftovers(&host.path("run")), 0);
}

#[test]
fn a_stopped_run_leaves_no_token_behind() {
    let host = Host::new("a = 1\n", "glrt-a");
    // The first call stops the script in its midst.
    host.program("aws", r#"kill -TERM "$PPID""#);
    assert!(!host.run(SYNC).status.success());
    assert_eq!((leftovers(&host.path("run")), host.config()), (0, None));
}

#[test]
fn our_unit_stands_beside_the_packages_own() {
    let mut manager = manager();
    manager.gitlab_runner = GitlabRunner::Package("gitlab-runner-19.4.0-1".to_owned());
    let user_data = bundle(&Setup::default(), &manager).user_data().unwrap();
    let text = user_data.plain();
    assert!(!text.contains("/etc/systemd/system/gitlab-runner.service"), "{text}");
    let off = text.find("systemctl disable --now gitlab-runner.service").unwrap();
    assert!(off < text.find("systemctl enable ecrunner-gitlab-runner.service").unwrap());
}

#[test]
fn the_aws_cli_is_brought_where_the_image_has_none() {
    let text = |operating_system| {
        let setup = Setup { operating_system, ..Setup::default() };
        bundle(&setup, &manager()).user_data().unwrap().plain().to_owned()
    };
    let ubuntu = text(OperatingSystem::Ubuntu2404);
    let cli = ubuntu.find("snap install aws-cli --classic").unwrap();
    assert!(cli < ubuntu.find("fetch '").unwrap() && ubuntu.contains("/snap/bin"));
    assert!(!text(OperatingSystem::AmazonLinux2023).contains("snap install"));
}

#[test]
fn boot_logs_in_to_every_registry() {
    let user_data = bundle(&Setup::default(), &manager()).user_data().unwrap();
    let login = "printf %s 123456789012.dkr.ecr.eu-central-1.amazonaws.com | docker-credential-ecr-login get >/dev/null";
    assert!(user_data.plain().contains(login));
}

#[test]
fn a_damaged_parameter_or_token_changes_nothing() {
    let host = Host::new("a = \"__TOKEN__\"\n", "glrt-a");
    host.run(SYNC);
    let good = host.config();
    for token in ["", "two\nlines", "with\"quote", "with space"] {
        host.write("token", &format!("{token}\n"));
        assert!(!host.run(SYNC).status.success(), "{token:?} was accepted");
        assert_eq!(host.config(), good);
    }
    host.write("token", "glrt-b\n");
    host.write("published", "bm8gZ3ppcA==");
    assert!(!host.run(SYNC).status.success());
    assert_eq!(host.config(), good);
}

#[test]
fn the_gate_waits_for_the_last_other_manager() {
    let host = Host::new("a = 1\n", "glrt-a");
    host.run(SYNC);
    host.write("others", "i-old\ti-older\ni-old\n\n");
    let output = host.run(GATE);
    assert!(output.status.success(), "{output:?}");
    let waited = String::from_utf8(output.stdout).unwrap();
    assert_eq!(waited, "waiting for i-old\ti-older\nwaiting for i-old\n");
}
