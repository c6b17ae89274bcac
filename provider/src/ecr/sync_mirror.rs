//! Action `ecrunner_sync_mirror`: copies what moved upstream into a mirror's repository, now.
//! AWS: DescribeRepositories, ListTagsForResource, ListImages (Amazon ECR API reference); the registry API for the copy.
//!
//! For a pipeline that wants an image on the hour it is published, without a plan and apply of everything. The next
//! refresh finds what it did, and plans nothing.

use std::collections::{BTreeMap, BTreeSet};

use oci_copy::{Digest, Tag};
use tf_provider::{Action, Context, Diagnostic, Diagnostics, Progress, Schema};

use super::repository;
use super::repository_name::check_name;
use super::upstream::{Upstream, check_tag};
use crate::arn::check_secret_arn;
use crate::clients::Clients;
use crate::diagnostics::registry_failure;

/// Copies images of a mirror again, now: every tag that moved upstream since it was copied. Needs a repository that
/// `ecrunner_mirror_repository` made, and Terraform 1.14 or later.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "ecrunner_sync_mirror")]
pub struct SyncMirror {
    /// Name of the mirror's repository.
    #[tf(validate(text(check_name)))]
    pub name: String,
    /// ARN of the Secrets Manager secret with the login of the upstream registry, as the mirror has it.
    #[tf(validate(text(check_secret_arn)))]
    pub credential_arn: Option<String>,
    /// The tags to copy. Default: every tag that the repository has.
    #[tf(validate(length(1..=1000), each(text(check_tag))))]
    pub image_tags: Option<BTreeSet<String>>,
}

impl Action for SyncMirror {
    type Client = Clients;

    async fn invoke(self, progress: &Progress, ctx: &mut Context<Clients>) -> Result<(), Diagnostics> {
        let clients = ctx.client().clone();
        let summary = format!("Synchronising ECR mirror repository ({})", self.name);
        let wrong = |detail: String| Diagnostics::from(Diagnostic::error(summary.clone(), detail).at("name"));
        let Some(found) = repository::find(&clients, &self.name).await? else {
            return Err(wrong(format!(
                "Account {} has no repository {} in {}.",
                clients.account_id, self.name, clients.region
            )));
        };
        let Some(source) = found.source() else {
            return Err(wrong(
                "The repository does not say what it is a mirror of: ecrunner_mirror_repository did not make it."
                    .to_owned(),
            ));
        };
        let (upstream, own) =
            (Upstream::of(&clients, source, self.credential_arn.as_deref())?, clients.registry()?);
        let stored = repository::images(&clients, &self.name).await?.tags;
        let tags = self.image_tags.unwrap_or_else(|| stored.keys().cloned().collect());

        // One tag that cannot be had does not keep the others from coming.
        let mut faults = Diagnostics::new();
        let mut moved: BTreeMap<Digest, Vec<Tag>> = BTreeMap::new();
        for name in &tags {
            let asked = async { Ok((upstream.digest(name).await?, Tag::parse(name)?)) };
            match asked.await {
                Ok((digest, _)) if stored.get(name) == Some(&digest.to_string()) => {
                    progress.report(format!("{name} is up to date: {digest}")).await;
                }
                Ok((digest, tag)) => moved.entry(digest).or_default().push(tag),
                Err(error) => faults.push(registry_failure(&error, &summary, "The tag is as it was.")),
            }
        }
        for (digest, tags) in moved {
            let names = tags.iter().map(Tag::as_str).collect::<Vec<_>>().join(", ");
            progress.report(format!("{names}: copying {digest}")).await;
            match upstream.copy(&digest, &own, &self.name, &tags, ctx).await {
                Ok(report) => {
                    progress
                        .report(format!("{names}: copied, {} bytes were missing", report.bytes_copied))
                        .await;
                    for warning in &report.warnings {
                        ctx.warn(Diagnostic::warning(summary.clone(), format!("{warning}.")));
                    }
                }
                Err(error) => {
                    let exists_now = "What was copied so far is kept, and no tag names it.";
                    faults.push(registry_failure(&error, &summary, exists_now));
                }
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}
