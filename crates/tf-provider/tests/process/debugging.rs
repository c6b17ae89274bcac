//! Item 16, the provider's half: serving hosts that attach by hand.

use std::path::PathBuf;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::client::ping;
use crate::support::connection::channel;
use crate::support::probe::{Probe, Running};

/// Starts without cookie and reads the printed value of `TF_REATTACH_PROVIDERS`.
async fn start() -> (Running, Value) {
    // A certificate in the environment is some other plugin's.
    let mut probe = Probe::by_hand().argument("-debug").env("PLUGIN_CLIENT_CERT", "junk").start().await;
    let value = loop {
        let line = probe.next_line().await;
        assert_ne!(line, "", "no reattach value");
        if let Some(quoted) = line.trim().strip_prefix("TF_REATTACH_PROVIDERS='") {
            break quoted.strip_suffix('\'').unwrap().to_owned();
        }
    };
    (probe, serde_json::from_str(&value).unwrap())
}

#[tokio::test]
async fn item_16_one_process_serves_one_host_after_another() {
    let (probe, value) = start().await;
    let entry = &value["registry.terraform.io/example/probe"];
    assert_eq!((&entry["ProtocolVersion"], &entry["Test"]), (&6.into(), &true.into()));
    let socket = PathBuf::from(entry["Addr"]["String"].as_str().unwrap());
    for _ in 0..3 {
        ping(channel(socket.clone(), None).await.unwrap()).await.unwrap();
    }
    drop(probe);
}

#[tokio::test]
async fn item_16_interrupt_ends_a_debugged_provider() {
    let (probe, _) = start().await;
    probe.signal(Signal::INT);
    let outcome = probe.outcome().await;
    assert_eq!((outcome.status.code(), outcome.files), (Some(0), 0));
}
