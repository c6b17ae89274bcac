//! `ecrunner_software_object`: a local file kept in an S3 bucket, under a key that holds its digest.
//! AWS: the calls that `object` names (S3 API reference).
//! Identity: bucket and key. Updatable in place: tags. Another file is another key, and so another object; content that was
//! changed behind Terraform's back is restored by an update.

mod key;
mod source;

use std::path::Path;

use tf_provider::schema::Computed;
use tf_provider::{
    Context, Diagnostic, Diagnostics, ImportIdentity, ImportState, ModifyPlan, PlanContext, Resource,
    ResourceIdentity, Schema, Value,
};

use self::key::{Key, check_bucket, check_prefix};
use self::source::Source;
use super::digest::Digest;
use super::object::{self, Existing, Location, NotPut, Object};
use crate::clients::Clients;
use crate::creating::{self, Creating};
use crate::identity::{check_place, place};
use crate::tags::Tags;

/// Most tags of an object (S3 user guide, "Categorizing your objects using tags"), less the one that marks a create.
const MOST_TAGS: usize = 9;

/// Keeps a local file in an S3 bucket, for instances to download at boot: `url` and `sha256` are what `pull_proxy` of
/// `ecrunner_worker_fleet` takes.
///
/// The key holds the file's SHA-256, so that a key never gets other content: another file is another object, and replaces
/// the one before. Set `create_before_destroy` in `lifecycle`, so that an instance which boots meanwhile finds one of
/// the two.
///
/// The file is read when Terraform plans and when it applies, and must not change in between. Where it is missing, an
/// object that is there stays as it is, with a warning; refresh and destroy do without it. S3 verifies the digest of what it gets, and encrypts it as the bucket says. In a bucket with versioning a
/// destroy leaves the old versions to the bucket's lifecycle rules.
///
/// Who applies needs `s3:PutObject`, `s3:PutObjectTagging`, `s3:GetObject`, `s3:GetObjectTagging` and `s3:DeleteObject` on
/// the objects, `s3:ListBucket` on the bucket, and the use of its KMS key if it has one. Instances need `s3:GetObject`:
/// `read_objects` of `ecrunner_instance_profile` takes the `url`.
#[derive(Schema, Clone, Debug)]
#[tf(
    type_name = "ecrunner_software_object",
    timeouts(create = "30m", read = "2m", update = "30m", delete = "5m")
)]
pub struct SoftwareObject {
    /// Name of the bucket, which has to be there, in the provider's region.
    #[tf(replace, validate(text(check_bucket)))]
    pub bucket: String,
    /// What the key begins with: folders, each with a slash behind it, or nothing.
    #[tf(default = "software/", replace, validate(text(check_prefix)))]
    pub prefix: String,
    /// Path of the local file, 5 GiB at most. Its name is of letters, digits and `._+-`, and becomes the end of the key. The
    /// same file elsewhere is no change.
    pub source: String,
    /// Tags of the object: 9 at most, those of the provider's `default_tags` among them.
    pub tags: Option<Tags>,
    /// SHA-256 of the file, 64 lower-case hex digits; null while the object has other content.
    pub sha256: Computed<String>,
    /// Key of the object: prefix, digest, and name of the file.
    pub key: Computed<String>,
    /// Address of the object, `s3://<bucket>/<key>`.
    pub url: Computed<String>,
    /// ARN of the object.
    pub arn: Computed<String>,
    /// Tags of the object, those of the provider's `default_tags` among them.
    pub tags_all: Computed<Tags>,
}

impl Resource for SoftwareObject {
    type Client = Clients;

