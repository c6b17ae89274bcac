//! List resources: finding objects of a managed resource that Terraform does not know yet (`terraform query`).

use std::future::Future;

use tokio::sync::mpsc;

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::identity::{ImportIdentity, ResourceIdentity};
use crate::resource::{Context, Resource};
use crate::schema::{Convert, Schema};
use crate::value::RawValue;

/// A search: the struct is what it is narrowed by.
///
/// Its `type_name` is that of the managed resource whose objects it finds. The configuration that `terraform query` writes
/// imports them by identity.
pub trait ListResource: Schema {
    /// What is found.
    type Resource: ImportIdentity;

    /// Pushes every object found, until there are no more or [`push`](Listing::push) says that it is enough.
    ///
    /// Cut off at its next wait when nobody listens any more.
    fn list(
        self,
        list: &mut Listing<Self::Resource>,
        ctx: &mut Context<<Self::Resource as Resource>::Client>,
    ) -> impl Future<Output = Result<(), Diagnostics>> + Send;
}

/// One object found.
#[derive(Debug)]
pub struct Found<R: ResourceIdentity> {
    identity: R::Identity,
    display_name: String,
    object: Option<R>,
    diagnostics: Diagnostics,
}

impl<R: ResourceIdentity> Found<R> {
    /// An object with the name that people know it by.
    pub fn new(identity: R::Identity, display_name: impl Into<String>) -> Self {
        let (object, diagnostics) = Default::default();
        Found { identity, display_name: display_name.into(), object, diagnostics }
    }

    /// The same with the whole object; needed where [`Listing::includes_object`].
    #[must_use]
    pub fn object(self, object: R) -> Self {
        Found { object: Some(object), ..self }
    }

    /// The same with a warning about it.
    #[must_use]
    pub fn warn(mut self, warning: Diagnostic) -> Self {
        self.diagnostics.push(warning);
        self
    }
}

/// Where what is found goes.
#[derive(Debug)]
pub struct Listing<R: ResourceIdentity> {
    found: mpsc::Sender<Listed>,
    includes_object: bool,
    /// How many may still come; `None` without a limit.
    left: Option<u64>,
    resource: std::marker::PhantomData<fn() -> R>,
}

/// An object found, without its type.
#[derive(Debug)]
pub struct Listed {
    pub(crate) identity: RawValue,
    pub(crate) display_name: String,
    /// Present when it was asked for, and the author gave it.
    pub(crate) object: Option<RawValue>,
    pub(crate) diagnostics: Diagnostics,
}

/// How much of a search is wanted, and where it goes.
#[derive(Debug)]
pub struct Search {
    pub(crate) found: mpsc::Sender<Listed>,
    pub(crate) includes_object: bool,
    pub(crate) limit: Option<u64>,
}

/// Nothing more is wanted. With `?` it ends the search; whatever the search returns then is of no interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enough;

impl From<Enough> for Diagnostics {
    fn from(_: Enough) -> Self {
        Diagnostics::new()
    }
}

impl<R: ResourceIdentity> Listing<R> {
    pub(crate) fn new(search: Search) -> Self {
        let Search { found, includes_object, limit } = search;
        Listing { found, includes_object, left: limit, resource: std::marker::PhantomData }
    }

    /// Whether whole objects are wanted, not their identities alone.
    pub fn includes_object(&self) -> bool {
        self.includes_object
    }

    /// How many more are wanted; `None` without a limit. For requests that can ask for so many.
    pub fn limit(&self) -> Option<u64> {
        self.left
    }

    /// Tells of one object; waits until it is taken.
    ///
    /// # Errors
    /// [`Enough`]: no more are wanted.
    pub async fn push(&mut self, found: Found<R>) -> Result<(), Enough> {
        if self.left == Some(0) {
            return Err(Enough);
        }
        let Found { identity, display_name, object, diagnostics } = found;
        let object = object.filter(|_| self.includes_object).map(|object| object.to_raw());
        let listed = Listed { identity: identity.to_raw(), display_name, object, diagnostics };
        self.found.send(listed).await.map_err(|_| Enough)?;
        self.left = self.left.map(|left| left - 1);
        if self.left == Some(0) { Err(Enough) } else { Ok(()) }
    }
}
