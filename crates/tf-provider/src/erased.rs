//! Resources and data sources with their types erased: what the server works with.
//!
//! An author's type is turned into an entry by [`resource!`](crate::resource!) or
//! [`data_source!`](crate::data_source!), which also find the abilities that the type opted into.

use std::marker::PhantomData;
use std::time::Duration;

use futures::future::BoxFuture;

use crate::data_source::DataSource;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::private::Private;
use crate::resource::{
    Context, ImportState, ModifyPlan, PlanContext, Resource, UpgradeState, ValidateConfig, humantime,
};
use crate::schema::{
    AttributeKind, Block, Convert, ConvertError, Definition, Nesting, Presence, Timeouts, text,
};
use crate::value::{AttributePath, RawValue, Type};

/// What a [`ModifyPlan`] hook made of a plan.
#[derive(Debug)]
pub struct ModifiedPlan {
    /// The planned object.
    pub planned: RawValue,
    /// Private data for the apply.
    pub private: Private,
    /// Paths whose change replaces the object.
    pub requires_replace: Vec<AttributePath>,
    /// What the practitioner is told.
    pub diagnostics: Diagnostics,
}

/// A [`Resource`] without its type.
pub trait AnyResource<C>: Send + Sync {
    /// What is announced, `timeouts` block included.
    fn definition(&self) -> &Definition;

    /// Runs the [`ValidateConfig`] ability.
    fn validate_config(&self, config: &RawValue, diagnostics: &mut Diagnostics);

    /// Runs the [`ModifyPlan`] ability, or returns the plan as it is.
    fn modify_plan(
        &self,
        config: &RawValue,
        prior: &RawValue,
        planned: RawValue,
        private: Private,
        client: Option<&C>,
    ) -> ModifiedPlan;

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

    /// Runs the [`ImportState`] ability; `None` without it.
    fn import<'a>(
        &'a self,
        id: String,
        ctx: &'a mut Context<C>,
    ) -> Option<BoxFuture<'a, Result<RawValue, Diagnostics>>>;

    /// Runs the [`UpgradeState`] ability; `None` without it.
    fn upgrade(&self, version: i64, state: serde_json::Value) -> Option<Result<RawValue, Diagnostics>>;
}

/// A [`DataSource`] without its type.
pub trait AnyDataSource<C>: Send + Sync {
    /// What is announced.
    fn definition(&self) -> &Definition;

    /// Runs the [`ValidateConfig`] ability.
    fn validate_config(&self, config: &RawValue, diagnostics: &mut Diagnostics);

    /// [`DataSource::read`].
    fn read<'a>(
        &'a self,
        config: &'a RawValue,
        ctx: &'a mut Context<C>,
    ) -> BoxFuture<'a, Result<RawValue, Diagnostics>>;
}

type ValidateFn<T> = fn(&<T as crate::schema::Schema>::Plan, &mut Diagnostics);
type ModifyFn<R> = for<'a> fn(&mut PlanContext<'a, R>);
type ImportFn<R> =
    for<'a> fn(String, &'a mut Context<<R as Resource>::Client>) -> BoxFuture<'a, Result<R, Diagnostics>>;
type UpgradeFn<R> = fn(i64, serde_json::Value) -> Result<R, Diagnostics>;

/// A resource of type `R` with the abilities it opted into.
pub struct ResourceEntry<R: Resource> {
    definition: Definition,
    validate: Option<ValidateFn<R>>,
    modify: Option<ModifyFn<R>>,
    import: Option<ImportFn<R>>,
    upgrade: Option<UpgradeFn<R>>,
}

/// A data source of type `D` with the abilities it opted into.
pub struct DataSourceEntry<D: DataSource> {
    definition: Definition,
    validate: Option<ValidateFn<D>>,
}

impl<R: Resource> ResourceEntry<R> {
    /// An entry; for [`resource!`](crate::resource!).
    pub fn new(
        validate: Option<ValidateFn<R>>,
        modify: Option<ModifyFn<R>>,
        import: Option<ImportFn<R>>,
        upgrade: Option<UpgradeFn<R>>,
    ) -> Self {
        let mut definition = R::definition();
        if let Some(timeouts) = definition.timeouts {
            definition.blocks.push(timeouts_block(timeouts));
        }
        ResourceEntry { definition, validate, modify, import, upgrade }
    }
}

