//! All repositories, and the tags of all mirrors, listed once for a whole refresh.
//! AWS: DescribeRepositories (Amazon ECR API reference), GetResources (Resource Groups Tagging API reference).
//!
//! ECR tells tags of one repository at a time; GetResources tells those of a hundred, but later than ECR does. So a list
//! is a shortcut: what it does not hold is asked for directly, and what it says of tags counts only where it is what is
//! known already. `provider/decisions/0007` says why.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_ecr::types::Repository;
use aws_sdk_resourcegroupstagging::types::TagFilter;
use futures::stream::{self, Stream, StreamExt};

use super::source_tag;
use crate::clients::Clients;
use crate::diagnostics::Failure;
use crate::snapshot::{Change, Snapshot};
use crate::tags::Tags;

/// How long a list is good: a refresh of some hundred mirrors takes less.
const LIFETIME: Duration = Duration::from_secs(60);
/// Repositories on one page of DescribeRepositories, and resources on one of GetResources: the most that they give.
const REPOSITORIES_PER_PAGE: i32 = 1000;
const RESOURCES_PER_PAGE: i32 = 100;
/// Pages that are asked for. An account may have tens of thousands of repositories, which pulls through the cache made,
/// and a configuration one mirror: the list must not cost much more than it saves.
const REPOSITORY_PAGES: usize = 3;
const RESOURCE_PAGES: usize = 10;

/// What the lists say, as far as they could be had.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// By name.
    pub(super) repositories: BTreeMap<String, Repository>,
    /// Of mirrors, by ARN of the repository.
    pub(super) tags: BTreeMap<String, Tags>,
}

/// The lists of this process.
#[derive(Debug)]
pub struct Listing {
    snapshot: Snapshot<Arc<Listed>>,
    repositories_failed: AtomicBool,
    tags_failed: AtomicBool,
}

impl Default for Listing {
    fn default() -> Self {
        Listing {
            snapshot: Snapshot::new(LIFETIME),
            repositories_failed: AtomicBool::default(),
            tags_failed: AtomicBool::default(),
        }
    }
}

impl Listing {
    /// To be held while settings or tags of a repository are changed.
    pub(super) fn change(&self) -> Change<'_, Arc<Listed>> {
        self.snapshot.change()
    }
}

/// The lists; who asks first within a while has them made.
pub(super) async fn listed(clients: &Clients) -> Arc<Listed> {
    let listing = &clients.listing;
    listing
        .snapshot
        .get(|| async {
            let (repositories, tags) = tokio::join!(
                unless_failed(&listing.repositories_failed, "DescribeRepositories", repositories(clients)),
                unless_failed(&listing.tags_failed, "GetResources", tags(clients)),
            );
            Arc::new(Listed { repositories, tags })
        })
        .await
}

/// A list, and why it ends before its end.
type Partial<T> = (BTreeMap<String, T>, Option<Failure>);

async fn repositories(clients: &Clients) -> Partial<Repository> {
    let call = clients.ecr.describe_repositories().max_results(REPOSITORIES_PER_PAGE);
    let pages = stream::unfold(call.into_paginator().send(), |mut pages| async move {
        let page = pages.next().await?;
        Some((page.map_err(|error| Failure::of("ECR", &error)), pages))
    });
    let (pages, failure) = first_pages(REPOSITORY_PAGES, pages).await;
    let found = pages.into_iter().flat_map(|page| page.repositories.unwrap_or_default());
    (found.filter_map(|found| Some((found.repository_name.clone()?, found))).collect(), failure)
}

async fn tags(clients: &Clients) -> Partial<Tags> {
    // Every mirror has this tag, and no repository that a pull through the cache made.
    let mirrors = TagFilter::builder().key(source_tag()).build();
    let call = clients.tagging.get_resources().resource_type_filters("ecr:repository").tag_filters(mirrors);
    let pages = call.resources_per_page(RESOURCES_PER_PAGE).into_paginator().send();
    let pages = stream::unfold(pages, |mut pages| async move {
        let page = pages.next().await?;
        Some((page.map_err(|error| Failure::of("Resource Groups Tagging", &error)), pages))
    });
    let (pages, failure) = first_pages(RESOURCE_PAGES, pages).await;
    let found = pages.into_iter().flat_map(|page| page.resource_tag_mapping_list.unwrap_or_default());
    let tags = found.filter_map(|found| {
        let tags = found.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
        Some((found.resource_arn?, tags))
    });
    (tags.collect(), failure)
}

/// The pages that come before the end, the bound or a failure.
async fn first_pages<P, F>(bound: usize, pages: impl Stream<Item = Result<P, F>>) -> (Vec<P>, Option<F>) {
    let mut pages = pin!(pages.take(bound));
    let mut taken = Vec::new();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => taken.push(page),
            Err(failure) => return (taken, Some(failure)),
        }
    }
    (taken, None)
}

/// The list, unless it failed before. Who may not list, or has no such endpoint, is not kept waiting again: real trouble is
/// told by the direct questions.
async fn unless_failed<T>(
    failed: &AtomicBool,
    action: &str,
    list: impl Future<Output = Partial<T>>,
) -> BTreeMap<String, T> {
    if failed.load(Ordering::Relaxed) {
        return BTreeMap::new();
    }
    let (found, failure) = list.await;
    if let Some(failure) = failure {
        failed.store(true, Ordering::Relaxed);
        let (code, message) = (failure.code(), failure.message());
        tracing::debug!(action, code, message, "no list to be had: repositories are asked about one by one");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pages_are_asked_for_up_to_the_end_the_bound_or_a_failure() {
        for (list, asked, taken, failure) in [
            (vec![Ok(1), Ok(2)], 2, vec![1, 2], None),
            (vec![Ok(1), Ok(2), Ok(3), Ok(4)], 3, vec![1, 2, 3], None),
            (vec![Ok(1), Err("denied"), Ok(3)], 2, vec![1], Some("denied")),
        ] {
            let mut count = 0;
            let pages = stream::iter(list.clone()).inspect(|_| count += 1);
            assert_eq!(first_pages(3, pages).await, (taken, failure), "{list:?}");
            assert_eq!(count, asked, "{list:?}");
        }
    }
}
