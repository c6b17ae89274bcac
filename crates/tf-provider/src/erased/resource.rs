//! Managed resources without their types.

use futures::future::BoxFuture;

use super::identity::{AnyIdentity, IdentityEntry};
use super::timeouts::timeouts_block;
use super::{ValidateFn, carry_timeouts, run_validate, typed};
use crate::deferral::Deferral;
use crate::diagnostics::Diagnostics;
use crate::movement::{MoveSource, Mover};
use crate::private::Private;
use crate::resource::{Context, DestroyContext, PlanContext, PlanTerms, Resource};
use crate::schema::{Convert, Definition, Schema};
use crate::upgrade::Upgrader;
use crate::value::{AttributePath, RawValue};

/// What a [`ModifyPlan`](crate::ModifyPlan) hook made of a plan.
#[derive(Debug)]
pub struct ModifiedPlan {
    /// The planned object.
    pub planned: RawValue,
    /// Private data for the apply.
    pub private: Private,
    /// Paths whose change replaces the object.
    pub requires_replace: Vec<AttributePath>,
    /// Why the object is planned later.
    pub deferred: Option<Deferral>,
    /// What the practitioner is told.
    pub diagnostics: Diagnostics,
}

/// A [`Resource`] without its type.
pub trait AnyResource<C>: Send + Sync {
    /// What is announced, `timeouts` block included.
    fn definition(&self) -> &Definition;

    /// Runs the [`ValidateConfig`](crate::ValidateConfig) ability.
    fn validate_config(&self, config: &RawValue, diagnostics: &mut Diagnostics);

    /// Runs the [`ModifyPlan`](crate::ModifyPlan) ability, or returns the plan as it is.
    fn modify_plan(
        &self,
        config: &RawValue,
        prior: &RawValue,
        planned: RawValue,
        terms: PlanTerms,
        client: Option<&C>,
    ) -> ModifiedPlan;

    /// Runs the [`PlanDestroy`](crate::PlanDestroy) ability; returns the private data for the delete.
    fn plan_destroy(
        &self,
        prior: &RawValue,
        private: Private,
        client: Option<&C>,
        diagnostics: &mut Diagnostics,
    ) -> Private;

    /// [`Resource::create`].
    fn create<'a>(
        &'a self,
        planned: &'a RawValue,
        ctx: &'a mut Context<C>,
    ) -> BoxFuture<'a, Result<RawValue, Diagnostics>>;

    /// [`Resource::read`].
    fn read<'a>(
        &'a self,
        current: &'a RawValue,
        ctx: &'a mut Context<C>,
    ) -> BoxFuture<'a, Result<Option<RawValue>, Diagnostics>>;

    /// [`Resource::update`].
    fn update<'a>(
        &'a self,
        planned: &'a RawValue,
        prior: &'a RawValue,
        ctx: &'a mut Context<C>,
    ) -> BoxFuture<'a, Result<RawValue, Diagnostics>>;

    /// [`Resource::delete`].
    fn delete<'a>(
        &'a self,
        prior: &'a RawValue,
        ctx: &'a mut Context<C>,
    ) -> BoxFuture<'a, Result<(), Diagnostics>>;

    /// Runs the [`ImportState`](crate::ImportState) ability; `None` without it.
    fn import<'a>(
        &'a self,
        id: String,
        ctx: &'a mut Context<C>,
    ) -> Option<BoxFuture<'a, Result<RawValue, Diagnostics>>>;

    /// What identifies an object; `None` without [`ResourceIdentity`](crate::ResourceIdentity).
    fn identity(&self) -> Option<&dyn AnyIdentity<C>>;

    /// Runs the [`GenerateConfig`](crate::GenerateConfig) ability, or returns the configuration as it is.
    fn generate_config(&self, state: &RawValue, config: RawValue, diagnostics: &mut Diagnostics) -> RawValue;

    /// Runs the mover that fits `source`; `None` without one. Tells too whether private data is kept.
    fn move_state(&self, source: &MoveSource) -> Option<Result<(RawValue, bool), Diagnostics>>;

    /// What can be taken over, for people.
    fn move_sources(&self) -> Vec<String>;

    /// Runs the upgrader of `version` on a state as JSON; `None` without one.
    fn upgrade(&self, version: i64, state: &[u8]) -> Option<Result<RawValue, Diagnostics>>;
}

/// Runs [`ModifyPlan`](crate::ModifyPlan).
pub type ModifyFn<R> = for<'a> fn(&mut PlanContext<'a, R>);
/// Runs [`PlanDestroy`](crate::PlanDestroy).
pub type PlanDestroyFn<R> = for<'a> fn(&mut DestroyContext<'a, R>);
/// Runs [`ImportState`](crate::ImportState).
pub type ImportFn<R> =
    for<'a> fn(String, &'a mut Context<<R as Resource>::Client>) -> BoxFuture<'a, Result<R, Diagnostics>>;
