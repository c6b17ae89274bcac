use super::engines::{self, buildkitd_toml, hosts_toml};
use super::*;
use crate::runner::boot::{OperatingSystem, Setup, USER_DATA_LIMIT, worker};
use pull_proxy::{Config, Kind, rules};
use sha2::Digest as _;
use tf_provider::schema::Convert as _;
use tf_provider::{AttributePath, Diagnostics};
use toml::Table;

const HOST: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";

fn names(pairs: &[(&str, &str)]) -> Option<BTreeMap<String, String>> {
    Some(pairs.iter().map(|(upstream, name)| ((*upstream).to_owned(), (*name).to_owned())).collect())
}

fn proxy() -> PullProxy {
    PullProxy {
        url: "s3://tools/ecr-pull-proxy".to_owned(),
        sha256: "0".repeat(64),
        registry_host: HOST.to_owned(),
        mirrors: names(&[("docker.io/library/alpine", "mirror/docker.io/library/alpine")]),
        rules: names(&[
            ("docker.io", "docker-hub"),
            ("docker.io/library", "ecr-public/docker/library"),
            ("quay.io", "quay"),
        ]),
        fallback: Fallback::None,
        push: None,
    }
}

fn of_quay() -> PullProxy {
    PullProxy { mirrors: None, rules: names(&[("quay.io", "quay")]), ..proxy() }
}

fn push() -> Option<Push> {
    Some(Push {
        role_arn: "arn:aws:iam::123456789012:role/ci-push".to_owned(),
        repositories: ["team/*".to_owned()].into(),
    })
}

fn planned(proxy: &PullProxy) -> Value<PullProxyPlan> {
    Value::from_raw(&proxy.to_raw()).unwrap()
}

/// The proxy as planned, with something about it changed.
fn planned_but(change: impl FnOnce(&mut PullProxyPlan)) -> Value<PullProxyPlan> {
    let mut plan = planned(&proxy());
    if let Value::Known(plan) = &mut plan {
        change(plan);
    }
    plan
}

fn known(pairs: &[(&str, Value<String>)]) -> Value<BTreeMap<String, Value<String>>> {
    Value::Known(pairs.iter().map(|(upstream, name)| ((*upstream).to_owned(), name.clone())).collect())
}

// === the daemon ===

#[test]
fn the_daemon_maps_names_as_mirrors_and_rules_say() {
    let config = Config::parse(&daemon::config(&proxy())).unwrap();
    let asked = |registry: Option<&str>, path: &str| {
        let (registry, path) = rules::canonical(registry, path);
        let found = config.rules.candidates(&registry, &path);
        found.into_iter().map(|found| found.repository).collect::<Vec<_>>()
    };
    assert_eq!(
        asked(None, "alpine"),
        ["mirror/docker.io/library/alpine", "ecr-public/docker/library/alpine"]
    );
    assert_eq!(asked(Some("docker.io"), "grafana/grafana"), ["docker-hub/grafana/grafana"]);
    assert_eq!(asked(Some("quay.io"), "org/app"), ["quay/org/app"]);
    assert_eq!(asked(Some("ghcr.io"), "org/app"), Vec::<String>::new());
    let listen: Vec<String> = config.listen.iter().map(ToString::to_string).collect();
    assert_eq!(listen, [LOCAL, NESTED]);
    assert_eq!(NESTED, format!("{ADDRESS}:5080"));
}

#[test]
fn every_rule_has_the_fallback_and_its_kind() {
    for (fallback, theirs) in
        [(Fallback::None, rules::Fallback::None), (Fallback::Upstream, rules::Fallback::Upstream)]
    {
        let config = Config::parse(&daemon::config(&PullProxy { fallback, ..proxy() })).unwrap();
        assert!(config.rules.iter().all(|rule| rule.fallback == theirs && rule.host.as_str() == HOST));
        let kinds: Vec<Kind> = config.rules.iter().map(|rule| rule.kind).collect();
        assert_eq!(kinds, [Kind::Mirror, Kind::PullThrough, Kind::PullThrough, Kind::PullThrough]);
    }
}

