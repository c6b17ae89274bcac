//! The boot bundle as it is sent: golden files, and the judgement of cloud-init and shellcheck on it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod pull_proxy;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use terraform_provider_ecrunner::runner::boot::manager::{GitlabRunner, Manager};
use terraform_provider_ecrunner::runner::boot::{
    Bundle, Download, OperatingSystem, Setup, Start, UserData, manager, worker,
};

/// Keys of `#cloud-config` that a bundle may use. Source: cloud-init documentation, "Module reference".
const KEYS: [&str; 2] = ["write_files", "runcmd"];

fn worker_with_everything() -> UserData {
    worker::bundle(
        &Setup {
            operating_system: OperatingSystem::Ubuntu2404,
            os_user: Some("runner".to_owned()),
            docker_package: Some("docker.io=27.5.1-0ubuntu3~24.04.2".to_owned()),
            extra_packages: Some(vec!["jq".to_owned(), "git".to_owned()]),
            daemon_json: Some(r#"{"mtu": 1400, "log-driver": "journald"}"#.to_owned()),
            extra_script: Some("sysctl -w vm.max_map_count=262144".to_owned()),
        },
        None,
    )
    .user_data()
    .unwrap()
}

fn worker_by_default() -> UserData {
    worker::bundle(&Setup::default(), None).user_data().unwrap()
}

/// Every ability of a bundle.
fn everything() -> UserData {
    let mut bundle = Bundle::new(OperatingSystem::AmazonLinux2023);
    let sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned();
    let download = |url: &str, path: &str| Download {
        url: url.to_owned(),
        sha256: sha256.clone(),
        path: path.to_owned(),
        mode: 0o755,
    };
    bundle
        .package("amazon-ecr-credential-helper")
        .file("/etc/example/umlaut.txt", 0o600, "gr\u{fc}n\n")
        .unit("example.service", Start::Enabled, "[Service]\nExecStart=/usr/local/bin/tool\n")
        .unit("late.service", Start::Queued, "[Unit]\nAfter=cloud-final.service\n")
        .unit("sync.service", Start::OnDemand, "[Service]\nType=oneshot\n")
        .drop_in("docker.service", "order.conf", "[Unit]\nAfter=example.service\n")
        .download(download("https://example.com/tool", "/usr/local/bin/tool"))
        .download(download("s3://bucket/tools/other", "/usr/local/bin/other"))
        .prepare("creating the user", "useradd --system example")
        .command("asking the tool", "tool --version");
    bundle.user_data().unwrap()
}

#[track_caller]
fn check_golden(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/boot/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == text, "{name} differs; with UPDATE_GOLDEN=1 it is written anew:\n{}", text);
}

/// A manager with a log group and downloads.
fn a_manager() -> UserData {
    let download = |name: &str| Download {
        url: format!("https://downloads.example.com/{name}"),
        sha256: "0".repeat(64),
        path: format!("/usr/local/bin/{name}"),
        mode: 0o755,
    };
    let manager = Manager {
        group: "ci-manager".to_owned(),
        region: "eu-central-1".to_owned(),
        config_parameter: "/ecrunner/ci/config".to_owned(),
        token_parameters: [("__TOKEN__".to_owned(), "/ci/token".to_owned())].into(),
        ecr_hosts: ["123456789012.dkr.ecr.eu-central-1.amazonaws.com".to_owned()].into(),
        gitlab_runner: GitlabRunner::Download(download("gitlab-runner")),
        fleeting_plugin: Some(download("fleeting-plugin-aws")),
        log_group: Some("/ecrunner/ci/manager".to_owned()),
        shutdown_timeout: std::time::Duration::from_secs(7200),
    };
    manager::bundle(&Setup::default(), &manager).user_data().unwrap()
}

fn all() -> Vec<UserData> {
    let mut all = vec![worker_by_default(), worker_with_everything(), everything(), a_manager()];
    all.extend(pull_proxy::workers());
    all
}

#[test]
fn a_managers_user_data_is_as_recorded() {
    check_golden("manager_amazon_linux_2023.yaml", a_manager().plain());
}

#[test]
fn the_default_workers_user_data_is_as_recorded() {
    check_golden("worker_amazon_linux_2023.yaml", worker_by_default().plain());
}

#[test]
fn a_worker_with_every_setting_is_as_recorded() {
    check_golden("worker_ubuntu_24_04.yaml", worker_with_everything().plain());
}

#[test]
fn a_bundle_with_everything_is_as_recorded() {
    check_golden("everything.yaml", everything().plain());
}

#[test]
fn the_same_bundle_gives_the_same_bytes() {
    assert_eq!(worker_with_everything(), worker_with_everything());
}

#[test]
fn a_worker_leaves_room_for_what_comes() {
    assert!(worker_with_everything().size() < 8_000, "{}", worker_with_everything().size());
}

#[test]
fn only_known_keys_are_used_and_the_boot_script_is_what_runs() {
    for data in all() {
        let config = document(&data);
        let keys: Vec<_> = config.as_object().unwrap().keys().map(String::as_str).collect();
        assert!(keys.iter().all(|key| KEYS.contains(key)), "{keys:?}");
        assert_eq!(config["runcmd"], serde_json::json!([["/usr/local/libexec/ecrunner/boot"]]));
    }
}

#[test]
fn cloud_init_accepts_the_user_data() {
    for data in all() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("user-data");
        std::fs::write(&file, data.plain()).unwrap();
        run_tool("cloud-init", &["schema", "--config-file", file.to_str().unwrap()]);
    }
}

