//! Items 1 to 5 and 15: cookie, handshake line, socket.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use tf_provider::proto::tfplugin6 as pb;

use crate::support::client::{Presents, ping};
use crate::support::probe::Probe;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn item_01_without_the_cookie_a_person_is_told_how_to_use_the_plugin() {
    for probe in [Probe::by_hand(), Probe::by_hand().env("TF_PLUGIN_MAGIC_COOKIE", "wrong")] {
        let outcome = probe.outcome().await;
        assert_eq!(outcome.status.code(), Some(1));
        assert_eq!((outcome.stdout.as_str(), outcome.files), ("", 0));
        for expected in
            ["Terraform plugin", "required_providers", "probe = {", "\"example/probe\"", "\"1.2.3\""]
        {
            assert!(outcome.stderr.contains(expected), "{expected} in {}", outcome.stderr);
        }
    }
}

#[tokio::test]
async fn item_01_flags_for_people_need_no_cookie() {
    for (flag, expected) in [
        ("--version", "terraform-provider-probe 1.2.3\n"),
        ("--help", "--debug"),
        ("--schema", "{\"provider\":{}}\n"),
    ] {
        let outcome = Probe::by_hand().argument(flag).outcome().await;
        assert!(outcome.status.success() && outcome.stderr.is_empty());
        assert!(outcome.stdout.contains(expected), "{flag}: {}", outcome.stdout);
    }
}

#[tokio::test]
async fn item_01_unknown_flag_is_a_usage_error() {
    let outcome = Probe::by_host().argument("--fast").outcome().await;
    assert_eq!((outcome.status.code(), outcome.stdout.as_str()), (Some(2), ""));
    assert!(outcome.stderr.contains("--fast"), "{}", outcome.stderr);
}

#[tokio::test]
async fn item_02_line_is_all_there_is_and_the_socket_exists_by_then() {
    let mut probe = Probe::by_host().start().await;
    assert_eq!(probe.fields().len(), 6);
    assert_eq!(&probe.fields()[..3], ["1", "6", "unix"]);
    assert_eq!(&probe.fields()[4..], ["grpc", ""]);
    assert!(fs::metadata(probe.socket()).unwrap().file_type().is_socket());
    assert_eq!(probe.next_line().await, "");
}

#[tokio::test]
async fn item_02_stray_output_of_an_author_does_not_reach_the_host() {
    let probe = Probe::by_host().start().await;
    probe
        .provider()
        .await
        .validate_provider_config(pb::validate_provider_config::Request::default())
        .await
        .unwrap();
    let outcome = probe.terminate().await;
    assert_eq!(outcome.stdout.lines().count(), 1, "{}", outcome.stdout);
    assert!(outcome.stderr.contains("stray line"));
}

#[tokio::test]
async fn item_03_version_6_is_chosen_from_any_list() {
    for versions in ["6,5", "5,6", "4,5,6,7", "junk,,6,-1", "5", ""] {
        let probe = Probe::by_host().env("PLUGIN_PROTOCOL_VERSIONS", versions).start().await;
        assert_eq!(probe.fields()[1], "6", "{versions}");
    }
}

#[tokio::test]
async fn item_04_multiplex_is_answered_only_when_asked_for() {
    for value in ["true", ""] {
        let probe = Probe::by_host().env("PLUGIN_MULTIPLEX_GRPC", value).start().await;
        assert_eq!(probe.fields().len(), 7);
        assert_eq!(probe.fields()[6], "false");
    }
}

#[tokio::test]
async fn item_05_socket_is_the_owners_alone() {
    let probe = Probe::by_host().start().await;
    assert_eq!(mode(&probe.socket()), 0o600);
    assert_eq!(mode(probe.socket().parent().unwrap()), 0o700);
}

#[tokio::test]
async fn item_05_socket_lies_where_the_host_wants_it() {
    let probe = Probe::by_host();
    let wanted = probe.directory().join("wanted");
    fs::create_dir(&wanted).unwrap();
    let probe = probe.env("PLUGIN_UNIX_SOCKET_DIR", &wanted).start().await;
    assert!(probe.socket().starts_with(&wanted));
}

#[tokio::test]
async fn item_05_socket_lies_in_the_directory_for_temporary_files_otherwise() {
    let probe = Probe::by_host().env("PLUGIN_UNIX_SOCKET_DIR", "");
    let temporary = probe.directory().to_owned();
    assert!(probe.start().await.socket().starts_with(temporary));
}

#[tokio::test]
async fn item_05_group_may_connect_when_the_host_asks_for_it() {
    let group = rustix::process::getgid().as_raw();
    let probe = Probe::by_host().env("PLUGIN_UNIX_SOCKET_GROUP", group.to_string()).start().await;
    let socket = probe.socket();
    assert_eq!(mode(&socket), 0o660);
    assert_eq!(mode(socket.parent().unwrap()), 0o750);
    assert_eq!(fs::metadata(&socket).unwrap().gid(), group);
}

#[tokio::test]
async fn item_05_unknown_group_is_an_error() {
    let outcome = Probe::by_host().env("PLUGIN_UNIX_SOCKET_GROUP", "no-such-group").outcome().await;
    assert_eq!((outcome.status.code(), outcome.stdout.as_str(), outcome.files), (Some(1), "", 0));
    assert!(outcome.stderr.contains("no-such-group"), "{}", outcome.stderr);
}

#[tokio::test]
async fn item_05_too_long_a_path_is_explained() {
    let probe = Probe::by_host();
    let long = probe.directory().join("x".repeat(100));
    fs::create_dir(&long).unwrap();
    let outcome = probe.env("PLUGIN_UNIX_SOCKET_DIR", &long).outcome().await;
    assert_eq!((outcome.status.code(), outcome.stdout.as_str()), (Some(1), ""));
    assert!(outcome.stderr.contains("TMPDIR"), "{}", outcome.stderr);
}

#[tokio::test]
async fn item_15_without_a_client_certificate_plaintext_is_served() {
    let probe = Probe::by_host().start().await;
    ping(probe.connect(Presents::Plaintext).await.unwrap()).await.unwrap();
}