#[test]
fn pushes_are_told_with_the_registry_and_the_place_of_the_login() {
    let config: Table = daemon::config(&PullProxy { push: push(), ..proxy() }).parse().unwrap();
    let expected = format!(
        "role_arn = \"arn:aws:iam::123456789012:role/ci-push\"\nrepositories = [\"{HOST}/team/*\"]\n\
         docker_config = \"/run/ecr-pull-proxy/docker/config.json\"\n"
    );
    assert_eq!(config["push"].as_table(), Some(&expected.parse::<Table>().unwrap()));
    let without: Table = daemon::config(&proxy()).parse().unwrap();
    assert!(!without.contains_key("push"));
}

// === engines ===

#[test]
fn without_a_fallback_hosts_toml_names_nobody_but_the_proxy() {
    for host in ["docker.io", "quay.io"] {
        let hosts: Table = hosts_toml(host, Fallback::None).parse().unwrap();
        let expected = "server = \"http://127.0.0.1:5080\"\ncapabilities = [\"pull\", \"resolve\"]\ndial_timeout = \"1s\"";
        assert_eq!(hosts, expected.parse::<Table>().unwrap());
    }
}

#[test]
fn with_a_fallback_hosts_toml_asks_the_proxy_before_the_registry() {
    for (host, server) in [("docker.io", "https://registry-1.docker.io"), ("quay.io", "https://quay.io")] {
        let hosts: Table = hosts_toml(host, Fallback::Upstream).parse().unwrap();
        let expected = format!(
            "server = \"{server}\"\n[host.\"http://127.0.0.1:5080\"]\ncapabilities = [\"pull\", \"resolve\"]\n\
             dial_timeout = \"1s\""
        );
        assert_eq!(hosts, expected.parse::<Table>().unwrap());
    }
}

#[test]
fn every_upstream_registry_has_hosts_toml_for_both_engines() {
    let mut proxy = proxy();
    proxy.mirrors = names(&[("registry.example.com:5000/base", "base"), ("ghcr.io/org/app", "app")]);
    let mut bundle = Bundle::new(OperatingSystem::AmazonLinux2023);
    engines::add(&proxy, &mut bundle);
    for directory in ["/etc/docker/certs.d", "/etc/containerd/certs.d"] {
        for host in ["docker.io", "quay.io", "ghcr.io", "registry.example.com_5000_"] {
            let path = format!("{directory}/{host}/hosts.toml");
            assert!(bundle.files.iter().any(|file| file.path == path), "{path}");
        }
    }
    assert_eq!(bundle.files.iter().filter(|file| file.path.ends_with("/hosts.toml")).count(), 8);
}

#[test]
fn buildkit_asks_the_proxy_for_every_upstream_registry_by_plain_http() {
    let config: Table = buildkitd_toml(&proxy()).parse().unwrap();
    let expected = "[registry.\"docker.io\"]\nmirrors = [\"198.18.0.1:5080\"]\n[registry.\"quay.io\"]\nmirrors = \
                    [\"198.18.0.1:5080\"]\n[registry.\"198.18.0.1:5080\"]\nhttp = true";
    assert_eq!(config, expected.parse::<Table>().unwrap());
}

/// Docker's engine has mirrors for Docker Hub only: where that is not served, its files stay as they are.
#[test]
fn docker_hub_is_touched_only_where_it_is_served() {
    let told = |proxy: &PullProxy| {
        let data = worker::bundle(&Setup::default(), Some(proxy)).user_data().unwrap();
        ["registry-mirrors", "nested-daemon.json", "auth.docker.io", "manage_etc_hosts"]
            .map(|text| data.plain().contains(text))
    };
    assert_eq!(told(&proxy()), [true; 4]);
    assert_eq!(told(&PullProxy { fallback: Fallback::Upstream, ..proxy() }), [true, true, false, false]);
    assert_eq!(told(&of_quay()), [false; 4]);
}

// === jobs ===

