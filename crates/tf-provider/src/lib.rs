//! An SDK for Terraform providers in Rust: plugin protocol 6, from one documented struct per object.
//!
//! # Vocabulary
//! - A **provider** is a program that Terraform starts; its block in configuration is a struct too ([`Provider`]).
//! - A **resource** ([`Resource`]) is an object that Terraform creates, reads, updates and deletes; a **data source**
//!   ([`DataSource`]) one that it only reads; a **function** ([`Function`]) computes without side effects.
//! - The **schema** of each is made by `#[derive(Schema)]` from one struct: field types say who sets an attribute
//!   (`T` required, `Option<T>` optional, [`Computed<T>`](schema::Computed) by the provider), doc comments become its
//!   description.
//! - The author writes the **known form**, the struct. Its **plan form**, in which every field is a [`Value`] that may
//!   be unknown, is generated beside it and seen only by validation and plan hooks.
//! - **Configuration** is what the practitioner wrote, **prior state** what was there before, the **plan** what will be.
//! - A **diagnostic** ([`Diagnostic`]) tells the practitioner what is wrong, where, and what to do.
//!
//! # Layers
//! `process` speaks with the host (handshake, TLS, end of life). An RPC passes three stages, with a file of the same
//! name in each: `from_proto` decodes, `server` applies the protocol's rules and calls the author, `to_proto` encodes.

#![doc(test(attr(deny(warnings))))]

mod action;
mod data_source;
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

pub use action::{Action, PlanAction, Progress};
pub use data_source::DataSource;
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
