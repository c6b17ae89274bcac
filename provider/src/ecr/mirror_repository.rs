//! `ecrunner_mirror_repository`: an ECR repository and the upstream tags copied into it.
//! AWS: the calls that `repository` and `repository_policies` name (Amazon ECR API reference); the registry API for the
//! copy itself.
//! Identity: the repository's name. Replaced by: name, encryption. Everything else is changed in place. The repository's tag
//! `ecrunner:source` says what it is a mirror of.
//!
//! Read asks upstream (HEAD, free under Docker Hub's limit) and keeps what it says in `upstream_digests`; the plan
//! compares state with state; apply copies the digest that was planned, not the tag.
//!
//! A create that fails while it copies leaves the repository marked with the tag `ecrunner:creating`. The replacement
//! that Terraform plans for it does not delete what was copied: delete leaves a marked repository alone when a create
//! of the same name follows (the plan says so in private data), or went on with it already, and create goes on with it.

mod cached_name;
mod drift;
mod images;
mod import;
mod list;
mod plan;
mod referrers;
mod tag_filter;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use oci_copy::Digest;
use tf_provider::schema::{Computed, Json};
use tf_provider::{Context, Diagnostic, Diagnostics, Resource, Schema, StringEnum};

use self::cached_name::refuse_cached_name;
pub use self::list::MirrorRepositories;
use self::tag_filter::TagFilter;
use super::repository::{self, Images, Repository, Settings};
use super::repository_name::check_name;
use super::repository_policies;
use super::repository_settings::{
    EncryptionConfiguration, ImageTagMutability, check_exclusion_filter, check_lifecycle_policy,
    check_repository_policy,
};
use super::upstream::{check_image, check_platform, check_source};
use crate::arn::check_secret_arn;
use crate::clients::Clients;
use crate::creating::{self, Creating};
use crate::tags::Tags;

/// Private data of a plan: the repository that a create will go on with.
const CONTINUES: &str = "continues";

/// Digests by tag; one may be known only after apply.
type Digests = BTreeMap<String, Computed<String>>;

/// The digests of one image, as far as they are known.
#[derive(Clone, Debug, Default)]
struct Told {
    /// What upstream has.
    upstream: Option<String>,
    /// What upstream had when it was copied.
    copied: Option<String>,
    /// What the repository has.
    stored: Option<String>,
}

/// What to do about a tag that moved upstream.
#[derive(StringEnum, Clone, Copy, Debug, PartialEq, Eq)]
#[tf(rename_all = "snake_case")]
pub enum OnUpstreamChange {
    /// Copy what it names now.
    Update,
    /// Keep what was copied, and say so at every plan.
    Warn,
    /// Keep what was copied.
    Ignore,
}

