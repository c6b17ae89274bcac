//! Starts a provider once, as Terraform does, and prints as JSON how long that took and what it weighs.
//!
//! `cargo xtask bench start` runs this again and again. The provider may be anybody's that serves protocol 6.
//!
//! - `line_micros`: from the start of the process to the end of the handshake line.
//! - `schema_micros`: from the request of GetProviderSchema to its answer, over a connection with mutual TLS.
//! - `schema_bytes`: size of the answer.
//! - `resident_bytes`: resident memory after the answer; null where the system does not tell.

#![expect(clippy::print_stdout, reason = "the measurement is its output")]

/// The host's side, as the tests of the process have it.
#[path = "../tests/process/support"]
#[allow(dead_code, clippy::unwrap_used, reason = "shared with tests, which use all of it")]
mod support {
    pub(crate) mod certificates;
    pub(crate) mod connection;
}

use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use prost::Message as _;
use rcgen::PKCS_ECDSA_P521_SHA512;
use tf_provider::proto::plugin::Empty;
use tf_provider::proto::plugin::grpc_controller_client::GrpcControllerClient;
use tf_provider::proto::tfplugin6::get_provider_schema;
use tf_provider::proto::tfplugin6::provider_client::ProviderClient;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use self::support::certificates::Identity;
use self::support::connection::{COOKIE, channel, client_config};

/// No step takes longer.
const LIMIT: Duration = Duration::from_secs(60);
const MESSAGE_LIMIT: usize = 256 << 20;

fn main() -> ExitCode {
    let Some(provider) = std::env::args_os().nth(1) else {
        eprintln!("usage: measure_start PROVIDER");
        return ExitCode::from(2);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let measured =
        runtime.context("no runtime").and_then(|runtime| runtime.block_on(measure(&provider.into())));
    match measured {
        Ok(measured) => {
            println!("{measured}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(provider: &PathBuf) -> Result<serde_json::Value> {
    // Made before the clock runs, as Terraform makes it before it starts a provider.
    let host = Identity::host(&PKCS_ECDSA_P521_SHA512);
    let mut command = Command::new(provider);
    command
        .env("TF_PLUGIN_MAGIC_COOKIE", COOKIE)
        .env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
        .env("PLUGIN_MIN_PORT", "10000")
        .env("PLUGIN_MAX_PORT", "25000")
        .env("PLUGIN_CLIENT_CERT", &host.pem)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);

    let started = Instant::now();
    let mut child = command.spawn().with_context(|| format!("starting {}", provider.display()))?;
    let mut stdout = BufReader::new(child.stdout.take().context("no standard output")?);
    let mut line = String::new();
    timeout(LIMIT, stdout.read_line(&mut line)).await.context("no handshake line")??;
    let to_line = started.elapsed();

    let fields: Vec<&str> = line.trim_end().split('|').collect();
    ensure!(fields.len() >= 6, "no handshake line of a provider with TLS: {line:?}");
    ensure!(fields[1] == "6", "the provider serves protocol {}, not 6", fields[1]);
    ensure!(fields[2] == "unix", "the provider listens on {}, not on a Unix socket", fields[2]);
    let certificate = STANDARD_NO_PAD.decode(fields[5]).context("the server's certificate")?.into();
    let tls = client_config(certificate, Some(&host), &rustls::version::TLS13);
    let channel = channel(PathBuf::from(fields[3]), Some(tls)).await?;

    let mut client = ProviderClient::new(channel.clone()).max_decoding_message_size(MESSAGE_LIMIT);
    let asked = Instant::now();
    let schema = timeout(LIMIT, client.get_provider_schema(get_provider_schema::Request {})).await;
    let schema = schema.context("no schema")??.into_inner();
    let to_schema = asked.elapsed();
    ensure!(schema.provider.is_some(), "the answer holds no schema of the provider");
    let resident = resident_bytes(&child);

    timeout(LIMIT, GrpcControllerClient::new(channel).shutdown(Empty {})).await.context("no shutdown")??;
    timeout(LIMIT, child.wait()).await.context("the provider does not end")??;
    Ok(serde_json::json!({
        "line_micros": u64::try_from(to_line.as_micros())?,
        "schema_micros": u64::try_from(to_schema.as_micros())?,
        "schema_bytes": schema.encoded_len(),
        "resident_bytes": resident,
    }))
}

/// `VmRSS`, as Linux tells it.
fn resident_bytes(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()?)).ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(value.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}
