//! Test support for providers that are written with [`tf_provider`].
//!
//! [`Server`] is the provider in the test's own process, spoken to over the plugin protocol as Terraform does it: every
//! call takes and answers JSON, costs microseconds, and shows what no command shows, such as private data and the paths
//! of diagnostics.
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
//! let server = Server::<Greeter>::start().await;
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
//! Everything here panics on failure, with what was expected and what came as blocks: the caller is always a test.

#![doc(test(attr(deny(warnings))))]

mod report;
pub mod server;

pub use server::{Server, UNKNOWN};