#[test]
fn jobs_get_what_their_engines_and_their_pushes_need() {
    let buildkit = "/etc/buildkit/buildkitd.toml:/root/.docker/buildx/buildkitd.default.toml:ro";
    let daemon = "/etc/ecr-pull-proxy/nested-daemon.json:/etc/docker/daemon.json:ro";
    let login = "/run/ecr-pull-proxy/docker:/run/ecr-pull-proxy/docker:ro";
    let (buildx, docker) = ("BUILDX_CONFIG=/root/.docker/buildx", "DOCKER_CONFIG=/run/ecr-pull-proxy/docker");
    let all = PullProxy { push: push(), ..proxy() };
    assert_eq!(JobSettings::of(None), JobSettings::default());
    for (proxy, volumes, environment) in [
        (proxy(), vec![buildkit, daemon], vec![buildx]),
        (of_quay(), vec![buildkit], vec![buildx]),
        (all, vec![buildkit, daemon, login], vec![buildx, docker]),
    ] {
        let settings = JobSettings::of(Some(&proxy));
        assert_eq!(settings.volumes, volumes);
        assert_eq!(settings.environment, environment);
        assert_eq!(JobSettings::from_plan(&planned(&proxy)), Some(settings));
    }
    assert_eq!(JobSettings::from_plan(&Value::Null), Some(JobSettings::default()));
}

/// The host of a registry, and what mirrors are called, may be known only once they are made.
#[test]
fn settings_of_jobs_are_planned_as_soon_as_upstream_names_are_known() {
    let plan = planned_but(|plan| {
        plan.registry_host = Value::Unknown;
        plan.mirrors = known(&[("docker.io/library/alpine", Value::Unknown)]);
    });
    assert_eq!(JobSettings::from_plan(&plan), Some(JobSettings::of(Some(&proxy()))));
    assert_eq!(PullProxy::from_plan(&plan), None);
    for unknown in [
        Value::Unknown,
        planned_but(|plan| plan.rules = Value::Unknown),
        planned_but(|plan| plan.push = Value::Unknown),
    ] {
        assert_eq!(JobSettings::from_plan(&unknown), None);
    }
}

#[test]
fn every_directory_that_jobs_mount_is_there_on_the_worker() {
    let proxy = PullProxy { push: push(), ..proxy() };
    let bundle = worker::bundle(&Setup::default(), Some(&proxy));
    let content = |path: &str| bundle.files.iter().find(|file| file.path == path).map(|file| &file.content);
    for volume in JobSettings::of(Some(&proxy)).volumes {
        let (source, _) = volume.split_once(':').unwrap();
        if let Some(directory) = source.strip_prefix("/run/") {
            let unit = content("/etc/systemd/system/ecr-pull-proxy.service").unwrap();
            // Jobs keep it mounted while the daemon starts again.
            for line in [format!("RuntimeDirectory={directory}"), "RuntimeDirectoryPreserve=yes".to_owned()] {
                assert!(unit.lines().any(|found| found == line), "{line} is missing in {unit}");
            }
        } else {
            assert!(content(source).is_some(), "{source}");
        }
    }
}

// === validation ===

#[test]
fn defaults_are_those_of_the_schema_where_configuration_has_none() {
    let plan = planned_but(|plan| plan.fallback = Value::Null);
    assert_eq!(PullProxy::from_plan(&plan), Some(Some(proxy())));
    assert_eq!(PullProxy::from_plan(&Value::Null), Some(None));
}

/// Path and text of each fault.
fn found(plan: Value<PullProxyPlan>) -> Vec<(String, String)> {
    let mut diagnostics = Diagnostics::new();
    validate(&plan, &mut diagnostics);
    diagnostics.iter().map(|fault| (fault.path.to_string(), fault.detail.clone())).collect()
}

#[test]
fn faults_are_told_at_the_names_they_concern() {
    assert_eq!(found(planned(&PullProxy { push: push(), ..proxy() })), []);
    assert_eq!(found(Value::Unknown), []);
    let nothing = planned_but(|plan| (plan.mirrors, plan.rules) = (Value::Null, known(&[])));
    assert!(
        matches!(&found(nothing)[..], [(path, detail)] if path == "pull_proxy" && detail.contains("Set mirrors"))
    );
    assert_eq!(found(planned_but(|plan| (plan.mirrors, plan.rules) = (Value::Null, Value::Unknown))), []);
    for (upstream, name, told) in [
        ("alpine", "alpine", "begin with the registry's name"),
        ("Docker.io", "alpine", "begin with the registry's name"),
        ("registry-1.docker.io", "hub", "write docker.io"),
        ("docker.io/Library", "alpine", "is refused by the daemon"),
        ("docker..io/library", "alpine", "name of a registry"),
        ("docker.io\"/library", "alpine", "name of a registry"),
        ("[::1]:5000/library", "alpine", "name of a registry"),
        ("quay.io", "Quay", "lower case"),
        ("quay.io", "quay/", "slash"),
        ("quay.io", "", "2 to 256"),
    ] {
        for attribute in ["mirrors", "rules"] {
            let plan = planned_but(|plan| {
                let named = if attribute == "mirrors" { &mut plan.mirrors } else { &mut plan.rules };
                *named = known(&[(upstream, Value::Known(name.to_owned()))]);
            });
            let path = AttributePath::attribute("pull_proxy").with_attribute(attribute).with_key(upstream);
            let faults = found(plan);
            let [(place, detail)] = &faults[..] else { panic!("{upstream}: {faults:?}") };
            assert_eq!(*place, path.to_string());
            assert!(detail.contains(told), "{upstream}: {detail}");
        }
    }
}