    async fn create(mut self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let clients = ctx.client().clone();
        let creating = Creating::begin_of(&self);
        let given = self.clone();
        let at = given.location();
        let summary = format!("Creating software object ({at})");
        let digest = self.unchanged(&summary).await?;
        let all = clients.tags.all(self.tags.as_ref());
        let marked = creating.mark(&all);
        creating.note(ctx);
        let file = Path::new(&given.source);
        match object::put(ctx, at, file, digest, &marked, Existing::Kept).await {
            Ok(()) => {}
            Err(NotPut::Refused(failure)) if failure.is(&["PreconditionFailed"]) => {
                // An answer of ours was lost, a create was interrupted, or it is somebody else's.
                let found = object::find(&clients, at).await?;
                let is_ours =
                    |object: &Object| creating.goes_on_with(&object.tags) && object.digest == Some(digest);
                let found = found.filter(is_ours).ok_or_else(|| already_exists(&summary, at))?;
                retag(&clients, at, &found.tags, &marked).await?;
            }
            Err(not_put) => return Err(self.not_put(&summary, not_put, "The object was not made.")),
        }
        self.tags_all = all.clone().into();
        ctx.save(&self);
        // Until the mark is gone, another create may go on with the object, and then it is that one's.
        retag(&clients, at, &marked, &all).await?;
        creating::note_end(ctx);
        Ok(self)
    }

    async fn read(self, ctx: &mut Context<Clients>) -> Result<Option<Self>, Diagnostics> {
        let clients = ctx.client().clone();
        let given = self.clone();
        let at = given.location();
        let Some(object) = object::find(&clients, at).await? else { return Ok(None) };
        if object.digest.is_none() || object.digest != given.digest() {
            ctx.warn(Diagnostic::warning(
                format!("Software object was changed ({at})"),
                "Its content is not that of its key, or was uploaded without a SHA-256. Apply to restore it.",
            ));
        }
        Ok(Some(self.with(&clients, object)))
    }

    async fn update(mut self, _prior: Self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let clients = ctx.client().clone();
        let given = self.clone();
        let at = given.location();
        let summary = format!("Updating software object ({at})");
        let Some(found) = object::find(&clients, at).await? else {
            let detail = "The object vanished during the update. Apply again to make it anew.";
            return Err(Diagnostic::error(summary, detail).into());
        };
        let all = clients.tags.all(self.tags.as_ref());
        if found.digest.is_some() && found.digest == given.digest() {
            retag(&clients, at, &found.tags, &all).await?;
        } else {
            let digest = self.unchanged(&summary).await?;
            let tags = changed(&clients, &found.tags, &all).unwrap_or(found.tags);
            let put = object::put(ctx, at, Path::new(&given.source), digest, &tags, Existing::Overwritten);
            put.await.map_err(|not_put| self.not_put(&summary, not_put, "The object is as it was."))?;
        }
        self.tags_all = all.into();
        Ok(self)
    }

    async fn delete(self, ctx: &mut Context<Clients>) -> Result<(), Diagnostics> {
        let clients = ctx.client().clone();
        let at = self.location();
        // Only then it can be that of another create.
        if creating::is_unfinished(ctx) {
            let found = object::find(&clients, at).await?;
            if found.is_some_and(|object| creating::was_taken_over(ctx, &object.tags)) {
                return Ok(());
            }
        }
        object::delete(&clients, at).await
    }
}

impl ImportState for SoftwareObject {
    async fn import(id: String, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let (bucket, key) = id.split_once('/').unwrap_or((&id, ""));
        SoftwareObject::import_of(bucket, key, ctx.client()).await
    }
}

/// What tells a software object from all others.
#[derive(Schema, Clone, Debug, PartialEq, Eq)]
#[tf(identity)]
pub struct SoftwareObjectIdentity {
    /// Name of the bucket.
    pub bucket: String,
    /// Key of the object.
    pub key: String,
    /// Id of the account. Default: the provider's.
    pub account_id: Option<String>,
    /// Region. Default: the provider's.
    pub region: Option<String>,
}

impl ResourceIdentity for SoftwareObject {
    type Identity = SoftwareObjectIdentity;

    fn identity(&self, clients: &Clients) -> Option<SoftwareObjectIdentity> {
        let (account_id, region) = place(clients);
        let (bucket, key) = (self.bucket.clone(), self.key.get()?.clone());
        Some(SoftwareObjectIdentity { bucket, key, account_id, region })
    }
}

impl ImportIdentity for SoftwareObject {
    async fn import_identity(
        identity: SoftwareObjectIdentity,
        ctx: &mut Context<Clients>,
    ) -> Result<Self, Diagnostics> {
        check_place(ctx.client(), identity.account_id.as_deref(), identity.region.as_deref())?;
        SoftwareObject::import_of(&identity.bucket, &identity.key, ctx.client()).await
    }
}

