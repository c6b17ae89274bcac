//! An SDK for Terraform providers in Rust: plugin protocol 6, from one documented struct per object.
//!
//! # The words
//! Terraform starts a **provider**, a program, and speaks with it over a socket; [`run`] is the whole of its `main`. The
//! *practitioner* writes **configuration**; Terraform keeps **state**, what it knows of what exists; a **plan** is the
//! difference between the two, and apply makes it true. A provider offers things of six kinds:
//!
//! | kind | trait | what Terraform does with it | register it by |
//! |---|---|---|---|
//! | resource | [`Resource`] | creates, reads, updates, deletes | [`resource!`] |
//! | data source | [`DataSource`] | reads | [`data_source!`] |
//! | ephemeral resource | [`EphemeralResource`] | opens for the length of a run, and closes; keeps nothing of it | [`ephemeral_resource!`] |
//! | list resource | [`ListResource`] | finds resources it does not know yet (`terraform query`) | [`list_resource!`] |
//! | action | [`Action`] | has done, without anything in state | [`action!`] |
//! | function | [`Function`] | calls, with the same result each time | itself |
//!
//! # The way through
//! 1. **One documented struct per thing**, with [`#[derive(Schema)]`](macro@Schema). Its fields are what can be
//!    configured, its doc comments the documentation, and the type of a field says who sets it: `T` has to be
//!    configured, `Option<T>` may be, [`Computed<T>`](schema::Computed) is set by the provider,
//!    [`WriteOnly<T>`](schema::WriteOnly) is kept nowhere. Defaults, checks, and what a change means stand beside them.
//!    The provider's own block is such a struct too ([`Provider`]).
//! 2. **One trait with what every such thing has to do.** It works with the *known form*, the struct: in `create` no
//!    value is unknown but what the provider itself has yet to set. Call [`Context::save`] as soon as something
//!    exists; whatever goes wrong from there on, it is in state.
//! 3. **Further abilities, one trait each**, found by the macro that registers the thing. A resource can have
//!    [`ValidateConfig`], [`ModifyPlan`], [`PlanDestroy`], [`ImportState`], [`ResourceIdentity`], [`ImportIdentity`],
//!    [`MoveState`], [`UpgradeState`], [`UpgradeIdentity`] and [`GenerateConfig`]; an ephemeral resource
//!    [`RenewEphemeral`] and [`CloseEphemeral`]; an action [`PlanAction`]. Those that see configuration before apply get
//!    the *plan form*, in which each field is a [`Value`] that may be unknown.
//! 4. **Diagnostics** ([`Diagnostic`]) tell the practitioner what is wrong, where, and what to do.
//! 5. **A register** ([`Registry`]) names everything, one line each.
//!
//! `examples/local_files.rs` has one of each kind in 250 lines; read it next.
//!
//! # Layers
//! `process` speaks with the host (handshake, TLS, end of life). An RPC passes three stages, with a file of the same
//! name in each: `from_proto` decodes, `server` applies the protocol's rules and calls the author, `to_proto` encodes.

#![doc(test(attr(deny(warnings))))]

mod action;
mod data_source;
mod deferral;
mod describe;
mod diagnostics;
mod duration;
mod ephemeral;
#[doc(hidden)]
pub mod erased;
mod from_proto;
mod function;
mod identity;
mod list;
mod movement;
mod private;
pub mod process;
pub mod proto;
mod provider;
mod resource;
pub mod schema;
mod server;
mod to_proto;
mod upgrade;
pub mod value;

#[cfg(doc)]
pub mod conformance {
    #![doc = include_str!("../CONFORMANCE.md")]
}

pub use action::{Action, PlanAction, Progress};
pub use data_source::DataSource;
pub use deferral::Deferral;
pub use describe::describe;
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use ephemeral::{CloseEphemeral, EphemeralResource, Opened, RenewEphemeral, Renewed};
pub use function::{Argument, Body, Function, FunctionError, Parameter, Variadic};
pub use identity::{Identity, IdentityValue, ImportIdentity, ResourceIdentity, UpgradeIdentity};
pub use list::{Enough, Found, ListResource, Listing};
pub use movement::{MoveSource, MoveState, Mover};
pub use private::Private;
pub use provider::{Provider, Registry};
pub use resource::{
    Context, DestroyContext, GenerateConfig, ImportState, ModifyPlan, PlanContext, PlanDestroy, Resource,
    ValidateConfig,
};
pub use schema::{Schema, StringEnum};
pub use server::{ProviderServer, run};
pub use upgrade::{UpgradeState, Upgrader};
pub use value::{AttributePath, Value};
