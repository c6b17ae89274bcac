//! Actions without their types.

use futures::future::BoxFuture;

use super::{ValidateFn, run_validate, typed};
use crate::action::{Action, Progress};
use crate::diagnostics::Diagnostics;
use crate::resource::Context;
use crate::schema::{Definition, Schema};
use crate::value::RawValue;

/// An [`Action`] without its type.
pub trait AnyAction<C>: Send + Sync {
    /// What is announced.
    fn definition(&self) -> &Definition;

    /// Runs the [`ValidateConfig`](crate::ValidateConfig) ability.
    fn validate_config(&self, config: &RawValue, diagnostics: &mut Diagnostics);

    /// Runs the [`PlanAction`](crate::PlanAction) ability.
    fn plan(&self, config: &RawValue, client: Option<&C>, diagnostics: &mut Diagnostics);

    /// [`Action::invoke`].
    fn invoke<'a>(
        &'a self,
        config: &'a RawValue,
        progress: &'a Progress,
        ctx: &'a mut Context<C>,
    ) -> BoxFuture<'a, Result<(), Diagnostics>>;
}

/// Runs [`PlanAction`](crate::PlanAction).
pub type PlanActionFn<A> = fn(&<A as Schema>::Plan, Option<&<A as Action>::Client>, &mut Diagnostics);

/// What an action of type `A` can do; made by [`action!`](crate::action!).
#[derive(Debug)]
pub struct ActionAbilities<A: Action> {
    /// [`ValidateConfig`](crate::ValidateConfig).
    pub validate: Option<ValidateFn<A>>,
    /// [`PlanAction`](crate::PlanAction).
    pub plan: Option<PlanActionFn<A>>,
}

/// An action of type `A` with the abilities it opted into.
#[derive(Debug)]
pub struct ActionEntry<A: Action> {
    definition: Definition,
    abilities: ActionAbilities<A>,
}

impl<A: Action> ActionEntry<A> {
    /// An entry; for [`action!`](crate::action!).
    pub fn new(abilities: ActionAbilities<A>) -> Self {
        ActionEntry { definition: A::definition(), abilities }
    }
}

impl<A: Action> AnyAction<A::Client> for ActionEntry<A> {
    fn definition(&self) -> &Definition {
        &self.definition
    }

    fn validate_config(&self, config: &RawValue, diagnostics: &mut Diagnostics) {
        run_validate::<A>(self.abilities.validate, config, diagnostics);
    }

    fn plan(&self, config: &RawValue, client: Option<&A::Client>, diagnostics: &mut Diagnostics) {
        let Some(plan) = self.abilities.plan else { return };
        match typed::<A::Plan>(config) {
            Ok(config) => plan(&config, client, diagnostics),
            Err(errors) => diagnostics.extend(errors),
        }
    }

    fn invoke<'a>(
        &'a self,
        config: &'a RawValue,
        progress: &'a Progress,
        ctx: &'a mut Context<A::Client>,
    ) -> BoxFuture<'a, Result<(), Diagnostics>> {
        Box::pin(async move { typed::<A>(config)?.invoke(progress, ctx).await })
    }
}

/// The register entry of an [`Action`]: `registry.action(action!(SyncMirror))`.
#[macro_export]
macro_rules! action {
    ($action:ty) => {{
        #[allow(unused_imports, reason = "used for the abilities that the action lacks")]
        use $crate::erased::{WithoutActionAbilities as _, WithoutSchemaAbilities as _};
        let probe = $crate::erased::Probe::<$action>::new();
        $crate::erased::ActionEntry::<$action>::new($crate::erased::ActionAbilities {
            validate: probe.validate_ability(),
            plan: probe.plan_action_ability(),
        })
    }};
}
