//! Settings of a repository that ECR makes or that the provider makes: shared by template and mirror.
//! Limits: ECR API reference, data types ImageTagMutabilityExclusionFilter and EncryptionConfiguration.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_ecr::types;
use tf_provider::schema::{Computed, Invalid};
use tf_provider::{AttributePath, Context, Diagnostic, Diagnostics, Schema, StringEnum, Value};
use tokio::time::Instant;

use crate::arn::{Arn, check_key_arn};
use crate::clients::Clients;
use crate::diagnostics::Failure;
use crate::retry;

/// How long a role just created may stay invisible to ECR, which checks the principals of a policy.
const PRINCIPALS_VISIBLE: Duration = Duration::from_secs(120);
/// First pause before a call is repeated while it is.
const PRINCIPALS_PAUSE: Duration = Duration::from_secs(2);
/// Longest repository policy, in characters.
const MAX_REPOSITORY_POLICY: usize = 10_240;
/// Longest lifecycle policy, in characters.
const MAX_LIFECYCLE_POLICY: usize = 30_720;

/// Whether an image's tag may name another image later.
#[derive(StringEnum, Clone, Copy, Debug, PartialEq, Eq)]
#[tf(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ImageTagMutability {
    /// Every tag may.
    Mutable,
    /// No tag may.
    Immutable,
    /// All but the excluded tags may.
    MutableWithExclusion,
    /// Only the excluded tags may.
    ImmutableWithExclusion,
}

impl ImageTagMutability {
    /// True when the tag `tag` may name another image later.
    pub fn lets_move(self, tag: &str, exclusion_filters: &BTreeSet<String>) -> bool {
        let is_excluded = exclusion_filters.iter().any(|filter| wildcard(filter, tag));
        match self {
            Self::Mutable => true,
            Self::Immutable => false,
            Self::MutableWithExclusion => !is_excluded,
            Self::ImmutableWithExclusion => is_excluded,
        }
    }

    fn has_exclusions(self) -> bool {
        matches!(self, Self::MutableWithExclusion | Self::ImmutableWithExclusion)
    }
}

impl From<ImageTagMutability> for types::ImageTagMutability {
    fn from(mutability: ImageTagMutability) -> Self {
        types::ImageTagMutability::from(mutability.as_str())
    }
}

/// How images are encrypted at rest.
#[derive(StringEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncryptionType {
    /// By S3, with a key of AWS.
    #[tf(rename = "AES256")]
    Aes256,
    /// By a key of KMS.
    #[tf(rename = "KMS")]
    Kms,
    /// Twice, by a key of KMS.
    #[tf(rename = "KMS_DSSE")]
    KmsDsse,
}

/// How images are encrypted at rest.
#[derive(Schema, Clone, Debug, PartialEq, Eq)]
pub struct EncryptionConfiguration {
    /// Kind of encryption.
    #[tf(default = EncryptionType::Aes256)]
    pub encryption_type: EncryptionType,
    /// ARN of the KMS key, one of the same region. Default: the key that AWS manages for ECR.
    #[tf(optional, validate(text(check_key_arn)))]
    pub kms_key: Computed<String>,
}

impl Default for EncryptionConfiguration {
    fn default() -> Self {
        EncryptionConfiguration { encryption_type: EncryptionType::Aes256, kms_key: Computed::null() }
    }
}

impl EncryptionConfiguration {
    /// What AWS reports; `None` for its default, unless `own` says it too.
    pub fn read(encryption_type: &str, key: Option<&str>, own: Option<&Self>) -> Option<Self> {
        let encryption_type = encryption_type.parse().unwrap_or(EncryptionType::Aes256);
        let is_default = encryption_type == EncryptionType::Aes256;
        let kms_key = key.map(str::to_owned).into();
        (!is_default || own.is_some()).then_some(EncryptionConfiguration { encryption_type, kms_key })
    }
}

/// True when both mean the same encryption; none is AES256. A key that only one names is taken for the same.
pub fn same_encryption(
    prior: Option<&EncryptionConfiguration>,
    planned: &Value<EncryptionConfigurationPlan>,
) -> bool {
    let default = EncryptionConfiguration::default();
    let prior = prior.unwrap_or(&default);
    match planned {
        Value::Unknown => true,
        Value::Null => *prior == default,
        Value::Known(planned) => {
            let kind = planned.encryption_type.known().copied();
            kind.is_none_or(|kind| kind == prior.encryption_type)
                && planned.kms_key.known().is_none_or(|key| Some(key) == prior.kms_key.get())
        }
    }
}

impl EncryptionConfigurationPlan {
    /// Plans the key that no configuration names: none without KMS, and the one that is there while the kind of
    /// encryption stays.
    pub fn plan_key(&mut self, prior: Option<&EncryptionConfiguration>) {
        if self.kms_key.is_unknown()
            && let Value::Known(planned) = self.encryption_type
        {
            let stays = prior.filter(|prior| prior.encryption_type == planned);
            self.kms_key = match (planned, stays) {
                (EncryptionType::Aes256, _) => Value::Null,
                (_, Some(prior)) => prior.kms_key.get().cloned().into(),
                (_, None) => Value::Unknown,
            };
        }
    }

