//! A whole provider in one file, without any network: files in a directory. The crate's documentation explains it.

use std::io::{Error, ErrorKind};
use std::path::PathBuf;
use std::process::ExitCode;

use tf_provider::process::ProcessOptions;
use tf_provider::schema::Computed;
use tf_provider::{
    Action, CloseEphemeral, Context, DataSource, Diagnostic, Diagnostics, EphemeralResource, Found, Function,
    FunctionError, ImportIdentity, ImportState, ListResource, Listing, Opened, Progress, Provider, Registry,
    Resource, ResourceIdentity, Schema, action, data_source, ephemeral_resource, list_resource, resource,
};
use tokio::fs;

type Result<T> = std::result::Result<T, Diagnostics>;

/// Keeps files in one directory.
#[derive(Schema, Clone, Debug)]
pub struct LocalFiles {
    /// The directory; it has to exist.
    pub directory: String,
}

/// What everything below works with: made once, by `configure`, and handed to each operation.
#[derive(Debug)]
pub struct Directory(PathBuf);

impl Provider for LocalFiles {
    type Client = Directory;
    const NAME: &'static str = "localfiles";

    fn register() -> Registry<Directory> {
        Registry::new()
            .resource(resource!(File))
            .data_source(data_source!(Content))
            .function(line_count())
            .ephemeral_resource(ephemeral_resource!(Lock))
            .list_resource(list_resource!(Files))
            .action(action!(Backup))
    }

    async fn configure(config: LocalFilesPlan, _: &mut Diagnostics) -> Result<Option<Directory>> {
        // In the plan form each field may be unknown: without a known directory, plans go on without a client.
        Ok(config.directory.into_known().map(|path| Directory(path.into())))
    }
}

/// One file.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "localfiles_file")]
pub struct File {
    /// Its name in the directory.
    #[tf(replace, validate(matches("[a-z0-9-][a-z0-9.-]*", "lower-case letters, digits, dots and hyphens")))]
    pub name: String,
    /// Its text.
    pub content: String,
}

impl Resource for File {
    type Client = Directory;

    async fn create(self, ctx: &mut Context<Directory>) -> Result<Self> {
        if fs::try_exists(ctx.client().0.join(&self.name)).await.unwrap_or(false) {
            let detail = format!("Import it, with the id {}, or choose another name.", self.name);
            return Err(Diagnostic::error("File exists already", detail).at("name").into());
        }
        self.write(ctx).await
    }

    async fn read(self, ctx: &mut Context<Directory>) -> Result<Option<Self>> {
        File::load(&self.name, ctx.client()).await
    }

    async fn update(self, _prior: Self, ctx: &mut Context<Directory>) -> Result<Self> {
        self.write(ctx).await
    }

    async fn delete(self, ctx: &mut Context<Directory>) -> Result<()> {
        match fs::remove_file(ctx.client().0.join(&self.name)).await {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("Deleting", &self.name, &error)),
            _ => Ok(()),
        }
    }
}

impl File {
    async fn write(self, ctx: &mut Context<Directory>) -> Result<Self> {
        let written = fs::write(ctx.client().0.join(&self.name), &self.content).await;
        written.map_err(|error| failed("Writing", &self.name, &error))?;
        // From here on an error leaves the file in state. With a single step to take this is the last line.
        ctx.save(&self);
        Ok(self)
    }

    /// The file as it is; `None` when it is gone.
    async fn load(name: &str, directory: &Directory) -> Result<Option<Self>> {
        match fs::read_to_string(directory.0.join(name)).await {
            Ok(content) => Ok(Some(File { name: name.to_owned(), content })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("Reading", name, &error)),
        }
    }
}

/// Ability: `terraform import localfiles_file.a NAME`. The read that follows finds out the rest.
impl ImportState for File {
    async fn import(name: String, _: &mut Context<Directory>) -> Result<Self> {
        Ok(File { name, content: String::new() })
    }
}

/// What identifies a file, for `import { identity = … }` and for searches.
#[derive(Schema, Clone, Debug)]
#[tf(identity)]
pub struct FileIdentity {
    /// Its name in the directory.
    pub name: String,
}

impl ResourceIdentity for File {
    type Identity = FileIdentity;

