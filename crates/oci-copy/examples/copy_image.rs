//! Copies an image with all its platforms: `copy_image SOURCE TARGET`, two image names as Docker writes them.
//!
//! ```sh
//! cargo run --release -p oci-copy --example copy_image -- alpine:3.20 localhost:5000/mirror/alpine:3.20
//! ```
//!
//! Both registries are used anonymously, and over plain http where they are on loopback.

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use oci_copy::{CancellationToken, CopyOptions, CopyReport, Reference, Registry, copy_image};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [source, target] = arguments.as_slice() else {
        eprintln!("usage: copy_image SOURCE TARGET");
        return ExitCode::from(2);
    };
    match copy(source, target).await.and_then(|report| show(&report)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Errors of this crate name their causes themselves.
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn copy(source: &str, target: &str) -> Result<CopyReport, Box<dyn Error>> {
    let (source, target) = (Reference::parse(source)?, Reference::parse(target)?);
    let tag = target.tag().ok_or("the target needs a tag")?;
    let from = Registry::builder(source.domain()).plain_http_loopback(true).build()?;
    let to = Registry::builder(target.domain()).plain_http_loopback(true).build()?;
    // The tag is resolved once; what is copied is a digest.
    let found = from
        .head_manifest(source.path(), &source.manifest_reference())
        .await?
        .ok_or("the source does not exist")?;
    let report = copy_image(
        &from,
        source.path(),
        &found.digest,
        &to,
        target.path(),
        std::slice::from_ref(tag),
        &CopyOptions::new(),
        &(),
        &CancellationToken::new(),
    )
    .await?;
    Ok(report)
}

/// Writes the report to standard output.
fn show(report: &CopyReport) -> Result<(), Box<dyn Error>> {
    let mut output = std::io::stdout().lock();
    writeln!(
        output,
        "copied {} bytes in {} blobs, {} manifests and {} tags; {} blobs were there, {} were mounted",
        report.bytes_copied,
        report.blobs_copied,
        report.manifests_copied,
        report.tags_written,
        report.blobs_skipped,
        report.blobs_mounted
    )?;
    for warning in &report.warnings {
        writeln!(output, "warning: {warning}")?;
    }
    Ok(output.flush()?)
}
