//! A resource with blocks that the provider sets, and a plan that looks back at the first one.

use tf_provider::schema::Computed;
use tf_provider::{Context, Deferral, Diagnostic, Diagnostics, ModifyPlan, PlanContext, Resource, Schema};

use super::Client;

/// Has blocks that nobody writes.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "conformance_blocks")]
pub(crate) struct Blocks {
    /// Its name.
    pub name: String,
    /// How many blocks it has.
    #[tf(deprecated = "There are as many as there are.")]
    pub amount: Option<u32>,
    /// The blocks.
    #[tf(block, name = "part")]
    pub parts: Computed<Vec<Part>>,
    /// One more.
    #[tf(block)]
    pub summary: Computed<Part>,
}

/// A block.
#[derive(Schema, Clone, Debug)]
pub(crate) struct Part {
    /// Its number.
    pub number: u32,
    /// Its label.
    pub label: Option<String>,
}

impl Blocks {
    fn settle(mut self) -> Self {
        let part = |number| Part { number, label: Some(format!("{} {number}", self.name)) };
        self.parts = (0..self.amount.unwrap_or(0)).map(part).collect::<Vec<_>>().into();
        self.summary = part(99).into();
        self
    }
}

impl Resource for Blocks {
    type Client = Client;

    async fn create(self, _: &mut Context<Client>) -> Result<Self, Diagnostics> {
        Ok(self.settle())
    }

    async fn read(self, _: &mut Context<Client>) -> Result<Option<Self>, Diagnostics> {
        Ok(Some(self))
    }

    async fn update(self, _: Self, _: &mut Context<Client>) -> Result<Self, Diagnostics> {
        Ok(self.settle())
    }

    async fn delete(self, _: &mut Context<Client>) -> Result<(), Diagnostics> {
        Ok(())
    }
}

impl ModifyPlan for Blocks {
    fn modify_plan(plan: &mut PlanContext<'_, Self>) {
        if plan.planned.name.known().is_some_and(|name| name == "later")
            && plan.defer(Deferral::AbsentPrerequisite)
        {
            return;
        }
        match plan.first_private.as_ref().and_then(|first| first.get::<String>("planned")) {
            Some(first) => plan.report(Diagnostic::warning("Planned before", first)),
            None => plan.private.set("planned", "once"),
        }
    }
}
