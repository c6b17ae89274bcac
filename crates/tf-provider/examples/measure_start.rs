//! Starts a provider once, as Terraform does, and prints as JSON how long that took and what it weighs.
//!
//! `cargo xtask bench start` runs this again and again. The provider may be anybody's, of protocol 5 or 6: of what is
//! asked here, only the name differs.
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
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::uri::PathAndQuery;
use prost::Message as _;
use rcgen::PKCS_ECDSA_P521_SHA512;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use tf_provider::proto::plugin::Empty;
use tf_provider::proto::plugin::grpc_controller_client::GrpcControllerClient;
use tf_provider::proto::tfplugin6::get_provider_schema;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tonic_prost::ProstCodec;

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
    let method = match fields[1] {
        "5" => "/tfplugin5.Provider/GetSchema",
        "6" => "/tfplugin6.Provider/GetProviderSchema",
        other => anyhow::bail!("the provider serves protocol {other}"),
    };
    ensure!(fields[2] == "unix", "the provider listens on {}, not on a Unix socket", fields[2]);
    let certificate: CertificateDer<'static> =
        STANDARD_NO_PAD.decode(fields[5]).context("the server's certificate")?.into();
    let mut tls = client_config(certificate.clone(), Some(&host), &rustls::version::TLS13);
    tls.dangerous().set_certificate_verifier(Arc::new(Pinned { certificate }));
    let channel = channel(PathBuf::from(fields[3]), Some(tls)).await?;

    let mut client = tonic::client::Grpc::new(channel.clone()).max_decoding_message_size(MESSAGE_LIMIT);
    client.ready().await?;
    let asked = Instant::now();
    let request = tonic::Request::new(get_provider_schema::Request {});
    let codec = ProstCodec::<_, get_provider_schema::Response>::default();
    let schema = timeout(LIMIT, client.unary(request, PathAndQuery::from_static(method), codec)).await;
    let schema = schema.context("no schema")??.into_inner();
    let to_schema = asked.elapsed();
    ensure!(schema.provider.is_some(), "the answer holds no schema of the provider");
    let resident = resident_bytes(&child);

    // Go's plugins end without an answer: the end itself is what counts.
    let _ = timeout(LIMIT, GrpcControllerClient::new(channel).shutdown(Empty {})).await;
    timeout(LIMIT, child.wait()).await.context("the provider does not end")??;
    Ok(serde_json::json!({
        "line_micros": u64::try_from(to_line.as_micros())?,
        "schema_micros": u64::try_from(to_schema.as_micros())?,
        "schema_bytes": schema.encoded_len(),
        "resident_bytes": resident,
    }))
}

/// Accepts the very certificate of the handshake line: go-plugin's is an authority, which rustls refuses as a server's.
#[derive(Debug)]
struct Pinned {
    certificate: CertificateDer<'static>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        presented: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if *presented == self.certificate {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::General("not the certificate of the handshake line".to_owned()))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// `VmRSS`, as Linux tells it.
fn resident_bytes(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()?)).ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(value.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}