impl ModifyPlan for SoftwareObject {
    fn modify_plan(plan: &mut PlanContext<'_, Self>) {
        let clients = plan.client();
        if let Some(clients) = clients {
            plan.planned.tags_all = clients.tags.plan(&plan.planned.tags);
        }
        if let Some(count) = plan.planned.tags_all.known().map(|tags| tags.len())
            && count > MOST_TAGS
        {
            let detail = format!(
                "The object would have {count} tags. S3 allows 10, and one of them marks an unfinished create. Leave \
                 out all but {MOST_TAGS}, those of default_tags included."
            );
            plan.report(Diagnostic::error("Too many tags", detail).at("tags"));
        }
        let source = match plan.planned.source.known().map(|path| source::look(path)) {
            None => None,
            Some(Ok(source)) => Some(source),
            Some(Err(fault)) => return without_source(plan, &fault),
        };
        let key =
            source.as_ref().zip(plan.planned.prefix.known()).map(|(source, prefix)| key(prefix, source));
        let address = key.as_ref().zip(plan.planned.bucket.known());
        let url = address.map(|(key, bucket)| format!("s3://{bucket}/{key}"));
        let arn = address
            .zip(clients)
            .map(|((key, bucket), clients)| format!("arn:{}:s3:::{bucket}/{key}", clients.partition));
        let planned = |text: Option<String>| text.map_or(Value::Unknown, Value::Known);
        plan.planned.sha256 = planned(source.map(|source| source.digest.hex()));
        plan.planned.key = planned(key);
        plan.planned.url = planned(url);
        plan.planned.arn = planned(arn);
        let Some(prior) = plan.prior else { return };
        if plan.planned.key.known() != prior.key.get() {
            plan.requires_replace("key");
        } else if plan.planned.sha256.known() == prior.sha256.get() {
            // The same file, wherever it is: nothing is uploaded.
            plan.planned.source = Value::Known(prior.source.clone());
        }
    }
}

impl SoftwareObject {
    async fn import_of(bucket: &str, key: &str, clients: &Clients) -> Result<Self, Diagnostics> {
        let not_found = |detail: String| {
            Diagnostics::from(Diagnostic::error(
                format!("Software object not found ({bucket}/{key})"),
                detail,
            ))
        };
        let Some(Key { prefix, name, .. }) = Key::parse(key) else {
            return Err(not_found(format!(
                "\"{key}\" is no key of a software object, which is <prefix><SHA-256>/<file name>. The import id is \
                 <bucket>/<key>."
            )));
        };
        let at = Location { bucket, key };
        let Some(object) = object::find(clients, at).await? else {
            return Err(not_found(format!("There is no bucket \"{bucket}\", or no object \"{key}\" in it.")));
        };
        let named = SoftwareObject {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            source: name.to_owned(),
            tags: None,
            sha256: Computed::Pending,
            key: key.into(),
            url: format!("s3://{at}").into(),
            arn: format!("arn:{}:s3:::{at}", clients.partition).into(),
            tags_all: Computed::Pending,
        };
        Ok(named.with(clients, object))
    }