/// Makes upstream images exist in a repository of the account's own registry: byte for byte, all platforms, by digest.
/// The plan shows when a tag moved upstream. What others deleted, moved or archived in the repository comes back with the
/// next apply. Where the account setting `BLOB_MOUNTING` is enabled, layers that mirrors of one apply share are stored
/// once and mounted in the others of the same encryption. No Docker is needed where Terraform runs.
///
/// A refresh of many mirrors makes at most three calls for each where whoever runs Terraform is allowed `tag:GetResources`
/// and, for all repositories, `ecr:DescribeRepositories`; otherwise it makes up to five. A tag that somebody changed
/// seconds before a plan may show in the next plan only.
#[derive(Schema, Clone, Debug)]
#[tf(
    type_name = "ecrunner_mirror_repository",
    at_least_one_of(image_tags, tag_filter),
    timeouts(create = "60m", read = "5m", update = "60m", delete = "20m")
)]
pub struct MirrorRepository {
    /// Name of the repository, 2 to 256 characters, such as `mirror/docker.io/library/alpine`.
    #[tf(replace, validate(text(check_name)))]
    pub name: String,
    /// The upstream repository as Docker names it, without tag: `alpine`, `docker.io/library/alpine`,
    /// `quay.io/team/image`.
    #[tf(validate(text(check_source)))]
    pub source: String,
    /// The upstream tags to copy, all platforms of each; also digests, for images that are pinned by one.
    #[tf(validate(length(1..=1000), each(text(check_image))))]
    pub image_tags: Option<BTreeSet<String>>,
    /// Further upstream tags to copy, as many as there are of a kind. A tag that comes to belong to them is copied, one
    /// that no longer does is removed.
    pub tag_filter: Option<TagFilter>,
    /// Platforms to copy, such as `linux/amd64` or `linux/arm/v7`. Default: all. Then the repository has an index of these
    /// alone, whose digest is not upstream's; an annotation of it tells upstream's. Not together with digests in
    /// `image_tags`.
    #[tf(validate(length(1..=50), each(text(check_platform))))]
    pub platforms: Option<BTreeSet<String>>,
    /// Whether what refers to the images is copied too, after them: signatures, attestations and software bills of
    /// materials, of each image and of each of its platforms. It is found by upstream's referrers API, or else by the tag
    /// `sha256-<hex>`, and by the tags of cosign, `sha256-<hex>.sig`, `.att` and `.sbom`. A plan shows when something new
    /// refers to an image as a whole. What ECR does not take is a warning. Set to false again, what was copied is removed.
    /// Where tags are immutable, `sha256-*` as exclusion filter lets images be signed again. With `platforms`, what refers
    /// to upstream's index does not come: the index here is another one.
    #[tf(default = false)]
    pub referrers: bool,
    /// What to do about a tag that moved upstream since it was copied, and about what came to refer to an image.
    #[tf(default = OnUpstreamChange::Update)]
    pub on_upstream_change: OnUpstreamChange,
    /// ARN of the Secrets Manager secret with the login of the upstream registry: JSON with `username` and
    /// `accessToken`, as pull through cache rules have it. Who plans has to be able to read it. Default: the login that
    /// a `registry_auth` block of the provider has for the registry, else none.
    #[tf(validate(text(check_secret_arn)))]
    pub credential_arn: Option<String>,
    /// Whether tags may move. An upstream tag that moved cannot be copied where it may not.
    #[tf(default = ImageTagMutability::Mutable)]
    pub image_tag_mutability: ImageTagMutability,
    /// Tags that are excluded from the mutability, 1 to 5; `*` stands for any text.
    #[tf(validate(length(1..=5), each(text(check_exclusion_filter))))]
    pub image_tag_mutability_exclusion_filters: Option<BTreeSet<String>>,
    /// Whether images are scanned when they are pushed, where the registry has no scanning configuration of its own.
    #[tf(default = false)]
    pub scan_on_push: bool,
    /// How images are encrypted at rest. Default: `AES256`. A change replaces the repository.
    pub encryption_configuration: Option<EncryptionConfiguration>,
    /// Lifecycle policy, as JSON. Without it nobody looks at the one that the repository may have.
    #[tf(validate(text(check_lifecycle_policy)))]
    pub lifecycle_policy: Option<Json>,
    /// Repository policy, as JSON, such as for pulls from other accounts. Without it nobody looks at the one that the
    /// repository may have.
    #[tf(validate(text(check_repository_policy)))]
    pub repository_policy: Option<Json>,
    /// Whether destroy also deletes images that others put into the repository. Images copied by the mirror never
    /// stand in its way.
    #[tf(default = false)]
    pub force_delete: bool,
    /// Tags of the repository.
    pub tags: Option<Tags>,
    /// Tags of the repository, the provider's default tags included.
    pub tags_all: Computed<Tags>,
    /// Digest that each tag has upstream, as far as upstream could be asked.
    pub upstream_digests: Computed<Digests>,
    /// Digest that each tag has in the repository.
    pub digests: Computed<Digests>,
    /// Digest that what each tag has in the repository had upstream when it was copied: another one than in `digests`
    /// where `platforms` were chosen.
    pub copied_digests: Computed<Digests>,
    /// With `referrers`, for each tag: a digest of all that refers to the image upstream, as far as it could be asked.
    pub upstream_referrers: Computed<Digests>,
    /// With `referrers`, for each tag: that digest when what refers to the image was copied.
    pub copied_referrers: Computed<Digests>,
    /// With `referrers`, what was copied because it refers to an image: by its tag, or its digest where it has none, the
    /// digest of the image in the repository that it came with.
    pub referrer_images: Computed<Digests>,
    /// ARN of the repository.
    #[tf(keep)]
    pub arn: Computed<String>,
    /// Where to pull from: `<account>.dkr.ecr.<region>.amazonaws.com/<name>`.
    #[tf(keep)]
    pub repository_url: Computed<String>,
    /// Id of the registry, which is the id of the account.
    #[tf(keep)]
    pub registry_id: Computed<String>,
}

