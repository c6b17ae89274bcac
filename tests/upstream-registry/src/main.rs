//! `upstream-registry`: the registry of this crate as a process of its own, for demonstrations.
//!
//! It prints one line of JSON (address and images by digest) and runs until its standard input is
//! closed or it is told to end by SIGTERM.

use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use upstream_registry::{RateLimit, Registry, TokenAuth};

const USAGE: &str = "usage: upstream-registry [--address 127.0.0.1:0] [--image library/alpine:3.20]... \
                     [--rate-limit PULLS] [--token-auth]";

struct Arguments {
    address: SocketAddr,
    images: Vec<(String, String)>,
    rate_limit: Option<u64>,
    token_auth: bool,
}

fn arguments(given: impl IntoIterator<Item = String>) -> anyhow::Result<Arguments> {
    let mut arguments = Arguments {
        address: "127.0.0.1:0".parse()?,
        images: Vec::new(),
        rate_limit: None,
        token_auth: false,
    };
    let mut given = given.into_iter();
    while let Some(name) = given.next() {
        let mut value = || given.next().with_context(|| format!("{name} needs a value\n{USAGE}"));
        match name.as_str() {
            "--address" => arguments.address = value()?.parse().context("--address takes address:port")?,
            "--image" => {
                let image = value()?;
                let (repository, tag) = image
                    .rsplit_once(':')
                    .with_context(|| format!("--image {image}: write repository:tag"))?;
                arguments.images.push((repository.to_owned(), tag.to_owned()));
            }
            "--rate-limit" => {
                arguments.rate_limit =
                    Some(value()?.parse().context("--rate-limit takes a number of pulls")?);
            }
            "--token-auth" => arguments.token_auth = true,
            _ => bail!("unknown argument {name}\n{USAGE}"),
        }
    }
    Ok(arguments)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = arguments(std::env::args().skip(1))?;
    let mut builder = Registry::builder().address(arguments.address);
    if let Some(limit) = arguments.rate_limit {
        builder = builder.rate_limit(RateLimit::docker_hub(limit));
    }
    if arguments.token_auth {
        builder = builder.token_auth(TokenAuth::anonymous());
    }
    let registry = builder.start().await?;
    let mut images = json!({});
    for (repository, tag) in &arguments.images {
        let made = registry.add_image(repository, tag, &["linux/amd64", "linux/arm64"]);
        images[format!("{repository}:{tag}")] = json!(made.digest);
    }
    let line = json!({"address": registry.address().to_string(), "images": images});
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).context("writing the address to standard output")?;
    drop(out);
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        () = input_closed() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// Waits until standard input ends; what arrives there is not looked at.
async fn input_closed() {
    let (ended, end) = tokio::sync::oneshot::channel::<()>();
    // A thread of its own: a pending read would keep the runtime from ending, but not the process.
    std::thread::spawn(move || {
        let read = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        drop((read, ended));
    });
    // Whether it is told or dropped, the input has ended.
    let _ = end.await;
}
