//! The repositories that pulls through a rule made, and what becomes of them when the rule is deleted.
//! AWS: DescribeRepositories, ListTagsForResource, DescribePullThroughCacheRules, DeleteRepository (Amazon ECR API
//! reference).
//!
//! ECR leaves them all, and records of none what made it. So they are told by their name and their age: below the rule's
//! prefix and below no longer one of another rule, not older than the rule, and no mirror.

use std::time::Duration;

use aws_sdk_ecr::types;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tf_provider::{Context, Diagnostic, Diagnostics, Private, Severity};

use super::PullThroughCacheRule;
use crate::clients::Clients;
use crate::diagnostics::Failure;
use crate::ecr::repository;

/// The prefix of a rule for all repositories without a rule of their own.
pub(super) const ROOT: &str = "ROOT";
/// Private data of a rule that is deleted with its repositories: when it was made, in seconds since 1970.
const DELETING: &str = "deleting";
/// Largest page of DescribeRepositories and DescribePullThroughCacheRules.
const PAGE: i32 = 1000;
/// Repositories whose tags are asked for at the same time.
const PARALLEL: usize = 8;
/// Names that a warning shows.
const SHOWN: usize = 10;

/// The repositories of a rule that is being deleted.
pub(super) struct Leftovers {
    prefix: String,
    /// When the rule was made, in seconds since 1970; `None` for a rule that somebody else deleted.
    since: Option<i64>,
    delete: bool,
}

impl Leftovers {
    /// Before the rule is deleted: takes down what is known of it only as long as it is there.
    pub(super) fn of(
        rule: &PullThroughCacheRule,
        found: Option<&types::PullThroughCacheRule>,
        ctx: &mut Context<Clients>,
    ) -> Self {
        let prefix = rule.ecr_repository_prefix.trim_end_matches('/').to_owned();
        // Validation refuses it for ROOT; a whole registry is not left to one check.
        let delete = rule.delete_repositories && prefix != ROOT;
        let made = found.and_then(|found| found.created_at()).map(|time| time.secs());
        if let Some(made) = made.filter(|_| delete) {
            ctx.private().set(DELETING, made);
        }
        Leftovers { prefix, since: made.or_else(|| ctx.private().get(DELETING)), delete }
    }

    /// After the rule is gone, or a pull would make them anew: deletes the repositories, or tells that they stay.
    pub(super) async fn settle(&self, ctx: &mut Context<Clients>) -> Result<(), Diagnostics> {
        let Some(since) = self.since else {
            if self.delete {
                let detail = "Somebody else had deleted the rule. How old it was is not known, so it cannot be told which \
                              repositories its pulls made; none was deleted.";
                ctx.warn(self.warning(detail.to_owned()));
            }
            return Ok(());
        };
        let made = made_by(ctx.client(), &self.prefix, since).await;
        if self.delete {
            return match made {
                Ok(names) => delete(ctx, &self.prefix, &names).await,
                Err(fault) => Err(continued(fault, "None of its repositories is.")),
            };
        }
        match made {
            Ok(names) if names.is_empty() => {}
            Ok(names) => ctx.warn(self.warning(stay(&self.prefix, &names))),
            // Only the warning is lost with the right to list repositories.
            Err(fault) => {
                let faults = fault.into_iter().map(|fault| fault.detail).collect::<Vec<_>>().join(" ");
                let detail = format!(
                    "The rule is deleted. Which repositories it leaves could not be listed: {faults}"
                );
                ctx.warn(self.warning(detail));
            }
        }
        Ok(())
    }

    fn warning(&self, detail: String) -> Diagnostic {
        let summary = format!("Repositories outlive ECR pull through cache rule ({})", self.prefix);
        Diagnostic::warning(summary, detail).at("delete_repositories")
    }
}

/// True for the private data of a rule that is gone, while its repositories wait to be deleted too.
pub(super) fn are_left(private: &Private) -> bool {
    private.get::<i64>(DELETING).is_some()
}

/// Forgets that the rule was being deleted: ECR still has it.
pub(super) fn stay_with_rule(private: &mut Private) {
    private.remove(DELETING);
}

/// Names of the repositories that pulls through the rule made, sorted.
async fn made_by(clients: &Clients, prefix: &str, since: i64) -> Result<Vec<String>, Diagnostics> {
    let others = other_prefixes(clients).await?;
    let mut pages = clients.ecr.describe_repositories().max_results(PAGE).into_paginator().items().send();
    let mut candidates = Vec::new();
    while let Some(repository) = pages.next().await {
        let repository = repository
            .map_err(|error| Failure::of("ECR", &error).report("Listing ECR repositories", "", ""))?;
        let (name, arn) = (repository.repository_name(), repository.repository_arn());
        let (Some(name), Some(arn), Some(created)) = (name, arn, repository.created_at()) else { continue };
        if belongs(name, prefix, &others) && created.secs() >= since {
            candidates.push((name.to_owned(), arn.to_owned()));
        }
    }
    let made = stream::iter(candidates).map(async |(name, arn)| {
        Ok::<_, Diagnostics>((!is_mirror(clients, &name, &arn).await?).then_some(name))
    });
    let mut names: Vec<String> =
        made.buffer_unordered(PARALLEL).try_filter_map(async |name| Ok(name)).try_collect().await?;
    names.sort();
    Ok(names)
}

