//! Item 18: what arrives on standard error.

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use tf_provider::proto::tfplugin6 as pb;

use crate::support::probe::Probe;

/// The log of a process in which every level was logged.
async fn log(probe: Probe) -> Vec<Map<String, Value>> {
    let probe = probe.start().await;
    let mut provider = probe.provider().await;
    provider.configure_provider(pb::configure_provider::Request::default()).await.unwrap();
    provider.read_data_source(pb::read_data_source::Request::default()).await.unwrap_err();
    let stderr = probe.terminate().await.stderr;
    stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

fn levels(log: &[Map<String, Value>]) -> Vec<&str> {
    log.iter()
        .filter(|line| line["@module"] == "probe")
        .map(|line| line["@level"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn item_18_every_line_is_one_that_hosts_can_read() {
    let log = log(Probe::by_host().env("TF_LOG", "TRACE")).await;
    assert_eq!(levels(&log), ["error", "warn", "info", "debug", "trace", "trace"]);
    for line in &log {
        assert!(line["@message"].is_string() && line["@level"].is_string());
        let timestamp = line["@timestamp"].as_str().unwrap();
        assert_eq!(timestamp.len(), "2006-01-02T15:04:05.000000Z".len());
        OffsetDateTime::parse(timestamp, &Rfc3339).unwrap();
        assert!(Value::from(line.clone()).to_string().len() < 64 * 1024);
    }
}

#[tokio::test]
async fn item_18_without_variables_only_warnings_and_errors_appear() {
    let log = log(Probe::by_host()).await;
    assert_eq!(levels(&log), ["error", "warn"]);
    assert!(log.iter().all(|line| ["warn", "error"].contains(&line["@level"].as_str().unwrap())), "{log:?}");
}

#[tokio::test]
async fn item_18_variable_of_the_provider_beats_the_general_one() {
    let probe = Probe::by_host().env("TF_LOG", "trace").env("TF_LOG_PROVIDER_PROBE", "error");
    assert_eq!(levels(&log(probe).await), ["error"]);
}

#[tokio::test]
async fn item_19_masked_values_are_not_in_the_log() {
    let log = log(Probe::by_host().env("TF_LOG", "TRACE")).await;
    let warning = log.iter().find(|line| line["@level"] == "warn" && line["@module"] == "probe").unwrap();
    assert_eq!((&warning["@message"], &warning["token"]), (&"a warning with ***".into(), &"***".into()));
}
