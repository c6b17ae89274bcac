//! Import of mirrors, by id and by identity.

use std::collections::BTreeSet;

use oci_copy::referrers_subject;
use tf_provider::{Context, Diagnostic, Diagnostics, ImportIdentity, ImportState, ResourceIdentity};

use super::{Digests, MirrorRepository};
use crate::clients::Clients;
use crate::diagnostics::registry_failure;
use crate::ecr::upstream::{check_source, made_from};
use crate::ecr::{repository, repository_policies};
use crate::identity::Named;

impl ImportState for MirrorRepository {
    async fn import(id: String, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let wrong = |detail: String| {
            Diagnostics::from(Diagnostic::error(format!("Importing ECR mirror repository ({id})"), detail))
        };
        let (name, given) =
            id.split_once(',').map_or((id.as_str(), None), |(name, source)| (name, Some(source)));
        if let Some(source) = given {
            check_source(source)
                .map_err(|fault| wrong(format!("The source {}. {}", fault.problem, fault.remedy)))?;
        }
        let clients = ctx.client().clone();
        let Some(found) = repository::find(&clients, name).await? else {
            return Err(wrong(format!(
                "Account {} has no repository {name} in {}.",
                clients.account_id, clients.region
            )));
        };
        let Some(source) = given.or_else(|| found.source()) else {
            return Err(wrong(format!(
                "The repository does not say what it is a mirror of, so the import id has to: its name and the source, \
                 joined by a comma, such as \"{name},docker.io/library/alpine\"."
            )));
        };
        let stored = repository::images(&clients, name).await?;
        let (mut tags, mut referrers) = (BTreeSet::new(), Digests::new());
        for tag in stored.tags.keys() {
            match referrers_subject(tag) {
                Some(subject) => {
                    referrers.insert(tag.clone(), subject.to_string().into());
                }
                None => {
                    tags.insert(tag.clone());
                }
            }
        }
        let mut mirror = MirrorRepository::of(name, source, tags.clone());
        // An index of chosen platforms says itself which they are.
        if let Some(digest) = tags.iter().find_map(|tag| stored.digest(tag)) {
            let found = made_from(&clients.registry()?, name, digest).await;
            let found = found.map_err(|error| {
                registry_failure(&error, format!("Importing ECR mirror repository ({id})"), "")
            })?;
            mirror.platforms =
                found.map(|(_, platforms)| platforms.iter().map(ToString::to_string).collect());
        }
        Ok(MirrorRepository {
            referrers: !referrers.is_empty(),
            referrer_images: Some(referrers).filter(|referrers| !referrers.is_empty()).into(),
            lifecycle_policy: repository_policies::lifecycle_policy(&clients, name).await?,
            repository_policy: repository_policies::repository_policy(&clients, name).await?,
            ..mirror
        })
    }
}

impl ResourceIdentity for MirrorRepository {
    type Identity = Named;

    fn identity(&self, clients: &Clients) -> Option<Named> {
        Some(Named::new(&self.name, clients))
    }
}

impl ImportIdentity for MirrorRepository {
    async fn import_identity(identity: Named, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let name = identity.name(ctx.client())?;
        Self::import(name, ctx).await
    }
}
