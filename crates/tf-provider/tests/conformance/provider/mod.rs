//! The provider under test: every kind of attribute, and faults on demand.

mod blocks;
mod everything;
mod identified;
mod journal;
mod lease;
pub(crate) mod listed;
mod ruled;
mod upgraded;

use std::collections::{BTreeMap, BTreeSet};

use tf_provider::schema::Computed;
use tf_provider::{
    Context, DataSource, Diagnostic, Diagnostics, Function, FunctionError, Provider, Registry, Schema, Value,
    Variadic, action, data_source, ephemeral_resource, list_resource, resource,
};

use self::blocks::Blocks;
use self::everything::Everything;
use self::identified::{Drifter, Identified};
use self::journal::Journal;
use self::lease::{Lease, Plain};
use self::listed::{Finds, Shout};
use self::ruled::Ruled;
use self::upgraded::Upgraded;

/// Offers what the conformance tests need.
#[derive(Schema, Clone, Debug)]
pub(crate) struct Conformance {
    /// What the client is called.
    pub label: Option<String>,
}

/// What `configure` makes.
#[derive(Debug)]
pub(crate) struct Client {
    label: Option<String>,
}

impl Provider for Conformance {
    type Client = Client;
    const NAME: &'static str = "conformance";

    fn register() -> Registry<Client> {
        Registry::new()
            .resource(resource!(Everything))
            .resource(resource!(Blocks))
            .resource(resource!(Identified))
            .resource(resource!(Drifter))
            .resource(resource!(Journal))
            .resource(resource!(Ruled))
            .resource(resource!(Upgraded))
            .data_source(data_source!(Lookup))
            .ephemeral_resource(ephemeral_resource!(Lease))
            .ephemeral_resource(ephemeral_resource!(Plain))
            .list_resource(list_resource!(Finds))
            .action(action!(Shout))
            .function(shout())
            .function(join())
            .function(describe())
    }

    async fn configure(config: ConformancePlan, _: &mut Diagnostics) -> Result<Option<Client>, Diagnostics> {
        Ok(match config.label {
            Value::Unknown => None,
            label => Some(Client { label: label.into_known() }),
        })
    }
}

/// Something to look up.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "conformance_lookup")]
pub(crate) struct Lookup {
    /// Its name; `missing` is not found, `unknown` is left unknown.
    pub name: String,
    /// How it is looked up.
    #[tf(default = "quickly")]
    pub manner: String,
    /// Where it is looked for.
    pub places: Option<Vec<Place>>,
    /// What was found.
    pub found: Computed<String>,
    /// Labels found.
    pub labels: Computed<BTreeSet<String>>,
}

/// A place.
#[derive(Schema, Clone, Debug)]
pub(crate) struct Place {
    /// Its shelf.
    pub shelf: String,
    /// Its floor.
    #[tf(default = 1)]
    pub floor: u8,
    /// What was found there.
    pub found: Computed<String>,
}

impl DataSource for Lookup {
    type Client = Client;

    async fn read(mut self, _: &mut Context<Client>) -> Result<Self, Diagnostics> {
        match self.name.as_str() {
            "missing" => return Err(Diagnostic::error("Not found", "There is none.").at("name").into()),
            "unknown" => return Ok(self),
            _ => {}
        }
        for place in self.places.iter_mut().flatten() {
            place.found = format!("{} at {}.{}", self.name, place.floor, place.shelf).into();
        }
        self.found = format!("{} {}", self.name, self.manner).into();
        self.labels = BTreeSet::from(["a".to_owned(), "b".to_owned()]).into();
        Ok(self)
    }
}

fn join() -> Function {
    let parameters = [("separator", "Between them; null means a comma."), ("parts", "What is joined.")];
    Function::new(
        "join",
        "Joins.",
        "Joins texts.",
        parameters,
        |separator: Option<String>, parts: Variadic<String>| {
            if let Some(at) = parts.iter().position(String::is_empty) {
                return Err(FunctionError::argument(1 + at as i64, "must not be empty"));
            }
            Ok(parts.join(separator.as_deref().unwrap_or(",")))
        },
    )
}

fn describe() -> Function {
    let parameters = [("value", "The value."), ("limits", "The limits.")];
    Function::new(
        "describe",
        "Describes.",
        "Says what is known of a number.",
        parameters,
        |value: Value<i64>, limits: BTreeMap<String, i64>| {
            Ok(value.map(|value| match limits.iter().find(|(_, limit)| value < **limit) {
                Some((name, _)) => format!("{value} is below {name}"),
                None => format!("{value} is over all"),
            }))
        },
    )
}

fn shout() -> Function {
    Function::unary("shout", "Shouts.", "Makes a text loud.", ("text", "The text."), |text: String| {
        assert_ne!(text, "panic", "a bug of the author");
        if text.is_empty() {
            return Err(FunctionError::argument(0, "there is nothing to shout"));
        }
        Ok(text.to_uppercase())
    })
}