impl Resource for MirrorRepository {
    type Client = Clients;

    async fn create(mut self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let clients = ctx.client().clone();
        ctx.private().remove(CONTINUES);
        let summary = format!("Creating ECR mirror repository ({})", self.name);
        refuse_cached_name(ctx, &summary, &self.name).await?;
        let targets = self.targets(&clients, &summary, "Nothing was created.").await?;
        let tags = self.marked_tags(&clients);
        let creating = Creating::begin(&self.source);
        let repository = match repository::find(&clients, &self.name).await? {
            None => repository::create(&clients, &self.name, &self.settings(), &tags, &creating).await?,
            Some(found) if creating.goes_on_with(&found.tags) => {
                tracing::info!(repository = self.name, "going on with a repository of an interrupted create");
                repository::change_tags(&clients, &found.arn, &found.tags, &creating.mark(&tags)).await?;
                found
            }
            Some(_) => return Err(already_exists(&summary, &self.name, &self.source)),
        };
        creating.note(ctx);
        let wanted = self.settings();
        self.describe(&repository);
        self.tags_all = clients.tags.all(self.tags.as_ref()).into();
        (self.digests, self.copied_digests) = (Digests::new().into(), Digests::new().into());
        self.note_upstream(&targets);
        let referrers = self.begin_referrers(None);
        ctx.save(&self);
        let name = self.name.clone();
        ctx.wait_for("the new repository can be read", Duration::from_secs(1), || {
            repository::find(&clients, &name)
        })
        .await?;
        repository::change_settings(&clients, &self.name, &repository.settings, &wanted).await?;
        self.adopt(&Settings { encryption: repository.settings.encryption.clone(), ..wanted });
        self.change_policies(None, ctx).await?;
        self.copy(&targets, &Images::default(), ctx, &summary).await?;
        self.copy_referrers(referrers, None, &targets, ctx, &summary).await?;
        creating::note_end(ctx);
        repository::change_tags(&clients, &repository.arn, &creating.mark(&tags), &tags).await?;
        Ok(self)
    }

    async fn read(mut self, ctx: &mut Context<Clients>) -> Result<Option<Self>, Diagnostics> {
        let clients = ctx.client().clone();
        let is_known = |tags: &Tags| {
            clients.tags.read(tags.clone(), self.tags.as_ref()) == (self.tags.clone(), self.tags_all.clone())
        };
        let found = match self.arn.get() {
            Some(_) => repository::refresh(&clients, &self.name, is_known).await?,
            // After an import nothing is known.
            None => repository::find(&clients, &self.name).await?,
        };
        let Some(repository) = found else { return Ok(None) };
        self.describe(&repository);
        let (tags, tags_all) = clients.tags.read(repository.tags, self.tags.as_ref());
        (self.tags, self.tags_all) = (tags, tags_all);
        let asked = self.read_policies_and_images(&clients).await;
        let Some(stored) = repository::unless_gone(&clients, &self.name, asked).await? else {
            return Ok(None);
        };
        let (upstream, told) = self.ask_upstream(ctx).await?;
        let named = self.image_tags.iter().flatten().cloned();
        let names: BTreeSet<String> =
            named.chain(upstream.keys().cloned()).chain(set_digests(&self.digests).into_keys()).collect();
        let present: BTreeMap<String, String> = names
            .into_iter()
            .filter_map(|name| {
                let digest = stored.digest(&name)?.clone();
                Some((name, digest))
            })
            .collect();
        let made = set_digests(&self.digests);
        self.note_present(present, &upstream, &clients).await?;
        drift::tell(&self, &made, &stored, &upstream, ctx);
        self.upstream_digests = upstream.into();
        self.note_referrers(&stored, told, ctx).await?;
        Ok(Some(self))
    }

