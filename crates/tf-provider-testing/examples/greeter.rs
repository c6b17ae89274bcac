//! The provider of the crate's documentation as a program, for the tests with the real binary.

use std::process::ExitCode;

use tf_provider::process::ProcessOptions;
use tf_provider::schema::Computed;
use tf_provider::{Context, Diagnostics, ImportState, Provider, Registry, Resource, Schema, resource};

/// Greets.
#[derive(Schema, Clone, Debug)]
struct Greeter {
    /// How to greet.
    word: String,
}

impl Provider for Greeter {
    type Client = String;
    const NAME: &'static str = "greeter";

    fn register() -> Registry<String> {
        Registry::new().resource(resource!(Greeting))
    }

    async fn configure(config: GreeterPlan, _: &mut Diagnostics) -> Result<Option<String>, Diagnostics> {
        Ok(config.word.into_known())
    }
}

/// A greeting.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "greeter_greeting")]
struct Greeting {
    /// Who is greeted.
    #[tf(replace, validate(length(1..=20)))]
    name: String,
    /// What is said.
    text: Computed<String>,
}

impl Resource for Greeting {
    type Client = String;

    async fn create(mut self, ctx: &mut Context<String>) -> Result<Self, Diagnostics> {
        self.text = format!("{}, {}!", ctx.client(), self.name).into();
        Ok(self)
    }

    async fn read(mut self, ctx: &mut Context<String>) -> Result<Option<Self>, Diagnostics> {
        self.text = format!("{}, {}!", ctx.client(), self.name).into();
        Ok(Some(self))
    }

    async fn update(self, _: Self, _: &mut Context<String>) -> Result<Self, Diagnostics> {
        Ok(self)
    }

    async fn delete(self, _: &mut Context<String>) -> Result<(), Diagnostics> {
        Ok(())
    }
}

impl ImportState for Greeting {
    async fn import(name: String, _: &mut Context<String>) -> Result<Self, Diagnostics> {
        Ok(Greeting { name, text: Computed::Pending })
    }
}

fn main() -> ExitCode {
    tf_provider::run::<Greeter>(ProcessOptions {
        address: "registry.terraform.io/example/greeter",
        name: "terraform-provider-greeter",
        version: "1.0.0",
        description: "Greets.",
        log_targets: &[],
        schema: None,
    })
}
