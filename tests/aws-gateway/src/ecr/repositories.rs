//! Repositories: ministack's, corrected.
//! AWS: CreateRepository, DescribeRepositories, DeleteRepository, PutImageTagMutability (ECR API reference).
//!
//! Corrected: names and settings are checked, lists are paged, mutability exclusion filters are kept, and nothing
//! of a deleted repository shows up in a new one of the same name.

use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::page::{page, refuse_paging};
use crate::gateway::Shared;
use crate::identity::Scope;
use crate::reply::ServiceError;

const FILTERS: &str = "imageTagMutabilityExclusionFilters";

pub(crate) async fn create(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ServiceError> {
    check_mutability(input)?;
    check_encryption(input)?;
    let name = input["repositoryName"].as_str().unwrap_or_default();
    let mut output = shared.ecr_action(scope, "CreateRepository", input).await?;
    shared.ecr.with(scope, |state| match &input[FILTERS] {
        Value::Null => state.exclusion_filters.remove(name),
        filters => state.exclusion_filters.insert(name.to_owned(), filters.clone()),
    });
    complete(shared, scope, &mut output["repository"]);
    Ok(output)
}

pub(crate) async fn describe(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ServiceError> {
    let names = input["repositoryNames"].as_array().filter(|names| !names.is_empty());
    if names.is_some() {
        refuse_paging(input, "repositoryNames")?;
    }
    // ministack cuts at maxResults and says nothing: it is asked for all.
    let mut question = json!({"maxResults": i32::MAX});
    if let Some(names) = names {
        question["repositoryNames"] = json!(names);
    }
    let mut all = shared.ecr_action(scope, "DescribeRepositories", &question).await?;
    let mut found = Vec::new();
    for repository in all["repositories"].as_array_mut().into_iter().flatten() {
        complete(shared, scope, repository);
        found.push((repository["repositoryName"].as_str().unwrap_or_default().to_owned(), repository.take()));
    }
    if names.is_some() {
        let found: Vec<Value> = found.into_iter().map(|(_, repository)| repository).collect();
        return Ok(json!({"repositories": found}));
    }
    let (found, next) = page("DescribeRepositories", found, input)?;
    let mut output = json!({"repositories": found});
    if let Some(token) = next {
        output["nextToken"] = json!(token);
    }
    Ok(output)
}

pub(crate) async fn delete(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ServiceError> {
    let name = input["repositoryName"].as_str().unwrap_or_default();
    let images = super::images::all(shared, scope, name).await?;
    if !images.is_empty() && input["force"] != true {
        return shared.ecr_action(scope, "DeleteRepository", input).await;
    }
    // ministack keeps blobs and manifests by digest beyond the repository's end.
    let stored = shared.ecr.with(scope, |state| state.stored.remove(name)).unwrap_or_default();
    let blobs = stored.blobs.iter().map(|digest| format!("/v2/{name}/blobs/{digest}"));
    let manifests = stored.manifests.iter().map(|digest| format!("/v2/{name}/manifests/{digest}"));
    for path in manifests.chain(blobs) {
        shared.registry_call(scope, Method::DELETE, &path, HeaderMap::new(), None).await?;
    }
    let mut output = shared.ecr_action(scope, "DeleteRepository", input).await?;
    complete(shared, scope, &mut output["repository"]);
    shared.ecr.with(scope, |state| {
        state.exclusion_filters.remove(name);
        state.untagged.retain(|arn| !arn.ends_with(&format!(":repository/{name}")));
        state.pulled_through.remove(name);
        state.asked.retain(|(repository, _), _| repository != name);
        state.first_blobs.retain(|(repository, _), _| repository != name);
        state.archived.retain(|(repository, _), _| repository != name);
    });
    Ok(output)
}

pub(crate) async fn put_image_tag_mutability(
    shared: &Shared,
    scope: &Scope,
    input: &Value,
) -> Result<Value, ServiceError> {
    check_mutability(input)?;
    let name = input["repositoryName"].as_str().unwrap_or_default();
    let mut output = shared.ecr_action(scope, "PutImageTagMutability", input).await?;
    shared.ecr.with(scope, |state| match &input[FILTERS] {
        Value::Null => state.exclusion_filters.remove(name),
        filters => state.exclusion_filters.insert(name.to_owned(), filters.clone()),
    });
    if !input[FILTERS].is_null() {
        output[FILTERS] = input[FILTERS].clone();
    }
    Ok(output)
}

/// One repository as Describe answers it.
///
/// # Errors
/// `RepositoryNotFoundException`.
pub(crate) async fn find(shared: &Shared, scope: &Scope, name: &str) -> Result<Value, ServiceError> {
    let mut output = describe(shared, scope, &json!({"repositoryNames": [name]})).await?;
    Ok(output["repositories"][0].take())
}

/// Whether a tag of this repository, once set, may not be set again.
pub(crate) fn is_immutable(repository: &Value, tag: &str) -> bool {
    let excluded = repository[FILTERS].as_array().is_some_and(|filters| {
        filters.iter().filter_map(|filter| filter["filter"].as_str()).any(|filter| wildcard(filter, tag))
    });
    match repository["imageTagMutability"].as_str() {
        Some("IMMUTABLE") => true,
        Some("IMMUTABLE_WITH_EXCLUSION") => !excluded,
        Some("MUTABLE_WITH_EXCLUSION") => excluded,
        _ => false,
    }
}

/// The filters go with the two settings that have them, and only with these.
pub(crate) fn check_mutability(input: &Value) -> Result<(), ServiceError> {
    let with_exclusion = input["imageTagMutability"]
        .as_str()
        .is_some_and(|mutability| mutability.ends_with("_WITH_EXCLUSION"));
    let message = match (with_exclusion, input[FILTERS].is_null()) {
        (true, true) => "imageTagMutabilityExclusionFilters is required with this imageTagMutability.",
        (false, false) => "imageTagMutabilityExclusionFilters needs an imageTagMutability with exclusion.",
        _ => return Ok(()),
    };
    Err(ServiceError::new("InvalidParameterException", message))
}

pub(crate) fn check_encryption(input: &Value) -> Result<(), ServiceError> {
    let encryption = &input["encryptionConfiguration"];
    let key = encryption["kmsKey"].as_str().is_some_and(|key| !key.is_empty());
    if key && encryption["encryptionType"] == "AES256" {
        return Err(ServiceError::new(
            "InvalidParameterException",
            "Invalid parameter at 'encryptionConfiguration': a kmsKey needs the encryption type KMS or KMS_DSSE.",
        ));
    }
    Ok(())
}

/// Adds what ministack forgets.
fn complete(shared: &Shared, scope: &Scope, repository: &mut Value) {
    let name = repository["repositoryName"].as_str().unwrap_or_default();
    let filters = shared.ecr.with(scope, |state| state.exclusion_filters.get(name).cloned());
    repository["repositoryUri"] = json!(format!("{}/{name}", scope.registry_host()));
    if let Some(filters) = filters {
        repository[FILTERS] = filters;
    }
}

/// Whether `text` matches a pattern in which `*` stands for any text.
fn wildcard(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            (0..=text.len()).any(|skip| text.get(skip..).is_some_and(|text| wildcard(rest, text)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filter_with_wildcards_exempts_matching_tags_only() {
        let repository = json!({
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            FILTERS: [{"filterType": "WILDCARD", "filter": "dev-*-x*"}],
        });
        assert!(!is_immutable(&repository, "dev-1-x"));
        assert!(!is_immutable(&repository, "dev-1-x2"));
        assert!(is_immutable(&repository, "dev-1"));
        assert!(is_immutable(&repository, "latest"));
    }
}
