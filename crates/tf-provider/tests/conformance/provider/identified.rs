//! Resources with an identity: one that keeps it, or is told to break its word, and one that may change it.

use serde::Deserialize;
use serde_json::Value as Json;
use tf_provider::schema::Computed;
use tf_provider::{
    Context, Diagnostic, Diagnostics, GenerateConfig, ImportIdentity, ImportState, MoveState, Mover,
    Resource, ResourceIdentity, Schema, UpgradeIdentity, Value,
};

use super::Client;

/// Has an identity.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "conformance_identified", timeouts)]
pub(crate) struct Identified {
    /// Its name.
    #[tf(replace)]
    pub name: String,
    /// A note; some notes are faults on demand.
    pub note: Option<String>,
    /// Its id.
    #[tf(keep)]
    pub id: Computed<String>,
}

/// What identifies it.
#[derive(Schema, Clone, Debug, PartialEq)]
#[tf(identity, version = 2)]
pub(crate) struct Name {
    /// Its name.
    pub name: String,
    /// Whose it is; the provider's label by default.
    pub owner: Option<String>,
}

impl Identified {
    pub(crate) fn called(name: &str) -> Self {
        Identified { name: name.to_owned(), note: None, id: format!("id-{name}").into() }
    }
}

impl Resource for Identified {
    type Client = Client;

    async fn create(mut self, ctx: &mut Context<Client>) -> Result<Self, Diagnostics> {
        self.id = format!("id-{}", self.name).into();
        ctx.save(&self);
        if self.note.as_deref() == Some("half") {
            return Err(Diagnostic::error("Failed half way", "It exists.").into());
        }
        Ok(self)
    }

    async fn read(self, _: &mut Context<Client>) -> Result<Option<Self>, Diagnostics> {
        Ok((self.note.as_deref() != Some("gone")).then_some(self))
    }

    async fn update(self, _: Self, _: &mut Context<Client>) -> Result<Self, Diagnostics> {
        if self.note.as_deref() == Some("broken") {
            return Err(Diagnostic::error("Failed", "Nothing was changed.").into());
        }
        Ok(self)
    }

    async fn delete(self, _: &mut Context<Client>) -> Result<(), Diagnostics> {
        Ok(())
    }
}

impl ResourceIdentity for Identified {
    type Identity = Name;

    fn identity(&self, client: &Client) -> Option<Name> {
        self.id.get()?;
        let name = match self.note.as_deref() {
            Some("nameless") => return None,
            Some("wanders") => "elsewhere".to_owned(),
            _ => self.name.clone(),
        };
        Some(Name { name, owner: client.label.clone() })
    }
}

impl ImportState for Identified {
    async fn import(id: String, _: &mut Context<Client>) -> Result<Self, Diagnostics> {
        Ok(Identified::called(id.trim_start_matches("id-")))
    }
}

impl ImportIdentity for Identified {
    async fn import_identity(identity: Name, ctx: &mut Context<Client>) -> Result<Self, Diagnostics> {
        if identity.owner.is_some() && identity.owner != ctx.client().label {
            return Err(Diagnostic::error("Not ours", "Somebody else owns it.").at("owner").into());
        }
        Ok(Identified::called(&identity.name))
    }
}

impl UpgradeIdentity for Identified {
    fn upgrade_identity(version: i64, identity: Json) -> Result<Name, Diagnostics> {
        let name = if version == 0 { &identity["title"] } else { &identity["name"] };
        let name = name.as_str().ok_or_else(|| Diagnostic::error("Unreadable", "It has no name."))?;
        Ok(Name { name: name.to_owned(), owner: None })
    }
}

impl GenerateConfig for Identified {
    fn generate_config(state: &Self, config: &mut IdentifiedPlan) {
        if state.note.as_ref().is_some_and(|note| note.starts_with("version")) {
            config.note = Value::Null;
        }
    }
}

impl MoveState for Identified {
    fn movers() -> Vec<Mover<Self>> {
        vec![
            Mover::new("builtin/terraform", "terraform_data", |old: TerraformData, _| {
                let input = old.input.ok_or_else(|| Diagnostic::error("No input", "It has no name."))?;
                Ok(Identified::called(&input.value))
            }),
            Mover::new("example/conformance", "conformance_old", |old: OldIdentified, source| {
                let version = source.schema_version;
                Ok(Identified { note: Some(format!("version {version}")), ..Identified::called(&old.title) })
            })
            .keep_private(),
            // Never reached: the first that fits is the one.
            Mover::new("example/conformance", "conformance_old", |_: Json, _| panic!("a bug of the SDK")),
        ]
    }
}

/// What is needed of Terraform's own resource.
#[derive(Deserialize)]
struct TerraformData {
    input: Option<Input>,
}

/// A value of the type `dynamic`, as states have it.
#[derive(Deserialize)]
struct Input {
    value: String,
}

/// An older type of this provider.
#[derive(Deserialize)]
struct OldIdentified {
    title: String,
}

/// May get another identity.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "conformance_drifter")]
pub(crate) struct Drifter {
    /// Where it is now.
    pub place: String,
}

/// Where it is.
#[derive(Schema, Clone, Debug)]
#[tf(identity)]
pub(crate) struct Place {
    /// Where it is.
    pub place: String,
}

impl Resource for Drifter {
    type Client = Client;

    async fn create(self, _: &mut Context<Client>) -> Result<Self, Diagnostics> {
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

impl ResourceIdentity for Drifter {
    type Identity = Place;
    const MUTABLE: bool = true;

    fn identity(&self, _: &Client) -> Option<Place> {
        Some(Place { place: self.place.clone() })
    }
}
