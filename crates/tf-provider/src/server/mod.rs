//! Middle stage of an RPC: what the protocol's rules say, and the calls to the author's code.
//!
//! One file per RPC, with the same name here, in `from_proto` and in `to_proto`. No state is kept between RPCs
//! but the configured client.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::deferral::Deferral;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::private::Private;
use crate::process::{self, ProcessOptions, StopHandle};
use crate::proto::tfplugin6::provider_server;
use crate::provider::{Provider, Registry};
use crate::resource::{Context, humantime};
use crate::schema::{Block, Definition, Presence, Rule};
use crate::value::{AttributePath, RawValue, Type};

mod faults;
mod rpc;
mod spelling;
mod walk;

pub(crate) mod apply_resource_change;
pub(crate) mod call_function;
pub(crate) mod close_ephemeral_resource;
pub(crate) mod configure_provider;
pub(crate) mod events;
pub(crate) mod generate_resource_config;
pub(crate) mod identity;
pub(crate) mod import_resource_state;
pub(crate) mod invoke_action;
pub(crate) mod list_resource;
pub(crate) mod move_resource_state;
pub(crate) mod open_ephemeral_resource;
pub(crate) mod plan_action;
pub(crate) mod plan_resource_change;
pub(crate) mod read_data_source;
pub(crate) mod read_resource;
pub(crate) mod renew_ephemeral_resource;
pub(crate) mod upgrade_resource_identity;
pub(crate) mod upgrade_resource_state;
pub(crate) mod validate_action_config;
pub(crate) mod validate_data_resource_config;
pub(crate) mod validate_ephemeral_resource_config;
pub(crate) mod validate_list_resource_config;
pub(crate) mod validate_provider_config;
pub(crate) mod validate_resource_config;

/// What came of the provider's configuration.
enum Configured<C> {
    /// It never arrived.
    Never,
    /// It holds values that are known only after apply.
    Deferred,
    /// It made a client.
    Ready(Arc<C>),
}

/// A provider behind the plugin protocol's service. Cheap to make; the register is built on the first RPC.
pub struct ProviderServer<P: Provider> {
    definition: Definition,
    registry: Registry<P::Client>,
    client: RwLock<Configured<P::Client>>,
    stop: StopHandle,
}

impl<P: Provider> std::fmt::Debug for ProviderServer<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderServer").field("registry", &self.registry).finish_non_exhaustive()
    }
}

impl<P: Provider> ProviderServer<P> {
    /// A server for `P`, cancelled through `stop`.
    pub fn new(stop: StopHandle) -> Self {
        ProviderServer {
            definition: P::definition(),
            registry: P::register(),
            client: RwLock::new(Configured::Never),
            stop,
        }
    }

    /// Everything the provider offers, in the form of the protocol.
    pub fn schema(&self) -> crate::proto::tfplugin6::get_provider_schema::Response {
        let faults = faults::faults(&self.definition, &self.registry);
        crate::to_proto::get_provider_schema::response(&self.definition, &self.registry, faults)
    }

    fn client(&self) -> Option<Arc<P::Client>> {
        match &*self.client.read().unwrap_or_else(PoisonError::into_inner) {
            Configured::Ready(client) => Some(Arc::clone(client)),
            Configured::Never | Configured::Deferred => None,
        }
    }

    /// True while the configuration holds values that are known only after apply.
    fn is_deferred(&self) -> bool {
        matches!(&*self.client.read().unwrap_or_else(PoisonError::into_inner), Configured::Deferred)
    }

    /// What to say of something that needs the unknown configuration, to a host that understands it.
    fn deferral(&self, allowed: bool) -> Option<Deferral> {
        (allowed && self.is_deferred()).then_some(Deferral::ProviderConfigUnknown)
    }

    /// The client, or why there is none.
    fn configured(&self) -> Result<Arc<P::Client>, Diagnostics> {
        self.client().ok_or_else(|| {
            if !self.is_deferred() {
                let detail = format!("Provider {} was asked to work before it was configured.", P::NAME);
                return Diagnostic::error("Provider is not configured", detail).into();
            }
            Diagnostic::error(
                "Provider configuration is not known yet",
                format!(
                    "The configuration of provider {} depends on values that are known only after apply. Apply the \
                     objects it depends on first (terraform apply -target=…), then everything else.",
                    P::NAME
                ),
            )
            .into()
        })
    }

