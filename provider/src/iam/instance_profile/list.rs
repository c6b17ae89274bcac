//! `terraform query` for instance profiles.

use tf_provider::{Context, Diagnostics, ListResource, Listing, Schema};

use super::InstanceProfile;
use crate::clients::Clients;
use crate::diagnostics::Failure;
use crate::identity::NamedInAccount;
use crate::listing;

/// Finds the instance profiles of the account that have the shape of ours: a profile with one role of its own name.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "ecrunner_instance_profile")]
pub struct InstanceProfiles {
    /// What the paths begin with, such as `/ci/`. Default: all.
    pub path_prefix: Option<String>,
    /// What the names begin with. Default: all.
    pub name_prefix: Option<String>,
}

impl ListResource for InstanceProfiles {
    type Resource = InstanceProfile;

    async fn list(
        self,
        list: &mut Listing<InstanceProfile>,
        ctx: &mut Context<Clients>,
    ) -> Result<(), Diagnostics> {
        let clients = ctx.client().clone();
        let prefix = self.name_prefix.unwrap_or_default();
        let path = self.path_prefix.unwrap_or_default();
        let mut pages = clients.iam.list_instance_profiles().into_paginator().items().send();
        while let Some(profile) = pages.next().await {
            let profile = profile
                .map_err(|error| Failure::of("IAM", &error).report("Listing instance profiles", "", ""))?;
            let name = profile.instance_profile_name().to_owned();
            let is_ours = matches!(profile.roles(), [role] if role.role_name() == name);
            if !is_ours || !name.starts_with(&prefix) || !profile.path().starts_with(&path) {
                continue;
            }
            listing::tell(list, NamedInAccount::new(&name, &clients), name, ctx).await?;
        }
        Ok(())
    }
}