#[test]
fn hosts_of_other_registries_and_of_no_registry_are_refused() {
    assert_eq!(validate::check_registry_host(HOST), Ok(()));
    for wrong in ["docker.io", "https://123456789012.dkr.ecr.eu-central-1.amazonaws.com", "public.ecr.aws"] {
        assert!(validate::check_registry_host(wrong).is_err(), "{wrong}");
    }
    assert_eq!(validate::check_push_repository("team/*"), Ok(()));
    for (wrong, told) in [
        ("", "behind the host"),
        ("Team/*", "upper-case"),
        ("team/*/app", "only the end"),
        ("a b", "\"a b\""),
    ] {
        let invalid = validate::check_push_repository(wrong).expect_err(wrong);
        assert!(invalid.problem.contains(told) && !invalid.problem.contains("push."), "{}", invalid.problem);
    }
}

/// Each value for itself is good; what the daemon finds is told at the place of the practitioner.
#[test]
fn pushes_to_where_images_are_served_from_are_refused_by_the_daemon() {
    let mut push = push();
    push.iter_mut()
        .for_each(|push| push.repositories = ["team/*".to_owned(), "quay/org/app".to_owned()].into());
    let faults = found(planned(&PullProxy { push, ..proxy() }));
    let [(path, detail)] = &faults[..] else { panic!("{faults:?}") };
    assert_eq!(path, "pull_proxy.push");
    assert!(detail.contains("push.repositories[0]") && detail.contains("quay.io"), "{detail}");
}

// === size ===

/// Text that does not compress below half.
fn noise(number: u32) -> String {
    sha2::Sha256::digest(number.to_be_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `number` mirrors whose names do not help to compress each other.
fn mirrors(number: u32) -> Option<BTreeMap<String, String>> {
    let mirror = |at| {
        let name = noise(at);
        let upstream = format!("docker.io/{}/{}", &name[..12], &name[12..32]);
        (upstream.clone(), format!("mirror/{upstream}"))
    };
    Some((0..number).map(mirror).collect())
}

#[test]
fn two_hundred_mirrors_and_nine_rules_fit_into_user_data() {
    let rules = names(&[
        ("docker.io", "docker-hub"),
        ("docker.io/library", "ecr-public/docker/library"),
        ("public.ecr.aws", "ecr-public"),
        ("quay.io", "quay"),
        ("ghcr.io", "github"),
        ("registry.gitlab.com", "gitlab"),
        ("registry.k8s.io", "kubernetes"),
        ("cgr.dev", "chainguard"),
        ("team.azurecr.io", "azure"),
    ]);
    let proxy = PullProxy { mirrors: mirrors(200), rules, push: push(), ..proxy() };
    let data = worker::bundle(&Setup::default(), Some(&proxy)).user_data().unwrap();
    assert!(data.plain().len() > 2 * USER_DATA_LIMIT, "{} bytes are no test", data.plain().len());
    assert!(data.size() < USER_DATA_LIMIT * 3 / 4, "{} of {USER_DATA_LIMIT} bytes", data.size());
}

#[test]
fn too_many_mirrors_are_a_fault_of_the_proxy_and_a_long_script_is_one_of_the_setup() {
    let cause = |setup: &Setup, proxy: &PullProxy| {
        worker::cause(&worker::bundle(setup, Some(proxy)).user_data().expect_err("it fits"))
    };
    let many = PullProxy { mirrors: mirrors(1200), ..proxy() };
    assert_eq!(cause(&Setup::default(), &many), "pull_proxy");
    let script = Some((0..600).map(noise).collect());
    assert_eq!(cause(&Setup { extra_script: script, ..Setup::default() }, &proxy()), "setup");
}
