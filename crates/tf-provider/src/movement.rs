//! Moving an object to another resource type (`moved` blocks), also from another provider.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::resource::Resource;

/// Ability: to take over objects of other resource types.
pub trait MoveState: Resource {
    /// The types that can be taken over. The first mover that fits a source is the one.
    fn movers() -> Vec<Mover<Self>>;
}

/// What is moved.
#[derive(Clone, Debug)]
pub struct MoveSource {
    /// Full address of the provider that stored the object, such as `registry.terraform.io/hashicorp/aws`.
    pub provider_address: String,
    /// Its type there.
    pub type_name: String,
    /// Version of the schema that wrote its state.
    pub schema_version: i64,
    /// Its identity there, as JSON; null where it has none.
    pub identity: serde_json::Value,
    pub(crate) state: Bytes,
    pub(crate) private: Bytes,
}

type MoveFn<R> = Arc<dyn Fn(&MoveSource) -> Result<R, Diagnostics> + Send + Sync>;

/// Takes over objects of one type.
///
/// Runs without the network, and without the provider being configured: Read follows and fills what is missing.
#[derive(Clone)]
pub struct Mover<R> {
    provider: &'static str,
    type_name: &'static str,
    keeps_private: bool,
    run: MoveFn<R>,
}

impl<R: Resource> Mover<R> {
    /// A mover from `type_name` of `provider` (namespace and name, such as `hashicorp/aws`: any registry will do).
    ///
    /// `body` gets the stored state as `S`, a type with what is needed of it; the rest is ignored.
    pub fn new<S: DeserializeOwned>(
        provider: &'static str,
        type_name: &'static str,
        body: impl Fn(S, &MoveSource) -> Result<R, Diagnostics> + Send + Sync + 'static,
    ) -> Self {
        let run: MoveFn<R> = Arc::new(move |source| {
            let state = serde_json::from_slice(&source.state).map_err(|error| {
                let detail = format!(
                    "The stored state of the {type_name} has another shape than expected: {error}. Remove the moved \
                     block, and import the object instead."
                );
                Diagnostics::from(Diagnostic::error("Unreadable state", detail))
            })?;
            body(state, source)
        });
        Mover { provider, type_name, keeps_private: false, run }
    }

    /// The same, keeping private data: for a source that this provider wrote itself.
    #[must_use]
    pub fn keep_private(self) -> Self {
        Mover { keeps_private: true, ..self }
    }

    pub(crate) fn fits(&self, source: &MoveSource) -> bool {
        let provider = source.provider_address.strip_suffix(self.provider);
        source.type_name == self.type_name
            && provider.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    }

    pub(crate) fn keeps_private(&self) -> bool {
        self.keeps_private
    }

    pub(crate) fn run(&self, source: &MoveSource) -> Result<R, Diagnostics> {
        (self.run)(source)
    }

    /// What is taken over, for messages.
    pub(crate) fn source(&self) -> String {
        format!("{} of {}", self.type_name, self.provider)
    }
}

impl<R> fmt::Debug for Mover<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mover")
            .field("provider", &self.provider)
            .field("type_name", &self.type_name)
            .finish_non_exhaustive()
    }
}