    async fn update(mut self, prior: Self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let clients = ctx.client().clone();
        let summary = format!("Updating ECR mirror repository ({})", self.name);
        let targets = self.targets(&clients, &summary, "The repository is unchanged.").await?;
        let Some(repository) = repository::find(&clients, &self.name).await? else {
            return Err(vanished(&summary));
        };
        let tags = self.marked_tags(&clients);
        let creating = Creating::of(&repository.tags).filter(|_| creating::is_unfinished(ctx));
        let marked = creating.as_ref().map_or_else(|| tags.clone(), |creating| creating.mark(&tags));
        repository::change_tags(&clients, &repository.arn, &repository.tags, &marked).await?;
        self.tags_all = clients.tags.all(self.tags.as_ref()).into();
        repository::change_settings(&clients, &self.name, &repository.settings, &self.settings()).await?;
        self.change_policies(Some(&prior), ctx).await?;
        let stored = repository::images(&clients, &self.name).await?;
        self.note_upstream(&targets);
        let referrers = self.begin_referrers(Some(&prior));
        let stored = self.drop_images(&prior, &targets, stored, &clients).await?;
        self.drop_referrers(&prior, &targets, &clients).await?;
        self.copy(&targets, &stored, ctx, &summary).await?;
        self.copy_referrers(referrers, Some(&prior), &targets, ctx, &summary).await?;
        if creating.is_some() {
            creating::note_end(ctx);
            repository::change_tags(&clients, &repository.arn, &marked, &tags).await?;
        }
        Ok(self)
    }

    async fn delete(self, ctx: &mut Context<Clients>) -> Result<(), Diagnostics> {
        let clients = ctx.client().clone();
        let summary = format!("Deleting ECR mirror repository ({})", self.name);
        let continues = ctx.private().get::<String>(CONTINUES).is_some_and(|name| name == self.name);
        let Some(repository) = repository::find(&clients, &self.name).await? else { return Ok(()) };
        let unfinished = Creating::of(&repository.tags).is_some();
        if continues && unfinished || creating::was_taken_over(ctx, &repository.tags) {
            return Ok(());
        }
        if !self.force_delete {
            let stored = repository::images(&clients, &self.name).await?;
            let (ours, referrers) = (set_digests(&self.digests), set_digests(&self.referrer_images));
            let named = self.image_tags.as_ref();
            let is_ours = |tag: &String| {
                ours.contains_key(tag)
                    || referrers.contains_key(tag)
                    || named.is_some_and(|named| named.contains(tag))
            };
            let foreign: Vec<_> = stored.tags.keys().filter(|tag| !is_ours(tag)).collect();
            if !foreign.is_empty() {
                return Err(foreign_images(&summary, &foreign));
            }
        }
        repository::delete(&clients, &self.name).await?;
        ctx.wait_for("the repository is gone", Duration::from_secs(1), || async {
            Ok(repository::find(&clients, &self.name).await?.is_none().then_some(()))
        })
        .await
    }
}

impl MirrorRepository {
    /// What AWS tells about the repository itself.
    fn describe(&mut self, repository: &Repository) {
        self.adopt(&repository.settings);
        self.arn = repository.arn.as_str().into();
        self.repository_url = repository.url.as_str().into();
        self.registry_id = repository.registry_id.as_str().into();
    }

    /// Reads the policies that the configuration has, and answers the images.
    async fn read_policies_and_images(&mut self, clients: &Clients) -> Result<Images, Diagnostics> {
        if self.lifecycle_policy.is_some() {
            self.lifecycle_policy = repository_policies::lifecycle_policy(clients, &self.name).await?;
        }
        if self.repository_policy.is_some() {
            self.repository_policy = repository_policies::repository_policy(clients, &self.name).await?;
        }
        repository::images(clients, &self.name).await
    }

    /// Sets what the plan left open of upstream's digests: there they are what is copied.
    fn note_upstream(&mut self, targets: &BTreeMap<String, Digest>) {
        let mut digests: Digests =
            targets.iter().map(|(name, digest)| (name.clone(), digest.to_string().into())).collect();
        digests.extend(
            set_digests(&self.upstream_digests).into_iter().map(|(name, digest)| (name, digest.into())),
        );
        self.upstream_digests = digests.into();
    }

    /// What the repository is told at its creation.
    fn settings(&self) -> Settings {
        Settings {
            mutability: self.image_tag_mutability,
            exclusion_filters: self.image_tag_mutability_exclusion_filters.clone(),
            scan_on_push: self.scan_on_push,
            encryption: self.encryption_configuration.clone(),
        }
    }

