//! Items 11 and 12, and what becomes of a provider whose host is gone.

use std::process::Stdio;
use std::time::Duration;

use rcgen::PKCS_ECDSA_P521_SHA512;
use rustix::process::Signal;
use tf_provider::proto::plugin::grpc_broker_client::GrpcBrokerClient;
use tf_provider::proto::plugin::grpc_controller_client::GrpcControllerClient;
use tf_provider::proto::plugin::grpc_stdio_client::GrpcStdioClient;
use tf_provider::proto::plugin::{ConnInfo, Empty};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

use tf_provider::proto::tfplugin6 as pb;

use crate::support::certificates::Identity;
use crate::support::client::{Presents, ping};
use crate::support::probe::{LIMIT, Probe, executable};

/// After a shutdown, go-plugin waits this long before it kills.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(2);

#[tokio::test]
async fn item_11_shutdown_ends_the_process_in_time_with_streams_open() {
    let host = Identity::host(&PKCS_ECDSA_P521_SHA512);
    let probe = Probe::by_host_with(&host).start().await;
    let channel = probe.connect(Presents::Certificate(&host)).await.unwrap();
    let _stdio = GrpcStdioClient::new(channel.clone()).stream_stdio(()).await.unwrap();
    let announcements = tokio_stream::pending::<ConnInfo>();
    let _broker = GrpcBrokerClient::new(channel.clone()).start_stream(announcements).await.unwrap();

    GrpcControllerClient::new(channel).shutdown(Empty {}).await.unwrap();
    let outcome = timeout(SHUTDOWN_LIMIT, probe.outcome()).await.expect("the process should have ended");
    assert_eq!((outcome.status.code(), outcome.files), (Some(0), 0));
}

#[tokio::test]
async fn item_11_shutdown_ends_the_process_in_time_with_a_call_running() {
    let probe = Probe::by_host().start().await;
    let mut provider = probe.provider().await;
    let apply = tokio::spawn(async move {
        provider.apply_resource_change(pb::apply_resource_change::Request::default()).await
    });
    let channel = probe.connect(Presents::Plaintext).await.unwrap();
    GrpcControllerClient::new(channel).shutdown(Empty {}).await.unwrap();
    let outcome = timeout(SHUTDOWN_LIMIT, probe.outcome()).await.expect("the process should have ended");
    assert_eq!((outcome.status.code(), outcome.files), (Some(0), 0));
    apply.abort();
}

#[tokio::test]
async fn item_11_standard_streams_and_broker_stay_open_until_the_end() {
    let probe = Probe::by_host().start().await;
    let channel = probe.connect(Presents::Plaintext).await.unwrap();
    let mut stdio = GrpcStdioClient::new(channel.clone()).stream_stdio(()).await.unwrap().into_inner();
    let announcements = tokio_stream::pending::<ConnInfo>();
    let mut broker =
        GrpcBrokerClient::new(channel.clone()).start_stream(announcements).await.unwrap().into_inner();
    let waiting = tokio::spawn(async move { (stdio.message().await, broker.message().await) });
    ping(channel.clone()).await.unwrap();
    assert!(!waiting.is_finished());
    GrpcControllerClient::new(channel).shutdown(Empty {}).await.unwrap();
    let (stdio, broker) = timeout(LIMIT, waiting).await.unwrap().unwrap();
    assert_eq!((stdio.unwrap(), broker.unwrap()), (None, None));
}

#[tokio::test]
async fn item_12_interrupts_are_ignored_from_the_line_on() {
    let probe = Probe::by_host().start().await;
    probe.signal(Signal::INT);
    probe.signal(Signal::INT);
    let channel = probe.connect(Presents::Plaintext).await.unwrap();
    ping(channel.clone()).await.unwrap();
    probe.signal(Signal::INT);
    ping(channel).await.unwrap();
}

#[tokio::test]
async fn terminate_signal_ends_the_process_and_removes_the_socket() {
    let probe = Probe::by_host().start().await;
    let channel = probe.connect(Presents::Plaintext).await.unwrap();
    let _stdio = GrpcStdioClient::new(channel).stream_stdio(()).await.unwrap();
    let outcome = probe.terminate().await;
    assert_eq!((outcome.status.code(), outcome.files), (Some(0), 0));
}

#[tokio::test]
async fn process_ends_some_time_after_its_last_connection() {
    let probe = Probe::by_host().start().await;
    ping(probe.connect(Presents::Plaintext).await.unwrap()).await.unwrap();
    let outcome = probe.outcome().await;
    assert_eq!((outcome.status.code(), outcome.files), (Some(0), 0));
}

#[tokio::test]
async fn process_ends_when_its_host_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let probe = Probe::by_host().env("TMPDIR", directory.path());
    let mut host = probe.within_shell(&executable());
    let mut host = host.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(host.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
    let socket = std::path::PathBuf::from(line.split('|').nth(3).unwrap());
    assert!(socket.exists());

    host.kill().await.unwrap();
    let deadline = Instant::now() + LIMIT;
    while socket.exists() {
        assert!(Instant::now() < deadline, "the provider outlived its host");
        sleep(Duration::from_millis(50)).await;
    }
}

/// A shell in place of a host: unlike the test itself, it can be killed.
impl Probe {
    fn within_shell(&self, executable: &std::path::Path) -> Command {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg("\"$0\" & wait").arg(executable).envs(self.environment()).kill_on_drop(true);
        command
    }
}