    /// True when a key of KMS is certain to be used.
    pub fn uses_kms(&self) -> bool {
        matches!(self.encryption_type, Value::Known(EncryptionType::Kms | EncryptionType::KmsDsse))
    }

    /// Checks type and key together.
    pub fn check(&self, diagnostics: &mut Diagnostics) {
        let default = matches!(self.encryption_type, Value::Null | Value::Known(EncryptionType::Aes256));
        if default && matches!(self.kms_key, Value::Known(_)) {
            let detail = "AES256 takes no key. Set encryption_type = \"KMS\", or remove kms_key.";
            diagnostics.push(Diagnostic::error("Invalid kms_key", detail).at(key_path()));
        }
    }

    /// A key of another region cannot be used: said at plan.
    pub fn check_place(&self, clients: &Clients) -> Option<Diagnostic> {
        let Value::Known(key) = &self.kms_key else { return None };
        let region = Arn::parse(key)?.region;
        (region != clients.region).then(|| {
            let detail = format!(
                "The key is in {region}, and ECR uses keys of its own region only. Name a key in {}.",
                clients.region
            );
            Diagnostic::error("Invalid kms_key", detail).at(key_path())
        })
    }
}

fn key_path() -> AttributePath {
    AttributePath::attribute("encryption_configuration").with_attribute("kms_key")
}

/// Checks that exclusion filters stand where, and only where, the mutability has exclusions.
pub fn check_exclusions(
    mutability: &Value<ImageTagMutability>,
    filters: &Value<Vec<Value<String>>>,
    diagnostics: &mut Diagnostics,
) {
    const NAME: &str = "image_tag_mutability_exclusion_filters";
    let mutability = match mutability {
        Value::Unknown => return,
        Value::Null => ImageTagMutability::Mutable,
        Value::Known(mutability) => *mutability,
    };
    let detail = match (mutability.has_exclusions(), filters) {
        (true, Value::Null) => format!(
            "{} needs to be told which tags are excluded. Set {NAME}, such as [\"latest\", \"dev-*\"].",
            mutability.as_str()
        ),
        (false, Value::Known(_)) => {
            let name = mutability.as_str();
            format!(
                "{name} excludes no tags. Set image_tag_mutability = \"{name}_WITH_EXCLUSION\", or remove {NAME}."
            )
        }
        _ => return,
    };
    diagnostics.push(Diagnostic::error(format!("Invalid {NAME}"), detail).at(NAME));
}

/// Checks one exclusion filter: a tag, or a pattern in which `*` stands for any text.
///
/// # Errors
/// What is wrong.
pub fn check_exclusion_filter(filter: &str) -> Result<(), Invalid> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._*-".contains(&byte);
    if filter.is_empty() || filter.len() > 128 || !filter.bytes().all(allowed) {
        return Err(Invalid::new("must be 1 to 128 letters, digits and ._-, with * for any text"));
    }
    match filter.matches('*').count() {
        0..=2 => Ok(()),
        _ => Err(Invalid::new("must not hold more than two *").remedy("Split it into several filters.")),
    }
}

/// Whether `text` matches a pattern in which `*` stands for any text.
pub fn wildcard(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(found) = rest.find(part) else { return false };
        rest = &rest[found + part.len()..];
    }
    true
}

/// The exclusion filters as AWS takes them.
///
/// # Errors
/// A bug: nothing that configuration can hold.
pub fn to_filters(
    filters: &BTreeSet<String>,
) -> Result<Vec<types::ImageTagMutabilityExclusionFilter>, Diagnostics> {
    let filter = |text: &String| {
        types::ImageTagMutabilityExclusionFilter::builder()
            .filter_type(types::ImageTagMutabilityExclusionFilterType::Wildcard)
            .filter(text)
            .build()
    };
    filters.iter().map(filter).collect::<Result<_, _>>().map_err(|error| {
        Diagnostic::provider_bug(format!("An exclusion filter could not be built: {error}.")).into()
    })
}

/// The exclusion filters that AWS reports.
pub fn read_filters(filters: &[types::ImageTagMutabilityExclusionFilter]) -> Option<BTreeSet<String>> {
    let filters: BTreeSet<_> = filters.iter().map(|filter| filter.filter().to_owned()).collect();
    (!filters.is_empty()).then_some(filters)
}

/// Checks a lifecycle policy.
///
/// # Errors
/// What is wrong.
pub fn check_lifecycle_policy(text: &str) -> Result<(), Invalid> {
    let policy = object(text, MAX_LIFECYCLE_POLICY)?;
    match policy.get("rules").and_then(serde_json::Value::as_array) {
        Some(rules) if !rules.is_empty() => Ok(()),
        _ => Err(Invalid::new("has no \"rules\"").remedy("Write {\"rules\": […]} with one rule at least.")),
    }
}

