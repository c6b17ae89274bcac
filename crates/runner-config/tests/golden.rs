//! Rendered files, byte for byte. `UPDATE_GOLDEN=1` rewrites them. Where `GITLAB_RUNNER` names a gitlab-runner of
//! version 19 or newer, its `lint` has to accept each of them too.
#![allow(clippy::unwrap_used, reason = "a test ends at the first failure")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use runner_config::{
    Autoscaler, Cache, CacheAuthentication, CacheType, CheckContext, ConnectorConfig, Docker, Executor,
    GlobalMachine, Key, LogFormat, Machine, MachineAutoscaling, PluginConfig, Policy, PullPolicies,
    PullPolicy, Runner, RunnerConfig, S3, Service, Severity, ShutdownDrain, StateStorage, TokenPlaceholder,
    check,
};

const REGISTRY: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";

fn golden_path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.toml"))
}

#[track_caller]
fn check_golden(name: &str, config: &RunnerConfig) {
    let path = golden_path(name);
    let text = config.render().unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, golden, "{} differs; UPDATE_GOLDEN=1 rewrites it", path.display());
    let parsed = RunnerConfig::parse(&golden).unwrap();
    assert_eq!(parsed, *config);
    assert_eq!(parsed.render().unwrap(), golden);
    lint(name);
}

fn token(name: &str) -> TokenPlaceholder {
    TokenPlaceholder::new(format!("__ECRUNNER_TOKEN_{name}__")).unwrap()
}

fn flags() -> BTreeMap<String, bool> {
    BTreeMap::from([("FF_DISABLE_AUTOMATIC_TOKEN_ROTATION".to_owned(), true)])
}

/// What a team with one fleet writes; nothing in it is worth a warning.
fn docker_autoscaler() -> RunnerConfig {
    let runner = Runner {
        name: Some("linux-amd64".to_owned()),
        id: Some(4711),
        limit: Some(20),
        request_concurrency: Some(4),
        feature_flags: flags(),
        docker: Some(Docker {
            image: Some(format!("{REGISTRY}/docker-hub/library/alpine:3.20")),
            privileged: Some(true),
            volumes: vec!["/cache".to_owned()],
            pull_policy: PullPolicies(vec![PullPolicy::Always]),
            services: vec![Service::new(format!("{REGISTRY}/docker-hub/library/docker:28-dind"))],
            ..Docker::default()
        }),
        autoscaler: Some(Autoscaler {
            plugin: Some("fleeting-plugin-aws".to_owned()),
            capacity_per_instance: Some(1),
            max_use_count: Some(1),
            max_instances: Some(20),
            update_interval: Some("30s".parse().unwrap()),
            plugin_config: Some(PluginConfig {
                name: Some("workers-a".to_owned()),
                ..PluginConfig::default()
            }),
            connector_config: Some(ConnectorConfig {
                username: Some("ec2-user".to_owned()),
                ..ConnectorConfig::default()
            }),
            policy: vec![
                Policy { idle_count: Some(0), idle_time: Some("0s".parse().unwrap()), ..Policy::default() },
                Policy {
                    periods: vec!["* 8-17 * * mon-fri".parse().unwrap()],
                    timezone: Some("Europe/Berlin".to_owned()),
                    idle_count: Some(4),
                    idle_time: Some("20m".parse().unwrap()),
                    scale_factor: Some(1.0),
                    ..Policy::default()
                },
            ],
            state_storage: Some(StateStorage {
                enabled: Some(true),
                dir: Some("/var/lib/gitlab-runner/state".to_owned()),
                ..StateStorage::default()
            }),
            ..Autoscaler::default()
        }),
        cache: Some(Cache {
            r#type: Some(CacheType::S3),
            shared: Some(true),
            s3: Some(S3 {
                bucket_name: Some("ci-cache".to_owned()),
                bucket_location: Some("eu-central-1".to_owned()),
                authentication_type: Some(CacheAuthentication::Iam),
                ..S3::default()
            }),
            ..Cache::default()
        }),
        ..Runner::new("https://gitlab.example.com", token("linux"), Executor::DockerAutoscaler)
    };
    RunnerConfig {
        concurrent: Some(20),
        check_interval: Some(3),
        log_format: Some(LogFormat::Json),
        runners: vec![runner],
        ..RunnerConfig::default()
    }
}

