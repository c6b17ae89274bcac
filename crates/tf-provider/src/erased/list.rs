//! List resources without their types.

use futures::future::BoxFuture;

use super::{ValidateFn, run_validate, typed};
use crate::diagnostics::Diagnostics;
use crate::list::{ListResource, Listing, Search};
use crate::resource::{Context, Resource};
use crate::schema::Definition;
use crate::value::RawValue;

/// A [`ListResource`] without its type.
pub trait AnyListResource<C>: Send + Sync {
    /// What is announced.
    fn definition(&self) -> &Definition;

    /// Runs the [`ValidateConfig`](crate::ValidateConfig) ability.
    fn validate_config(&self, config: &RawValue, diagnostics: &mut Diagnostics);

    /// [`ListResource::list`].
    fn list<'a>(
        &'a self,
        config: &'a RawValue,
        search: Search,
        ctx: &'a mut Context<C>,
    ) -> BoxFuture<'a, Result<(), Diagnostics>>;
}

/// What a list resource of type `L` can do; made by [`list_resource!`](crate::list_resource!).
#[derive(Debug)]
pub struct ListResourceAbilities<L: ListResource> {
    /// [`ValidateConfig`](crate::ValidateConfig).
    pub validate: Option<ValidateFn<L>>,
}

/// A list resource of type `L` with the abilities it opted into.
#[derive(Debug)]
pub struct ListResourceEntry<L: ListResource> {
    definition: Definition,
    abilities: ListResourceAbilities<L>,
}

impl<L: ListResource> ListResourceEntry<L> {
    /// An entry; for [`list_resource!`](crate::list_resource!).
    pub fn new(abilities: ListResourceAbilities<L>) -> Self {
        ListResourceEntry { definition: L::definition(), abilities }
    }
}

impl<L: ListResource> AnyListResource<<L::Resource as Resource>::Client> for ListResourceEntry<L> {
    fn definition(&self) -> &Definition {
        &self.definition
    }

    fn validate_config(&self, config: &RawValue, diagnostics: &mut Diagnostics) {
        run_validate::<L>(self.abilities.validate, config, diagnostics);
    }

    fn list<'a>(
        &'a self,
        config: &'a RawValue,
        search: Search,
        ctx: &'a mut Context<<L::Resource as Resource>::Client>,
    ) -> BoxFuture<'a, Result<(), Diagnostics>> {
        Box::pin(async move { typed::<L>(config)?.list(&mut Listing::new(search), ctx).await })
    }
}

/// The register entry of a [`ListResource`]: `registry.list_resource(list_resource!(ListRules))`.
#[macro_export]
macro_rules! list_resource {
    ($list:ty) => {{
        #[allow(unused_imports, reason = "used for the abilities that the list resource lacks")]
        use $crate::erased::WithoutSchemaAbilities as _;
        let probe = $crate::erased::Probe::<$list>::new();
        $crate::erased::ListResourceEntry::<$list>::new($crate::erased::ListResourceAbilities {
            validate: probe.validate_ability(),
        })
    }};
}
