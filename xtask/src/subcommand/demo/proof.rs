//! What the demo shows after apply, and what must hold for it to be called a success.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::Stage;
use crate::account::Listing;
use crate::progress::say;
use crate::registry;

/// Kinds of objects that the example must have made; the demo fails without one of them.
const EXPECTED: &[&str] = &[
    "ECR repositories",
    "pull through cache rules",
    "IAM roles",
    "instance profiles",
    "launch templates",
    "Auto Scaling groups",
    "security groups",
    "SSM parameters",
    "log groups",
];
/// Unpacks what a manager's configuration parameter holds: gzip in base64.
const UNPACK: &str =
    "import base64, gzip, sys; sys.stdout.buffer.write(gzip.decompress(base64.b64decode(sys.stdin.read())))";
/// How base64 of a gzip stream begins.
const GZIP_MARK: &str = "H4sI";

/// Prints what is new in the account, each by its own service's answer, and checks that it is what was asked for.
pub(super) fn show(stage: &Stage, new: &Listing) -> Result<()> {
    for expected in EXPECTED {
        ensure!(new.of_kind(expected).next().is_some(), "apply made no {expected}");
    }
    for (kind, identifiers) in new.kinds() {
        say!("      {kind}: {}", identifiers.iter().map(String::as_str).collect::<Vec<_>>().join(", "));
    }
    images(stage, new)?;
    rules(stage, new)?;
    groups(stage, new)?;
    configurations(stage, new)
}

/// The account is as it was before apply, and was not in between.
pub(super) fn same_account(before: &Listing, between: &Listing, end: &Listing) -> Result<()> {
    ensure!(before != between, "the account was the same after apply as before: nothing was created");
    if before == end {
        say!("      as before; {} more were there in between", between.since(before).len());
        return Ok(());
    }
    for (kind, identifiers) in end.since(before).kinds() {
        say!("      left behind: {kind}: {identifiers:?}");
    }
    for (kind, identifiers) in before.since(end).kinds() {
        say!("      gone: {kind}: {identifiers:?}");
    }
    bail!("the account after destroy is not the account before apply")
}

/// The mirrored image is in ECR under its tag with the digest that upstream has, by ECR's API and by its registry.
fn images(stage: &Stage, new: &Listing) -> Result<()> {
    let image = &stage.image;
    let upstream = registry::manifest(&stage.venv, &image.base, &image.repository, &image.tag, None)?;
    say!("\n      upstream {}:{}", image.repository, image.tag);
    say!("        {} {}", upstream.digest, upstream.platforms.join(" "));
    let password = stage.aws.text(&["ecr", "get-login-password"])?;
    let login = format!("AWS:{}", password.trim());
    let mut found = false;
    for repository in new.of_kind("ECR repositories") {
        let details = stage.aws.json(&["ecr", "describe-images", "--repository-name", repository])?;
        let images = details["imageDetails"].as_array().map(Vec::as_slice).unwrap_or_default();
        for (tag, digest) in images.iter().flat_map(tags) {
            let uri = repository_uri(stage, repository)?;
            let (host, path) = uri.split_once('/').context("a repository URI has a host")?;
            let emulated = registry::Emulated { host, login: &login };
            let base = stage.gateway.announced("url")?;
            let served =
                registry::manifest(&stage.venv, base.trim_end_matches('/'), path, tag, Some(emulated))?;
            ensure!(
                served.digest == digest,
                "ECR says {repository}:{tag} is {digest}, its registry serves {}",
                served.digest
            );
            let same = tag == image.tag && digest == upstream.digest;
            found |= same;
            say!("      ECR {uri}:{tag}{}", if same { "   the same image" } else { "" });
            say!("        {digest} {}", served.platforms.join(" "));
        }
    }
    ensure!(found, "no repository has {} with upstream's digest {}", image.tag, upstream.digest);
    Ok(())
}

/// Tag and digest of each tag of an entry of `describe-images`.
fn tags(detail: &Value) -> Vec<(&str, &str)> {
    let digest = detail["imageDigest"].as_str().unwrap_or_default();
    let tags = detail["imageTags"].as_array().map(Vec::as_slice).unwrap_or_default();
    tags.iter().filter_map(Value::as_str).map(|tag| (tag, digest)).collect()
}

fn repository_uri(stage: &Stage, repository: &str) -> Result<String> {
    let answer = stage.aws.json(&[
        "ecr",
        "describe-repositories",
        "--repository-names",
        repository,
        "--query",
        "repositories[0].repositoryUri",
    ])?;
    Ok(answer.as_str().with_context(|| format!("ECR knows no URI of {repository}"))?.to_owned())
}

fn rules(stage: &Stage, new: &Listing) -> Result<()> {
    for prefix in new.of_kind("pull through cache rules") {
        let rule = stage.aws.json(&[
            "ecr",
            "describe-pull-through-cache-rules",
            "--ecr-repository-prefixes",
            prefix,
            "--query",
            "pullThroughCacheRules[0].upstreamRegistryUrl",
        ])?;
        say!("      rule {prefix}/… pulls through from {}", rule.as_str().unwrap_or("nowhere"));
    }
    Ok(())
}

fn groups(stage: &Stage, new: &Listing) -> Result<()> {
    for name in new.of_kind("Auto Scaling groups") {
        let group = stage.aws.json(&[
            "autoscaling",
            "describe-auto-scaling-groups",
            "--auto-scaling-group-names",
            name,
            "--query",
            "AutoScalingGroups[0].[MinSize,DesiredCapacity,MaxSize]",
        ])?;
        say!("      group {name}: minimum {}, desired {}, maximum {}", group[0], group[1], group[2]);
    }
    Ok(())
}

/// Every published config.toml, unpacked.
fn configurations(stage: &Stage, new: &Listing) -> Result<()> {
    for name in new.of_kind("SSM parameters") {
        let value = stage.aws.json(&[
            "ssm",
            "get-parameter",
            "--with-decryption",
            "--name",
            name,
            "--query",
            "Parameter.Value",
        ])?;
        let Some(value) = value.as_str().filter(|value| value.starts_with(GZIP_MARK)) else { continue };
        say!("\n      {name}, unpacked:");
        for line in unpack(stage, value)?.lines() {
            say!("        {line}");
        }
    }
    Ok(())
}

fn unpack(stage: &Stage, value: &str) -> Result<String> {
    let mut child = Command::new(stage.venv.join("bin/python3"))
        .args(["-I", "-c", UNPACK])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting Python")?;
    // Dropped at the end of the statement, which closes the pipe; a parameter is far smaller than its buffer.
    child.stdin.take().context("Python has no standard input")?.write_all(value.as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "the value is not gzip in base64");
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn image_without_tag_has_no_tags_and_one_with_two_has_two() {
        assert_eq!(tags(&json!({"imageDigest": "sha256:a"})), []);
        assert_eq!(
            tags(&json!({"imageDigest": "sha256:a", "imageTags": ["1", "2"]})),
            [("1", "sha256:a"), ("2", "sha256:a")]
        );
    }

    #[test]
    fn account_that_never_changed_proves_nothing() {
        let empty = Listing::default();
        assert!(same_account(&empty, &empty, &empty).is_err());
    }
}
