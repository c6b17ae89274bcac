//! `upstream-registry`: the registry of this crate as a process of its own, for demonstrations.
//!
//! It prints one line of JSON (address and images by digest) and runs until its standard input is
//! closed or it is told to end by SIGTERM.

use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use upstream_registry::{Image, RateLimit, Registry, TokenAuth};

const USAGE: &str = "usage: upstream-registry [--address 127.0.0.1:0] [--image library/alpine:3.20]... \
                     [--layers N] [--layer-size BYTES] [--incomplete] [--discard-blobs] [--stored-blobs] [--rate-limit PULLS] [--token-auth] \
                     [--basic-auth USER:PASSWORD]";

/// Platforms of every image.
const PLATFORMS: [&str; 2] = ["linux/amd64", "linux/arm64"];

#[derive(Debug)]
struct Arguments {
    address: SocketAddr,
    images: Vec<(String, String)>,
    /// Layers of each platform.
    layers: Option<u64>,
    /// Bytes of each layer; without it, layers are tiny archives.
    layer_size: Option<u64>,
    /// Images lack their tag, their manifests and one layer.
    incomplete: bool,
    discard_blobs: bool,
    stored_blobs: bool,
    rate_limit: Option<u64>,
    token_auth: bool,
    basic_auth: Option<(String, String)>,
}

fn arguments(given: impl IntoIterator<Item = String>) -> anyhow::Result<Arguments> {
    let mut arguments = Arguments {
        address: "127.0.0.1:0".parse()?,
        images: Vec::new(),
        layers: None,
        layer_size: None,
        incomplete: false,
        discard_blobs: false,
        stored_blobs: false,
        rate_limit: None,
        token_auth: false,
        basic_auth: None,
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
            "--layers" => {
                arguments.layers = Some(value()?.parse().context("--layers takes a number of layers")?);
            }
            "--layer-size" => {
                arguments.layer_size =
                    Some(value()?.parse().context("--layer-size takes a number of bytes")?);
            }
            "--incomplete" => arguments.incomplete = true,
            "--discard-blobs" => arguments.discard_blobs = true,
            "--stored-blobs" => arguments.stored_blobs = true,
            "--rate-limit" => {
                arguments.rate_limit =
                    Some(value()?.parse().context("--rate-limit takes a number of pulls")?);
            }
            "--token-auth" => arguments.token_auth = true,
            "--basic-auth" => {
                let login = value()?;
                let (user, password) = login.split_once(':').context("--basic-auth takes user:password")?;
                arguments.basic_auth = Some((user.to_owned(), password.to_owned()));
            }
            _ => bail!("unknown argument {name}\n{USAGE}"),
        }
    }
    Ok(arguments)
}

/// What every image of these arguments looks like.
fn image(arguments: &Arguments) -> Image {
    let mut image = Image::new(&PLATFORMS);
    if let Some(layers) = arguments.layers {
        image = image.layers(layers);
    }
    if let Some(bytes) = arguments.layer_size {
        image = image.layer_size(bytes);
    }
    image
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
    if let Some((user, password)) = &arguments.basic_auth {
        builder = builder.basic_auth(user, password);
    }
    if arguments.stored_blobs {
        builder = builder.stored_blobs();
    }
    if arguments.discard_blobs {
        builder = builder.discard_blobs();
    }
    let registry = builder.start().await?;
    let mut images = json!({});
    for (repository, tag) in &arguments.images {
        let made = registry.add(repository, tag, &image(&arguments));
        if arguments.incomplete {
            // The layers of the last platform come before its configuration.
            let layer = made.blobs.iter().rev().nth(1).context("an image has a layer")?;
            registry.delete_blob(repository, layer);
            for manifest in made.manifests.iter().chain([&made.digest]) {
                registry.delete_manifest(repository, manifest);
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> anyhow::Result<Arguments> {
        arguments(text.split_whitespace().map(str::to_owned))
    }

    #[tokio::test]
    async fn layers_and_their_size_are_those_asked_for() {
        let given = given("--image a/b:1 --layers 3 --layer-size 70000 --discard-blobs").unwrap();
        assert!(given.discard_blobs);
        let registry = Registry::builder().start().await.unwrap();
        let made = registry.add("a/b", "1", &image(&given));
        // A config and three layers for each of the two platforms.
        assert_eq!(made.blobs.len(), 8);
        assert!(made.blob_bytes > 6 * 70_000 && made.blob_bytes < 6 * 70_000 + 2000, "{made:?}");
    }

    #[test]
    fn argument_that_is_no_number_or_unknown_is_refused_by_name() {
        for text in ["--layers many", "--layer-size 1MiB", "--layer-size", "--layer", "--basic-auth AWS"] {
            let error = given(text).unwrap_err().to_string();
            assert!(error.contains(text.split(' ').next().unwrap()), "{text}: {error}");
        }
    }
}
