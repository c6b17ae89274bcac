//! A resource whose state had other shapes before; it can neither be imported nor plan anything by itself.

use serde_json::Value as Json;
use tf_provider::schema::{Computed, Convert};
use tf_provider::value::{Number, RawValue};
use tf_provider::{Context, Diagnostic, Diagnostics, Resource, Schema, UpgradeState};

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

impl UpgradeState for Upgraded {
    fn upgrade(version: i64, state: Json) -> Result<Self, Diagnostics> {
        let title = if version == 0 { &state["name"] } else { &state["title"] };
        let title =
            title.as_str().ok_or_else(|| Diagnostic::error("Unreadable state", "It has no title."))?;
        let amount = match &state["amount"] {
            Json::Null => None,
            Json::String(text) => text.parse().ok(),
            other => other.to_string().parse().ok(),
        };
        let id = Computed::<String>::from_raw(&state["id"].as_str().map_or(RawValue::Null, RawValue::from));
        let id = id.map_err(|error| Diagnostic::provider_bug(error.problem))?;
        Ok(Upgraded { title: title.to_owned(), amount, id })
    }
}
