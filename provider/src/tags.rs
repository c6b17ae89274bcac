//! Tags: an object's own, the provider's defaults, and those that are left alone.

use std::collections::{BTreeMap, BTreeSet};

use tf_provider::Value;
use tf_provider::schema::Computed;

use crate::provider::EcrunnerPlan;

/// Prefix of the tags by which the provider marks its own unfinished work.
pub const OWN_PREFIX: &str = "ecrunner:";

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// Tags in the plan form.
pub type TagsPlan = Value<BTreeMap<String, Value<String>>>;

/// The provider's `default_tags` and `ignore_tags`.
#[derive(Clone, Debug, Default)]
pub struct TagPolicy {
    defaults: Tags,
    ignored_keys: BTreeSet<String>,
    ignored_prefixes: BTreeSet<String>,
}

impl TagPolicy {
    /// From the provider block; `None` while anything in it is unknown.
    pub fn from_config(config: &EcrunnerPlan) -> Option<Self> {
        let mut policy = TagPolicy::default();
        match &config.default_tags {
            Value::Unknown => return None,
            Value::Null => {}
            Value::Known(defaults) => policy.defaults = known_map(&defaults.tags)?,
        }
        match &config.ignore_tags {
            Value::Unknown => return None,
            Value::Null => {}
            Value::Known(ignored) => {
                policy.ignored_keys = known_set(&ignored.keys)?;
                policy.ignored_prefixes = known_set(&ignored.key_prefixes)?;
            }
        }
        Some(policy)
    }

