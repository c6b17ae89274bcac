//! Everything an author registers, with its types erased: what the server works with.
//!
//! An author's type is turned into an entry by a macro such as [`resource!`](crate::resource!), which also finds the
//! abilities that the type opted into.

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::schema::{Convert, ConvertError, Schema};
use crate::value::RawValue;

mod action;
mod data_source;
mod ephemeral;
mod identity;
mod list;
mod probe;
mod resource;
mod timeouts;

pub use crate::list::{Listed, Search};
pub use crate::resource::{PlanPrivate, PlanTerms};
pub use action::{ActionAbilities, ActionEntry, AnyAction, PlanActionFn};
pub use data_source::{AnyDataSource, DataSourceAbilities, DataSourceEntry};
pub use ephemeral::{
    AnyEphemeralResource, CloseFn, EphemeralResourceAbilities, EphemeralResourceEntry, Lease, RenewFn,
};
pub use identity::{AnyIdentity, IdentityEntry, ImportIdentityFn, UpgradeIdentityFn};
pub use list::{AnyListResource, ListResourceAbilities, ListResourceEntry};
pub use probe::{
    Probe, WithoutActionAbilities, WithoutEphemeralAbilities, WithoutResourceAbilities,
    WithoutSchemaAbilities,
};
pub use resource::{
    AnyResource, GenerateConfigFn, ImportFn, ModifiedPlan, ModifyFn, PlanDestroyFn, ResourceAbilities,
    ResourceEntry,
};
pub(crate) use timeouts::carry_timeouts;

/// Runs [`ValidateConfig`](crate::ValidateConfig).
pub type ValidateFn<T> = fn(&<T as Schema>::Plan, &mut Diagnostics);

fn mismatch(error: &ConvertError) -> Diagnostics {
    Diagnostic::provider_bug(format!("A value does not fit the provider's own schema: {}.", error.problem))
        .at(error.path.clone())
        .into()
}

pub(crate) fn typed<T: Convert>(raw: &RawValue) -> Result<T, Diagnostics> {
    T::from_raw(raw).map_err(|error| mismatch(&error))
}

fn run_validate<S: Schema>(
    validate: Option<ValidateFn<S>>,
    config: &RawValue,
    diagnostics: &mut Diagnostics,
) {
    let Some(validate) = validate else { return };
    match typed::<S::Plan>(config) {
        Ok(config) => validate(&config, diagnostics),
        // A value that its validators refused already need not fit its type.
        Err(_) if diagnostics.has_errors() => {}
        Err(errors) => diagnostics.extend(errors),
    }
}