    fn location(&self) -> Location<'_> {
        Location { bucket: &self.bucket, key: self.key.get().map(String::as_str).unwrap_or_default() }
    }

    /// The digest that the key holds.
    fn digest(&self) -> Option<Digest> {
        self.key.get().and_then(|key| Key::parse(key)).map(|key| key.digest)
    }

    /// The digest of the file, which is still the one that was planned.
    async fn unchanged(&self, summary: &str) -> Result<Digest, Diagnostics> {
        let fault = |detail: String| Diagnostics::from(Diagnostic::error(summary, detail).at("source"));
        let path = self.source.clone();
        let looked = tokio::task::spawn_blocking(move || source::look(&path)).await;
        let looked = looked.map_err(|error| fault(format!("Reading {} failed: {error}.", self.source)))?;
        let source = looked.map_err(fault)?;
        if Some(source.digest) != self.digest() {
            return Err(fault(format!(
                "{} changed since the plan: its SHA-256 is {} now. Nothing was uploaded. Plan again.",
                self.source,
                source.digest.hex()
            )));
        }
        Ok(source.digest)
    }

    fn not_put(&self, summary: &str, not_put: NotPut, exists_now: &str) -> Diagnostics {
        let failure = match not_put {
            NotPut::Refused(failure) => failure,
            NotPut::Unreadable(problem) => {
                let detail =
                    format!("{} cannot be read any more: {problem}. {exists_now} Plan again.", self.source);
                return Diagnostic::error(summary, detail).at("source").into();
            }
            NotPut::Interrupted => {
                let detail = format!("Interrupted during the upload. {exists_now} Apply again.");
                return Diagnostic::error(summary, detail).into();
            }
        };
        let (path, remedy) = match failure.code() {
            "NoSuchBucket" => (Some("bucket"), "Make the bucket first, or correct its name."),
            "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" => {
                (Some("bucket"), "The bucket is in another region: use a provider of that region.")
            }
            "BadDigest" | "XAmzContentChecksumMismatch" => (
                Some("source"),
                "The file changed during the upload, or something on the way did. Plan again.",
            ),
            "AccessDenied" => (
                None,
                "Allow s3:PutObject and s3:PutObjectTagging on the object, and the use of the bucket's KMS key, to the \
                 role or user that Terraform runs as.",
            ),
            _ => (None, ""),
        };
        let exists_now = match failure.is_unanswered() {
            true => "Whether the upload was taken is not known. Apply again to go on.",
            false => exists_now,
        };
        let diagnostic = failure.diagnostic(summary, exists_now, remedy);
        path.map_or_else(|| diagnostic.clone(), |path| diagnostic.clone().at(path)).into()
    }

    /// This object as S3 reports it.
    fn with(self, clients: &Clients, object: Object) -> Self {
        let (tags, tags_all) = clients.tags.read(object.tags, self.tags.as_ref());
        let whole = self.digest().filter(|digest| object.digest == Some(*digest));
        SoftwareObject { tags, sha256: whole.map(Digest::hex).into(), tags_all, ..self }
    }
}

/// The plan while the file cannot be read: nothing is made without it. An object that is there stays as it is, since
/// Terraform plans so before it destroys too.
fn without_source(plan: &mut PlanContext<'_, SoftwareObject>, fault: &str) {
    let Some(prior) = plan.prior else {
        plan.report(Diagnostic::error("Unusable source", fault).at("source"));
        return;
    };
    let detail = format!("{fault} Whether it changed is not known: the object stays as it is.");
    plan.report(Diagnostic::warning("Unusable source", detail).at("source"));
    plan.planned.sha256 = prior.sha256.get().cloned().into();
    plan.planned.key = prior.key.get().cloned().into();
    plan.planned.url = prior.url.get().cloned().into();
    plan.planned.arn = prior.arn.get().cloned().into();
}

fn key(prefix: &str, source: &Source) -> String {
    Key { prefix, digest: source.digest, name: &source.name }.to_string()
}

/// All tags of an object that has the tags `actual` and shall have those `wanted`; `None` when it has them. S3 sets all tags
/// at once, those that others look after included.
fn changed(clients: &Clients, actual: &Tags, wanted: &Tags) -> Option<Tags> {
    let (set, removed) = clients.tags.changes(actual, wanted);
    let differs = !set.is_empty() || !removed.is_empty();
    let mut all = actual.clone();
    all.retain(|key, _| !removed.contains(key));
    all.extend(set);
    differs.then_some(all)
}

async fn retag(clients: &Clients, at: Location<'_>, actual: &Tags, wanted: &Tags) -> Result<(), Diagnostics> {
    match changed(clients, actual, wanted) {
        Some(tags) => object::set_tags(clients, at, &tags).await,
        None => Ok(()),
    }
}

fn already_exists(summary: &str, at: Location<'_>) -> Diagnostics {
    Diagnostic::error(
        summary,
        format!(
            "An object with this key is there already, and was not made by this configuration. It was not changed. Choose \
             another prefix, or take it over:\n\nimport {{\n  to = ecrunner_software_object.<name>\n  id = \"{at}\"\n}}"
        ),
    )
    .at("prefix")
    .into()
}