fn docker_machine() -> RunnerConfig {
    let runner = Runner {
        id: Some(4712),
        request_concurrency: Some(2),
        feature_flags: flags(),
        docker: Some(Docker { image: Some("alpine:3.20".to_owned()), ..Docker::default() }),
        machine: Some(Machine {
            idle_count: Some(1),
            idle_time: Some(1200),
            idle_scale_factor: Some(0.0),
            max_builds: Some(1),
            machine_driver: Some("amazonec2".to_owned()),
            machine_name: Some("ci-%s".to_owned()),
            machine_options: vec!["amazonec2-instance-type=m7i.large".to_owned()],
            autoscaling: vec![MachineAutoscaling {
                periods: vec!["* * 8-17 * * mon-fri *".parse().unwrap()],
                timezone: Some("UTC".to_owned()),
                idle_count: Some(5),
                idle_time: Some(1800),
                ..MachineAutoscaling::default()
            }],
            ..Machine::default()
        }),
        ..Runner::new("https://gitlab.example.com", token("machines"), Executor::DockerMachine)
    };
    RunnerConfig {
        concurrent: Some(10),
        machine: Some(GlobalMachine {
            shutdown_drain: Some(ShutdownDrain { enabled: Some(true), ..ShutdownDrain::default() }),
            ..GlobalMachine::default()
        }),
        runners: vec![runner],
        ..RunnerConfig::default()
    }
}

#[test]
fn docker_autoscaler_is_rendered_canonically() {
    check_golden("docker_autoscaler", &docker_autoscaler());
}

#[test]
fn docker_machine_is_rendered_canonically() {
    check_golden("docker_machine", &docker_machine());
}

/// This file is its own source: whatever was added to it by hand comes out in canonical form.
#[test]
fn every_key_is_rendered_canonically() {
    let text = std::fs::read_to_string(golden_path("every_key")).unwrap();
    check_golden("every_key", &RunnerConfig::parse(&text).unwrap_or_else(|error| panic!("{error}")));
}

#[test]
fn every_key_of_the_model_stands_in_its_golden_file() {
    fn visit(keys: &'static [Key], table: &toml::Table, path: &str, missing: &mut BTreeSet<String>) {
        for key in keys {
            let path = format!("{path}.{}", key.name);
            let value = match table.get(key.name) {
                Some(toml::Value::Array(values)) if !key.keys.is_empty() => values.first(),
                other => other,
            };
            match value {
                None => _ = missing.insert(path),
                Some(toml::Value::Table(below)) if !key.keys.is_empty() => {
                    visit(key.keys, below, &path, missing)
                }
                Some(_) => {}
            }
        }
    }
    let text = std::fs::read_to_string(golden_path("every_key")).unwrap();
    let mut missing = BTreeSet::new();
    visit(RunnerConfig::keys(), &text.parse().unwrap(), "", &mut missing);
    assert_eq!(missing, BTreeSet::new());
}

#[test]
fn recommended_configuration_has_no_findings() {
    let context = CheckContext {
        credential_helper_hosts: Some(BTreeSet::from([REGISTRY.to_owned()])),
        group_max_sizes: BTreeMap::from([("workers-a".to_owned(), 20)]),
    };
    assert_eq!(check(&docker_autoscaler(), &context), []);
    let errors: Vec<_> = check(&docker_machine(), &CheckContext::default())
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error)
        .collect();
    assert_eq!(errors, []);
}

/// Where there is a gitlab-runner, it judges the golden file too. There is none in the package registries, so that this is
/// for whoever has one.
fn lint(name: &str) {
    let Some(runner) = std::env::var_os("GITLAB_RUNNER") else { return };
    let output = Command::new(&runner).args(["lint", "-c"]).arg(golden_path(name)).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
}
