//! A resource whose state had other shapes before; it can neither be imported nor plan anything by itself.

use serde_json::Value as Json;
use tf_provider::schema::Computed;
use tf_provider::value::Number;
use tf_provider::{Context, Diagnostic, Diagnostics, Resource, Schema, UpgradeState, Upgrader};

use super::Client;

/// Has a past.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "conformance_upgraded", version = 3)]
pub(crate) struct Upgraded {
    /// Its title; `name` in version 0.
    pub title: String,
    /// A number of any size; a text in versions 0 and 1.
    pub amount: Option<Number>,
    /// Its id.
    #[tf(keep)]
    pub id: Computed<String>,
}

impl Resource for Upgraded {
    type Client = Client;

    async fn create(mut self, _: &mut Context<Client>) -> Result<Self, Diagnostics> {
        self.id = "1".into();
        Ok(self)
    }

    async fn read(self, _: &mut Context<Client>) -> Result<Option<Self>, Diagnostics> {
        Ok(Some(self))
    }

    async fn update(self, _: Self, _: &mut Context<Client>) -> Result<Self, Diagnostics> {
        Ok(self)
    }

    async fn delete(self, _: &mut Context<Client>) -> Result<(), Diagnostics> {
        Ok(())
    }
}

/// What it was in version 0.
#[derive(Schema, Clone, Debug)]
struct Named {
    /// Its title.
    name: String,
    /// A number as text.
    amount: Option<String>,
    /// Its id.
    id: Computed<String>,
}

/// What it was in version 2.
#[derive(Schema, Clone, Debug)]
struct Titled {
    /// Its title.
    title: String,
    /// A number of any size.
    amount: Option<Number>,
    /// Its id.
    id: Computed<String>,
}

impl UpgradeState for Upgraded {
    fn upgraders() -> Vec<Upgrader<Self>> {
        vec![
            Upgrader::new(0, |old: Named| {
                let amount = old.amount.and_then(|text| text.parse().ok());
                Ok(Upgraded { title: old.name, amount, id: old.id })
            }),
            // Whoever wrote version 1 put numbers here, or texts.
            Upgrader::from_json(1, |old| {
                let title = old["title"].as_str();
                let title = title.ok_or_else(|| Diagnostic::error("Unreadable state", "It has no title."))?;
                let amount = match &old["amount"] {
                    Json::String(text) => text.parse().ok(),
                    other => other.to_string().parse().ok(),
                };
                let id = Computed::from(old["id"].as_str().map(str::to_owned));
                Ok(Upgraded { title: title.to_owned(), amount, id })
            }),
            Upgrader::new(2, |old: Titled| Ok(Upgraded { title: old.title, amount: old.amount, id: old.id })),
        ]
    }
}
