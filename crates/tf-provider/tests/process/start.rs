//! Item 17 is measured by `cargo xtask bench start`; here only that the measuring program works.

use std::process::{Command, Output};

use serde_json::Value as Json;

use crate::support::probe::example;

fn measure(provider: &str) -> Output {
    Command::new(example("measure_start")).arg(provider).output().unwrap()
}

#[test]
fn start_of_a_provider_is_measured_in_every_figure() {
    let output = measure(example("local_files").to_str().unwrap());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let measured: Json = serde_json::from_slice(&output.stdout).unwrap();
    for figure in ["line_micros", "schema_micros", "schema_bytes"] {
        assert!(measured[figure].as_u64() > Some(0), "{figure} in {measured}");
    }
    if cfg!(target_os = "linux") {
        assert!(measured["resident_bytes"].as_u64() > Some(1 << 20), "{measured}");
    }
}

#[test]
fn program_that_is_no_provider_is_an_error() {
    let output = measure("/bin/true");
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("no handshake line"));
}
