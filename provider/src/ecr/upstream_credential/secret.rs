//! The secret itself, as far as it is looked at: its value is written, and its user name read, its token never.
//! AWS: CreateSecret, DescribeSecret, GetSecretValue, PutSecretValue, UpdateSecret, RestoreSecret, DeleteSecret,
//! TagResource, UntagResource (Secrets Manager API reference).

use std::error::Error;
use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use aws_sdk_secretsmanager::types::Tag;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::Deserialize;
use serde_json::json;
use tf_provider::Diagnostics;

use crate::clients::Clients;
use crate::creating::Creating;
use crate::diagnostics::Failure;
use crate::tags::Tags;

/// The key that pull through cache can use; a secret that has it may be described without any.
const MANAGED_KEY: &str = "alias/aws/secretsmanager";
/// Stage of the version that is in use.
const CURRENT: &str = "AWSCURRENT";
/// How the ids of versions begin that the provider wrote.
const OWN_VERSION: &str = "ecrunner-";
const NOT_FOUND: [&str; 1] = ["ResourceNotFoundException"];
/// The value exists, and is not for us to see; or there is none.
const NOT_READABLE: [&str; 3] = ["AccessDeniedException", "DecryptionFailure", "ResourceNotFoundException"];

/// What is known about a secret without its value.
#[derive(Clone, Debug)]
pub(super) struct Secret {
    pub(super) arn: String,
    pub(super) description: Option<String>,
    pub(super) tags: Tags,
    /// Id of the current version.
    pub(super) version_id: Option<String>,
    /// It waits for its deletion, or is being deleted.
    pub(super) is_deleted: bool,
    /// The customer managed key that encrypts it.
    pub(super) customer_key: Option<String>,
}

impl Secret {
    /// The version that the provider was told when it wrote the value; `None` for a value of somebody else.
    pub(super) fn written_version(&self) -> Option<i64> {
        written_version(self.version_id.as_deref()?)
    }
}

/// A value to write: the JSON that ECR wants, and the id that its version gets.
///
/// The id is the client request token: an attempt whose answer was lost is repeated without a second version. It says
/// which version the configuration called for, so that a value written by somebody else shows without being read.
pub(super) struct SecretValue {
    text: String,
    pub(super) version_id: String,
}

impl SecretValue {
    pub(super) fn new(username: &str, access_token: &str, version: i64) -> Self {
        let text = json!({ "username": username, "accessToken": access_token }).to_string();
        SecretValue { text, version_id: version_id(version) }
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretValue").field("version_id", &self.version_id).finish_non_exhaustive()
    }
}

/// A secret to make.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) value: SecretValue,
    pub(super) description: Option<String>,
    pub(super) tags: Tags,
}

/// What came of making a secret.
#[derive(Debug)]
pub(super) enum Made {
    /// It is there, with everything that was wanted; this is its ARN.
    New(String),
    /// An interrupted create left it.
    Unfinished(Secret),
    /// It waited for its deletion, and no longer does; nothing else about it has changed.
    Restored(Secret),
    /// It is somebody else's.
    Foreign,
}

/// The secret with this name or ARN, if there is one.
///
/// # Errors
/// Secrets Manager refuses or does not answer.
pub(super) async fn describe(clients: &Clients, id: &str) -> Result<Option<Secret>, Failure> {
    let answer = match clients.secretsmanager.describe_secret().secret_id(id).send().await {
        Ok(answer) => answer,
        Err(error) => {
            let failure = failure(&error);
            return if failure.is(&NOT_FOUND) { Ok(None) } else { Err(failure) };
        }
    };
    let tags = answer.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
    let mut versions = answer.version_ids_to_stages().into_iter().flatten();
    let current = versions.find(|(_, stages)| stages.iter().any(|stage| stage == CURRENT));
    let given = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(Some(Secret {
        arn: answer.arn().unwrap_or_default().to_owned(),
        description: given(answer.description()),
        tags: tags.collect(),
        version_id: current.map(|(id, _)| id.clone()),
        is_deleted: answer.deleted_date().is_some(),
        customer_key: given(answer.kms_key_id()).filter(|key| !key.ends_with(MANAGED_KEY)),
    }))
}

/// The user name in the secret's current value: empty when that is not what ECR wants, `None` when it cannot be read.
///
/// # Errors
/// Secrets Manager does not answer, or refuses for another reason than a missing right.
pub(super) async fn username(clients: &Clients, arn: &str) -> Result<Option<String>, Failure> {
    #[derive(Deserialize)]
    struct Login {
        username: String,
    }
    match clients.secretsmanager.get_secret_value().secret_id(arn).send().await {
        // The error of serde may quote the value: it is not looked at.
        Ok(answer) => Ok(Some(
            serde_json::from_str(answer.secret_string().unwrap_or_default())
                .map_or_else(|_| String::new(), |login: Login| login.username),
        )),
        Err(error) => {
            let failure = failure(&error);
            if failure.is(&NOT_READABLE) { Ok(None) } else { Err(failure) }
        }
    }
}

/// Makes the secret, or finds the one that an interrupted create of the same configuration left. One that waits for its
/// deletion is restored: no other can have its name until then.
///
/// # Errors
/// Secrets Manager refuses or does not answer.
pub(super) async fn make(clients: &Clients, wanted: &Wanted, creating: &Creating) -> Result<Made, Failure> {
    match describe(clients, &wanted.name).await? {
        Some(found) if found.is_deleted => {
            let sent = clients.secretsmanager.restore_secret().secret_id(&found.arn).send().await;
            sent.map(|_| Made::Restored(found)).map_err(|error| failure(&error))
        }
        Some(found) if creating.goes_on_with(&found.tags) => Ok(Made::Unfinished(found)),
        Some(_) => Ok(Made::Foreign),
        None => create(clients, wanted, creating).await,
    }
}