/// Runs [`GenerateConfig`](crate::GenerateConfig).
pub type GenerateConfigFn<R> = fn(&R, &mut <R as Schema>::Plan);

/// What a resource of type `R` can do; made by [`resource!`](crate::resource!).
#[derive(Debug)]
pub struct ResourceAbilities<R: Resource> {
    /// [`ValidateConfig`](crate::ValidateConfig).
    pub validate: Option<ValidateFn<R>>,
    /// [`ModifyPlan`](crate::ModifyPlan).
    pub modify: Option<ModifyFn<R>>,
    /// [`PlanDestroy`](crate::PlanDestroy).
    pub plan_destroy: Option<PlanDestroyFn<R>>,
    /// [`ImportState`](crate::ImportState).
    pub import: Option<ImportFn<R>>,
    /// [`GenerateConfig`](crate::GenerateConfig).
    pub generate_config: Option<GenerateConfigFn<R>>,
    /// [`MoveState`](crate::MoveState).
    pub movers: Vec<Mover<R>>,
    /// [`ResourceIdentity`](crate::ResourceIdentity) and what belongs to it.
    pub identity: Option<IdentityEntry<R>>,
    /// [`UpgradeState`](crate::UpgradeState).
    pub upgraders: Vec<Upgrader<R>>,
}

/// A resource of type `R` with the abilities it opted into.
#[derive(Debug)]
pub struct ResourceEntry<R: Resource> {
    definition: Definition,
    abilities: ResourceAbilities<R>,
}

impl<R: Resource> ResourceEntry<R> {
    /// An entry; for [`resource!`](crate::resource!).
    pub fn new(abilities: ResourceAbilities<R>) -> Self {
        let mut definition = R::definition();
        if let Some(timeouts) = definition.timeouts {
            definition.blocks.push(timeouts_block(timeouts));
        }
        ResourceEntry { definition, abilities }
    }
}

impl<R: Resource> AnyResource<R::Client> for ResourceEntry<R> {
    fn definition(&self) -> &Definition {
        &self.definition
    }

    fn validate_config(&self, config: &RawValue, diagnostics: &mut Diagnostics) {
        run_validate::<R>(self.abilities.validate, config, diagnostics);
    }

    fn modify_plan(
        &self,
        config: &RawValue,
        prior: &RawValue,
        planned: RawValue,
        terms: PlanTerms,
        client: Option<&R::Client>,
    ) -> ModifiedPlan {
        let Some(modify) = self.abilities.modify else {
            let (requires_replace, diagnostics) = Default::default();
            return ModifiedPlan {
                planned,
                private: terms.private.prior,
                requires_replace,
                deferred: None,
                diagnostics,
            };
        };
        let typed = || {
            let prior: Option<R> = typed(prior)?;
            Ok((typed::<R::Plan>(config)?, prior, typed::<R::Plan>(&planned)?))
        };
        let (config, prior, plan) = match typed() {
            Ok(values) => values,
            Err(diagnostics) => {
                let requires_replace = Vec::new();
                return ModifiedPlan {
                    planned,
                    private: terms.private.prior,
                    requires_replace,
                    deferred: None,
                    diagnostics,
                };
            }
        };
        let mut context = PlanContext::new(&config, prior.as_ref(), plan, terms, client);
        modify(&mut context);
        let (modified, private, requires_replace, deferred, diagnostics) = context.finish();
        ModifiedPlan {
            planned: refined_as(carry_timeouts(modified.to_raw(), &planned), &planned),
            private,
            requires_replace,
            deferred,
            diagnostics,
        }
    }

    fn plan_destroy(
        &self,
        prior: &RawValue,
        private: Private,
        client: Option<&R::Client>,
        diagnostics: &mut Diagnostics,
    ) -> Private {
        let Some(plan_destroy) = self.abilities.plan_destroy else { return private };
        match typed::<R>(prior) {
            Ok(prior) => {
                let mut context = DestroyContext::new(&prior, private, client);
                plan_destroy(&mut context);
                let (private, told) = context.finish();
                diagnostics.extend(told);
                private
            }
            Err(errors) => {
                diagnostics.extend(errors);
                private
            }
        }
    }

