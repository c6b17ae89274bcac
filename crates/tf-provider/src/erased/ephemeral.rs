//! Ephemeral resources without their types.

use std::time::SystemTime;

use bytes::Bytes;
use futures::future::BoxFuture;

use super::{ValidateFn, run_validate, typed};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::ephemeral::{EphemeralResource, Opened, Renewed};
use crate::resource::Context;
use crate::schema::Definition;
use crate::value::RawValue;

/// What an [`EphemeralResource`] keeps between calls, and until when it lasts.
#[derive(Debug)]
pub struct Lease {
    /// Its private data as JSON.
    pub private: Bytes,
    /// When to renew it.
    pub renew_at: Option<SystemTime>,
}

/// An [`EphemeralResource`] without its type.
pub trait AnyEphemeralResource<C>: Send + Sync {
    /// What is announced.
    fn definition(&self) -> &Definition;

    /// Runs the [`ValidateConfig`](crate::ValidateConfig) ability.
    fn validate_config(&self, config: &RawValue, diagnostics: &mut Diagnostics);

    /// [`EphemeralResource::open`].
    fn open<'a>(
        &'a self,
        config: &'a RawValue,
        ctx: &'a mut Context<C>,
    ) -> BoxFuture<'a, Result<(RawValue, Lease), Diagnostics>>;

    /// Runs the [`RenewEphemeral`](crate::RenewEphemeral) ability; `None` without it.
    fn renew<'a>(
        &'a self,
        private: &'a [u8],
        ctx: &'a mut Context<C>,
    ) -> Option<BoxFuture<'a, Result<Lease, Diagnostics>>>;

    /// Runs the [`CloseEphemeral`](crate::CloseEphemeral) ability; `None` without it.
    fn close<'a>(
        &'a self,
        private: &'a [u8],
        ctx: &'a mut Context<C>,
    ) -> Option<BoxFuture<'a, Result<(), Diagnostics>>>;
}

/// Runs [`RenewEphemeral`](crate::RenewEphemeral).
pub type RenewFn<E> = for<'a> fn(
    <E as EphemeralResource>::Private,
    &'a mut Context<<E as EphemeralResource>::Client>,
) -> BoxFuture<'a, Result<Renewed<E>, Diagnostics>>;
/// Runs [`CloseEphemeral`](crate::CloseEphemeral).
pub type CloseFn<E> = for<'a> fn(
    <E as EphemeralResource>::Private,
    &'a mut Context<<E as EphemeralResource>::Client>,
) -> BoxFuture<'a, Result<(), Diagnostics>>;

/// What an ephemeral resource of type `E` can do; made by [`ephemeral_resource!`](crate::ephemeral_resource!).
#[derive(Debug)]
pub struct EphemeralResourceAbilities<E: EphemeralResource> {
    /// [`ValidateConfig`](crate::ValidateConfig).
    pub validate: Option<ValidateFn<E>>,
    /// [`RenewEphemeral`](crate::RenewEphemeral).
    pub renew: Option<RenewFn<E>>,
    /// [`CloseEphemeral`](crate::CloseEphemeral).
    pub close: Option<CloseFn<E>>,
}

/// An ephemeral resource of type `E` with the abilities it opted into.
#[derive(Debug)]
pub struct EphemeralResourceEntry<E: EphemeralResource> {
    definition: Definition,
    abilities: EphemeralResourceAbilities<E>,
}

impl<E: EphemeralResource> EphemeralResourceEntry<E> {
    /// An entry; for [`ephemeral_resource!`](crate::ephemeral_resource!).
    pub fn new(abilities: EphemeralResourceAbilities<E>) -> Self {
        EphemeralResourceEntry { definition: E::definition(), abilities }
    }

    fn encoded(private: &E::Private, renew_at: Option<SystemTime>) -> Result<Lease, Diagnostics> {
        let private = serde_json::to_vec(private).map_err(|error| {
            Diagnostic::provider_bug(format!("The private data of an object cannot be written: {error}."))
        })?;
        Ok(Lease { private: private.into(), renew_at })
    }

    fn decoded(private: &[u8]) -> Result<E::Private, Diagnostics> {
        serde_json::from_slice(private).map_err(|error| {
            Diagnostic::provider_bug(format!("The private data of an object cannot be read: {error}.")).into()
        })
    }
}

impl<E: EphemeralResource> AnyEphemeralResource<E::Client> for EphemeralResourceEntry<E> {
    fn definition(&self) -> &Definition {
        &self.definition
    }

    fn validate_config(&self, config: &RawValue, diagnostics: &mut Diagnostics) {
        run_validate::<E>(self.abilities.validate, config, diagnostics);
    }

    fn open<'a>(
        &'a self,
        config: &'a RawValue,
        ctx: &'a mut Context<E::Client>,
    ) -> BoxFuture<'a, Result<(RawValue, Lease), Diagnostics>> {
        Box::pin(async move {
            let Opened { result, private, renew_at } = typed::<E>(config)?.open(ctx).await?;
            Ok((result.to_raw(), Self::encoded(&private, renew_at)?))
        })
    }

    fn renew<'a>(
        &'a self,
        private: &'a [u8],
        ctx: &'a mut Context<E::Client>,
    ) -> Option<BoxFuture<'a, Result<Lease, Diagnostics>>> {
        let renew = self.abilities.renew?;
        Some(Box::pin(async move {
            let Renewed { private, renew_at } = renew(Self::decoded(private)?, ctx).await?;
            Self::encoded(&private, renew_at)
        }))
    }

    fn close<'a>(
        &'a self,
        private: &'a [u8],
        ctx: &'a mut Context<E::Client>,
    ) -> Option<BoxFuture<'a, Result<(), Diagnostics>>> {
        let close = self.abilities.close?;
        Some(Box::pin(async move { close(Self::decoded(private)?, ctx).await }))
    }
}

/// The register entry of an [`EphemeralResource`]: `registry.ephemeral_resource(ephemeral_resource!(Authorization))`.
#[macro_export]
macro_rules! ephemeral_resource {
    ($ephemeral:ty) => {{
        #[allow(unused_imports, reason = "used for the abilities that the ephemeral resource lacks")]
        use $crate::erased::{WithoutEphemeralAbilities as _, WithoutSchemaAbilities as _};
        let probe = $crate::erased::Probe::<$ephemeral>::new();
        $crate::erased::EphemeralResourceEntry::<$ephemeral>::new(
            $crate::erased::EphemeralResourceAbilities {
                validate: probe.validate_ability(),
                renew: probe.renew_ability(),
                close: probe.close_ability(),
            },
        )
    }};
}
