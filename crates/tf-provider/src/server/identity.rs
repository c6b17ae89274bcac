//! What identities have to keep: wholly known, and the same for as long as the object is.

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::erased::AnyResource;
use crate::value::{RawValue, Type};

/// An identity with its type.
#[derive(Clone, Debug)]
pub(crate) struct Identified {
    pub(crate) ty: Type,
    pub(crate) value: RawValue,
}

/// Key of private data that marks an object as just imported: the read that follows may complete its identity.
pub(crate) const IMPORTED: &str = ".imported";

/// The identity of the object in `state`, which has to be `expected` where that is known.
pub(crate) fn checked<C>(
    resource: &dyn AnyResource<C>,
    state: &RawValue,
    client: &C,
    expected: Option<&Identified>,
    diagnostics: &mut Diagnostics,
) -> Option<Identified> {
    let identity = resource.identity()?;
    let type_name = &resource.definition().type_name;
    let value = match identity.of(state, client) {
        Ok(Some(value)) => value,
        Ok(None) => {
            let detail = format!("The provider told no identity of an object of type {type_name}.");
            diagnostics.push(Diagnostic::provider_bug(detail));
            return expected.cloned();
        }
        Err(errors) => {
            diagnostics.extend(errors);
            return expected.cloned();
        }
    };
    match expected {
        Some(expected) if expected.value != value && !identity.is_mutable() => {
            let detail = format!(
                "An object of type {type_name} has another identity than before. It may be another object: what was \
                 stored is kept."
            );
            diagnostics.push(Diagnostic::provider_bug(detail));
            Some(expected.clone())
        }
        _ => Some(Identified { ty: identity.definition().ty(), value }),
    }
}

/// The identity of what a failed operation left, as far as it is known.
pub(crate) fn known<C>(resource: &dyn AnyResource<C>, state: &RawValue, client: &C) -> Option<Identified> {
    let identity = resource.identity()?;
    let value = identity.of(state, client).ok().flatten()?;
    Some(Identified { ty: identity.definition().ty(), value })
}
