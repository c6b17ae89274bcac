//! Resource identity: the few values by which an object is found again, apart from what can be changed about it.
//!
//! An identity is a struct of its own with `#[derive(Schema)]` and `#[tf(identity)]`: a field `T` must be given to
//! import by it, an `Option<T>` may be, because the provider knows what is meant otherwise (such as the account that
//! it works in).
//!
//! ```
//! use tf_provider::Schema;
//!
//! /// A cache rule of one registry.
//! #[derive(Schema, Clone, Debug, PartialEq)]
//! #[tf(identity, version = 1)]
//! pub struct CacheRuleIdentity {
//!     /// Prefix of its repositories.
//!     pub repository_prefix: String,
//!     /// Account id of the registry; the provider's own by default.
//!     pub registry_id: Option<String>,
//! }
//!
//! let identity = CacheRuleIdentity { repository_prefix: "docker-hub".to_owned(), registry_id: None };
//! assert_eq!(identity.repository_prefix, "docker-hub");
//! ```

use std::future::Future;

use crate::diagnostics::Diagnostics;
use crate::resource::{Context, Resource};
use crate::schema::{AttributeValue, Schema};
use crate::value::Number;

/// A struct that is an identity. Implemented by `#[derive(Schema)]` with `#[tf(identity)]`.
pub trait Identity: Schema {}

/// A type that can stand in an identity: Terraform admits primitives and lists of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in an identity",
    note = "identities hold strings, booleans, numbers, and lists of them"
)]
pub trait IdentityValue: AttributeValue {}

macro_rules! identity_values {
    ($($primitive:ty),+ $(,)?) => {$(
        impl IdentityValue for $primitive {}
        impl IdentityValue for Vec<$primitive> {}
    )+};
}

identity_values!(String, bool, Number, f64, i64, i32, u32, u16, u8);

/// Ability: to have an identity. Terraform 1.12 and newer store it beside the state.
pub trait ResourceIdentity: Resource {
    /// What identifies an object.
    type Identity: Identity;

    /// Whether an object can get another identity without becoming another object.
    ///
    /// Where it cannot, a change is reported as a fault of the provider instead of being stored.
    const MUTABLE: bool = false;

    /// The identity of an object that exists; `None` while too little is known of it.
    ///
    /// Called with what create, update, read and import return, and with what a failed operation saved.
    fn identity(&self, client: &Self::Client) -> Option<Self::Identity>;
}

/// Ability: to be imported by identity (`import { identity = … }`).
pub trait ImportIdentity: ResourceIdentity {
    /// Finds the object. Read follows at once; what cannot be found out stays null.
    fn import_identity(
        identity: Self::Identity,
        ctx: &mut Context<Self::Client>,
    ) -> impl Future<Output = Result<Self, Diagnostics>> + Send;
}

/// Ability: to read identities that an older version of the identity's struct wrote.
pub trait UpgradeIdentity: ResourceIdentity {
    /// Turns identity JSON of `version` (lower than the struct's) into the present form. Never asks the network.
    ///
    /// # Errors
    /// The identity cannot be understood; the diagnostics say why.
    fn upgrade_identity(version: i64, identity: serde_json::Value) -> Result<Self::Identity, Diagnostics>;
}