    /// Takes over what the repository is told; its default encryption may stand here or not.
    fn adopt(&mut self, settings: &Settings) {
        self.image_tag_mutability = settings.mutability;
        self.image_tag_mutability_exclusion_filters.clone_from(&settings.exclusion_filters);
        self.scan_on_push = settings.scan_on_push;
        let default = || self.encryption_configuration.as_ref().map(|_| EncryptionConfiguration::default());
        self.encryption_configuration = settings.encryption.clone().or_else(default);
    }

    /// Sets the policies, and takes away those that `prior` has and this one has not.
    async fn change_policies(&self, prior: Option<&Self>, ctx: &Context<Clients>) -> Result<(), Diagnostics> {
        let lifecycle = self.lifecycle_policy.as_ref();
        if lifecycle != prior.and_then(|prior| prior.lifecycle_policy.as_ref()) {
            repository_policies::change_lifecycle_policy(ctx.client(), &self.name, lifecycle).await?;
        }
        let policy = self.repository_policy.as_ref();
        if policy != prior.and_then(|prior| prior.repository_policy.as_ref()) {
            repository_policies::change_repository_policy(ctx, &self.name, policy).await?;
        }
        Ok(())
    }

    /// A mirror of which no more is known yet.
    fn of(name: &str, source: &str, image_tags: BTreeSet<String>) -> Self {
        MirrorRepository {
            name: name.to_owned(),
            source: source.to_owned(),
            image_tags: Some(image_tags),
            tag_filter: None,
            referrers: false,
            on_upstream_change: OnUpstreamChange::Update,
            platforms: None,
            credential_arn: None,
            image_tag_mutability: ImageTagMutability::Mutable,
            image_tag_mutability_exclusion_filters: None,
            scan_on_push: false,
            encryption_configuration: None,
            lifecycle_policy: None,
            repository_policy: None,
            force_delete: false,
            tags: None,
            tags_all: Computed::null(),
            upstream_digests: Computed::null(),
            digests: Computed::null(),
            copied_digests: Computed::null(),
            upstream_referrers: Computed::null(),
            copied_referrers: Computed::null(),
            referrer_images: Computed::null(),
            arn: Computed::null(),
            repository_url: Computed::null(),
            registry_id: Computed::null(),
        }
    }

    /// The repository's tags, with the one that says what it is a mirror of.
    fn marked_tags(&self, clients: &Clients) -> Tags {
        let mut tags = clients.tags.all(self.tags.as_ref());
        tags.insert(repository::source_tag(), self.source.clone());
        tags
    }

    /// What is known of an image's digests.
    fn told_digests(&self, name: &str) -> Told {
        let of = |digests: &Computed<Digests>| digests.get()?.get(name)?.get().cloned();
        Told {
            upstream: of(&self.upstream_digests),
            copied: of(&self.copied_digests),
            stored: of(&self.digests),
        }
    }
}

/// The digests that are set, by tag.
fn set_digests(digests: &Computed<Digests>) -> BTreeMap<String, String> {
    let entries = digests.get().into_iter().flatten();
    entries.filter_map(|(tag, digest)| Some((tag.clone(), digest.get()?.clone()))).collect()
}

fn vanished(summary: &str) -> Diagnostics {
    Diagnostic::error(summary, "The repository vanished between plan and apply. Apply again to make it anew.")
        .into()
}

fn already_exists(summary: &str, name: &str, source: &str) -> Diagnostics {
    Diagnostic::error(
        summary,
        format!(
            "A repository of this name is there already, and was not made by this configuration. Nothing was changed. \
             Choose another name, or take the repository over:\n\nimport {{\n  to = \
             ecrunner_mirror_repository.<name>\n  id = \"{name},{source}\"\n}}"
        ),
    )
    .at("name")
    .into()
}

fn foreign_images(summary: &str, foreign: &[&String]) -> Diagnostics {
    Diagnostic::error(
        summary,
        format!(
            "The repository holds images that the mirror did not copy: {}. Nothing was deleted. Remove them, or set \
             force_delete = true and apply before destroying.",
            some(foreign)
        ),
    )
    .at("force_delete")
    .into()
}

/// A few of many, as text.
fn some(names: &[impl AsRef<str>]) -> String {
    let shown = names.iter().take(5).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    if names.len() > 5 { format!("{shown} and {} more", names.len() - 5) } else { shown }
}
