//! What others did to the mirror's images: said at refresh, since the plan shows all of it in the same way.

use std::collections::{BTreeMap, BTreeSet};

use tf_provider::schema::Computed;
use tf_provider::{Context, Diagnostic};

use super::{Digests, MirrorRepository, set_digests, some};
use crate::clients::Clients;
use crate::ecr::repository::Images;

/// Warns of images that were deleted, of tags that were moved, and of images in the archive. `made` are the digests that
/// the mirror had given its images; `mirror` has taken over what is there now.
pub(super) fn tell(
    mirror: &MirrorRepository,
    made: &BTreeMap<String, String>,
    stored: &Images,
    upstream: &Digests,
    ctx: &mut Context<Clients>,
) {
    let copied = set_digests(&mirror.copied_digests);
    // Another process may have copied what upstream has now: nobody else's image, and nothing to do.
    let is_upstreams = |name: &str, there: &String| {
        let newest = upstream.get(name).and_then(Computed::get);
        let whole = mirror.platforms.is_none();
        newest.is_some_and(|newest| if whole { newest == there } else { copied.get(name) == Some(newest) })
    };
    let names: BTreeSet<&String> =
        mirror.image_tags.iter().flatten().chain(upstream.keys()).chain(made.keys()).collect();
    let (mut deleted, mut moved, mut archived) = (Vec::new(), Vec::new(), Vec::new());
    for name in names {
        match (made.get(name), stored.named(name)) {
            (Some(made), None) => deleted.push(format!("{name} ({made})")),
            (Some(made), Some(there)) if there != made && !is_upstreams(name, there) => {
                moved.push(format!("{name} (from {made} to {there})"));
            }
            (_, Some(there)) if stored.archived.contains(there) => archived.push(format!("{name} ({there})")),
            _ => {}
        }
    }
    let kinds = [
        (
            deleted,
            "Images were deleted",
            "Somebody, or a lifecycle policy, deleted",
            "Apply copies what the plan shows.",
        ),
        (
            moved,
            "Tags were moved",
            "Somebody moved",
            "Apply moves them to what the plan shows; what they name now stays in the repository, by its digest.",
        ),
        (
            archived,
            "Images are in the archive",
            "Nobody can pull what somebody, or a lifecycle policy, moved to ECR's archive:",
            "Apply restores it, which takes ECR up to 20 minutes. A lifecycle policy that archives it will do so again.",
        ),
    ];
    for (images, what, how, remedy) in kinds {
        if !images.is_empty() {
            let summary = format!("{what} in ECR ({})", mirror.name);
            ctx.warn(Diagnostic::warning(summary, format!("{how} {}. {remedy}", some(&images))));
        }
    }
}
