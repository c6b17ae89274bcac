//! Managed resources: the mandatory trait, the abilities a resource can opt into, and the context of an operation.
//!
//! An author implements [`Resource`] and as many of [`ModifyPlan`], [`PlanDestroy`], [`ValidateConfig`],
//! [`ImportState`], [`GenerateConfig`] and [`UpgradeState`](crate::UpgradeState) as the object can do. [`resource!`](crate::resource!) finds out which.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::deferral::Deferral;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::private::Private;
use crate::schema::{Convert, Schema};
use crate::value::{AttributePath, RawValue};

/// An object that Terraform creates, reads, updates and deletes.
///
/// Every method gets known values; what the provider has yet to set is
/// [`Computed::Pending`](crate::schema::Computed::Pending). Returning from `create` or `update` with a value
/// still pending is reported as a fault of the provider.
pub trait Resource: Schema {
    /// What the provider's `configure` made: the same for all resources of a provider.
    type Client: Send + Sync + 'static;

    /// Creates the planned object.
    ///
    /// Call [`Context::save`] as soon as the object exists: an error after that leaves it in state, tainted,
    /// instead of losing it.
    fn create(
        self,
        ctx: &mut Context<Self::Client>,
    ) -> impl Future<Output = Result<Self, Diagnostics>> + Send;

    /// Reads the object as it is now; `None` when it is gone. An error keeps the state as it was.
    fn read(
        self,
        ctx: &mut Context<Self::Client>,
    ) -> impl Future<Output = Result<Option<Self>, Diagnostics>> + Send;

    /// Changes the object from `prior` to the planned `self`. An error keeps `prior`, or what was saved.
    fn update(
        self,
        prior: Self,
        ctx: &mut Context<Self::Client>,
    ) -> impl Future<Output = Result<Self, Diagnostics>> + Send;

    /// Deletes the object. An object that is gone already counts as deleted.
    fn delete(self, ctx: &mut Context<Self::Client>) -> impl Future<Output = Result<(), Diagnostics>> + Send;
}

/// Ability: to check the configuration beyond single attributes. May see unknowns.
pub trait ValidateConfig: Schema {
    /// Adds what is wrong with `config`. Says nothing about what is unknown yet.
    fn validate(config: &Self::Plan, diagnostics: &mut Diagnostics);
}

/// Ability: to change the plan after defaults, unknown marking and keep. For destroy there is [`PlanDestroy`].
///
/// Must be deterministic, and must not ask the network: Terraform plans a second time during apply and
/// refuses a plan that differs.
pub trait ModifyPlan: Resource {
    /// Changes `plan.planned`, or asks for replacement.
    fn modify_plan(plan: &mut PlanContext<'_, Self>);
}

/// Ability: to have a word in the plan of a destroy, such as a warning about what goes down with the object.
pub trait PlanDestroy: Resource {
    /// Reports what the practitioner should know; an error keeps the object from being destroyed.
    ///
    /// Not called where Terraform plans no destroy: an object that leaves the state by `removed`, or is replaced.
    fn plan_destroy(plan: &mut DestroyContext<'_, Self>);
}

/// Ability: to be imported by an id.
pub trait ImportState: Resource {
    /// Finds the object called `id`. Read follows at once; what cannot be found out stays null.
    fn import(
        id: String,
        ctx: &mut Context<Self::Client>,
    ) -> impl Future<Output = Result<Self, Diagnostics>> + Send;
}

/// Ability: to have a word in configuration that Terraform generates for an imported object.
///
/// Without it, whatever is neither computed, nor a default, nor secret, nor deprecated is written as the state has it.
pub trait GenerateConfig: Resource {
    /// Changes `config`, such as by leaving out one of two arguments that exclude each other.
    fn generate_config(state: &Self, config: &mut Self::Plan);
}

/// Private data that a plan begins with.
#[derive(Debug, Default)]
pub struct PlanPrivate {
    /// The object's own.
    pub(crate) prior: Private,
    /// That of the first plan of the same change.
    pub(crate) first: Option<Private>,
}

/// What a plan begins with besides values.
#[derive(Debug, Default)]
pub struct PlanTerms {
    pub(crate) private: PlanPrivate,
    pub(crate) deferral_allowed: bool,
}

/// What a plan is made of, and what a [`ModifyPlan`] hook may change.
#[derive(Debug)]
pub struct PlanContext<'a, R: Resource> {
    /// The configuration; write-only values stand only here.
    pub config: &'a R::Plan,
    /// The object before the change; `None` for create.
    pub prior: Option<&'a R>,
    /// The planned object.
    pub planned: R::Plan,
    /// Private data: the object's own so far, and in apply what the plan left here.
    pub private: Private,
    /// What this hook left in [`private`](Self::private) when the change was planned first: present when Terraform
    /// plans again during apply, from 1.16 on.
    pub first_private: Option<Private>,
    client: Option<&'a R::Client>,
    deferral_allowed: bool,
    deferred: Option<Deferral>,
    requires_replace: Vec<AttributePath>,
    diagnostics: Diagnostics,
}

impl<'a, R: Resource> PlanContext<'a, R> {
    pub(crate) fn new(
        config: &'a R::Plan,
        prior: Option<&'a R>,
        planned: R::Plan,
        terms: PlanTerms,
        client: Option<&'a R::Client>,
    ) -> Self {
        let (requires_replace, diagnostics) = Default::default();
        let PlanTerms { private: PlanPrivate { prior: private, first: first_private }, deferral_allowed } =
            terms;
        PlanContext {
            config,
            prior,
            planned,
            private,
            first_private,
            client,
            deferral_allowed,
            deferred: None,
            requires_replace,
            diagnostics,
        }
    }

