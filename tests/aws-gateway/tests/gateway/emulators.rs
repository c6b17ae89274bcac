use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{client, target_folder, venv};

/// Process ids of the children of `parent`.
fn children(parent: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(id) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let after_name = stat.rsplit_once(") ").map(|(_, rest)| rest.to_owned()).unwrap_or_default();
        let mut fields = after_name.split(' ');
        let alive = fields.next() != Some("Z");
        if alive && fields.next() == Some(&parent.to_string()) {
            found.push(id);
        }
    }
    found
}

fn is_alive(id: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{id}/stat"))
        .is_ok_and(|stat| !stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z')))
}

async fn wait_until_gone(ids: &[u32]) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while ids.iter().any(|id| is_alive(*id)) {
        assert!(Instant::now() < deadline, "still running: {ids:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Starts the binary and gives it with its address and the ids of its children.
fn start() -> Option<(std::process::Child, String, Vec<u32>)> {
    let logs = target_folder().join(format!("emulators/logs/binary-{}", std::process::id()));
    let mut process = Command::new(env!("CARGO_BIN_EXE_aws-gateway"))
        .arg("--venv")
        .arg(venv()?)
        .arg("--logs")
        .arg(logs)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    let ids = children(process.id());
    assert_eq!(ids.len(), 2);
    Some((process, line["url"].as_str().unwrap().to_owned(), ids))
}

#[tokio::test]
async fn binary_prints_its_address_and_ends_its_children_when_input_closes() {
    let Some((mut process, url, ids)) = start() else { return };
    let ready = client().get(format!("{url}/_gateway/ready")).send().await.unwrap();
    assert_eq!(ready.status(), 200);
    drop(process.stdin.take());
    assert!(process.wait().unwrap().success());
    wait_until_gone(&ids).await;
}

#[tokio::test]
async fn emulators_end_when_their_parent_is_killed() {
    let Some((mut process, _, ids)) = start() else { return };
    process.kill().unwrap();
    process.wait().unwrap();
    wait_until_gone(&ids).await;
}

#[tokio::test]
async fn missing_virtual_environment_is_said_with_its_place() {
    let empty = tempfile::tempdir().unwrap();
    let error = aws_gateway::Emulators::start(empty.path(), empty.path()).await.unwrap_err();
    assert!(error.to_string().contains(empty.path().to_str().unwrap()));
}
