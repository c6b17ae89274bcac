//! `ecrunner_upstream_credential`: the secret that a pull through cache rule logs in upstream with.
//! AWS: CreateSecret, DescribeSecret, GetSecretValue, PutSecretValue, UpdateSecret, RestoreSecret, DeleteSecret,
//! TagResource, UntagResource (Secrets Manager API reference; ECR user guide, "Storing your upstream repository credentials").
//! Identity: the secret's name. Replaced by: name. Everything else is changed in place.
//!
//! The token is in no state: whether a new one is to be written is told by its version, and the id of the secret's
//! current version says which one that is. So a value that others wrote shows without being read. The user name is read
//! again where that id is another than the last one seen: a version's value never changes.

mod secret;

use std::time::Duration;

use tf_provider::schema::{Computed, Invalid, WriteOnly};
use tf_provider::{
    Context, Diagnostic, Diagnostics, ImportIdentity, ImportState, ModifyPlan, PlanContext, Resource,
    ResourceIdentity, Schema,
};

use self::secret::{Made, Secret, SecretValue, Wanted};
use super::upstream_secret::{PREFIX, check_secret_name};
use crate::clients::Clients;
use crate::creating::{self, Creating};
use crate::diagnostics::Failure;
use crate::identity::Named;
use crate::retry;
use crate::tags::Tags;

/// A name stays taken for a while after its secret was deleted without a recovery window.
const NAME_TAKEN: [&str; 1] = ["InvalidRequestException"];
const NAME_FREE: Duration = Duration::from_secs(120);
/// Private data: id of the secret's version whose user name is in the state.
const SEEN_VERSION: &str = "seen_version";
/// Stands in the state for a value that the provider did not write: no configuration can ask for it.
const FOREIGN_VERSION: i64 = 0;

/// Keeps the login at an upstream registry in AWS Secrets Manager, where pull through cache rules of ECR look for it.
///
/// The access token is write-only: it is in no state and no plan, and best comes from an ephemeral variable or resource.
/// Terraform cannot see that it is another one, so `access_token_wo_version` says so. A value that others wrote shows in
/// the next plan as version 0, and is written anew.
///
/// The secret is encrypted with the AWS managed key `aws/secretsmanager`, since pull through cache can use no other; one
/// that was given another key gets that one back with the next apply.
///
/// A secret of the same name that waits for its deletion is restored and given this value, with a warning: until it is
/// gone, no other can have its name.
#[derive(Schema, Clone, Debug)]
#[tf(
    type_name = "ecrunner_upstream_credential",
    timeouts(create = "5m", read = "2m", update = "5m", delete = "5m")
)]
pub struct UpstreamCredential {
    /// Name of the secret without `ecr-pullthroughcache/`, which ECR demands and which is put in front of it; up to 491
    /// of the characters A-Z, a-z, 0-9 and `/_+=.@-`.
    #[tf(replace, validate(text(check_secret_name)))]
    pub name: String,
    /// User name at the upstream registry.
    #[tf(validate(text(check_username)))]
    pub username: String,
    /// Access token of that user: one that may only read, where the registry has such. It is read from the configuration
    /// when the secret is created, and whenever `username` or `access_token_wo_version` changes.
    #[tf(required, validate(text(check_access_token)))]
    pub access_token_wo: WriteOnly<String>,
    /// Version of the access token, a number of your choice: another one has `access_token_wo` written again.
    #[tf(validate(at_least(1)))]
    pub access_token_wo_version: i64,
    /// What the secret is for.
    #[tf(validate(length(1..=2048)))]
    pub description: Option<String>,
    /// Days, 7 to 30, in which the secret can be restored after destroy, or 0 to delete it at once.
    #[tf(default = 30, validate(check(check_recovery_window)))]
    pub recovery_window_days: i64,
    /// Tags of the secret.
    pub tags: Option<Tags>,
    /// Tags of the secret, the provider's default tags included.
    pub tags_all: Computed<Tags>,
    /// ARN of the secret, for `credential_arn` of `ecrunner_pull_through_cache_rule`.
    #[tf(keep)]
    pub arn: Computed<String>,
}

impl Resource for UpstreamCredential {
    type Client = Clients;

