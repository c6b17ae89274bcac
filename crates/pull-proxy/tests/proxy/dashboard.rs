//! The dashboard for Grafana shows what the daemon exposes: no panel asks for something that is not there, and nothing
//! that is there is left out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use upstream_registry::{Effect, Fault, Image, Operation};

use crate::support::{HUB_RULE, World, file};

const REPOSITORY: &str = "docker-hub/library/alpine";
const PREFIX: &str = "ecr_pull_proxy_";
/// Labels that the scraping Prometheus adds.
const OF_PROMETHEUS: [&str; 1] = ["instance"];
/// Series of a daemon that keeps a login for pushes, as `push` sees them, which the one here does not.
pub(crate) const OF_PUSH: [(&str, &str); 3] = [
    ("ecr_pull_proxy_push_token_age_seconds", "role"),
    ("ecr_pull_proxy_push_token_left_seconds", "role"),
    ("ecr_pull_proxy_push_token_failures_total", "role"),
];

fn dashboard() -> Value {
    let text = std::fs::read_to_string(file("grafana/ecr-pull-proxy.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// All queries of the panels and variables.
fn queries(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if matches!(name.as_str(), "expr" | "definition" | "query") => {
                        found.push(text.clone());
                    }
                    _ => queries(member, found),
                }
            }
        }
        Value::Array(members) => members.iter().for_each(|member| queries(member, found)),
        _ => {}
    }
}

/// Words of a query that are names of metrics or labels: those outside of quotation marks and `[…]`.
fn words(query: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut quoted, mut range) = (false, false);
    for character in query.chars() {
        match character {
            '"' => quoted = !quoted,
            '[' | ']' if !quoted => range = character == '[',
            _ if quoted || range => {}
            'a'..='z' | '0'..='9' | '_' => words.last_mut().unwrap().push(character),
            _ => words.push(String::new()),
        }
    }
    words.retain(|word| word.starts_with(|first: char| first.is_ascii_lowercase()));
    words
}

/// Functions and keywords of PromQL and of Grafana's variables that the dashboard uses.
const LANGUAGE: [&str; 9] =
    ["by", "histogram_quantile", "increase", "label_values", "max", "min", "rate", "sum", "le"];

/// A running daemon's series with their labels, after every kind of thing has happened to it, and its families.
async fn exposed() -> (BTreeMap<String, BTreeSet<String>>, BTreeSet<String>) {
    let world =
        World::with_rules("blobs = \"verify\"", &format!("{HUB_RULE}fallback = \"upstream\"\n")).await;
    let image = world.ecr.add(REPOSITORY, "1", &Image::new(&["linux/amd64"]).layer_size(3 * 1024 * 1024));
    world.hub.add_image("library/only", "1", &["linux/amd64"]);
    for path in ["alpine", "alpine", "only"] {
        assert_eq!(world.get(&format!("/v2/library/{path}/manifests/1")).await.status(), 200);
    }
    world.ecr.inject(Fault::new(Operation::GetBlob, Effect::Corrupt));
    let cut = world.get(&format!("/v2/library/alpine/blobs/{}", image.blobs[0])).await.bytes().await;
    assert!(cut.is_err());
    let text = world.get("/metrics").await.text().await.unwrap();
    let mut series: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, labels) = line.rsplit_once(' ').unwrap().0.split_once('{').unwrap_or((line, ""));
        let name = name.split(' ').next().unwrap();
        let names =
            labels.trim_end_matches('}').split(',').filter_map(|label| Some(label.split_once('=')?.0));
        series.entry(name.to_owned()).or_default().extend(names.map(str::to_owned));
    }
    let family = |line: &str| Some(line.strip_prefix("# TYPE ")?.split(' ').next()?.to_owned());
    let mut families: BTreeSet<String> = text.lines().filter_map(family).collect();
    for (metric, label) in OF_PUSH {
        series.insert(metric.to_owned(), BTreeSet::from([label.to_owned()]));
        families.insert(metric.trim_end_matches("_total").to_owned());
    }
    (series, families)
}

#[tokio::test]
async fn dashboard_asks_for_what_the_daemon_exposes_and_for_all_of_it() {
    let (series, families) = exposed().await;
    let mut asked = Vec::new();
    queries(&dashboard(), &mut asked);
    assert!(asked.len() > families.len(), "{asked:?}");
    let mut shown = BTreeSet::new();
    for query in &asked {
        let words = words(query);
        let (metrics, labels): (Vec<_>, Vec<_>) = words
            .iter()
            .filter(|word| !LANGUAGE.contains(&word.as_str()))
            .partition(|word| word.starts_with(PREFIX));
        let [metric] = metrics[..] else { panic!("one metric is wanted in {query}: {metrics:?}") };
        let family = families.iter().find(|family| is_of(metric, family));
        let family = family.unwrap_or_else(|| panic!("{metric} of {query} is not exposed"));
        shown.insert(family);
        let there = series.get(metric).unwrap_or_else(|| panic!("{metric} of {query} has no series"));
        for label in labels {
            let known = there.contains(label) || OF_PROMETHEUS.contains(&label.as_str());
            assert!(known, "{metric} has no label {label}, in {query}");
        }
    }
    let left_out: Vec<_> = families.iter().filter(|family| !shown.contains(family)).collect();
    assert!(left_out.is_empty(), "on no panel: {left_out:?}");
}

/// Whether a metric is one of a family: a gauge, a counter, or a histogram's buckets.
fn is_of(metric: &str, family: &str) -> bool {
    metric.strip_prefix(family).is_some_and(|suffix| ["", "_total", "_bucket"].contains(&suffix))
}

#[test]
fn dashboard_can_be_imported() {
    let dashboard = dashboard();
    let input = &dashboard["__inputs"][0];
    assert_eq!((&input["type"], &input["pluginId"]), (&"datasource".into(), &"prometheus".into()));
    let source = format!("${{{}}}", input["name"].as_str().unwrap());
    let panels = dashboard["panels"].as_array().unwrap();
    let mut taken = BTreeSet::new();
    for (at, panel) in panels.iter().enumerate() {
        assert_eq!(panel["id"], at + 1);
        assert!(panel["title"].is_string() && panel["description"].is_string(), "{panel}");
        let required = dashboard["__requires"].as_array().unwrap();
        assert!(required.iter().any(|required| required["id"] == panel["type"]), "{}", panel["type"]);
        let all = panel["targets"].as_array().unwrap().iter().chain([panel]);
        all.for_each(|part| assert_eq!(part["datasource"]["uid"], source.as_str(), "{part}"));
        for target in panel["targets"].as_array().unwrap() {
            let (query, legend) =
                (target["expr"].as_str().unwrap(), target["legendFormat"].as_str().unwrap());
            for label in legend.split("{{").skip(1).map(|rest| rest.split("}}").next().unwrap()) {
                assert!(words(query).iter().any(|word| word == label), "{legend} of {query}");
            }
        }
        let place = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        assert!(place("x") + place("w") <= 24, "{}", panel["title"]);
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(taken.insert((x, y)), "{} overlaps another panel", panel["title"]);
            }
        }
    }
    // Grafana writes an id of its own.
    assert!(dashboard["id"].is_null() && dashboard["schemaVersion"].as_u64() >= Some(41));
}
