//! `terraform query` for mirrors.

use tf_provider::{Context, Diagnostics, ListResource, Listing, Schema};

use super::MirrorRepository;
use crate::clients::Clients;
use crate::diagnostics::Failure;
use crate::ecr::repository;
use crate::identity::Named;
use crate::listing;

/// Finds the mirrors of the account and region: the repositories that `ecrunner_mirror_repository` made or changed.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "ecrunner_mirror_repository")]
pub struct MirrorRepositories {
    /// What the names begin with, such as `mirror/`. Default: all.
    pub name_prefix: Option<String>,
}

impl ListResource for MirrorRepositories {
    type Resource = MirrorRepository;

    async fn list(
        self,
        list: &mut Listing<MirrorRepository>,
        ctx: &mut Context<Clients>,
    ) -> Result<(), Diagnostics> {
        let clients = ctx.client().clone();
        let prefix = self.name_prefix.unwrap_or_default();
        let mut pages = clients.ecr.describe_repositories().into_paginator().items().send();
        while let Some(repository) = pages.next().await {
            let repository = repository
                .map_err(|error| Failure::of("ECR", &error).report("Listing ECR repositories", "", ""))?;
            let name = repository.repository_name().unwrap_or_default().to_owned();
            if !name.starts_with(&prefix) {
                continue;
            }
            // One that was deleted in the meantime is none.
            let Some(found) = repository::find(&clients, &name).await? else { continue };
            if found.source().is_none() {
                continue;
            }
            listing::tell(list, Named::new(&name, &clients), name, ctx).await?;
        }
        Ok(())
    }
}
