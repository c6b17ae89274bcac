//! The provider of the conformance tests for what has to be seen outside of a process: files in a directory.
//!
//! Its file has what can go wrong half way: labels and a secret in files beside it, waiting, access, private data. To
//! learn how a provider is written, read `local_files.rs` instead.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use tf_provider::process::ProcessOptions;
use tf_provider::schema::{Computed, Invalid, WriteOnly};
use tf_provider::{
    Context, DataSource, Diagnostic, Diagnostics, Function, ImportState, ModifyPlan, PlanContext, Provider,
    Registry, Resource, Schema, StringEnum, ValidateConfig, Value, data_source, resource,
};
use tokio::fs;
use tokio::io::AsyncWriteExt as _;

/// Keeps files in one directory.
#[derive(Schema, Clone, Debug)]
pub struct LocalFiles {
    /// The directory; it has to exist.
    pub directory: String,
}

impl Provider for LocalFiles {
    type Client = Directory;
    const NAME: &'static str = "files";

    fn register() -> Registry<Directory> {
        Registry::new().resource(resource!(File)).data_source(data_source!(Content)).function(line_count())
    }

    async fn configure(
        config: LocalFilesPlan,
        _: &mut Diagnostics,
    ) -> Result<Option<Directory>, Diagnostics> {
        // A directory known only after apply makes no client: plans go on without one.
        Ok(config.directory.into_known().map(|path| Directory(path.into())))
    }
}

/// What resources and data sources work with.
#[derive(Debug)]
pub struct Directory(PathBuf);

impl Directory {
    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file, or removes it where there is no text.
    async fn put(&self, name: &str, text: Option<&str>, access: Access) -> Result<(), Diagnostics> {
        let path = self.path(name);
        let Some(text) = text else {
            return match fs::remove_file(&path).await {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("Deleting", name, &error)),
                _ => Ok(()),
            };
        };
        let mode = if access == Access::Owner { 0o600 } else { 0o644 };
        let written = async {
            let mut file =
                fs::File::options().write(true).create(true).truncate(true).mode(mode).open(&path).await?;
            // The mode above is that of a new file, which nobody else may read even for a moment.
            file.set_permissions(Permissions::from_mode(mode)).await?;
            file.write_all(text.as_bytes()).await?;
            file.flush().await
        };
        written.await.map_err(|error| failed("Writing", name, &error))
    }
}

/// One file, with labels and a secret in files beside it.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "files_file", timeouts(create = "1m", delete = "10s"))]
pub struct File {
    /// Its name in the directory.
    #[tf(replace, validate(length(1..=100), text(plain_name)))]
    pub name: String,
    /// Its text; a missing line end is added.
    pub content: Option<String>,
    /// Who may read it.
    #[tf(default = Access::Everyone)]
    pub access: Access,
    /// Labels, kept in a file with the suffix `.labels`.
    pub labels: Option<BTreeMap<String, String>>,
    /// A secret, kept in a file with the suffix `.secret`, but in neither plan nor state.
    pub secret_wo: WriteOnly<String>,
    /// Raise it to write another secret.
    pub secret_version: Option<i64>,
    /// A file that somebody else has to make before this one is complete.
    pub wait_for: Option<String>,
    /// Where it is.
    #[tf(keep)]
    pub path: Computed<String>,
    /// Its length in bytes.
    pub size: Computed<i64>,
    /// How often it was written.
    pub writes: Computed<i64>,
}

/// Who may read a file.
#[derive(StringEnum, Clone, Copy, Debug, PartialEq)]
#[tf(rename_all = "kebab-case")]
pub enum Access {
    /// Everyone.
    Everyone,
    /// The owner alone.
    Owner,
}

/// Private data: how often the file was written.
const WRITES: &str = "writes";

impl Resource for File {
    type Client = Directory;

    async fn create(mut self, ctx: &mut Context<Directory>) -> Result<Self, Diagnostics> {
        let path = ctx.client().path(&self.name);
        if fs::try_exists(&path).await.unwrap_or(false) {
            let detail = format!("Import it, with the id {}, or choose another name.", self.name);
            return Err(Diagnostic::error("File exists already", detail).at("name").into());
        }
        self.write(ctx).await?;
        // From here on an error leaves the file in state, instead of losing it.
        ctx.save(&self);
        self.write_labels(ctx).await?;
        self.write_secret(ctx).await?;
        if let Some(other) = &self.wait_for {
            let other = ctx.client().path(other);
            let exists = || async { Ok(fs::try_exists(&other).await.unwrap_or(false).then_some(())) };
            ctx.wait_for("the other file exists", Duration::from_millis(50), exists).await?;
        }
        Ok(self)
    }

