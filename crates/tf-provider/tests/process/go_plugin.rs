//! Item 10: the process under go-plugin's own client, the program in `go_plugin/`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};

use crate::support::probe::executable;

/// After this go-plugin kills.
const SHUTDOWN_SECONDS: f64 = 2.0;

#[test]
fn item_10_go_plugins_own_client_connects_pings_and_ends_it_without_a_signal() {
    let Some(client) = client() else { return };
    let sockets = tempfile::tempdir().unwrap();
    let output = Command::new(client).arg(executable()).env("TMPDIR", sockets.path()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let outcome: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!([&outcome["protocol"], &outcome["version"]], [&json!("grpc"), &json!(6)], "{outcome}");
    assert_eq!(outcome["pings"], 3, "{outcome}");
    assert!(outcome["schema_bytes"].as_u64() > Some(0), "{outcome}");
    assert_eq!([&outcome["exit_code"], &outcome["ended_by_signal"]], [&json!(0), &json!(false)], "{outcome}");
    assert_eq!(outcome["go_plugin_forced"], false, "{outcome}");
    assert!(outcome["kill_seconds"].as_f64().unwrap() < SHUTDOWN_SECONDS, "{outcome}");
    assert_eq!(std::fs::read_dir(sockets.path()).unwrap().count(), 0, "something was left behind");
}

/// The built client; go fetches its modules the first time.
///
/// Without Go the test is skipped, where CI does not demand it.
#[allow(clippy::print_stderr, reason = "a skip has to be seen")]
fn client() -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/process/go_plugin");
    let client = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go_plugin");
    let mut build = Command::new("go");
    build.args(["build", "-mod=readonly", "-modcacherw", "-o"]).arg(&client).arg(".").current_dir(source);
    // Nothing outside target is touched, and what is there can be removed.
    let caches = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go");
    build.env("GOPATH", &caches).env("GOCACHE", caches.join("build"));
    let output = match build.env("CGO_ENABLED", "0").stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "go is missing: {error}");
            eprintln!("skipped: go is not installed");
            return None;
        }
        Err(error) => panic!("go cannot be run: {error}"),
    };
    assert!(output.status.success(), "go build: {}", String::from_utf8_lossy(&output.stderr));
    Some(client)
}