async fn create(clients: &Clients, wanted: &Wanted, creating: &Creating) -> Result<Made, Failure> {
    let call = clients
        .secretsmanager
        .create_secret()
        .name(&wanted.name)
        .secret_string(&wanted.value.text)
        .client_request_token(&wanted.value.version_id)
        .set_description(wanted.description.clone())
        .set_tags(Some(to_tags(&creating.mark(&wanted.tags))));
    let failure = match call.send().await {
        Ok(answer) => return Ok(Made::New(answer.arn().unwrap_or_default().to_owned())),
        Err(error) => failure(&error),
    };
    if !failure.is(&["ResourceExistsException"]) {
        return Err(failure);
    }
    // It was not there a moment ago: an answer of ours was lost, or somebody was faster.
    let found = describe(clients, &wanted.name).await?;
    Ok(found
        .filter(|found| creating.has_made(&found.tags))
        .map_or(Made::Foreign, |found| Made::New(found.arn)))
}

/// Gives the secret another value.
///
/// # Errors
/// Secrets Manager refuses or does not answer.
pub(super) async fn put_value(clients: &Clients, arn: &str, value: &SecretValue) -> Result<(), Failure> {
    let call = clients
        .secretsmanager
        .put_secret_value()
        .secret_id(arn)
        .secret_string(&value.text)
        .client_request_token(&value.version_id);
    call.send().await.map(drop).map_err(|error| failure(&error))
}

/// Gives the secret this description, and the AWS managed key if it has another.
///
/// # Errors
/// Secrets Manager refuses or does not answer.
pub(super) async fn describe_as(
    clients: &Clients,
    found: &Secret,
    description: Option<&str>,
) -> Result<(), Failure> {
    if found.description.as_deref() == description && found.customer_key.is_none() {
        return Ok(());
    }
    let call = clients
        .secretsmanager
        .update_secret()
        .secret_id(&found.arn)
        // An empty text takes away what was there.
        .description(description.unwrap_or_default())
        .set_kms_key_id(found.customer_key.as_ref().map(|_| MANAGED_KEY.to_owned()));
    call.send().await.map(drop).map_err(|error| failure(&error))
}

/// Changes the secret's tags.
///
/// # Errors
/// Secrets Manager refuses or does not answer.
pub(super) async fn change_tags(
    clients: &Clients,
    arn: &str,
    actual: &Tags,
    wanted: &Tags,
) -> Result<(), Diagnostics> {
    let summary = || format!("Tagging the secret of an upstream credential ({arn})");
    let (set, removed) = clients.tags.changes(actual, wanted);
    if !removed.is_empty() {
        let call = clients.secretsmanager.untag_resource().secret_id(arn).set_tag_keys(Some(removed));
        call.send().await.map_err(|error| failure(&error).report(summary(), "", ""))?;
    }
    if !set.is_empty() {
        let call = clients.secretsmanager.tag_resource().secret_id(arn).set_tags(Some(to_tags(&set)));
        call.send().await.map_err(|error| failure(&error).report(summary(), "", ""))?;
    }
    Ok(())
}

/// Schedules the secret's deletion, or deletes it at once when `recovery_window_days` is 0. One that is gone, or waits
/// for it already, counts as deleted.
///
/// # Errors
/// Secrets Manager refuses or does not answer.
pub(super) async fn delete(clients: &Clients, arn: &str, recovery_window_days: i64) -> Result<(), Failure> {
    let call = clients.secretsmanager.delete_secret().secret_id(arn);
    let call = match recovery_window_days {
        0 => call.force_delete_without_recovery(true),
        days => call.recovery_window_in_days(days),
    };
    let failure = match call.send().await {
        Ok(_) => return Ok(()),
        Err(error) => failure(&error),
    };
    let gone = failure.is(&NOT_FOUND)
        || failure.is(&["InvalidRequestException"])
            && describe(clients, arn).await?.is_none_or(|secret| secret.is_deleted);
    if gone { Ok(()) } else { Err(failure) }
}

fn failure<E>(error: &SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    Failure::of("Secrets Manager", error)
}

fn to_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Id of a new version of a value: 32 to 64 characters, never the same twice.
fn version_id(version: i64) -> String {
    let random = RandomState::new().build_hasher().finish();
    format!("{OWN_VERSION}{version:019}-{random:016x}")
}

fn written_version(version_id: &str) -> Option<i64> {
    let (version, random) = version_id.strip_prefix(OWN_VERSION)?.split_once('-')?;
    (version.len() == 19 && random.len() == 16).then(|| version.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_version_tells_what_it_was_written_for() {
        for version in [1, 20_261_124, i64::MAX] {
            let id = version_id(version);
            assert!((32..=64).contains(&id.len()), "{id}");
            assert_eq!(written_version(&id), Some(version));
            assert_ne!(id, version_id(version));
        }
        for foreign in ["", "EXAMPLE1-90ab-cdef-fedc-ba987EXAMPLE", "ecrunner-1-0"] {
            assert_eq!(written_version(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_value_is_what_ecr_wants_and_is_not_shown() {
        let value = SecretValue::new("team", "to\"ken", 1);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&value.text).unwrap(),
            json!({ "username": "team", "accessToken": "to\"ken" })
        );
        assert!(!format!("{value:?}").contains("ken\""));
    }
}