impl<D: DataSource> DataSourceEntry<D> {
    /// An entry; for [`data_source!`](crate::data_source!).
    pub fn new(validate: Option<ValidateFn<D>>) -> Self {
        DataSourceEntry { definition: D::definition(), validate }
    }
}

impl<R: Resource> std::fmt::Debug for ResourceEntry<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResourceEntry").field("type_name", &self.definition.type_name).finish_non_exhaustive()
    }
}

impl<D: DataSource> std::fmt::Debug for DataSourceEntry<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataSourceEntry")
            .field("type_name", &self.definition.type_name)
            .finish_non_exhaustive()
    }
}

fn timeouts_block(defaults: Timeouts) -> Block {
    let attribute = |operation: &str, default: Duration| crate::schema::Attribute {
        name: operation.to_owned(),
        kind: AttributeKind::Plain(Type::String),
        description: format!(
            "Time limit of {operation}, such as `90s`, `10m` or `1h30m`. Default: `{}`.",
            humantime(default)
        ),
        presence: Presence::Optional,
        sensitive: false,
        write_only: false,
        deprecated: None,
        default: None,
        replace: false,
        keep: false,
        validators: vec![text(|value| crate::duration::parse(value).map(drop))],
    };
    Block {
        name: "timeouts".to_owned(),
        nesting: Nesting::Single,
        description: "Time limits of the operations.".to_owned(),
        attributes: vec![
            attribute("create", defaults.create),
            attribute("read", defaults.read),
            attribute("update", defaults.update),
            attribute("delete", defaults.delete),
        ],
        blocks: Vec::new(),
        min_items: 0,
        max_items: 0,
    }
}

fn mismatch(error: &ConvertError) -> Diagnostics {
    Diagnostic::provider_bug(format!("A value does not fit the provider's own schema: {}.", error.problem))
        .at(error.path.clone())
        .into()
}

fn typed<T: Convert>(raw: &RawValue) -> Result<T, Diagnostics> {
    T::from_raw(raw).map_err(|error| mismatch(&error))
}

impl<R: Resource> AnyResource<R::Client> for ResourceEntry<R> {
    fn definition(&self) -> &Definition {
        &self.definition
    }

    fn validate_config(&self, config: &RawValue, diagnostics: &mut Diagnostics) {
        run_validate::<R>(self.validate, config, diagnostics);
    }

    fn modify_plan(
        &self,
        config: &RawValue,
        prior: &RawValue,
        planned: RawValue,
        private: Private,
        client: Option<&R::Client>,
    ) -> ModifiedPlan {
        let Some(modify) = self.modify else {
            let (requires_replace, diagnostics) = Default::default();
            return ModifiedPlan { planned, private, requires_replace, diagnostics };
        };
        let typed = || {
            let prior: Option<R> = typed(prior)?;
            Ok((typed::<R::Plan>(config)?, prior, typed::<R::Plan>(&planned)?))
        };
        let (config, prior, plan) = match typed() {
            Ok(values) => values,
            Err(diagnostics) => {
                return ModifiedPlan { planned, private, requires_replace: Vec::new(), diagnostics };
            }
        };
        let mut context = PlanContext::new(&config, prior.as_ref(), plan, private, client);
        modify(&mut context);
        let (modified, private, requires_replace, diagnostics) = context.finish();
        ModifiedPlan {
            planned: refined_as(carry_timeouts(modified.to_raw(), &planned), &planned),
            private,
            requires_replace,
            diagnostics,
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
        let import = self.import?;
        Some(Box::pin(async move { Ok(import(id, ctx).await?.to_raw()) }))
    }

    fn upgrade(&self, version: i64, state: serde_json::Value) -> Option<Result<RawValue, Diagnostics>> {
        self.upgrade.map(|upgrade| upgrade(version, state).map(|state| state.to_raw()))
    }
}

impl<D: DataSource> AnyDataSource<D::Client> for DataSourceEntry<D> {
    fn definition(&self) -> &Definition {
        &self.definition
    }