// Left out: variables that come from the unit's environment file (SC2154), `set -e` that does not reach into a condition,
// which is what the gate waits by (SC2310), and matters of style.
#[test]
fn shellcheck_finds_nothing_in_the_scripts() {
    for data in all() {
        let folder = tempfile::tempdir().unwrap();
        let config = document(&data);
        let scripts = config["write_files"].as_array().unwrap().iter();
        let scripts = scripts.filter(|file| file["content"].as_str().unwrap().starts_with("#!/bin/sh"));
        for (number, script) in scripts.enumerate() {
            let file = folder.path().join(number.to_string());
            std::fs::write(&file, script["content"].as_str().unwrap()).unwrap();
            run_tool(
                "shellcheck",
                &["--enable=all", "--exclude=SC2154,SC2250,SC2310,SC2312", file.to_str().unwrap()],
            );
        }
    }
    let ready = format!("#!/bin/sh\n{}\n", worker::ready_command());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ready");
    std::fs::write(&file, ready).unwrap();
    run_tool("shellcheck", &["--exclude=SC2015", file.to_str().unwrap()]);
}

#[test]
fn a_failing_step_is_told_by_name_and_stops_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_str().unwrap();
    let mut bundle = Bundle::new(OperatingSystem::AmazonLinux2023);
    bundle
        .command("doing well", format!("touch {root}/first"))
        .command("breaking", "false")
        .command("never reached", format!("touch {root}/second"));
    let status = boot(&bundle, root);
    assert!(!status);
    let told = std::fs::read_to_string(folder.path().join("failed")).unwrap();
    assert_eq!(told, "ecrunner: first boot failed while breaking (status 1)\n");
    assert!(folder.path().join("first").exists());
    assert!(!folder.path().join("second").exists() && !folder.path().join("ready").exists());
    assert!(!ready(root));
}

#[test]
fn the_marker_comes_last_and_the_ready_command_sees_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_str().unwrap();
    let mut bundle = Bundle::new(OperatingSystem::AmazonLinux2023);
    bundle.command("looking for the marker", format!("[ ! -e {root}/ready ]"));
    assert!(boot(&bundle, root));
    assert!(!folder.path().join("failed").exists());
    assert!(ready(root));
}

#[test]
fn a_download_with_a_wrong_checksum_is_not_installed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_str().unwrap();
    let tools = folder.path().join("tools");
    std::fs::create_dir(&tools).unwrap();
    // In place of the AWS CLI: writes "test" where it is told to, whose checksum `everything` has.
    let aws = "#!/bin/sh\nfor last in \"$@\"; do :; done\nprintf test >\"$last\"\n";
    std::fs::write(tools.join("aws"), aws).unwrap();
    assert!(
        Command::new("chmod").args(["+x", tools.join("aws").to_str().unwrap()]).status().unwrap().success()
    );
    let path = format!("{root}/opt/tool");
    let mut download = Download {
        url: "s3://bucket/tool".to_owned(),
        sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        path: path.clone(),
        mode: 0o755,
    };
    let mut good = Bundle::new(OperatingSystem::AmazonLinux2023);
    good.download(download.clone());
    assert!(boot(&good, root));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "test");

    std::fs::remove_file(&path).unwrap();
    download.sha256 = "0".repeat(64);
    let mut bad = Bundle::new(OperatingSystem::AmazonLinux2023);
    bad.download(download);
    assert!(!boot(&bad, root));
    assert!(!std::path::Path::new(&path).exists());
    let told = std::fs::read_to_string(folder.path().join("failed")).unwrap();
    assert!(told.contains(&format!("failed while fetching {path}")), "{told}");
}

/// Runs the bundle's boot script with its markers, and `tools` on the path, below `root`.
fn boot(bundle: &Bundle, root: &str) -> bool {
    boot_in(bundle, root, &[])
}

/// The same with further paths replaced.
fn boot_in(bundle: &Bundle, root: &str, paths: &[(&str, &str)]) -> bool {
    let config = document(&bundle.user_data().unwrap());
    let script = config["write_files"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap();
    let script = script
        .replace("/run/ecrunner", root)
        .replace("PATH=/usr/local/sbin", &format!("PATH={root}/tools:/usr/local/sbin"))
        .replace("/dev/console", "/dev/null");
    let script = paths.iter().fold(script, |script, (from, to)| script.replace(from, to));
    Command::new("sh").arg("-c").arg(script).stderr(Stdio::null()).status().unwrap().success()
}

fn ready(root: &str) -> bool {
    let command = worker::ready_command().replace("/run/ecrunner", root);
    Command::new("sh").arg("-c").arg(command).status().unwrap().success()
}

fn document(data: &UserData) -> Value {
    serde_json::from_str(data.plain().strip_prefix("#cloud-config\n").unwrap()).unwrap()
}

/// Runs a tool that has to succeed; what it said. Without it the check is skipped, where CI does not demand it.
#[track_caller]
#[allow(clippy::print_stderr, reason = "a skip has to be seen")]
fn run_tool(tool: &str, arguments: &[&str]) -> String {
    let output = match Command::new(tool).args(arguments).output() {
        Ok(output) => output,
        Err(error) if std::env::var("CI").is_ok_and(|value| value == "true") => {
            panic!("{tool} is missing: {error}")
        }
        Err(_) => {
            eprintln!("skipped: {tool} is not installed");
            return String::new();
        }
    };
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{tool}: {}{}", text[0], text[1]);
    text.concat()
}
