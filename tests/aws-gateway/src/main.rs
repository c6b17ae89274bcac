//! `aws-gateway`: emulators and gateway as one process, until standard input closes or SIGTERM arrives.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use aws_gateway::{Emulators, Gateway};
use url::Url;

const USAGE: &str = "usage: aws-gateway --venv DIR --logs DIR [--upstream HOST=URL]... [--address IP:PORT]";

struct Arguments {
    venv: PathBuf,
    logs: PathBuf,
    upstreams: Vec<(String, Url)>,
    address: SocketAddr,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(tracing::Level::WARN).init();
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let emulators = Emulators::start(&arguments.venv, &arguments.logs).await?;
    let mut builder = Gateway::builder(&emulators).address(arguments.address);
    for (host, url) in arguments.upstreams {
        builder = builder.upstream(&host, url);
    }
    let gateway = builder.start().await?;
    let mut output = std::io::stdout().lock();
    writeln!(output, "{}", serde_json::json!({"url": gateway.url()})).context("writing the address")?;
    output.flush().context("writing the address")?;
    drop(output);
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        () = input_closed() => {}
    }
    drop(gateway);
    drop(emulators);
    Ok(())
}

/// Ends with standard input, which a thread of its own drains: a blocking read cannot be cancelled.
async fn input_closed() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // An input that cannot be read is closed as well.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = sender.send(());
    });
    let _ = receiver.await;
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let (mut venv, mut logs, mut upstreams) = (None, None, Vec::new());
        let mut address = SocketAddr::from(([127, 0, 0, 1], 0));
        while let Some(word) = words.next() {
            let value = words.next().with_context(|| format!("{word} needs a value\n{USAGE}"))?;
            match word.as_str() {
                "--venv" => venv = Some(PathBuf::from(value)),
                "--logs" => logs = Some(PathBuf::from(value)),
                "--address" => address = value.parse().with_context(|| format!("--address {value}"))?,
                "--upstream" => {
                    let (host, url) = value.split_once('=').context("--upstream takes HOST=URL")?;
                    let url = Url::parse(url).with_context(|| format!("--upstream {value}"))?;
                    upstreams.push((host.to_owned(), url));
                }
                _ => bail!("unknown argument {word}\n{USAGE}"),
            }
        }
        Ok(Self { venv: venv.context(USAGE)?, logs: logs.context(USAGE)?, upstreams, address })
    }
}