    fn validate_config(&self, config: &RawValue, diagnostics: &mut Diagnostics) {
        run_validate::<D>(self.validate, config, diagnostics);
    }

    fn read<'a>(
        &'a self,
        config: &'a RawValue,
        ctx: &'a mut Context<D::Client>,
    ) -> BoxFuture<'a, Result<RawValue, Diagnostics>> {
        Box::pin(async move { Ok(typed::<D>(config)?.read(ctx).await?.to_raw()) })
    }
}

fn run_validate<S: crate::schema::Schema>(
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

/// The struct of a resource has no field for its `timeouts` block: it is carried from `source`.
pub(crate) fn carry_timeouts(mut state: RawValue, source: &RawValue) -> RawValue {
    if let (RawValue::Mapping(entries), Some(timeouts)) = (&mut state, source.get("timeouts")) {
        entries.insert("timeouts".to_owned(), timeouts.clone());
    }
    state
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

/// Finds out which abilities `T` opted into; for the macros.
///
/// An inherent method whose bound does not hold is passed over in favour of the trait method of the same name.
#[doc(hidden)]
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

#[doc(hidden)]
#[expect(clippy::new_without_default, reason = "made by macros only")]
impl<T> Probe<T> {
    pub fn new() -> Self {
        Probe(PhantomData)
    }
}

#[doc(hidden)]
impl<T: ValidateConfig> Probe<T> {
    pub fn validate_ability(&self) -> Option<ValidateFn<T>> {
        Some(T::validate)
    }
}

#[doc(hidden)]
impl<T: ModifyPlan> Probe<T> {
    pub fn modify_ability(&self) -> Option<ModifyFn<T>> {
        Some(|context| T::modify_plan(context))
    }
}

#[doc(hidden)]
impl<T: ImportState> Probe<T> {
    pub fn import_ability(&self) -> Option<ImportFn<T>> {
        Some(|id, ctx| Box::pin(T::import(id, ctx)))
    }
}

#[doc(hidden)]
impl<T: UpgradeState> Probe<T> {
    pub fn upgrade_ability(&self) -> Option<UpgradeFn<T>> {
        Some(T::upgrade)
    }
}

#[doc(hidden)]
pub trait WithoutSchemaAbilities<T: crate::schema::Schema> {
    fn validate_ability(&self) -> Option<ValidateFn<T>> {
        None
    }

    fn upgrade_ability(&self) -> Option<UpgradeFn<T>> {
        None
    }
}

#[doc(hidden)]
pub trait WithoutResourceAbilities<T: Resource> {
    fn modify_ability(&self) -> Option<ModifyFn<T>> {
        None
    }

    fn import_ability(&self) -> Option<ImportFn<T>> {
        None
    }
}

impl<T: crate::schema::Schema> WithoutSchemaAbilities<T> for Probe<T> {}
impl<T: Resource> WithoutResourceAbilities<T> for Probe<T> {}

/// The register entry of a [`Resource`]: `registry.resource(resource!(PullThroughCacheRule))`.
#[macro_export]
macro_rules! resource {
    ($resource:ty) => {{
        #[allow(unused_imports, reason = "used for the abilities that the resource lacks")]
        use $crate::erased::{WithoutResourceAbilities as _, WithoutSchemaAbilities as _};
        let probe = $crate::erased::Probe::<$resource>::new();
        $crate::erased::ResourceEntry::<$resource>::new(
            probe.validate_ability(),
            probe.modify_ability(),
            probe.import_ability(),
            probe.upgrade_ability(),
        )
    }};
}

/// The register entry of a [`DataSource`]: `registry.data_source(data_source!(RunnerConfig))`.
#[macro_export]
macro_rules! data_source {
    ($data_source:ty) => {{
        #[allow(unused_imports, reason = "used for the abilities that the data source lacks")]
        use $crate::erased::WithoutSchemaAbilities as _;
        let probe = $crate::erased::Probe::<$data_source>::new();
        $crate::erased::DataSourceEntry::<$data_source>::new(probe.validate_ability())
    }};
}