    async fn create(mut self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let clients = ctx.client().clone();
        let summary = format!("Creating upstream credential ({})", self.name);
        let creating = Creating::begin_of(&self);
        let wanted = Wanted {
            name: self.secret_name(),
            value: self.value()?,
            description: self.description.clone(),
            tags: clients.tags.all(self.tags.as_ref()),
        };
        let made =
            retry::while_failing(ctx, &NAME_TAKEN, NAME_FREE, || secret::make(&clients, &wanted, &creating))
                .await
                .map_err(|failure| failure.report(&summary, "Nothing was created.", ""))?;
        let marked = creating.mark(&wanted.tags);
        self.tags_all = wanted.tags.clone().into();
        let arn = match made {
            Made::Foreign => return Err(already_exists(&summary, &self.name)),
            Made::New(arn) => {
                self.arn = arn.as_str().into();
                ctx.save(&self);
                arn
            }
            Made::Unfinished(found) => {
                tracing::info!(secret = wanted.name, "going on with a secret of an interrupted create");
                secret::change_tags(&clients, &found.arn, &found.tags, &marked).await?;
                self.take_over(ctx, &found, &wanted, &summary).await?
            }
            Made::Restored(found) => {
                ctx.warn(restored(&wanted.name));
                self.arn = found.arn.as_str().into();
                ctx.save(&self);
                secret::change_tags(&clients, &found.arn, &found.tags, &marked).await?;
                self.take_over(ctx, &found, &wanted, &summary).await?
            }
        };
        creating.note(ctx);
        ctx.private().set(SEEN_VERSION, &wanted.value.version_id);
        ctx.wait_for("the new secret can be read", Duration::from_secs(1), || async {
            let found =
                secret::describe(&clients, &arn).await.map_err(|failure| self.unreadable(&failure))?;
            Ok(found.filter(|found| !found.is_deleted))
        })
        .await?;
        creating::note_end(ctx);
        secret::change_tags(&clients, &arn, &marked, &wanted.tags).await?;
        Ok(self)
    }

    async fn read(mut self, ctx: &mut Context<Clients>) -> Result<Option<Self>, Diagnostics> {
        let clients = ctx.client().clone();
        let Some(found) = self.find(&clients).await? else { return Ok(None) };
        if ctx.private().get::<String>(SEEN_VERSION) != found.version_id {
            let username = secret::username(&clients, &found.arn).await;
            match username.map_err(|failure| self.unreadable(&failure))? {
                Some(username) => {
                    self.username = username;
                    ctx.private().set(SEEN_VERSION, &found.version_id);
                }
                None => tracing::info!(secret = self.secret_name(), "the user name cannot be read"),
            }
        }
        self.access_token_wo_version = found.written_version().unwrap_or(FOREIGN_VERSION);
        if let Some(key) = &found.customer_key {
            // Written anew, the secret gets the right key again.
            self.access_token_wo_version = FOREIGN_VERSION;
            ctx.warn(wrong_key(&self.secret_name(), key));
        }
        self.description = found.description;
        (self.tags, self.tags_all) = clients.tags.read(found.tags, self.tags.as_ref());
        self.arn = found.arn.into();
        Ok(Some(self))
    }

    async fn update(mut self, prior: Self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let clients = ctx.client().clone();
        let summary = format!("Updating upstream credential ({})", self.name);
        let Some(found) = self.find(&clients).await? else {
            let detail = "The secret vanished during the update. Apply again to make it anew.";
            return Err(Diagnostic::error(summary, detail).into());
        };
        let is_written_anew =
            self.username != prior.username || self.access_token_wo_version != prior.access_token_wo_version;
        let value = is_written_anew.then(|| self.value()).transpose()?;
        secret::describe_as(&clients, &found, self.description.as_deref())
            .await
            .map_err(|failure| failure.report(&summary, "The secret is unchanged.", ""))?;
        self.arn = found.arn.as_str().into();
        self.tags_all = prior.tags_all.clone();
        ctx.save(&UpstreamCredential { description: self.description.clone(), ..prior.clone() });
        if let Some(value) = &value {
            secret::put_value(&clients, &found.arn, value)
                .await
                .map_err(|failure| failure.report(&summary, "The secret has its former value.", ""))?;
            ctx.save(&UpstreamCredential { tags: prior.tags, ..self.clone() });
            ctx.private().set(SEEN_VERSION, &value.version_id);
        }
        creating::note_end(ctx);
        let tags = clients.tags.all(self.tags.as_ref());
        secret::change_tags(&clients, &found.arn, &found.tags, &tags).await?;
        self.tags_all = tags.into();
        Ok(self)
    }

    async fn delete(self, ctx: &mut Context<Clients>) -> Result<(), Diagnostics> {
        let clients = ctx.client().clone();
        let summary = format!("Deleting upstream credential ({})", self.name);
        // By its ARN: another secret may have the name by now.
        let id = self.arn.get().cloned().unwrap_or_else(|| self.secret_name());
        let failed = |failure: Failure| failure.report(&summary, "The secret is still there.", "");
        let found = secret::describe(&clients, &id).await.map_err(failed)?;
        let Some(found) = found.filter(|found| !found.is_deleted) else { return Ok(()) };
        if creating::was_taken_over(ctx, &found.tags) {
            return Ok(());
        }
        secret::delete(&clients, &id, self.recovery_window_days).await.map_err(failed)?;
        ctx.wait_for("the secret is gone", Duration::from_secs(1), || async {
            let found = secret::describe(&clients, &id).await.map_err(failed)?;
            Ok(found.is_none_or(|found| found.is_deleted).then_some(()))
        })
        .await
    }
}

