//! `terraform test` of each module that has tests, against a gateway and an upstream registry of their own.
//!
//! The addresses are the input variables `endpoint` and `upstream_image`, the account is `account_id`, its network `vpc_id`
//! and `subnet_ids`, an S3 bucket of it `bucket`. A test file's provider block cannot read variables that the module under test does not declare (they
//! are unknown there), so a test begins with `run "setup" { module { source = "./tests/setup" } }`, whose outputs it uses.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{Counts, Ground, directories};
use crate::aws_cli::{AwsCli, Network};
use crate::progress::say;
use crate::service::{aws_gateway, upstream_registry};
use crate::terraform::{Terraform, copy_tree};

/// The first module's account; each gets its own.
const FIRST_ACCOUNT: u64 = 310_000_000_001;
/// Where a bucket is made: the region of the modules' tests.
const LOCATION: &str = "LocationConstraint=eu-central-1";
/// What the upstream registry has.
const IMAGE: &str = "library/alpine:3.20";
/// The same as ECR Public has it; the registry stands in for that one too, where ECR pulls through.
const COPY: &str = "docker/library/alpine:3.20";

/// Tests every module with a `tests` directory and a name that contains the filter.
pub(super) fn test(ground: &Ground<'_>) -> Result<Counts> {
    let mut counts = Counts::default();
    let filter = ground.filter.as_deref().unwrap_or_default();
    let modules: Vec<_> = directories(&ground.workspace.root().join("modules"))?
        .into_iter()
        .filter(|module| module.join("tests").is_dir() && name_of(module).contains(filter))
        .collect();
    if modules.is_empty() {
        say!("      none");
        return Ok(counts);
    }

    // Terraform writes beside the configuration, and modules may name each other by relative path.
    let base = ground.workspace.target().join("module-tests");
    if base.exists() {
        fs::remove_dir_all(&base).with_context(|| format!("removing {}", base.display()))?;
    }
    let copy = base.join("modules");
    copy_tree(&ground.workspace.root().join("modules"), &copy)?;
    let upstream = upstream_registry(&ground.registry, &["--image", IMAGE, "--image", COPY])?;
    let address = upstream.announced("address")?;
    let upstream_image = format!("{address}/{IMAGE}");
    let upstream_url = format!("http://{address}");
    let gateway =
        aws_gateway(&ground.gateway, &ground.venv, &base.join("logs"), &[("public.ecr.aws", &upstream_url)])?;
    let endpoint = gateway.announced("url")?;

    for (module, account) in modules.iter().zip(FIRST_ACCOUNT..) {
        let account = account.to_string();
        let aws = AwsCli::new(&ground.venv, endpoint, &account);
        let network = Network::of(&aws)?;
        let bucket = format!("module-tests-{account}");
        aws.json(&[
            "s3api",
            "create-bucket",
            "--bucket",
            &bucket,
            "--create-bucket-configuration",
            LOCATION,
        ])?;
        let name = name_of(module);
        let terraform = Terraform::new(
            &ground.prerequisites.terraform,
            &copy.join(&name),
            &ground.mirror,
            endpoint,
            &account,
        )
        .variable("endpoint", endpoint)
        .variable("account_id", &account)
        .variable("vpc_id", &network.vpc_id)
        .variable("subnet_ids", &serde_json::to_string(&network.subnet_ids)?)
        .variable("bucket", &bucket)
        .variable("upstream_image", &upstream_image);
        let module_counts = run(&terraform, &name)?;
        say!("      {name}: {module_counts}");
        counts.add(module_counts);
    }
    Ok(counts)
}

fn name_of(module: &Path) -> String {
    module.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn run(terraform: &Terraform, name: &str) -> Result<Counts> {
    terraform.run(&["init", "-input=false", "-no-color"])?;
    let (status, output) = terraform.stream(&["test", "-no-color"])?;
    if !status.success() {
        say!("{}", output.trim_end());
    }
    match counts(&output) {
        Some(counts) if status.success() == (counts.failed == 0) => Ok(counts),
        _ if status.success() => bail!("`terraform test` of {name} ran nothing:\n{}", output.trim_end()),
        // It stopped before or beside a run block; that is a failure whatever was counted.
        counted => Ok(Counts { failed: 1, ..counted.unwrap_or_default() }),
    }
}

/// `Success! 3 passed, 0 failed.` or `Failure! 1 passed, 1 failed, 2 skipped.`
fn counts(output: &str) -> Option<Counts> {
    let line =
        output.lines().rev().find(|line| line.starts_with("Success!") || line.starts_with("Failure!"))?;
    let mut counts = Counts::default();
    let mut words = line.split([' ', ',', '.']).filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        let (Ok(number), Some(what)) = (word.parse(), words.peek()) else { continue };
        match *what {
            "passed" => counts.passed = number,
            "failed" => counts.failed = number,
            "skipped" => counts.skipped = number,
            _ => {}
        }
    }
    Some(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_line_of_terraform_test_is_counted() {
        assert_eq!(
            counts("x.tftest.hcl... pass\n\nSuccess! 3 passed, 0 failed.\n"),
            Some(Counts { passed: 3, failed: 0, skipped: 0 })
        );
        assert_eq!(
            counts("Failure! 1 passed, 2 failed, 4 skipped.\n"),
            Some(Counts { passed: 1, failed: 2, skipped: 4 })
        );
        assert_eq!(counts("Error: Failed to read the configuration\n"), None);
    }
}
