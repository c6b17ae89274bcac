//! Data sources without their types.

use futures::future::BoxFuture;

use super::{ValidateFn, run_validate, typed};
use crate::data_source::DataSource;
use crate::diagnostics::Diagnostics;
use crate::resource::Context;
use crate::schema::Definition;
use crate::value::RawValue;

/// A [`DataSource`] without its type.
pub trait AnyDataSource<C>: Send + Sync {
    /// What is announced.
    fn definition(&self) -> &Definition;

    /// Runs the [`ValidateConfig`](crate::ValidateConfig) ability.
    fn validate_config(&self, config: &RawValue, diagnostics: &mut Diagnostics);

    /// [`DataSource::read`].
    fn read<'a>(
        &'a self,
        config: &'a RawValue,
        ctx: &'a mut Context<C>,
    ) -> BoxFuture<'a, Result<RawValue, Diagnostics>>;
}

/// What a data source of type `D` can do; made by [`data_source!`](crate::data_source!).
#[derive(Debug)]
pub struct DataSourceAbilities<D: DataSource> {
    /// [`ValidateConfig`](crate::ValidateConfig).
    pub validate: Option<ValidateFn<D>>,
}

/// A data source of type `D` with the abilities it opted into.
#[derive(Debug)]
pub struct DataSourceEntry<D: DataSource> {
    definition: Definition,
    abilities: DataSourceAbilities<D>,
}

impl<D: DataSource> DataSourceEntry<D> {
    /// An entry; for [`data_source!`](crate::data_source!).
    pub fn new(abilities: DataSourceAbilities<D>) -> Self {
        DataSourceEntry { definition: D::definition(), abilities }
    }
}

impl<D: DataSource> AnyDataSource<D::Client> for DataSourceEntry<D> {
    fn definition(&self) -> &Definition {
        &self.definition
    }

    fn validate_config(&self, config: &RawValue, diagnostics: &mut Diagnostics) {
        run_validate::<D>(self.abilities.validate, config, diagnostics);
    }

    fn read<'a>(
        &'a self,
        config: &'a RawValue,
        ctx: &'a mut Context<D::Client>,
    ) -> BoxFuture<'a, Result<RawValue, Diagnostics>> {
        Box::pin(async move { Ok(typed::<D>(config)?.read(ctx).await?.to_raw()) })
    }
}

/// The register entry of a [`DataSource`]: `registry.data_source(data_source!(RunnerConfig))`.
#[macro_export]
macro_rules! data_source {
    ($data_source:ty) => {{
        #[allow(unused_imports, reason = "used for the abilities that the data source lacks")]
        use $crate::erased::WithoutSchemaAbilities as _;
        let probe = $crate::erased::Probe::<$data_source>::new();
        $crate::erased::DataSourceEntry::<$data_source>::new($crate::erased::DataSourceAbilities {
            validate: probe.validate_ability(),
        })
    }};
}
