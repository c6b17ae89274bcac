//! The provider under test: books on a shelf in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::Value as Json;
use tf_provider::schema::{Computed, WriteOnly};
use tf_provider::{
    CloseEphemeral, Context, DataSource, Diagnostic, Diagnostics, EphemeralResource, Function, FunctionError,
    ImportIdentity, ImportState, MoveState, Mover, Opened, Provider, Registry, RenewEphemeral, Renewed,
    Resource, ResourceIdentity, Schema, UpgradeIdentity, UpgradeState, Upgrader, ValidateConfig, Value,
    data_source, ephemeral_resource, resource,
};

/// Keeps books.
#[derive(Schema, Clone, Debug)]
pub(crate) struct Shelf {
    /// Where it stands.
    #[tf(validate(length(1..=20)))]
    pub room: Option<String>,
}

/// Titles on the shelf.
#[derive(Debug, Default)]
pub(crate) struct Titles {
    room: String,
    titles: Mutex<BTreeSet<String>>,
}

impl Titles {
    fn with<T>(&self, look: impl FnOnce(&mut BTreeSet<String>) -> T) -> T {
        look(&mut self.titles.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Provider for Shelf {
    type Client = Titles;
    const NAME: &'static str = "shelf";

    fn register() -> Registry<Titles> {
        let parameters = ("title", "The title.");
        let initials = Function::unary("initials", "Initials.", "Initials.", parameters, |title: String| {
            if title.is_empty() {
                return Err(FunctionError::argument(0, "has no letters"));
            }
            Ok(title.split(' ').filter_map(|word| word.chars().next()).collect::<String>())
        });
        Registry::new()
            .resource(resource!(Book))
            .data_source(data_source!(Count))
            .ephemeral_resource(ephemeral_resource!(Loan))
            .function(initials)
    }

    async fn configure(config: ShelfPlan, _: &mut Diagnostics) -> Result<Option<Titles>, Diagnostics> {
        Ok(match config.room {
            Value::Unknown => None,
            room => Some(Titles { room: room.into_known().unwrap_or_default(), ..Titles::default() }),
        })
    }
}

/// A book.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "shelf_book", version = 2, timeouts)]
pub(crate) struct Book {
    /// Its title.
    #[tf(replace)]
    pub title: String,
    /// Who wrote it.
    pub authors: Option<Vec<String>>,
    /// Notes by page.
    pub notes: Option<BTreeMap<String, String>>,
    /// How it is bound.
    #[tf(default = "cloth")]
    pub binding: String,
    /// Who may not be told.
    pub owner_wo: WriteOnly<String>,
    /// Where it stands.
    #[tf(keep)]
    pub place: Computed<String>,
    /// How often it was put there.
    pub visits: Computed<i64>,
    /// Pages to find again.
    #[tf(block)]
    pub mark: Vec<Mark>,
}

/// A page to find again.
#[derive(Schema, Clone, Debug)]
pub(crate) struct Mark {
    /// Its number.
    pub page: i64,
    /// Its colour.
    #[tf(default = "red")]
    pub colour: String,
}

impl Book {
    fn titled(title: &str) -> Self {
        Book {
            title: title.to_owned(),
            authors: None,
            notes: None,
            binding: "cloth".to_owned(),
            owner_wo: WriteOnly::absent(),
            place: Computed::Pending,
            visits: Computed::Pending,
            mark: Vec::new(),
        }
    }

    fn put(&mut self, ctx: &mut Context<Titles>) {
        ctx.client().with(|titles| titles.insert(self.title.clone()));
        let visits = ctx.private().get::<i64>("visits").unwrap_or(0) + 1;
        ctx.private().set("visits", visits);
        self.place = format!("{}/{}", ctx.client().room, self.title).into();
        self.visits = visits.into();
    }
}

impl Resource for Book {
    type Client = Titles;

    async fn create(mut self, ctx: &mut Context<Titles>) -> Result<Self, Diagnostics> {
        if ctx.client().with(|titles| titles.contains(&self.title)) {
            return Err(Diagnostic::error("Book is there", "Import it.").at("title").into());
        }
        if self.title == "endless" {
            let never = || async { Ok(None::<()>) };
            ctx.wait_for("the end", Duration::from_millis(10), never).await?;
        }
        self.put(ctx);
        Ok(self)
    }

    async fn read(mut self, ctx: &mut Context<Titles>) -> Result<Option<Self>, Diagnostics> {
        self.place = format!("{}/{}", ctx.client().room, self.title).into();
        self.visits = ctx.private().get::<i64>("visits").unwrap_or(0).into();
        Ok(ctx.client().with(|titles| titles.contains(&self.title)).then_some(self))
    }

    async fn update(mut self, _: Self, ctx: &mut Context<Titles>) -> Result<Self, Diagnostics> {
        self.put(ctx);
        Ok(self)
    }

    async fn delete(self, ctx: &mut Context<Titles>) -> Result<(), Diagnostics> {
        ctx.client().with(|titles| titles.remove(&self.title));
        Ok(())
    }
}

/// What identifies a book.
#[derive(Schema, Clone, Debug)]
#[tf(identity, version = 1)]
pub(crate) struct Title {
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub room: Option<String>,
}

impl ResourceIdentity for Book {
    type Identity = Title;

    fn identity(&self, client: &Titles) -> Option<Title> {
        Some(Title { title: self.title.clone(), room: Some(client.room.clone()) })
    }
}

impl ImportState for Book {
    async fn import(id: String, _: &mut Context<Titles>) -> Result<Self, Diagnostics> {
        Ok(Book::titled(&id))
    }
}

impl ImportIdentity for Book {
    async fn import_identity(identity: Title, _: &mut Context<Titles>) -> Result<Self, Diagnostics> {
        Ok(Book::titled(&identity.title))
    }
}

impl UpgradeIdentity for Book {
    fn upgrade_identity(_: i64, identity: Json) -> Result<Title, Diagnostics> {
        Ok(Title { title: identity["name"].as_str().unwrap_or_default().to_owned(), room: None })
    }
}

impl UpgradeState for Book {
    fn upgraders() -> Vec<Upgrader<Self>> {
        vec![Upgrader::from_json(1, |state| {
            let name = state["name"].as_str();
            let name = name.ok_or_else(|| Diagnostic::error("Unreadable state", "It has no name."))?;
            Ok(Book { place: "attic".into(), visits: 0.into(), ..Book::titled(name) })
        })]
    }
}

impl MoveState for Book {
    fn movers() -> Vec<Mover<Self>> {
        vec![Mover::new("example/attic", "attic_book", |old: Json, source| {
            let title = old["name"].as_str().unwrap_or_default();
            let place = format!("{} of version {}", source.identity["box"], source.schema_version);
            Ok(Book { place: place.into(), visits: 0.into(), ..Book::titled(title) })
        })]
    }
}

impl ValidateConfig for Book {
    fn validate(config: &BookPlan, diagnostics: &mut Diagnostics) {
        if config.title.known().is_some_and(String::is_empty) {
            diagnostics.push(Diagnostic::error("Invalid title", "It is empty.").at("title"));
        }
        if config.authors.is_null() {
            diagnostics.push(Diagnostic::warning("Anonymous book", "Say who wrote it."));
        }
    }
}

/// Counts the books.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "shelf_count")]
pub(crate) struct Count {
    /// Letters that titles begin with.
    pub prefix: String,
    /// How many there are.
    pub books: Computed<i64>,
}

impl DataSource for Count {
    type Client = Titles;

    async fn read(mut self, ctx: &mut Context<Titles>) -> Result<Self, Diagnostics> {
        let count =
            ctx.client().with(|titles| titles.iter().filter(|it| it.starts_with(&self.prefix)).count());
        self.books = i64::try_from(count).unwrap_or(i64::MAX).into();
        Ok(self)
    }
}

/// Lends a book.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "shelf_loan")]
pub(crate) struct Loan {
    /// Its title.
    #[tf(validate(length(1..=20)))]
    pub title: String,
    /// Number of the loan.
    pub number: Computed<i64>,
}

impl EphemeralResource for Loan {
    type Client = Titles;
    type Private = String;

    async fn open(mut self, _: &mut Context<Titles>) -> Result<Opened<Self>, Diagnostics> {
        self.number = 7.into();
        let title = self.title.clone();
        Ok(Opened::new(self, title).renew_at(SystemTime::now() + Duration::from_secs(100)))
    }
}

impl RenewEphemeral for Loan {
    async fn renew(title: String, _: &mut Context<Titles>) -> Result<Renewed<Self>, Diagnostics> {
        Ok(Renewed::new(title + ", again"))
    }
}

impl CloseEphemeral for Loan {
    async fn close(title: String, _: &mut Context<Titles>) -> Result<(), Diagnostics> {
        Err(Diagnostic::error("Still read", title).into())
    }
}
