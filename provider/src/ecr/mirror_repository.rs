//! `ecrunner_mirror_repository`: an ECR repository and the upstream tags copied into it.
//! AWS: CreateRepository, DescribeRepositories, ListImages, PutImageTagMutability, BatchDeleteImage, TagResource,
//! UntagResource, DeleteRepository (Amazon ECR API reference); the registry API for the copy itself.
//! Identity: the repository's name. Replaced by: name. Everything else is changed in place. The repository's tag
//! `ecrunner:source` says what it is a mirror of.
//!
//! Read asks upstream (HEAD, free under Docker Hub's limit) and keeps what it says in `upstream_digests`; the plan
//! compares state with state; apply copies the digest that was planned, not the tag.
//!
//! A create that fails while it copies leaves the repository marked with the tag `ecrunner:creating`. The replacement
//! that Terraform plans for it does not delete what was copied: delete leaves a marked repository alone when a create
//! of the same name follows (the plan says so in private data), or went on with it already, and create goes on with it.

mod images;
mod list;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use oci_copy::{Digest, Reference};
use tf_provider::schema::{Computed, Invalid};
use tf_provider::{
    Context, Diagnostic, Diagnostics, ImportIdentity, ImportState, ModifyPlan, PlanContext, Resource,
    ResourceIdentity, Schema, Value,
};

pub use self::list::MirrorRepositories;
use super::repository::{self, Repository};
use super::repository_name::check_name;
use super::upstream::check_tag;
use crate::clients::Clients;
use crate::creating::{self, Creating};
use crate::identity::Named;
use crate::tags::Tags;

/// Private data of a plan: the repository that a create will go on with.
const CONTINUES: &str = "continues";

/// Digests by tag; one may be known only after apply.
type Digests = BTreeMap<String, Computed<String>>;

