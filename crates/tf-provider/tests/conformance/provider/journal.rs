//! A resource that writes down which private data each of its operations was given.

use std::fs::OpenOptions;
use std::io::Write as _;

use serde_json::json;
use tf_provider::schema::Computed;
use tf_provider::{Context, Diagnostic, Diagnostics, ModifyPlan, PlanContext, Resource, Schema};

use super::Client;

/// Keeps a journal.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "conformance_journal")]
pub(crate) struct Journal {
    /// Its name.
    #[tf(replace)]
    pub name: String,
    /// The file to write to. While there is one more with the suffix `.fail`, creating fails half way.
    pub file: String,
    /// Something to change.
    pub note: Option<String>,
    /// Its id.
    #[tf(keep)]
    pub id: Computed<String>,
}

impl Journal {
    fn write(&self, operation: &str, ctx: &mut Context<Client>) {
        let (planned, lived) = (ctx.private().get::<String>("planned"), ctx.private().get::<String>("lived"));
        let line = json!({
            "operation": operation, "planned": planned, "lived": lived, "label": ctx.client().label,
        });
        let file = OpenOptions::new().create(true).append(true).open(&self.file);
        // In one piece, since many objects share a journal.
        let written = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
        written.expect("the journal should be writable");
    }
}

impl Resource for Journal {
    type Client = Client;

    async fn create(mut self, ctx: &mut Context<Client>) -> Result<Self, Diagnostics> {
        self.write("create", ctx);
        ctx.private().set("lived", "created");
        self.id = self.name.clone().into();
        ctx.save(&self);
        if std::fs::exists(format!("{}.fail", self.file)).unwrap_or(false) {
            return Err(Diagnostic::error("Failed half way", "It exists.").into());
        }
        Ok(self)
    }

    async fn read(self, ctx: &mut Context<Client>) -> Result<Option<Self>, Diagnostics> {
        self.write("read", ctx);
        Ok(Some(self))
    }

    async fn update(self, _: Self, ctx: &mut Context<Client>) -> Result<Self, Diagnostics> {
        self.write("update", ctx);
        ctx.private().set("lived", "updated");
        Ok(self)
    }

    async fn delete(self, ctx: &mut Context<Client>) -> Result<(), Diagnostics> {
        self.write("delete", ctx);
        Ok(())
    }
}

impl ModifyPlan for Journal {
    fn modify_plan(plan: &mut PlanContext<'_, Self>) {
        let purpose = if plan.prior.is_some() { "update" } else { "create" };
        let name = plan.planned.name.known().cloned().unwrap_or_default();
        plan.private.set("planned", format!("{purpose} {name}"));
    }
}