/// True for a name below `prefix` that is below no longer prefix of `others`.
fn belongs(name: &str, prefix: &str, others: &[String]) -> bool {
    let below = |prefix: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
    let length = if prefix == ROOT { 0 } else { prefix.len() };
    (prefix == ROOT || below(prefix)) && !others.iter().any(|other| other.len() > length && below(other))
}

/// The prefixes of the rules that there are, but for `ROOT`, which is no prefix.
async fn other_prefixes(clients: &Clients) -> Result<Vec<String>, Diagnostics> {
    let rules = clients.ecr.describe_pull_through_cache_rules().max_results(PAGE).into_paginator().items();
    let mut rules = rules.send();
    let mut prefixes = Vec::new();
    while let Some(rule) = rules.next().await {
        let rule = rule.map_err(|error| {
            Failure::of("ECR", &error).report("Listing ECR pull through cache rules", "", "")
        })?;
        let prefix = rule.ecr_repository_prefix().unwrap_or_default().trim_end_matches('/');
        if prefix != ROOT {
            prefixes.push(prefix.to_owned());
        }
    }
    Ok(prefixes)
}

/// True for a repository of `ecrunner_mirror_repository`; one that is gone is none.
async fn is_mirror(clients: &Clients, name: &str, arn: &str) -> Result<bool, Diagnostics> {
    match clients.ecr.list_tags_for_resource().resource_arn(arn).send().await {
        Ok(answer) => Ok(answer.tags().iter().any(|tag| tag.key() == repository::source_tag())),
        Err(error) => {
            let failure = Failure::of("ECR", &error);
            if failure.is(&["RepositoryNotFoundException"]) {
                return Ok(false);
            }
            Err(failure.report(format!("Reading ECR repository ({name})"), "", ""))
        }
    }
}

/// Deletes the repositories with their images, and waits until they are gone.
async fn delete(ctx: &Context<Clients>, prefix: &str, names: &[String]) -> Result<(), Diagnostics> {
    for (index, name) in names.iter().enumerate() {
        let left = format!("{} of its {} repositories are not.", names.len() - index, names.len());
        if ctx.stop().is_cancelled() {
            let summary = format!("Deleting repositories of ECR pull through cache rule ({prefix})");
            return Err(continued(Diagnostic::error(summary, "Interrupted.").into(), &left));
        }
        tracing::info!(name, "deleting a repository that the rule made");
        let deleted = repository::delete(ctx.client(), name).await;
        deleted.map_err(|fault| continued(fault, &left))?;
    }
    for name in names {
        ctx.wait_for("the repositories of the rule are gone", Duration::from_secs(1), || async {
            Ok(repository::find(ctx.client(), name).await?.is_none().then_some(()))
        })
        .await?;
    }
    Ok(())
}

/// `fault`, with what is left to do: the rule stays in the state for that.
fn continued(fault: Diagnostics, left: &str) -> Diagnostics {
    let rest = format!(" The rule is deleted. {left} Destroy again to go on.");
    let told = |mut diagnostic: Diagnostic| {
        if diagnostic.severity == Severity::Error {
            diagnostic.detail.push_str(&rest);
        }
        diagnostic
    };
    fault.into_iter().map(told).collect::<Vec<_>>().into()
}

/// What a warning says of repositories that stay.
fn stay(prefix: &str, names: &[String]) -> String {
    let mut shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        shown.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    let count = names.len();
    let command = "aws ecr delete-repository --force --repository-name <name>";
    if prefix == ROOT {
        return format!(
            "The rule is deleted. Repositories that are younger than it, and of no other rule and no mirror: {count}: \
             {shown}. ECR does not say which of them its pulls made; these serve only the images they have. Delete what is \
             not needed with: {command}"
        );
    }
    format!(
        "The rule is deleted, the repositories that its pulls made are not: {count}: {shown}. They serve only the images \
         they have, until another rule has this prefix. Delete what is not needed with: {command}. To have that done when a \
         rule is destroyed, set delete_repositories = true and apply before."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("hub/image-{number}")).collect()
    }

    #[test]
    fn a_repository_belongs_to_the_longest_prefix_that_it_is_below() {
        let others = ["a/b".to_owned(), "a-b".to_owned(), "c".to_owned()];
        assert!(belongs("a/x", "a", &others));
        assert!(belongs("a/bx/y", "a", &others), "a/b is the prefix of other names than these");
        assert!(!belongs("a/b/x", "a", &others), "of a/b");
        assert!(!belongs("a-b/x", "a", &others), "of a-b");
        assert!(!belongs("a", "a", &others), "not below the prefix");
        assert!(belongs("a/b/x", "a/b", &["a".to_owned()]), "the longer one wins");
        assert!(belongs("x", ROOT, &others) && !belongs("c/x", ROOT, &others));
    }

    #[test]
    fn a_warning_shows_ten_names_and_the_count_of_all() {
        let few = stay("hub", &names(10));
        assert!(few.contains("are not: 10: hub/image-0, ") && few.contains("hub/image-9. They"), "{few}");
        let many = stay("hub", &names(12));
        assert!(many.contains("are not: 12: ") && many.contains("hub/image-9 and 2 more. They"), "{many}");
        assert!(!many.contains("hub/image-10"));
    }
}
