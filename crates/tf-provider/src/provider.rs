//! The provider itself: its configuration, and the register of everything it offers.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use crate::diagnostics::Diagnostics;
use crate::erased::{AnyAction, AnyDataSource, AnyEphemeralResource, AnyListResource, AnyResource};
use crate::function::Function;
use crate::schema::Schema;

/// A provider: the struct is the provider block.
pub trait Provider: Schema {
    /// What resources and data sources work with.
    type Client: Send + Sync + 'static;

    /// The type-name prefix, such as `ecrunner`.
    const NAME: &'static str;

    /// Everything the provider offers: one line each.
    fn register() -> Registry<Self::Client>;

    /// Makes the client. `Ok(None)` when `config` holds unknowns that are needed: plans go on without a client,
    /// and what needs one says so.
    ///
    /// May be called again in one process, and then replaces the client.
    fn configure(
        config: Self::Plan,
        diagnostics: &mut Diagnostics,
    ) -> impl Future<Output = Result<Option<Self::Client>, Diagnostics>> + Send;

    /// Checks the configuration beyond single attributes.
    fn validate(config: &Self::Plan, diagnostics: &mut Diagnostics) {
        let _ = (config, diagnostics);
    }
}

/// What a provider offers, by name.
pub struct Registry<C> {
    pub(crate) resources: BTreeMap<String, Arc<dyn AnyResource<C>>>,
    pub(crate) data_sources: BTreeMap<String, Arc<dyn AnyDataSource<C>>>,
    pub(crate) ephemeral_resources: BTreeMap<String, Arc<dyn AnyEphemeralResource<C>>>,
    pub(crate) list_resources: BTreeMap<String, Arc<dyn AnyListResource<C>>>,
    pub(crate) actions: BTreeMap<String, Arc<dyn AnyAction<C>>>,
    pub(crate) functions: BTreeMap<String, Function>,
}

impl<C: Send + Sync + 'static> Registry<C> {
    /// Nothing yet.
    pub fn new() -> Self {
        Registry {
            resources: BTreeMap::new(),
            data_sources: BTreeMap::new(),
            ephemeral_resources: BTreeMap::new(),
            list_resources: BTreeMap::new(),
            actions: BTreeMap::new(),
            functions: BTreeMap::new(),
        }
    }

    /// Adds a resource, made by [`resource!`](crate::resource!).
    #[must_use]
    pub fn resource(mut self, resource: impl AnyResource<C> + 'static) -> Self {
        self.resources.insert(resource.definition().type_name.clone(), Arc::new(resource));
        self
    }

    /// Adds a data source, made by [`data_source!`](crate::data_source!).
    #[must_use]
    pub fn data_source(mut self, data_source: impl AnyDataSource<C> + 'static) -> Self {
        self.data_sources.insert(data_source.definition().type_name.clone(), Arc::new(data_source));
        self
    }

    /// Adds an ephemeral resource, made by [`ephemeral_resource!`](crate::ephemeral_resource!).
    #[must_use]
    pub fn ephemeral_resource(mut self, ephemeral: impl AnyEphemeralResource<C> + 'static) -> Self {
        self.ephemeral_resources.insert(ephemeral.definition().type_name.clone(), Arc::new(ephemeral));
        self
    }

    /// Adds a list resource, made by [`list_resource!`](crate::list_resource!).
    #[must_use]
    pub fn list_resource(mut self, list: impl AnyListResource<C> + 'static) -> Self {
        self.list_resources.insert(list.definition().type_name.clone(), Arc::new(list));
        self
    }

    /// Adds an action, made by [`action!`](crate::action!).
    #[must_use]
    pub fn action(mut self, action: impl AnyAction<C> + 'static) -> Self {
        self.actions.insert(action.definition().type_name.clone(), Arc::new(action));
        self
    }

    /// Adds a function.
    #[must_use]
    pub fn function(mut self, function: Function) -> Self {
        self.functions.insert(function.name().to_owned(), function);
        self
    }
}

impl<C: Send + Sync + 'static> Default for Registry<C> {
    fn default() -> Self {
        Registry::new()
    }
}

impl<C> std::fmt::Debug for Registry<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry")
            .field("resources", &self.resources.keys())
            .field("data_sources", &self.data_sources.keys())
            .field("ephemeral_resources", &self.ephemeral_resources.keys())
            .field("list_resources", &self.list_resources.keys())
            .field("actions", &self.actions.keys())
            .field("functions", &self.functions.keys())
            .finish()
    }
}