impl ImportState for UpstreamCredential {
    async fn import(id: String, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let name = id.strip_prefix(PREFIX).unwrap_or(&id);
        let credential = UpstreamCredential {
            name: name.to_owned(),
            username: String::new(),
            access_token_wo: WriteOnly::absent(),
            access_token_wo_version: FOREIGN_VERSION,
            description: None,
            recovery_window_days: 30,
            tags: None,
            tags_all: Computed::null(),
            arn: Computed::null(),
        };
        let clients = ctx.client();
        if credential.find(clients).await?.is_none() {
            let detail = format!(
                "Account {} has no secret {PREFIX}{name} in {}, or one that waits for its deletion. The import id is the \
                 secret's name, with or without {PREFIX}.",
                clients.account_id, clients.region
            );
            return Err(Diagnostic::error(format!("Upstream credential not found ({name})"), detail).into());
        }
        Ok(credential)
    }
}

impl ResourceIdentity for UpstreamCredential {
    type Identity = Named;

    fn identity(&self, clients: &Clients) -> Option<Named> {
        Some(Named::new(&self.name, clients))
    }
}

impl ImportIdentity for UpstreamCredential {
    async fn import_identity(identity: Named, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let name = identity.name(ctx.client())?;
        Self::import(name, ctx).await
    }
}

impl ModifyPlan for UpstreamCredential {
    fn modify_plan(plan: &mut PlanContext<'_, Self>) {
        if let Some(clients) = plan.client() {
            plan.planned.tags_all = clients.tags.plan(&plan.planned.tags);
        }
    }
}

impl UpstreamCredential {
    fn secret_name(&self) -> String {
        format!("{PREFIX}{}", self.name)
    }

    /// The value to write.
    fn value(&self) -> Result<SecretValue, Diagnostics> {
        let Some(token) = self.access_token_wo.expose() else {
            return Err(missing_token().at("access_token_wo").into());
        };
        Ok(SecretValue::new(&self.username, token, self.access_token_wo_version))
    }

    /// The secret, unless it waits for its deletion.
    async fn find(&self, clients: &Clients) -> Result<Option<Secret>, Diagnostics> {
        let found = secret::describe(clients, &self.secret_name()).await;
        let found = found.map_err(|failure| self.unreadable(&failure))?;
        Ok(found.filter(|found| !found.is_deleted))
    }

    fn unreadable(&self, failure: &Failure) -> Diagnostics {
        failure.report(format!("Reading upstream credential ({})", self.name), "", "")
    }

    /// Makes the secret what is wanted, which was there before this create and bears its mark by now.
    async fn take_over(
        &mut self,
        ctx: &mut Context<Clients>,
        found: &Secret,
        wanted: &Wanted,
        summary: &str,
    ) -> Result<String, Diagnostics> {
        self.arn = found.arn.as_str().into();
        ctx.save(self);
        let failed = |failure: Failure| failure.report(summary, "The secret has its former value.", "");
        secret::describe_as(ctx.client(), found, self.description.as_deref()).await.map_err(failed)?;
        secret::put_value(ctx.client(), &found.arn, &wanted.value).await.map_err(failed)?;
        Ok(found.arn.clone())
    }
}

/// A value that was unknown when it was checked may turn out to be null.
fn missing_token() -> Diagnostic {
    Diagnostic::error(
        "Missing access_token_wo",
        "The access token is null. Nothing was changed. Give access_token_wo a value; it is needed with every plan, \
         since nothing keeps it.",
    )
}

fn already_exists(summary: &str, name: &str) -> Diagnostics {
    Diagnostic::error(
        summary,
        format!(
            "A secret named {PREFIX}{name} is there already, and was not made by this configuration. Nothing was changed. \
             Choose another name, or take the secret over; the next apply then gives it this value:\n\nimport {{\n  to = \
             ecrunner_upstream_credential.<name>\n  id = \"{name}\"\n}}"
        ),
    )
    .at("name")
    .into()
}

fn restored(secret_name: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("Secret was restored ({secret_name})"),
        "A secret of this name was waiting for its deletion. It was restored, and has the value, description and tags of \
         this configuration now. Its former values are among its versions until AWS removes them. To have none come back, \
         set recovery_window_days = 0 before a destroy.",
    )
}

fn wrong_key(secret_name: &str, key: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("Secret has a key that ECR cannot use ({secret_name})"),
        format!(
            "Somebody encrypted it with {key}, and pull through cache can use the AWS managed key aws/secretsmanager only: \
             pulls of new images fail. Apply, which gives it that key again and needs kms:Decrypt for {key}."
        ),
    )
}

fn check_username(username: &str) -> Result<(), Invalid> {
    match username.trim() {
        trimmed if !trimmed.is_empty() && trimmed == username => Ok(()),
        _ => Err(Invalid::new("must not be empty, nor begin or end with white space")),
    }
}

fn check_access_token(token: &str) -> Result<(), Invalid> {
    match token.trim() {
        "" => Err(Invalid::new("must not be empty").secret()),
        trimmed if trimmed == token => Ok(()),
        // What is read from a file often ends in a line break.
        _ => {
            Err(Invalid::new("must not begin or end with white space").remedy("Write trimspace(…).").secret())
        }
    }
}

fn check_recovery_window(days: &i64) -> Result<(), Invalid> {
    if *days == 0 || (7..=30).contains(days) {
        return Ok(());
    }
    Err(Invalid::new("must be 7 to 30 days, or 0 to delete at once"))
}
