//! States that an older version of the provider wrote.

use std::fmt;
use std::sync::Arc;

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::schema::Schema;
use crate::value::json;

/// Ability: to read states that older versions of the schema wrote.
pub trait UpgradeState: Schema {
    /// One upgrader for each older version, straight to the present form. None of them asks the network.
    fn upgraders() -> Vec<Upgrader<Self>>;
}

type UpgradeFn<R> = Arc<dyn Fn(&[u8]) -> Result<R, Diagnostics> + Send + Sync>;

/// Reads the states of one older version.
#[derive(Clone)]
pub struct Upgrader<R> {
    version: i64,
    run: UpgradeFn<R>,
}

impl<R> Upgrader<R> {
    /// From `version`, whose struct was `Old` (with `#[derive(Schema)]`): only what differs has to be told.
    ///
    /// Attributes that `Old` does not have are dropped; those that the state lacks are null.
    pub fn new<Old: Schema>(
        version: i64,
        body: impl Fn(Old) -> Result<R, Diagnostics> + Send + Sync + 'static,
    ) -> Self {
        let run: UpgradeFn<R> = Arc::new(move |bytes| {
            let state = json::decode(&Old::definition().ty(), bytes, json::Extra::Ignore)
                .map_err(|error| unreadable(version, &error))?;
            body(Old::from_raw(&state).map_err(|error| unreadable(version, &error))?)
        });
        Upgrader { version, run }
    }

    /// From `version`, whose states have no one type, as JSON.
    pub fn from_json(
        version: i64,
        body: impl Fn(serde_json::Value) -> Result<R, Diagnostics> + Send + Sync + 'static,
    ) -> Self {
        let run: UpgradeFn<R> = Arc::new(move |bytes| {
            body(serde_json::from_slice(bytes).map_err(|error| unreadable(version, &error))?)
        });
        Upgrader { version, run }
    }

    pub(crate) fn version(&self) -> i64 {
        self.version
    }

    pub(crate) fn run(&self, state: &[u8]) -> Result<R, Diagnostics> {
        (self.run)(state)
    }
}

fn unreadable(version: i64, error: &dyn fmt::Display) -> Diagnostics {
    let detail = format!("The stored state does not fit version {version} of its schema: {error}.");
    Diagnostic::error("Unreadable state", detail).into()
}

impl<R> fmt::Debug for Upgrader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrader").field("version", &self.version).finish_non_exhaustive()
    }
}
