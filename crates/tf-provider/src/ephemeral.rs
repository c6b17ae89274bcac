//! Ephemeral resources: what exists only while Terraform works, and enters neither plan nor state.

use std::future::Future;
use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::diagnostics::Diagnostics;
use crate::resource::Context;
use crate::schema::Schema;

/// A value for the length of one run, such as a token or a connection: opened, perhaps renewed, and closed.
///
/// Opened during plan *and* during apply, wherever its configuration is known. Its result may stand only where
/// Terraform keeps nothing: in provider blocks, write-only arguments and other ephemeral resources.
///
/// [`Context::private`] belongs to managed resources; what an ephemeral resource has to remember is its
/// [`Private`](Self::Private).
pub trait EphemeralResource: Schema {
    /// What the provider's `configure` made.
    type Client: Send + Sync + 'static;

    /// What renewing and closing need to know, such as a lease's id. `()` when nothing is left to do.
    type Private: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Opens the object: sets what is pending, and leaves what is configured as it is.
    fn open(
        self,
        ctx: &mut Context<Self::Client>,
    ) -> impl Future<Output = Result<Opened<Self>, Diagnostics>> + Send;
}

/// Ability: to be kept alive beyond its first end.
pub trait RenewEphemeral: EphemeralResource {
    /// Renews the object, and says when to do it again.
    ///
    /// Gets what the last call of `open` or `renew` left.
    fn renew(
        private: Self::Private,
        ctx: &mut Context<Self::Client>,
    ) -> impl Future<Output = Result<Renewed<Self>, Diagnostics>> + Send;
}

/// Ability: to be closed at the end of a run, whatever came of it.
pub trait CloseEphemeral: EphemeralResource {
    /// Closes the object.
    ///
    /// Gets what **`open`** left: Terraform does not pass on what a renewal changed.
    fn close(
        private: Self::Private,
        ctx: &mut Context<Self::Client>,
    ) -> impl Future<Output = Result<(), Diagnostics>> + Send;
}

/// An opened ephemeral resource.
#[derive(Debug)]
pub struct Opened<E: EphemeralResource> {
    pub(crate) result: E,
    pub(crate) private: E::Private,
    pub(crate) renew_at: Option<SystemTime>,
}

impl<E: EphemeralResource> Opened<E> {
    /// The object with everything set, and what renewing and closing need.
    pub fn new(result: E, private: E::Private) -> Self {
        Opened { result, private, renew_at: None }
    }
}

impl<E: RenewEphemeral> Opened<E> {
    /// The same, to be renewed at this time if the run is not over by then.
    #[must_use]
    pub fn renew_at(self, time: SystemTime) -> Self {
        Opened { renew_at: Some(time), ..self }
    }
}

/// A renewed ephemeral resource.
#[derive(Debug)]
pub struct Renewed<E: EphemeralResource> {
    pub(crate) private: E::Private,
    pub(crate) renew_at: Option<SystemTime>,
}

impl<E: RenewEphemeral> Renewed<E> {
    /// Renewed for good.
    pub fn new(private: E::Private) -> Self {
        Renewed { private, renew_at: None }
    }

    /// The same, to be renewed again at this time.
    #[must_use]
    pub fn renew_at(self, time: SystemTime) -> Self {
        Renewed { renew_at: Some(time), ..self }
    }
}
