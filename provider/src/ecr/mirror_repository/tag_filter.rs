//! `tag_filter`: the upstream tags that a range of versions or a pattern stands for.
//!
//! Tags are ordered by version only. When they were made is not told by registries in any way that could be relied on.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use oci_copy::referrers_subject;
use semver::{Version, VersionReq};
use tf_provider::Schema;
use tf_provider::schema::Invalid;

use crate::ecr::repository_settings::wildcard;

/// Most tags that a filter may stand for: each is asked for upstream at every refresh.
pub(super) const MAX_TAGS: usize = 1000;

/// Upstream tags by version or by pattern.
#[derive(Schema, Clone, Debug, PartialEq, Eq)]
#[tf(exactly_one_of(versions, pattern))]
pub struct TagFilter {
    /// Range of versions, such as `>=3.18, <4` or `1.24.*`, in the form that Cargo has for them. Tags are versions when
    /// they are made of one to three numbers, with or without a `v` before them; `3.20` stands for 3.20.0. Tags with more
    /// behind, such as `3.20-alpine`, are none.
    #[tf(validate(text(check_versions)))]
    pub versions: Option<String>,
    /// Pattern, in which `*` stands for any text, such as `1.24.*-bookworm`.
    #[tf(validate(length(1..=128)))]
    pub pattern: Option<String>,
    /// How many of them at most, the newest by version: by the first number in the tag, then by those joined to it by
    /// dots. Tags without a number are left out then.
    #[tf(validate(range(1..=1000)))]
    pub newest: Option<u32>,
}

impl TagFilter {
    /// The tags that the filter stands for, out of all.
    pub(super) fn select<'a>(&self, tags: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
        let fits = tags.into_iter().filter(|tag| self.fits(tag));
        let Some(newest) = self.newest else { return fits.map(str::to_owned).collect() };
        let mut versions: Vec<(Vec<u64>, &str)> = fits.filter_map(|tag| Some((numbers(tag)?, tag))).collect();
        // Of equal versions the longer tag says more.
        versions.sort_by_cached_key(|(version, tag)| Reverse((version.clone(), tag.len(), *tag)));
        let newest = usize::try_from(newest).unwrap_or(usize::MAX);
        versions.into_iter().take(newest).map(|(_, tag)| tag.to_owned()).collect()
    }

    fn fits(&self, tag: &str) -> bool {
        // What a signature, for example, is found by is no image's tag.
        if referrers_subject(tag).is_some() {
            return false;
        }
        if let Some(pattern) = &self.pattern {
            return wildcard(pattern, tag);
        }
        let range = self.versions.as_deref().and_then(|range| VersionReq::parse(range).ok());
        range.is_some_and(|range| version(tag).is_some_and(|version| range.matches(&version)))
    }
}

fn check_versions(range: &str) -> Result<(), Invalid> {
    VersionReq::parse(range).map(drop).map_err(|error| {
        Invalid::new(format!("is no range of versions: {error}")).remedy("Write one such as \">=3.18, <4\".")
    })
}

/// The version that a tag of one to three numbers is.
fn version(tag: &str) -> Option<Version> {
    let parts: Vec<&str> = tag.strip_prefix('v').unwrap_or(tag).split('.').collect();
    let number = |index: usize| parts.get(index).map_or(Some(0), |part| decimal(part));
    (parts.len() <= 3).then_some(())?;
    Some(Version::new(number(0)?, number(1)?, number(2)?))
}

/// The first number in a tag and those joined to it by dots, to four places; trailing zeros do not count.
fn numbers(tag: &str) -> Option<Vec<u64>> {
    let start = tag.find(|c: char| c.is_ascii_digit())?;
    let run = tag[start..].split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
    let mut numbers: Vec<u64> =
        run.split('.').filter(|part| !part.is_empty()).map(decimal).collect::<Option<_>>()?;
    while numbers.len() > 1 && numbers.last() == Some(&0) {
        numbers.pop();
    }
    Some(numbers)
}

fn decimal(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAGS: [&str; 12] = [
        "latest",
        "3",
        "3.9",
        "3.10",
        "3.18",
        "3.20",
        "3.20.1",
        "v3.21.0",
        "4.0",
        "edge",
        "3.20-alpine",
        "20240101",
    ];

    fn select(versions: Option<&str>, pattern: Option<&str>, newest: Option<u32>) -> Vec<String> {
        let filter =
            TagFilter { versions: versions.map(str::to_owned), pattern: pattern.map(str::to_owned), newest };
        filter.select(TAGS).into_iter().collect()
    }

    #[test]
    fn range_takes_tags_that_are_versions_and_no_others() {
        assert_eq!(select(Some(">=3.18, <4"), None, None), ["3.18", "3.20", "3.20.1", "v3.21.0"]);
        assert_eq!(select(Some("=3.20"), None, None), ["3.20", "3.20.1"]);
        assert_eq!(select(Some("<3.10"), None, None), ["3", "3.9"]);
    }

    #[test]
    fn newest_goes_by_number_and_not_by_text() {
        assert_eq!(select(Some("<3.20"), None, Some(2)), ["3.10", "3.18"]);
        assert_eq!(select(None, Some("3.*"), Some(3)), ["3.20", "3.20-alpine", "3.20.1"]);
        assert_eq!(select(None, Some("*"), Some(1)), ["20240101"]);
    }

    #[test]
    fn pattern_without_a_number_of_tags_takes_all_that_fit() {
        assert_eq!(select(None, Some("*e*"), None), ["3.20-alpine", "edge", "latest"]);
    }

    #[test]
    fn tags_of_signatures_are_no_images() {
        let signature = format!("sha256-{}.sig", "a".repeat(64));
        let filter = TagFilter { versions: None, pattern: Some("*".to_owned()), newest: None };
        let tags = ["3.20", signature.as_str(), &signature[..71]];
        assert_eq!(filter.select(tags).into_iter().collect::<Vec<_>>(), ["3.20"]);
    }

    #[test]
    fn range_that_is_none_is_refused() {
        assert!(check_versions(">=3.18, <4").is_ok());
        assert!(check_versions("newest").is_err());
    }
}