    pub(crate) fn finish(self) -> (R::Plan, Private, Vec<AttributePath>, Option<Deferral>, Diagnostics) {
        (self.planned, self.private, self.requires_replace, self.deferred, self.diagnostics)
    }

    /// Has the object planned later, in another round. False where Terraform does not understand that: then plan with
    /// what is known, or report an error.
    pub fn defer(&mut self, why: Deferral) -> bool {
        if self.deferral_allowed {
            self.deferred = Some(why);
        }
        self.deferral_allowed
    }

    /// What the provider's `configure` made; `None` while the provider's configuration is unknown.
    pub fn client(&self) -> Option<&'a R::Client> {
        self.client
    }

    /// Replaces the object if the attribute at `path` changes.
    pub fn requires_replace(&mut self, path: impl Into<AttributePath>) {
        self.requires_replace.push(path.into());
    }

    /// Tells the practitioner something; an error fails the plan.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

/// What is to be destroyed, for a [`PlanDestroy`] hook.
#[derive(Debug)]
pub struct DestroyContext<'a, R: Resource> {
    /// The object as it is.
    pub prior: &'a R,
    /// Private data of the object; what is set here reaches the delete.
    pub private: Private,
    client: Option<&'a R::Client>,
    diagnostics: Diagnostics,
}

impl<'a, R: Resource> DestroyContext<'a, R> {
    pub(crate) fn new(prior: &'a R, private: Private, client: Option<&'a R::Client>) -> Self {
        DestroyContext { prior, private, client, diagnostics: Diagnostics::new() }
    }

    pub(crate) fn finish(self) -> (Private, Diagnostics) {
        (self.private, self.diagnostics)
    }

    /// What the provider's `configure` made; `None` while the provider's configuration is unknown.
    pub fn client(&self) -> Option<&'a R::Client> {
        self.client
    }

    /// Tells the practitioner something; an error fails the plan.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

/// What an operation works with: the provider's client, time limit, cancellation, and the state saved so far.
#[derive(Debug)]
pub struct Context<C> {
    client: Arc<C>,
    stop: CancellationToken,
    deadline: Instant,
    limit: Duration,
    saved: Option<RawValue>,
    private: Private,
    diagnostics: Diagnostics,
}

impl<C> Context<C> {
    pub(crate) fn new(client: Arc<C>, stop: CancellationToken, limit: Duration, private: Private) -> Self {
        let deadline = Instant::now() + limit;
        Context { client, stop, deadline, limit, saved: None, private, diagnostics: Diagnostics::new() }
    }

    /// What the provider's `configure` made.
    pub fn client(&self) -> &Arc<C> {
        &self.client
    }

    /// Keeps `state` should the operation fail from here on: call it as soon as something exists.
    pub fn save(&mut self, state: &impl Convert) {
        self.saved = Some(state.to_raw());
    }

    /// Tells the practitioner something that does not fail the operation.
    pub fn warn(&mut self, warning: Diagnostic) {
        self.diagnostics.push(warning);
    }

    /// Private data of the object; what is changed here is kept, whatever comes of the operation.
    pub fn private(&mut self) -> &mut Private {
        &mut self.private
    }

    /// Cancelled when the practitioner interrupts Terraform. Waits should end then; what exists is saved.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// When the operation's time limit ends.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The operation's time limit, from `timeouts` or the default.
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// Calls `probe` until it yields a value, with a pause between calls that grows from `first_pause` to 10 s.
    ///
    /// # Errors
    /// What `probe` fails with; or a diagnostic naming `what` when the time limit is over or the practitioner
    /// interrupts.
    pub async fn wait_for<T, F>(
        &self,
        what: &str,
        first_pause: Duration,
        mut probe: impl FnMut() -> F + Send,
    ) -> Result<T, Diagnostics>
    where
        F: Future<Output = Result<Option<T>, Diagnostics>> + Send,
    {
        let mut pause = first_pause;
        loop {
            if let Some(value) = probe().await? {
                return Ok(value);
            }
            if Instant::now() + pause > self.deadline {
                return Err(Diagnostic::error(
                    "Timed out",
                    format!(
                        "Waiting until {what} was not over within {}. What exists so far is in the state. Apply \
                         again to go on, or raise the limit in the timeouts block.",
                        humantime(self.limit)
                    ),
                )
                .into());
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.stop.cancelled() => {
                    return Err(Diagnostic::error(
                        "Interrupted",
                        format!("Interrupted while waiting until {what}. Apply again to go on."),
                    )
                    .into());
                }
            }
            pause = (pause * 2).min(Duration::from_secs(10));
        }
    }

    pub(crate) fn finish(self) -> (Option<RawValue>, Private, Diagnostics) {
        (self.saved, self.private, self.diagnostics)
    }
}

/// A duration as a practitioner writes it: `90s`, `5m`, `1h30m`.
pub(crate) fn humantime(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = String::new();
    for (value, unit) in [(hours, "h"), (minutes, "m"), (rest, "s")] {
        if value > 0 {
            text.push_str(&format!("{value}{unit}"));
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}
