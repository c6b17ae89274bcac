//! Action `ecrunner_sync_mirror`: copies what moved upstream into a mirror's repository, now.
//! AWS: DescribeRepositories, ListTagsForResource, DescribeImages (Amazon ECR API reference); the registry API for the copy.
//!
//! For a pipeline that wants an image on the hour it is published, without a plan and apply of everything. The next
//! refresh finds what it did, and plans nothing.

use std::collections::BTreeSet;

use oci_copy::{Digest, Platform, Tag, referrers_subject};
use tf_provider::{Action, Context, Diagnostic, Diagnostics, Progress, Schema};

use super::repository;
use super::repository_name::check_name;
use super::upstream::{Destination, Upstream, check_tag, made_from};
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
    /// The tags to copy. Default: every tag of an image that the repository has. What refers to the images comes with the
    /// mirror's next apply.
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
        let stored = repository::images(&clients, &self.name).await?;
        let images = stored.tags.keys().filter(|tag| referrers_subject(tag).is_none());
        let tags = self.image_tags.unwrap_or_else(|| images.cloned().collect());

        // One tag that cannot be had does not keep the others from coming.
        let mut faults = Diagnostics::new();
        let mut moved: Vec<(Digest, Vec<Platform>, Tag)> = Vec::new();
        for name in &tags {
            if stored.digest(name) != stored.named(name) {
                let detail = format!("{name} names an image in the archive. Apply the mirror to restore it.");
                faults.push(Diagnostic::error(summary.clone(), detail).at("image_tags"));
                continue;
            }
            let asked = async {
                let (digest, tag) = (upstream.digest(name).await?, Tag::parse(name)?);
                // Which upstream digest and platforms the stored image is of: an index of chosen ones says so itself.
                let stored = stored.digest(name).filter(|stored| **stored != digest.to_string());
                let made_from = match stored {
                    Some(stored) => made_from(&own, &self.name, stored).await?,
                    None => None,
                };
                Ok((digest, tag, made_from))
            };
            match asked.await {
                Ok((digest, _, made_from))
                    if stored.digest(name) == Some(&digest.to_string())
                        || made_from.as_ref().is_some_and(|(from, _)| *from == digest) =>
                {
                    progress.report(format!("{name} is up to date: {digest}")).await;
                }
                Ok((digest, tag, made_from)) => {
                    moved.push((digest, made_from.map(|(_, platforms)| platforms).unwrap_or_default(), tag));
                }
                Err(error) => faults.push(registry_failure(&error, &summary, "The tag is as it was.")),
            }
        }
        let to = Destination {
            registry: &own,
            repository: &self.name,
            encryption: found.settings.encryption.as_ref(),
        };
        for (digest, platforms, tag) in moved {
            let names = tag.as_str();
            progress.report(format!("{names}: copying {digest}")).await;
            match upstream.copy(&digest, &platforms, to, std::slice::from_ref(&tag), ctx).await {
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