    fn identity(&self, _: &Directory) -> Option<FileIdentity> {
        Some(FileIdentity { name: self.name.clone() })
    }
}

impl ImportIdentity for File {
    async fn import_identity(identity: FileIdentity, ctx: &mut Context<Directory>) -> Result<Self> {
        Self::import(identity.name, ctx).await
    }
}

/// The text of a file that somebody else keeps.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "localfiles_content")]
pub struct Content {
    /// Its name in the directory.
    pub name: String,
    /// Its text.
    pub content: Computed<String>,
}

impl DataSource for Content {
    type Client = Directory;

    async fn read(mut self, ctx: &mut Context<Directory>) -> Result<Self> {
        let text = fs::read_to_string(ctx.client().0.join(&self.name)).await;
        self.content = text.map_err(|error| failed("Reading", &self.name, &error))?.into();
        Ok(self)
    }
}

/// `provider::localfiles::line_count(text)`: the closure's types are its signature.
fn line_count() -> Function {
    let (summary, parameters) = ("Counts the lines of a text.", [("text", "The text.")]);
    Function::new("line_count", summary, summary, parameters, |text: String| {
        i64::try_from(text.lines().count()).map_err(|_| FunctionError::argument(0, "is too long"))
    })
}

/// Keeps other runs out of the directory, by a file that exists while Terraform works.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "localfiles_lock")]
pub struct Lock {
    /// Its name in the directory.
    pub name: String,
}

impl EphemeralResource for Lock {
    type Client = Directory;
    type Private = PathBuf;

    async fn open(self, ctx: &mut Context<Directory>) -> Result<Opened<Self>> {
        let path = ctx.client().0.join(&self.name);
        fs::File::create_new(&path).await.map_err(|error| failed("Locking", &self.name, &error))?;
        Ok(Opened::new(self, path))
    }
}

impl CloseEphemeral for Lock {
    async fn close(path: PathBuf, _: &mut Context<Directory>) -> Result<()> {
        fs::remove_file(&path).await.map_err(|error| failed("Unlocking", &path.display().to_string(), &error))
    }
}

/// Finds files.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "localfiles_file")]
pub struct Files {
    /// End of their names.
    pub suffix: Option<String>,
}

impl ListResource for Files {
    type Resource = File;

    async fn list(self, list: &mut Listing<File>, ctx: &mut Context<Directory>) -> Result<()> {
        let reading = |error: Error| failed("Reading", "the directory", &error);
        let mut entries = fs::read_dir(&ctx.client().0).await.map_err(reading)?;
        while let Some(entry) = entries.next_entry().await.map_err(reading)? {
            let name = entry.file_name().to_string_lossy().into_owned();
            if self.suffix.as_ref().is_none_or(|suffix| name.ends_with(suffix))
                && let Some(file) = File::load(&name, ctx.client()).await?
            {
                // `?` ends the search when Terraform has enough.
                list.push(Found::new(FileIdentity { name: name.clone() }, name).object(file)).await?;
            }
        }
        Ok(())
    }
}

/// Copies a file within the directory.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "localfiles_backup")]
pub struct Backup {
    /// Name of the file; the copy's ends in `.bak`.
    pub name: String,
}

impl Action for Backup {
    type Client = Directory;

    async fn invoke(self, progress: &Progress, ctx: &mut Context<Directory>) -> Result<()> {
        let (from, to) = (ctx.client().0.join(&self.name), ctx.client().0.join(format!("{}.bak", self.name)));
        let bytes = fs::copy(from, to).await.map_err(|error| failed("Copying", &self.name, &error))?;
        progress.report(format!("copied {bytes} bytes")).await;
        Ok(())
    }
}

/// What is told of a failure: what was tried and on what, what the system said, and what exists now.
fn failed(doing: &str, name: &str, error: &Error) -> Diagnostics {
    let detail = format!("The system answered: {error}. What exists so far is in the state.");
    Diagnostic::error(format!("{doing} {name}"), detail).into()
}

fn main() -> ExitCode {
    tf_provider::run::<LocalFiles>(ProcessOptions {
        address: "registry.terraform.io/example/localfiles",
        name: "terraform-provider-localfiles",
        version: "1.0.0",
        description: "Keeps files in a directory.",
        log_targets: &["local_files"],
        schema: None,
    })
}