/// Checks a repository policy.
///
/// # Errors
/// What is wrong.
pub fn check_repository_policy(text: &str) -> Result<(), Invalid> {
    let policy = object(text, MAX_REPOSITORY_POLICY)?;
    let statements = match policy.get("Statement") {
        Some(serde_json::Value::Array(statements)) => statements.iter().collect(),
        Some(statement) => vec![statement],
        None => return Err(Invalid::new("has no \"Statement\"")),
    };
    if statements.iter().any(|statement| statement.get("Resource").is_some()) {
        return Err(Invalid::new(
            "names a Resource, which a repository's policy must not: it is the repository",
        )
        .remedy("Remove \"Resource\" from each statement."));
    }
    Ok(())
}

/// The object that `text` is; what is no JSON at all is said by its type.
fn object(text: &str, longest: usize) -> Result<serde_json::Map<String, serde_json::Value>, Invalid> {
    let length = text.chars().count();
    if length > longest {
        return Err(Invalid::new(format!("must be at most {longest} characters long, but has {length}")));
    }
    match serde_json::from_str(text) {
        Ok(serde_json::Value::Object(object)) => Ok(object),
        _ => Err(Invalid::new("must be a JSON object").remedy("Write it with jsonencode.")),
    }
}

/// True when ECR may not see a principal of a policy yet. A policy that is wrong is refused in the same words.
pub fn may_miss_a_principal(failure: &Failure) -> bool {
    let says = |text| failure.message().contains(text);
    failure.is(&["InvalidParameterException"])
        && (says("Principal not found")
            || says("Invalid repository policy provided")
            || says("Invalid registry policy provided"))
}

/// Repeats `call` while ECR may not see a role that a policy names.
///
/// # Errors
/// The first other failure, or the last one when the time is over.
pub async fn while_principals_are_missing<T, F, E>(
    ctx: &Context<Clients>,
    call: impl FnMut() -> F + Send,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>> + Send,
    E: AsRef<Failure> + Send,
{
    let limit = (Instant::now() + PRINCIPALS_VISIBLE).min(ctx.deadline());
    let give_up = |failure: &Failure| may_miss_a_principal(failure).then_some(limit);
    retry::until(ctx, PRINCIPALS_PAUSE, give_up, call).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exclusion_filter_is_a_tag_with_at_most_two_wildcards() {
        for good in ["latest", "dev-*", "*-rc*", "1.0_x"] {
            assert_eq!(check_exclusion_filter(good), Ok(()), "{good}");
        }
        for bad in ["", "a/b", "*a*b*", &"a".repeat(129)] {
            assert!(check_exclusion_filter(bad).is_err(), "{bad} was accepted");
        }
    }

    #[test]
    fn tags_move_or_not_by_their_exclusion() {
        let filters = BTreeSet::from(["latest".to_owned(), "v*-rc*".to_owned()]);
        let lets_move = |mutability: ImageTagMutability, tag| mutability.lets_move(tag, &filters);
        for (tag, excluded) in [
            ("latest", true),
            ("v1-rc2", true),
            ("v-rc", true),
            ("latest2", false),
            ("v1", false),
            ("rc", false),
        ] {
            assert_eq!(lets_move(ImageTagMutability::ImmutableWithExclusion, tag), excluded, "{tag}");
            assert_eq!(lets_move(ImageTagMutability::MutableWithExclusion, tag), !excluded, "{tag}");
        }
        assert!(!lets_move(ImageTagMutability::Immutable, "latest"));
        assert!(lets_move(ImageTagMutability::Mutable, "v1"));
        assert!(wildcard("*", "") && wildcard("a*", "a") && !wildcard("a*a", "a") && wildcard("*a*", "bab"));
    }

    #[test]
    fn a_repository_policy_has_statements_without_resource() {
        assert_eq!(check_repository_policy(r#"{"Statement": {"Effect": "Allow"}}"#), Ok(()));
        for bad in [
            "[]",
            "{}",
            r#"{"Statement": {"Resource": "*"}}"#,
            r#"{"Statement": [{"Effect": "Allow"}, {"Resource": "*"}]}"#,
        ] {
            assert!(check_repository_policy(bad).is_err(), "{bad} was accepted");
        }
    }

    #[test]
    fn a_lifecycle_policy_has_rules() {
        assert_eq!(check_lifecycle_policy(r#"{"rules": [{}]}"#), Ok(()));
        for bad in ["{}", r#"{"rules": []}"#, "\"rules\""] {
            assert!(check_lifecycle_policy(bad).is_err(), "{bad} was accepted");
        }
    }

    #[test]
    fn a_key_that_nobody_names_stays_as_long_as_the_kind_of_encryption() {
        let prior = EncryptionConfiguration {
            encryption_type: EncryptionType::Kms,
            kms_key: "arn:aws:kms:eu-central-1:123456789012:key/k".into(),
        };
        let planned = |encryption_type| {
            let mut plan = EncryptionConfigurationPlan {
                encryption_type: Value::Known(encryption_type),
                kms_key: Value::Unknown,
            };
            plan.plan_key(Some(&prior));
            plan.kms_key
        };
        assert_eq!(planned(EncryptionType::Kms).known(), prior.kms_key.get());
        assert!(planned(EncryptionType::KmsDsse).is_unknown());
        assert!(planned(EncryptionType::Aes256).is_null());
    }
}