    fn create<'a>(
        &'a self,
        planned: &'a RawValue,
        ctx: &'a mut Context<R::Client>,
    ) -> BoxFuture<'a, Result<RawValue, Diagnostics>> {
        Box::pin(async move { Ok(typed::<R>(planned)?.create(ctx).await?.to_raw()) })
    }

    fn read<'a>(
        &'a self,
        current: &'a RawValue,
        ctx: &'a mut Context<R::Client>,
    ) -> BoxFuture<'a, Result<Option<RawValue>, Diagnostics>> {
        Box::pin(async move { Ok(typed::<R>(current)?.read(ctx).await?.map(|state| state.to_raw())) })
    }

    fn update<'a>(
        &'a self,
        planned: &'a RawValue,
        prior: &'a RawValue,
        ctx: &'a mut Context<R::Client>,
    ) -> BoxFuture<'a, Result<RawValue, Diagnostics>> {
        Box::pin(async move { Ok(typed::<R>(planned)?.update(typed::<R>(prior)?, ctx).await?.to_raw()) })
    }

    fn delete<'a>(
        &'a self,
        prior: &'a RawValue,
        ctx: &'a mut Context<R::Client>,
    ) -> BoxFuture<'a, Result<(), Diagnostics>> {
        Box::pin(async move { typed::<R>(prior)?.delete(ctx).await })
    }

    fn import<'a>(
        &'a self,
        id: String,
        ctx: &'a mut Context<R::Client>,
    ) -> Option<BoxFuture<'a, Result<RawValue, Diagnostics>>> {
        let import = self.abilities.import?;
        Some(Box::pin(async move { Ok(import(id, ctx).await?.to_raw()) }))
    }

    fn identity(&self) -> Option<&dyn AnyIdentity<R::Client>> {
        self.abilities.identity.as_ref().map(|identity| identity as &dyn AnyIdentity<R::Client>)
    }

    fn generate_config(&self, state: &RawValue, config: RawValue, diagnostics: &mut Diagnostics) -> RawValue {
        let Some(generate) = self.abilities.generate_config else { return config };
        let typed = || Ok((typed::<R>(state)?, typed::<R::Plan>(&config)?));
        match typed() {
            Ok((state, mut plan)) => {
                generate(&state, &mut plan);
                carry_timeouts(plan.to_raw(), &config)
            }
            Err(errors) => {
                diagnostics.extend(errors);
                config
            }
        }
    }

    fn move_state(&self, source: &MoveSource) -> Option<Result<(RawValue, bool), Diagnostics>> {
        let mover = self.abilities.movers.iter().find(|mover| mover.fits(source))?;
        Some(mover.run(source).map(|state| (state.to_raw(), mover.keeps_private())))
    }

    fn move_sources(&self) -> Vec<String> {
        self.abilities.movers.iter().map(Mover::source).collect()
    }

    fn upgrade(&self, version: i64, state: &[u8]) -> Option<Result<RawValue, Diagnostics>> {
        let upgrader = self.abilities.upgraders.iter().find(|upgrader| upgrader.version() == version)?;
        Some(upgrader.run(state).map(|state| state.to_raw()))
    }
}

/// The plan form does not hold what is known about unknown values: what stayed unknown takes it from `source`.
fn refined_as(mut plan: RawValue, source: &RawValue) -> RawValue {
    match (&mut plan, source) {
        (RawValue::Unknown(known), RawValue::Unknown(source)) => known.clone_from(source),
        (RawValue::Sequence(elements), RawValue::Sequence(source)) if elements.len() == source.len() => {
            for (element, source) in elements.iter_mut().zip(source) {
                *element = refined_as(std::mem::replace(element, RawValue::Null), source);
            }
        }
        (RawValue::Mapping(entries), RawValue::Mapping(source)) => {
            for (name, entry) in entries {
                let Some(source) = source.get(name) else { continue };
                *entry = refined_as(std::mem::replace(entry, RawValue::Null), source);
            }
        }
        _ => {}
    }
    plan
}

/// The register entry of a [`Resource`]: `registry.resource(resource!(PullThroughCacheRule))`.
#[macro_export]
macro_rules! resource {
    ($resource:ty) => {{
        #[allow(unused_imports, reason = "used for the abilities that the resource lacks")]
        use $crate::erased::{WithoutResourceAbilities as _, WithoutSchemaAbilities as _};
        let probe = $crate::erased::Probe::<$resource>::new();
        $crate::erased::ResourceEntry::<$resource>::new($crate::erased::ResourceAbilities {
            validate: probe.validate_ability(),
            modify: probe.modify_ability(),
            plan_destroy: probe.plan_destroy_ability(),
            import: probe.import_ability(),
            generate_config: probe.generate_config_ability(),
            movers: probe.move_ability().unwrap_or_default(),
            identity: probe.identity_ability().map(|identity| {
                identity.with(probe.import_identity_ability(), probe.upgrade_identity_ability())
            }),
            upgraders: probe.upgrade_ability().unwrap_or_default(),
        })
    }};
}