    fn context(&self, limit: Duration, private: Private) -> Result<Context<P::Client>, Diagnostics> {
        Ok(Context::new(self.configured()?, self.stop.token(), limit, private))
    }
}

/// The whole `main` of a provider: serves `P` until Terraform is done with it.
///
/// `--schema` prints what [`describe`](crate::describe) makes of it; `options.schema` is set here.
pub fn run<P: Provider>(options: ProcessOptions) -> ExitCode {
    let schema: fn() -> String = || format!("{:#}\n", crate::describe::<P>());
    let options = ProcessOptions { schema: Some(schema), ..options };
    process::run(options, |stop| provider_server::ProviderServer::new(ProviderServer::<P>::new(stop)))
}

/// How long an operation that overlooks its time limit goes on.
const GRACE: Duration = Duration::from_secs(5);

/// What came of an author's operation: its result, what it saved before, and what it told the practitioner.
pub(crate) struct Outcome<T> {
    /// The result; an error is in `diagnostics`.
    pub(crate) result: Option<T>,
    /// The last state that the operation saved.
    pub(crate) saved: Option<RawValue>,
    /// Private data, changed or not.
    pub(crate) private: Private,
    /// Warnings and errors.
    pub(crate) diagnostics: Diagnostics,
}

/// Runs an author's operation: within its time limit, and with panics caught.
pub(crate) async fn operate<C, T>(
    mut ctx: Context<C>,
    operation: impl for<'a> FnOnce(&'a mut Context<C>) -> BoxFuture<'a, Result<T, Diagnostics>>,
) -> Outcome<T> {
    // Waits end at the deadline by themselves, with a better message; this is the net below them.
    let net = ctx.deadline() + GRACE;
    let limit = ctx.limit();
    let ended = {
        let guarded = AssertUnwindSafe(async { operation(&mut ctx).await }).catch_unwind();
        tokio::time::timeout_at(net, guarded).await
    };
    let result = match ended {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => Err(panicked(&panic).into()),
        Err(_) => Err(Diagnostic::error(
            "Timed out",
            format!(
                "The operation was not over within {}. What exists so far is in the state. Apply again to go on, or \
                 raise the limit in the timeouts block.",
                humantime(limit)
            ),
        )
        .into()),
    };
    let (saved, private, mut diagnostics) = ctx.finish();
    match result {
        Ok(value) => Outcome { result: Some(value), saved, private, diagnostics },
        Err(errors) => {
            diagnostics.extend(errors);
            if !diagnostics.has_errors() {
                diagnostics.push(Diagnostic::provider_bug("An operation failed without saying why."));
            }
            Outcome { result: None, saved, private, diagnostics }
        }
    }
}

/// Panic messages may hold anything, secrets too: only the place is told, by the hook that `process` installs.
pub(crate) fn panicked(_panic: &Box<dyn Any + Send>) -> Diagnostic {
    Diagnostic::provider_bug("The provider panicked. Its log (TF_LOG=error) names the place in the source.")
}

/// Runs `answer` with panics caught; used at the edge of every RPC.
pub(crate) async fn guard<T>(answer: impl Future<Output = T>) -> Result<T, Diagnostic> {
    AssertUnwindSafe(answer).catch_unwind().await.map_err(|panic| panicked(&panic))
}

/// A value still unknown after apply, or after read, is a fault of the provider.
pub(crate) fn refuse_unknown(state: RawValue, diagnostics: &mut Diagnostics) -> RawValue {
    match state.first_unknown() {
        None => state,
        Some(path) => {
            let detail = format!("The provider left {path} unknown at the end of the operation.");
            diagnostics.push(Diagnostic::provider_bug(detail).at(path));
            state.unknown_as_null()
        }
    }
}

/// The time limit of `operation`: from the object's `timeouts` block, else the default of its schema.
pub(crate) fn limit(definition: &Definition, object: &RawValue, operation: &str) -> Duration {
    let configured = object.get("timeouts").and_then(|timeouts| timeouts.get(operation));
    if let Some(RawValue::String(text)) = configured
        && let Ok(limit) = crate::duration::parse(text)
    {
        return limit;
    }
    let defaults = definition.timeouts.unwrap_or_default();
    match operation {
        "create" => defaults.create,
        "update" => defaults.update,
        "delete" => defaults.delete,
        _ => defaults.read,
    }
}

