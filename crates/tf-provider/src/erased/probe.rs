//! Which abilities a type opted into.
//!
//! An inherent method whose bound does not hold is passed over in favour of the trait method of the same name: so
//! [`Probe`] answers `Some` where `T` has the ability, and the traits `Without…` answer `None` everywhere else.

use std::marker::PhantomData;

use super::ValidateFn;
use super::action::PlanActionFn;
use super::ephemeral::{CloseFn, RenewFn};
use super::identity::{self, IdentityEntry, ImportIdentityFn, UpgradeIdentityFn};
use super::resource::{GenerateConfigFn, ImportFn, ModifyFn, PlanDestroyFn};
use crate::action::{Action, PlanAction};
use crate::ephemeral::{CloseEphemeral, EphemeralResource, RenewEphemeral};
use crate::identity::{ImportIdentity, ResourceIdentity, UpgradeIdentity};
use crate::movement::{MoveState, Mover};
use crate::resource::{GenerateConfig, ImportState, ModifyPlan, PlanDestroy, Resource, ValidateConfig};
use crate::schema::Schema;
use crate::upgrade::{UpgradeState, Upgrader};

/// Finds out which abilities `T` opted into; for the macros.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

#[expect(clippy::new_without_default, missing_docs, reason = "made by macros only")]
impl<T> Probe<T> {
    pub fn new() -> Self {
        Probe(PhantomData)
    }
}

/// For each ability its probe, and the answer for types without it.
macro_rules! abilities {
    ($without:ident: $base:ident { $($method:ident: $ability:ident => $type:ty, $run:expr;)+ }) => {
        $(
            #[allow(missing_docs, reason = "called by macros only")]
            impl<T: $ability> Probe<T> {
                pub fn $method(&self) -> Option<$type> {
                    Some($run)
                }
            }
        )+

        /// Abilities that a type lacks.
        #[allow(missing_docs, reason = "called by macros only")]
        pub trait $without<T: $base> {
            $(
                fn $method(&self) -> Option<$type> {
                    None
                }
            )+
        }

        impl<T: $base> $without<T> for Probe<T> {}
    };
}

abilities!(WithoutSchemaAbilities: Schema {
    validate_ability: ValidateConfig => ValidateFn<T>, T::validate;
    upgrade_ability: UpgradeState => Vec<Upgrader<T>>, T::upgraders();
});

abilities!(WithoutResourceAbilities: Resource {
    modify_ability: ModifyPlan => ModifyFn<T>, |context| T::modify_plan(context);
    plan_destroy_ability: PlanDestroy => PlanDestroyFn<T>, |context| T::plan_destroy(context);
    import_ability: ImportState => ImportFn<T>, |id, ctx| Box::pin(T::import(id, ctx));
    generate_config_ability: GenerateConfig => GenerateConfigFn<T>, T::generate_config;
    move_ability: MoveState => Vec<Mover<T>>, T::movers();
    identity_ability: ResourceIdentity => IdentityEntry<T>, IdentityEntry::new();
    import_identity_ability: ImportIdentity => ImportIdentityFn<T>, identity::import;
    upgrade_identity_ability: UpgradeIdentity => UpgradeIdentityFn, identity::upgrade::<T>;
});

abilities!(WithoutEphemeralAbilities: EphemeralResource {
    renew_ability: RenewEphemeral => RenewFn<T>, |private, ctx| Box::pin(T::renew(private, ctx));
    close_ability: CloseEphemeral => CloseFn<T>, |private, ctx| Box::pin(T::close(private, ctx));
});

abilities!(WithoutActionAbilities: Action {
    plan_action_ability: PlanAction => PlanActionFn<T>, T::plan;
});
