//! Tags that stand for what refers to a manifest: OCI's referrers tag schema, and those of cosign.

use crate::digest::Digest;
use crate::error::Error;
use crate::reference::Tag;

/// What cosign appends to a subject's tag: signature, attestation, software bill of materials.
const COSIGN_SUFFIXES: [&str; 3] = ["sig", "att", "sbom"];

/// The tag of the index that lists what refers to `subject` where the registry has no referrers API (OCI
/// distribution-spec, section "Referrers Tag Schema").
pub(crate) fn list_tag(subject: &Digest) -> Result<Tag, Error> {
    Ok(Tag::parse(&stem(subject))?)
}

/// The tags under which cosign stores what belongs to `subject`.
pub(crate) fn cosign_tags(subject: &Digest) -> Result<[Tag; 3], Error> {
    let [signature, attestation, sbom] = COSIGN_SUFFIXES;
    let tag = |suffix: &str| Tag::parse(&format!("{}.{suffix}", stem(subject)));
    Ok([tag(signature)?, tag(attestation)?, tag(sbom)?])
}

/// The digest that a tag is about: `sha256-<64 hex>`, which lists what refers to it, and `sha256-<64 hex>.sig`, `.att` and
/// `.sbom`, which cosign stores. `None` for any other tag, which names an image.
#[must_use]
pub fn referrers_subject(tag: &str) -> Option<Digest> {
    let stem = match tag.split_once('.') {
        None => tag,
        Some((stem, suffix)) => COSIGN_SUFFIXES.contains(&suffix).then_some(stem)?,
    };
    let (algorithm, hex) = stem.split_once('-')?;
    (algorithm == "sha256").then(|| Digest::parse(&format!("{algorithm}:{hex}")).ok())?
}

/// Algorithm and hex digits, these cut at 64.
fn stem(subject: &Digest) -> String {
    let text = subject.to_string();
    let (algorithm, hex) = text.split_once(':').unwrap_or((&text, ""));
    format!("{algorithm}-{}", &hex[..hex.len().min(64)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_tell_the_digest_that_they_are_about() {
        let subject = Digest::sha256(b"image");
        let list = list_tag(&subject).unwrap();
        assert_eq!(list.as_str(), format!("sha256-{}", subject.hex()));
        assert_eq!(referrers_subject(list.as_str()), Some(subject.clone()));
        for (tag, suffix) in cosign_tags(&subject).unwrap().iter().zip(["sig", "att", "sbom"]) {
            assert_eq!(tag.as_str(), format!("{list}.{suffix}"));
            assert_eq!(referrers_subject(tag.as_str()), Some(subject.clone()));
        }
        let long = subject.to_string().replace(':', "-");
        for image in
            ["3.20", "sha256-abc", "latest.sig", &format!("{long}.txt"), &format!("{long}0"), &long[1..]]
        {
            assert_eq!(referrers_subject(image), None, "{image}");
        }
    }

    #[test]
    fn long_digests_are_cut() {
        let subject = Digest::parse(&format!("sha512:{}", "a".repeat(128))).unwrap();
        assert_eq!(list_tag(&subject).unwrap().as_str(), format!("sha512-{}", "a".repeat(64)));
    }
}