/// Makes upstream images exist in a repository of the account's own registry: byte for byte, all platforms, by digest.
/// The plan shows when a tag moved upstream. No Docker is needed where Terraform runs.
#[derive(Schema, Clone, Debug)]
#[tf(
    type_name = "ecrunner_mirror_repository",
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
    /// The upstream tags to copy, all platforms of each.
    #[tf(validate(length(1..=1000), each(text(check_tag))))]
    pub image_tags: BTreeSet<String>,
    /// Whether tags may move. An upstream tag that moved cannot be copied into an `IMMUTABLE` repository.
    #[tf(default = "MUTABLE", validate(one_of(&["MUTABLE", "IMMUTABLE"])))]
    pub image_tag_mutability: String,
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
        let targets = self.targets(&clients, &summary, "Nothing was created.").await?;
        let tags = self.marked_tags(&clients);
        let creating = Creating::begin(&self.source);
        let repository = match repository::find(&clients, &self.name).await? {
            None => {
                repository::create(&clients, &self.name, &self.image_tag_mutability, &tags, &creating).await?
            }
            Some(found) if creating.goes_on_with(&found.tags) => {
                tracing::info!(repository = self.name, "going on with a repository of an interrupted create");
                repository::change_tags(&clients, &found.arn, &found.tags, &creating.mark(&tags)).await?;
                found
            }
            Some(_) => return Err(already_exists(&summary, &self.name, &self.source)),
        };
        creating.note(ctx);
        self.describe(&repository);
        self.tags_all = clients.tags.all(self.tags.as_ref()).into();
        self.digests = Digests::new().into();
        self.upstream_digests = known(&targets).into();
        ctx.save(&self);
        let name = self.name.clone();
        ctx.wait_for("the new repository can be read", Duration::from_secs(1), || {
            repository::find(&clients, &name)
        })
        .await?;
        self.copy(&targets, &BTreeMap::new(), ctx, &summary).await?;
        creating::note_end(ctx);
        repository::change_tags(&clients, &repository.arn, &creating.mark(&tags), &tags).await?;
        Ok(self)
    }

    async fn read(mut self, ctx: &mut Context<Clients>) -> Result<Option<Self>, Diagnostics> {
        let clients = ctx.client().clone();
        let Some(repository) = repository::find(&clients, &self.name).await? else { return Ok(None) };
        self.describe(&repository);
        let (tags, tags_all) = clients.tags.read(repository.tags, self.tags.as_ref());
        (self.tags, self.tags_all) = (tags, tags_all);
        let stored = repository::image_tags(&clients, &self.name).await?;
        let present = stored.into_iter().filter(|(tag, _)| self.image_tags.contains(tag));
        self.digests = present.map(|(tag, digest)| (tag, digest.into())).collect::<Digests>().into();
        let upstream = self.ask_upstream(ctx).await?;
        self.upstream_digests = upstream.into();
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
        if self.image_tag_mutability != prior.image_tag_mutability {
            repository::set_mutability(&clients, &self.name, &self.image_tag_mutability).await?;
        }
        let stored = repository::image_tags(&clients, &self.name).await?;
        self.upstream_digests = known(&targets).into();
        // A tag is ours to remove if it still means what we made it mean.
        let ours = set_digests(&prior.digests);
        let dropped = stored.iter().filter(|(tag, digest)| {
            !self.image_tags.contains(*tag) && ours.get(*tag).is_some_and(|made| made == *digest)
        });
        repository::untag(&clients, &self.name, dropped.map(|(tag, _)| tag.clone())).await?;
        self.copy(&targets, &stored, ctx, &summary).await?;
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
            let stored = repository::image_tags(&clients, &self.name).await?;
            let ours = set_digests(&self.digests);
            let foreign: Vec<_> = stored
                .keys()
                .filter(|tag| !ours.contains_key(*tag) && !self.image_tags.contains(*tag))
                .collect();
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

impl ImportState for MirrorRepository {
    async fn import(id: String, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let wrong = |detail: String| {
            Diagnostics::from(Diagnostic::error(format!("Importing ECR mirror repository ({id})"), detail))
        };
        let (name, given) =
            id.split_once(',').map_or((id.as_str(), None), |(name, source)| (name, Some(source)));
        if let Some(source) = given {
            check_source(source)
                .map_err(|fault| wrong(format!("The source {}. {}", fault.problem, fault.remedy)))?;
        }
        let clients = ctx.client().clone();
        let Some(found) = repository::find(&clients, name).await? else {
            return Err(wrong(format!(
                "Account {} has no repository {name} in {}.",
                clients.account_id, clients.region
            )));
        };
        let Some(source) = given.or_else(|| found.source()) else {
            return Err(wrong(format!(
                "The repository does not say what it is a mirror of, so the import id has to: its name and the source, \
                 joined by a comma, such as \"{name},docker.io/library/alpine\"."
            )));
        };
        let image_tags = repository::image_tags(&clients, name).await?.into_keys().collect();
        Ok(MirrorRepository {
            name: name.to_owned(),
            source: source.to_owned(),
            image_tags,
            image_tag_mutability: "MUTABLE".to_owned(),
            force_delete: false,
            tags: None,
            tags_all: Computed::null(),
            upstream_digests: Computed::null(),
            digests: Computed::null(),
            arn: Computed::null(),
            repository_url: Computed::null(),
            registry_id: Computed::null(),
        })
    }
}

impl ResourceIdentity for MirrorRepository {
    type Identity = Named;

    fn identity(&self, clients: &Clients) -> Option<Named> {
        Some(Named::new(&self.name, clients))
    }
}

impl ImportIdentity for MirrorRepository {
    async fn import_identity(identity: Named, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let name = identity.name(ctx.client())?;
        Self::import(name, ctx).await
    }
}

impl ModifyPlan for MirrorRepository {
    fn modify_plan(plan: &mut PlanContext<'_, Self>) {
        if let Some(clients) = plan.client() {
            plan.planned.tags_all = clients.tags.plan(&plan.planned.tags);
        }
        if plan.prior.is_none()
            && let Value::Known(name) = &plan.planned.name
        {
            plan.private.set(CONTINUES, name);
        }
        let planned = match &plan.planned.image_tags {
            Value::Known(tags) if tags.iter().all(|tag| tag.known().is_some()) => {
                let same_source =
                    plan.prior.filter(|prior| plan.planned.source.known() == Some(&prior.source));
                let digest = |tag: &String| same_source.and_then(|prior| prior.wanted_digest(tag));
                let tags = tags.iter().filter_map(Value::known);
                Value::Known(
                    tags.map(|tag| (tag.clone(), digest(tag).map_or(Value::Unknown, Value::Known))).collect(),
                )
            }
            _ => Value::Unknown,
        };
        refuse_moves(plan, &planned);
        plan.planned.upstream_digests.clone_from(&planned);
        plan.planned.digests = planned;
    }
}

/// A tag that moved upstream cannot follow in a repository that lets no tag move: said at plan.
fn refuse_moves(
    plan: &mut PlanContext<'_, MirrorRepository>,
    planned: &Value<BTreeMap<String, Value<String>>>,
) {
    let immutable = plan.planned.image_tag_mutability.known().is_some_and(|value| value == "IMMUTABLE");
    let (true, Some(prior), Value::Known(planned)) = (immutable, plan.prior, planned) else { return };
    let stored = set_digests(&prior.digests);
    let moved: Vec<_> = planned
        .iter()
        .filter(|(tag, digest)| {
            stored.get(*tag).is_some_and(|old| digest.known().is_some_and(|new| new != old))
        })
        .map(|(tag, _)| tag.clone())
        .collect();
    if !moved.is_empty() {
        let detail = format!(
            "Upstream moved {}, but the repository is IMMUTABLE. Set image_tag_mutability = \"MUTABLE\", or take tags \
             that do not move.",
            moved.join(", ")
        );
        plan.report(Diagnostic::error("Tag cannot move", detail).at("image_tags"));
    }
}

impl MirrorRepository {
    /// What AWS tells about the repository itself.
    fn describe(&mut self, repository: &Repository) {
        self.image_tag_mutability.clone_from(&repository.mutability);
        self.arn = repository.arn.as_str().into();
        self.repository_url = repository.url.as_str().into();
        self.registry_id = repository.registry_id.as_str().into();
    }

    /// The repository's tags, with the one that says what it is a mirror of.
    fn marked_tags(&self, clients: &Clients) -> Tags {
        let mut tags = clients.tags.all(self.tags.as_ref());
        tags.insert(repository::source_tag(), self.source.clone());
        tags
    }

    /// The digest that a plan wants for `tag`: upstream's; where upstream does not say, the one that is there.
    fn wanted_digest(&self, tag: &str) -> Option<String> {
        let of = |digests: &Computed<Digests>| digests.get()?.get(tag)?.get().cloned();
        of(&self.upstream_digests).or_else(|| of(&self.digests))
    }
}

fn known(targets: &BTreeMap<String, Digest>) -> Digests {
    targets.iter().map(|(tag, digest)| (tag.clone(), digest.to_string().into())).collect()
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
    let shown = foreign.iter().take(5).map(|tag| tag.as_str()).collect::<Vec<_>>().join(", ");
    let more = if foreign.len() > 5 { format!(" and {} more", foreign.len() - 5) } else { String::new() };
    Diagnostic::error(
        summary,
        format!(
            "The repository holds images that the mirror did not copy: {shown}{more}. Nothing was deleted. Remove them, \
             or set force_delete = true and apply before destroying."
        ),
    )
    .at("force_delete")
    .into()
}

fn check_source(source: &str) -> Result<(), Invalid> {
    let reference =
        Reference::parse(source).map_err(|error| Invalid::new(format!("is no image name: {error}")))?;
    let written = source.rsplit('/').next().unwrap_or(source);
    if reference.digest().is_some() || written.contains(':') && source.contains('/') {
        let bare = source.split('@').next().unwrap_or(source);
        let cut = bare
            .rfind(':')
            .filter(|colon| !bare[*colon..].contains('/'))
            .map_or(bare, |colon| &bare[..colon]);
        return Err(Invalid::new("must name a repository without tag or digest")
            .remedy(format!("Write \"{cut}\", and the tag into image_tags.")));
    }
    if !source.contains('/') && source.contains(':') {
        let bare = source.split(':').next().unwrap_or(source);
        return Err(Invalid::new("must name a repository without tag or digest")
            .remedy(format!("Write \"{bare}\", and the tag into image_tags.")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_repository_without_tag() {
        for good in
            ["alpine", "docker.io/library/alpine", "localhost:5000/a/b", "127.0.0.1:4000/library/alpine"]
        {
            assert_eq!(check_source(good), Ok(()), "{good}");
        }
        let remedy = |source| check_source(source).expect_err("accepted").remedy;
        assert_eq!(remedy("alpine:3.20"), "Write \"alpine\", and the tag into image_tags.");
        assert_eq!(remedy("localhost:5000/a:1"), "Write \"localhost:5000/a\", and the tag into image_tags.");
        assert!(check_source("Alpine/X").is_err());
        assert!(check_source("a//b").is_err());
    }

    #[test]
    fn the_plan_wants_what_upstream_says_and_else_what_is_there() {
        let digests = |pairs: &[(&str, &str)]| -> Computed<Digests> {
            pairs
                .iter()
                .map(|(tag, digest)| ((*tag).to_owned(), (*digest).into()))
                .collect::<Digests>()
                .into()
        };
        let mirror = MirrorRepository {
            name: "mirror/alpine".to_owned(),
            source: "alpine".to_owned(),
            image_tags: BTreeSet::from(["a".to_owned(), "b".to_owned(), "c".to_owned()]),
            image_tag_mutability: "MUTABLE".to_owned(),
            force_delete: false,
            tags: None,
            tags_all: Computed::null(),
            upstream_digests: digests(&[("a", "new")]),
            digests: digests(&[("a", "old"), ("b", "there")]),
            arn: Computed::null(),
            repository_url: Computed::null(),
            registry_id: Computed::null(),
        };
        assert_eq!(mirror.wanted_digest("a").as_deref(), Some("new"));
        assert_eq!(mirror.wanted_digest("b").as_deref(), Some("there"));
        assert_eq!(mirror.wanted_digest("c"), None);
    }
}