    async fn read(mut self, ctx: &mut Context<Directory>) -> Result<Option<Self>, Diagnostics> {
        let path = ctx.client().path(&self.name);
        let text = match fs::read_to_string(&path).await {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("Reading", &self.name, &error)),
        };
        // The practitioner's spelling stays while it means the same.
        if text != self.text() {
            self.content = Some(text.clone());
        }
        let metadata = fs::metadata(&path).await.map_err(|error| failed("Reading", &self.name, &error))?;
        let private = metadata.permissions().mode() & 0o077 == 0;
        self.access = if private { Access::Owner } else { Access::Everyone };
        self.labels = match fs::read(ctx.client().path(&format!("{}.labels", self.name))).await {
            Ok(json) => serde_json::from_slice(&json).ok(),
            Err(_) => None,
        };
        self.path = path.display().to_string().into();
        self.size = Computed::from(i64::try_from(text.len()).ok());
        self.writes = ctx.private().get(WRITES).unwrap_or(0).into();
        Ok(Some(self))
    }

    async fn update(mut self, prior: Self, ctx: &mut Context<Directory>) -> Result<Self, Diagnostics> {
        self.write(ctx).await?;
        ctx.save(&File { labels: prior.labels.clone(), ..self.clone() });
        if self.labels != prior.labels {
            self.write_labels(ctx).await?;
        }
        if self.secret_version != prior.secret_version {
            self.write_secret(ctx).await?;
        }
        Ok(self)
    }

    async fn delete(self, ctx: &mut Context<Directory>) -> Result<(), Diagnostics> {
        for suffix in [".secret", ".labels", ""] {
            ctx.client().put(&format!("{}{suffix}", self.name), None, self.access).await?;
        }
        Ok(())
    }
}

impl ValidateConfig for File {
    fn validate(config: &FilePlan, diagnostics: &mut Diagnostics) {
        if config.secret_version.is_null() && !config.secret_wo.is_null() {
            let detail = "Without secret_version a change of the secret goes unnoticed.";
            diagnostics.push(Diagnostic::warning("Secret without version", detail).at("secret_wo"));
        }
    }
}

impl ModifyPlan for File {
    fn modify_plan(plan: &mut PlanContext<'_, Self>) {
        // The size is known before apply where the content is.
        if let (Value::Known(content), Value::Unknown) = (&plan.planned.content, &plan.planned.size) {
            plan.planned.size =
                i64::try_from(with_line_end(content).len()).map_or(Value::Unknown, Value::Known);
        }
    }
}

impl ImportState for File {
    async fn import(name: String, _: &mut Context<Directory>) -> Result<Self, Diagnostics> {
        plain_name(&name)
            .map_err(|fault| Diagnostic::error("Invalid import id", format!("The id {}.", fault.problem)))?;
        Ok(File {
            name,
            content: None,
            access: Access::Everyone,
            labels: None,
            secret_wo: WriteOnly::absent(),
            secret_version: None,
            wait_for: None,
            path: Computed::Pending,
            size: Computed::Pending,
            writes: Computed::Pending,
        })
    }
}

impl File {
    fn text(&self) -> String {
        with_line_end(self.content.as_deref().unwrap_or_default())
    }

    /// Writes the text, and finds out what is computed.
    async fn write(&mut self, ctx: &mut Context<Directory>) -> Result<(), Diagnostics> {
        ctx.client().put(&self.name, Some(&self.text()), self.access).await?;
        let writes = ctx.private().get::<i64>(WRITES).unwrap_or(0) + 1;
        ctx.private().set(WRITES, writes);
        self.path = ctx.client().path(&self.name).display().to_string().into();
        self.size = Computed::from(i64::try_from(self.text().len()).ok());
        self.writes = writes.into();
        Ok(())
    }

    async fn write_labels(&self, ctx: &Context<Directory>) -> Result<(), Diagnostics> {
        let json = self.labels.as_ref().map(|labels| serde_json::json!(labels).to_string());
        ctx.client().put(&format!("{}.labels", self.name), json.as_deref(), self.access).await
    }

    async fn write_secret(&self, ctx: &Context<Directory>) -> Result<(), Diagnostics> {
        let secret = self.secret_wo.expose().map(String::as_str);
        ctx.client().put(&format!("{}.secret", self.name), secret, Access::Owner).await
    }
}

/// The text of a file that somebody else keeps.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "files_content")]
pub struct Content {
    /// Its name in the directory.
    pub name: String,
    /// Its text.
    pub content: Computed<String>,
}

impl DataSource for Content {
    type Client = Directory;

    async fn read(mut self, ctx: &mut Context<Directory>) -> Result<Self, Diagnostics> {
        let text = fs::read_to_string(ctx.client().path(&self.name)).await;
        self.content = text.map_err(|error| failed("Reading", &self.name, &error))?.into();
        Ok(self)
    }
}

fn line_count() -> Function {
    let (summary, parameter) = ("Counts the lines of a text.", ("text", "The text."));
    Function::unary("line_count", summary, summary, parameter, |text: String| {
        i64::try_from(text.lines().count()).map_err(|_| tf_provider::FunctionError::argument(0, "too long"))
    })
}

fn with_line_end(text: &str) -> String {
    if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

fn plain_name(name: &str) -> Result<(), Invalid> {
    if name.contains('/') || name.starts_with('.') {
        return Err(Invalid::new("must neither contain a slash nor begin with a dot"));
    }
    Ok(())
}

fn failed(doing: &str, name: &str, error: &std::io::Error) -> Diagnostics {
    let detail = format!("The system answered: {error}. What exists so far is in the state.");
    Diagnostic::error(format!("{doing} file ({name})"), detail).into()
}

fn main() -> ExitCode {
    tf_provider::run::<LocalFiles>(ProcessOptions {
        address: "registry.terraform.io/example/files",
        name: "terraform-provider-files",
        version: "1.0.0",
        description: "Keeps files in a directory.",
        log_targets: &["conformance_files"],
        schema: None,
    })
}