    /// What an object with these `tags` is tagged with: those that others look after are theirs to set.
    pub fn all(&self, tags: Option<&Tags>) -> Tags {
        let mut all = self.defaults.clone();
        all.extend(tags.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
        all.retain(|key, _| !self.is_others(key));
        all
    }

    /// The planned `tags_all`: unknown as long as any tag is.
    pub fn plan(&self, tags: &TagsPlan) -> TagsPlan {
        if tags.is_unknown() {
            return Value::Unknown;
        }
        let mut all: BTreeMap<_, _> =
            self.defaults.iter().map(|(key, value)| (key.clone(), Value::Known(value.clone()))).collect();
        all.extend(tags.known().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
        all.retain(|key, _| !self.is_others(key));
        Value::Known(all)
    }

    /// Splits what AWS reports into `tags` and `tags_all`: tags of AWS itself and ignored ones are left out, a
    /// default that the object does not set itself stands in `tags_all` alone. An ignored tag in `own` stays as it is.
    pub fn read(&self, reported: Tags, own: Option<&Tags>) -> (Option<Tags>, Computed<Tags>) {
        let all: Tags = reported.into_iter().filter(|(key, _)| !self.is_ignored(key)).collect();
        let shown = all.iter().filter(|(key, value)| {
            own.is_some_and(|own| own.contains_key(*key)) || self.defaults.get(*key) != Some(*value)
        });
        let ignored = own.into_iter().flatten().filter(|(key, _)| self.is_others(key));
        let tags: Tags = shown.chain(ignored).map(|(key, value)| (key.clone(), value.clone())).collect();
        // An empty map in configuration stays an empty map, a missing one stays missing.
        let tags = if tags.is_empty() && own.is_none() { None } else { Some(tags) };
        (tags, Computed::from(all))
    }

    /// What to set on an object that has the tags `actual`, and which keys to remove, so that it has the tags `wanted`.
    /// Tags of AWS and ignored ones are left alone; the mark of an unfinished create goes as any other.
    pub fn changes(&self, actual: &Tags, wanted: &Tags) -> (Tags, Vec<String>) {
        let set = wanted.iter().filter(|(key, value)| actual.get(*key) != Some(*value));
        let removed = actual.keys().filter(|key| {
            !wanted.contains_key(*key) && (key.starts_with(OWN_PREFIX) || !self.is_ignored(key))
        });
        (set.map(|(key, value)| (key.clone(), value.clone())).collect(), removed.cloned().collect())
    }

    /// True for tags that are not shown: those of AWS itself, the provider's marks, and those that others look after.
    fn is_ignored(&self, key: &str) -> bool {
        key.starts_with("aws:") || self.is_others(key)
    }

    /// True for tags that a configuration cannot set: those that others look after, and the provider's marks.
    fn is_others(&self, key: &str) -> bool {
        key.starts_with(OWN_PREFIX)
            || self.ignored_keys.contains(key)
            || self.ignored_prefixes.iter().any(|prefix| key.starts_with(prefix.as_str()))
    }
}

/// True when everything in `wanted` is set; what others set besides does not matter.
pub fn are_set(actual: &Tags, wanted: &Tags) -> bool {
    wanted.iter().all(|(key, value)| actual.get(key) == Some(value))
}

fn known_map(map: &TagsPlan) -> Option<Tags> {
    match map {
        Value::Unknown => None,
        Value::Null => Some(Tags::new()),
        Value::Known(entries) => {
            entries.iter().map(|(key, value)| Some((key.clone(), value.known()?.clone()))).collect()
        }
    }
}

fn known_set(set: &Value<Vec<Value<String>>>) -> Option<BTreeSet<String>> {
    match set {
        Value::Unknown => None,
        Value::Null => Some(BTreeSet::new()),
        Value::Known(elements) => elements.iter().map(|element| element.known().cloned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn policy() -> TagPolicy {
        TagPolicy {
            defaults: tags(&[("team", "ci"), ("env", "prod")]),
            ignored_keys: BTreeSet::from(["cost".to_owned()]),
            ignored_prefixes: BTreeSet::from(["k8s/".to_owned()]),
        }
    }

    #[test]
    fn own_tags_win_over_defaults() {
        let own = tags(&[("env", "dev")]);
        assert_eq!(policy().all(Some(&own)), tags(&[("team", "ci"), ("env", "dev")]));
    }

    #[test]
    fn what_aws_reports_is_split_and_what_others_set_is_left_out() {
        let reported = tags(&[("team", "ci"), ("env", "dev"), ("cost", "1"), ("k8s/x", "y"), ("aws:z", "z")]);
        let own = tags(&[("env", "dev")]);
        let (split, all) = policy().read(reported, Some(&own));
        assert_eq!(split, Some(own));
        assert_eq!(all, Computed::from(tags(&[("team", "ci"), ("env", "dev")])));
    }

    #[test]
    fn a_tag_changed_by_others_shows_in_tags() {
        let reported = tags(&[("team", "other"), ("env", "prod")]);
        assert_eq!(policy().read(reported, None).0, Some(tags(&[("team", "other")])));
    }

    #[test]
    fn changes_are_what_differs_and_what_is_gone() {
        let actual = tags(&[("a", "1"), ("b", "2"), ("aws:z", "z"), ("cost", "1"), ("ecrunner:x", "y")]);
        let (set, removed) = policy().changes(&actual, &tags(&[("a", "3")]));
        assert_eq!((set, removed), (tags(&[("a", "3")]), vec!["b".to_owned(), "ecrunner:x".to_owned()]));
    }

    #[test]
    fn a_tag_that_is_set_and_ignored_is_not_sent_and_shows_no_difference() {
        let own = tags(&[("env", "dev"), ("cost", "1"), ("k8s/x", "y")]);
        let all = tags(&[("team", "ci"), ("env", "dev")]);
        assert_eq!(policy().all(Some(&own)), all);
        let known = |tags: &Tags| -> TagsPlan {
            Value::Known(tags.iter().map(|(key, value)| (key.clone(), Value::Known(value.clone()))).collect())
        };
        assert_eq!(policy().plan(&known(&own)), known(&all));
        let reported = tags(&[("team", "ci"), ("env", "dev"), ("cost", "of others")]);
        assert_eq!(policy().read(reported, Some(&own)), (Some(own), Computed::from(all)));
    }

    #[test]
    fn foreign_tags_do_not_hide_ours() {
        let actual = tags(&[("a", "1"), ("cost", "1")]);
        assert!(are_set(&actual, &tags(&[("a", "1")])));
        assert!(!are_set(&actual, &tags(&[("a", "2")])) && !are_set(&actual, &tags(&[("b", "1")])));
    }
}
