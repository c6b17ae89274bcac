//! Test support for providers that are written with [`tf_provider`].
//!
//! [`Server`] is the provider in the test's own process, spoken to over the plugin protocol as Terraform does it: every
//! call takes and answers JSON, costs microseconds, and shows what no command shows, such as private data and the paths
//! of diagnostics. [`Workspace`] is a directory in which the real binary of Terraform or OpenTofu runs.
//!
//! # A first test
//! ```
//! use serde_json::json;
//! use tf_provider::schema::Computed;
//! use tf_provider::{Context, Diagnostics, Provider, Registry, Resource, Schema, resource};
//! use tf_provider_testing::server::State;
//! use tf_provider_testing::{Server, UNKNOWN};
//!
//! /// Greets.
//! #[derive(Schema, Clone, Debug)]
//! struct Greeter {
//!     /// How to greet.
//!     word: String,
//! }
//!
//! impl Provider for Greeter {
//!     type Client = String;
//!     const NAME: &'static str = "greeter";
//!
//!     fn register() -> Registry<String> {
//!         Registry::new().resource(resource!(Greeting))
//!     }
//!
//!     async fn configure(config: GreeterPlan, _: &mut Diagnostics) -> Result<Option<String>, Diagnostics> {
//!         Ok(config.word.into_known())
//!     }
//! }
//!
//! /// A greeting.
//! #[derive(Schema, Clone, Debug)]
//! #[tf(type_name = "greeter_greeting")]
//! struct Greeting {
//!     /// Who is greeted.
//!     #[tf(replace)]
//!     name: String,
//!     /// What is said.
//!     text: Computed<String>,
//! }
//!
//! impl Resource for Greeting {
//!     type Client = String;
//!
//!     async fn create(mut self, ctx: &mut Context<String>) -> Result<Self, Diagnostics> {
//!         self.text = format!("{}, {}!", ctx.client(), self.name).into();
//!         Ok(self)
//!     }
//!
//!     async fn read(self, _: &mut Context<String>) -> Result<Option<Self>, Diagnostics> {
//!         Ok(Some(self))
//!     }
//!
//!     async fn update(self, _: Self, _: &mut Context<String>) -> Result<Self, Diagnostics> {
//!         Ok(self)
//!     }
//!
//!     async fn delete(self, _: &mut Context<String>) -> Result<(), Diagnostics> {
//!         Ok(())
//!     }
//! }
//!
//! // In a test: #[tokio::test] async fn greeting_is_made_of_word_and_name()
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let server = Server::start::<Greeter>().await;
//! server.configure(json!({"word": "Hello"})).await.expect_none();
//!
//! let planned = server.plan("greeter_greeting", &State::absent(), json!({"name": "Ann"})).await;
//! planned.diagnostics.expect_none();
//! assert_eq!(planned.value, json!({"name": "Ann", "text": UNKNOWN}));
//!
//! let created = server.apply(&planned).await;
//! created.diagnostics.expect_none();
//! assert_eq!(created.value["text"], "Hello, Ann!");
//!
//! let renamed = server.plan("greeter_greeting", &created, json!({"name": "Bob"})).await;
//! assert_eq!(renamed.requires_replace, ["name"]);
//! # }
//! ```
//!
//! # The real binary
//! [`Terraform`] is the binary of Terraform or OpenTofu with the providers under test, installed as users install them,
//! and shared by the tests of a process; a [`Workspace`] is a configuration with its own state.
//!
//! ```no_run
//! use std::sync::LazyLock;
//! use tf_provider_testing::Terraform;
//!
//! static TERRAFORM: LazyLock<Terraform> = LazyLock::new(|| {
//!     // In a test: env!("CARGO_TARGET_TMPDIR") and env!("CARGO_BIN_EXE_terraform-provider-greeter").
//!     Terraform::below("target/tmp")
//!         .binary_from("TERRAFORM")
//!         .provider("example/greeter", "target/debug/terraform-provider-greeter")
//!         .build()
//! });
//!
//! // In a test: #[test] fn greeting_is_made_and_changed()
//! let mut workspace = TERRAFORM.workspace();
//! workspace.config(
//!     r#"
//!     provider "greeter" {
//!       word = "Hello"
//!     }
//!     resource "greeter_greeting" "ann" {
//!       name = "Ann"
//!     }
//!     "#,
//! );
//! let plan = workspace.plan();
//! assert_eq!(plan.actions("greeter_greeting.ann"), ["create"]);
//! assert!(plan.is_unknown("greeter_greeting.ann", "text"));
//! workspace.apply_plan(&plan).expect_success();
//! workspace.assert_empty_plan();
//! assert_eq!(workspace.state_attr("greeter_greeting.ann", "text"), "Hello, Ann!");
//! workspace.destroy().expect_success();
//! ```
//!
//! Commands see nothing of the caller's environment, take providers from the binaries alone, run in a process group of
//! their own, and never longer than a limit.
//!
//! Everything here panics on failure, with what was expected and what came as blocks: the caller is always a test.

#![doc(test(attr(deny(warnings))))]

mod report;
pub mod server;
pub mod terraform;

pub use report::report;
pub use server::{Server, UNKNOWN};
pub use terraform::{Terraform, Workspace};