/// A known configuration as an author reads it: what it leaves to the provider is pending; what has a default takes it.
pub(crate) fn pending(definition: &Definition, config: &RawValue) -> RawValue {
    let mut pending = config.clone();
    let level = walk::Level { attributes: &definition.attributes, blocks: &definition.blocks };
    walk::walk(level, config, None, &mut pending, &mut |visit| {
        if !visit.config.is_null() {
            return;
        }
        if let Some(default) = &visit.attribute.default {
            *visit.planned = default.clone();
        } else if visit.attribute.presence.is_computed() {
            *visit.planned = RawValue::unknown();
        }
    });
    pending
}

/// An object that was imported or moved has no time limits of its own.
pub(crate) fn with_null_timeouts(state: RawValue, ty: &Type) -> RawValue {
    match (state, ty) {
        (RawValue::Mapping(mut entries), Type::Object(attributes)) => {
            if attributes.contains_key("timeouts") {
                entries.entry("timeouts".to_owned()).or_insert(RawValue::Null);
            }
            RawValue::Mapping(entries)
        }
        (state, _) => state,
    }
}

/// Checks what a configuration sets against the validators of its schema.
pub(crate) fn validate_values(definition: &Definition, config: &RawValue, diagnostics: &mut Diagnostics) {
    let level = walk::Level { attributes: &definition.attributes, blocks: &definition.blocks };
    // A walk changes a plan; here the configuration plays that part, and nothing changes it.
    let mut scratch = config.clone();
    walk::walk(level, config, None, &mut scratch, &mut |visit| {
        if visit.config.is_null() && visit.attribute.presence == Presence::Required {
            // The host demands that it is written, and lets null pass.
            let name = &visit.attribute.name;
            let detail = format!("{name} must have a value, and null was given. Set it.");
            diagnostics.push(Diagnostic::error("Missing required argument", detail).at(visit.path.clone()));
        }
        if visit.config.is_null() || visit.config.is_unknown() {
            return;
        }
        if let Some(reason) = &visit.attribute.deprecated {
            let summary = "Deprecated attribute";
            diagnostics.push(Diagnostic::warning(summary, reason.clone()).at(visit.path.clone()));
        }
        // The first fault of a value is enough: the others often follow from it.
        let faults = visit.attribute.validators.iter().map(|validator| validator.check(visit.config));
        if let Some(fault) = faults.filter_map(Result::err).next() {
            diagnostics.push(invalid(&visit.attribute.name, visit.path, fault));
        }
    });
    let root = (definition.rules.as_slice(), definition.blocks.as_slice());
    check_rules(root, config, &AttributePath::root(), diagnostics);
}

/// Checks which arguments stand together: in the object, and in every block.
fn check_rules(
    (rules, blocks): (&[Rule], &[Block]),
    object: &RawValue,
    path: &AttributePath,
    diagnostics: &mut Diagnostics,
) {
    if !matches!(object, RawValue::Mapping(_)) {
        return;
    }
    for fault in rules.iter().filter_map(|rule| rule.check(blocks, object).err()) {
        let detail = format!("Here {}. {}", fault.problem, fault.remedy);
        let diagnostic = Diagnostic::error("Invalid combination of arguments", detail);
        diagnostics.push(diagnostic.at(path.join(&fault.path)));
    }
    for block in blocks {
        let (inner, path) =
            ((block.rules.as_slice(), block.blocks.as_slice()), path.with_attribute(&block.name));
        match object.get(&block.name) {
            Some(RawValue::Sequence(elements)) => {
                for (index, element) in elements.iter().enumerate() {
                    check_rules(inner, element, &path.with_index(index), diagnostics);
                }
            }
            Some(element) => check_rules(inner, element, &path, diagnostics),
            None => {}
        }
    }
}

fn invalid(name: &str, path: &AttributePath, fault: crate::schema::Invalid) -> Diagnostic {
    let remedy = if fault.remedy.is_empty() { String::new() } else { format!(" {}", fault.remedy) };
    let diagnostic =
        Diagnostic::error(format!("Invalid {name}"), format!("{name} {}.{remedy}", fault.problem))
            .at(path.join(&fault.path));
    if fault.secret { diagnostic.concealing() } else { diagnostic }
}
