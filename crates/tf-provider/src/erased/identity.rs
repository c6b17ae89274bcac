//! Identities without their types.

use futures::future::BoxFuture;

use super::typed;
use crate::diagnostics::Diagnostics;
use crate::identity::{ImportIdentity, ResourceIdentity, UpgradeIdentity};
use crate::resource::{Context, Resource};
use crate::schema::{Convert, Definition, Schema};
use crate::value::RawValue;

/// The identity of a resource without its type.
pub trait AnyIdentity<C>: Send + Sync {
    /// What is announced.
    fn definition(&self) -> &Definition;

    /// [`ResourceIdentity::MUTABLE`].
    fn is_mutable(&self) -> bool;

    /// [`ResourceIdentity::identity`].
    ///
    /// # Errors
    /// The state does not fit the schema.
    fn of(&self, state: &RawValue, client: &C) -> Result<Option<RawValue>, Diagnostics>;

    /// Runs the [`ImportIdentity`] ability; `None` without it.
    fn import<'a>(
        &'a self,
        identity: RawValue,
        ctx: &'a mut Context<C>,
    ) -> Option<BoxFuture<'a, Result<RawValue, Diagnostics>>>;

    /// Runs the [`UpgradeIdentity`] ability; `None` without it.
    fn upgrade(&self, version: i64, identity: serde_json::Value) -> Option<Result<RawValue, Diagnostics>>;
}

/// Runs [`ImportIdentity`].
pub type ImportIdentityFn<R> =
    for<'a> fn(RawValue, &'a mut Context<<R as Resource>::Client>) -> BoxFuture<'a, Result<R, Diagnostics>>;
/// Runs [`UpgradeIdentity`].
pub type UpgradeIdentityFn = fn(i64, serde_json::Value) -> Result<RawValue, Diagnostics>;

/// The identity of a resource of type `R`, with the abilities it opted into.
pub struct IdentityEntry<R: Resource> {
    definition: Definition,
    mutable: bool,
    of: fn(&R, &R::Client) -> Option<RawValue>,
    import: Option<ImportIdentityFn<R>>,
    upgrade: Option<UpgradeIdentityFn>,
}

impl<R: Resource> std::fmt::Debug for IdentityEntry<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdentityEntry").field("definition", &self.definition).finish_non_exhaustive()
    }
}

impl<R: ResourceIdentity> IdentityEntry<R> {
    pub(super) fn new() -> Self {
        IdentityEntry {
            definition: R::Identity::definition(),
            mutable: R::MUTABLE,
            of: |resource, client| resource.identity(client).map(|identity| identity.to_raw()),
            import: None,
            upgrade: None,
        }
    }
}

impl<R: Resource> IdentityEntry<R> {
    /// The same with what else was found.
    #[must_use]
    pub fn with(self, import: Option<ImportIdentityFn<R>>, upgrade: Option<UpgradeIdentityFn>) -> Self {
        IdentityEntry { import, upgrade, ..self }
    }
}

pub(super) fn import<R: ImportIdentity>(
    identity: RawValue,
    ctx: &mut Context<R::Client>,
) -> BoxFuture<'_, Result<R, Diagnostics>> {
    Box::pin(async move { R::import_identity(typed::<R::Identity>(&identity)?, ctx).await })
}

pub(super) fn upgrade<R: UpgradeIdentity>(
    version: i64,
    identity: serde_json::Value,
) -> Result<RawValue, Diagnostics> {
    R::upgrade_identity(version, identity).map(|identity| identity.to_raw())
}

impl<R: Resource> AnyIdentity<R::Client> for IdentityEntry<R> {
    fn definition(&self) -> &Definition {
        &self.definition
    }

    fn is_mutable(&self) -> bool {
        self.mutable
    }

    fn of(&self, state: &RawValue, client: &R::Client) -> Result<Option<RawValue>, Diagnostics> {
        let identity = (self.of)(&typed::<R>(state)?, client);
        Ok(identity.map(|identity| identity.normalised(&self.definition.ty())))
    }

    fn import<'a>(
        &'a self,
        identity: RawValue,
        ctx: &'a mut Context<R::Client>,
    ) -> Option<BoxFuture<'a, Result<RawValue, Diagnostics>>> {
        let import = self.import?;
        Some(Box::pin(async move { Ok(import(identity, ctx).await?.to_raw()) }))
    }

    fn upgrade(&self, version: i64, identity: serde_json::Value) -> Option<Result<RawValue, Diagnostics>> {
        self.upgrade.map(|upgrade| upgrade(version, identity))
    }
}
