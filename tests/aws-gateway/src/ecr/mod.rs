//! ECR's API: which actions are answered here, which go on to ministack or moto, and which are corrected on the way.
//!
//! Source: Amazon ECR API reference; protocol awsJson1_1.

pub(crate) mod account_settings;
pub(crate) mod images;
pub(crate) mod model;
pub(crate) mod page;
pub(crate) mod pull_through_cache_rules;
pub(crate) mod put_image_rate;
pub(crate) mod registry_policy;
pub(crate) mod repositories;
pub(crate) mod repository_creation_templates;
pub(crate) mod secrets;
pub(crate) mod state;
pub(crate) mod storage_class;

use axum::body::Bytes;
use http::request::Parts;
use serde_json::Value;

use crate::forward;
use crate::gateway::Shared;
use crate::identity::Caller;
use crate::registry::token;
use crate::reply::{self, Reply, ServiceError};

pub(crate) use state::State;

pub(crate) async fn handle(
    shared: &Shared,
    caller: &Caller,
    action: &str,
    mut parts: Parts,
    body: Bytes,
) -> Result<Reply, ServiceError> {
    let input: Value = if body.is_empty() { Value::Object(serde_json::Map::new()) } else { parse(&body)? };
    model::check(action, &input)?;
    own_registry(caller, &input)?;
    let scope = caller.scope();
    let output = match action {
        "CreatePullThroughCacheRule" => pull_through_cache_rules::create(shared, &scope, &input).await?,
        "DescribePullThroughCacheRules" => pull_through_cache_rules::describe(shared, &scope, &input)?,
        "UpdatePullThroughCacheRule" => pull_through_cache_rules::update(shared, &scope, &input).await?,
        "ValidatePullThroughCacheRule" => pull_through_cache_rules::validate(shared, &scope, &input).await?,
        "DeletePullThroughCacheRule" => pull_through_cache_rules::delete(shared, &scope, &input)?,
        "CreateRepositoryCreationTemplate" => repository_creation_templates::create(shared, &scope, &input)?,
        "DescribeRepositoryCreationTemplates" => {
            repository_creation_templates::describe(shared, &scope, &input)?
        }
        "UpdateRepositoryCreationTemplate" => repository_creation_templates::update(shared, &scope, &input)?,
        "DeleteRepositoryCreationTemplate" => repository_creation_templates::delete(shared, &scope, &input)?,
        "PutAccountSetting" => account_settings::put(shared, &scope, &input)?,
        "GetAccountSetting" => account_settings::get(shared, &scope, &input)?,
        "PutRegistryPolicy" => registry_policy::put(shared, &scope, &input)?,
        "GetRegistryPolicy" => registry_policy::get(shared, &scope)?,
        "DeleteRegistryPolicy" => registry_policy::delete(shared, &scope)?,
        "CreateRepository" => repositories::create(shared, &scope, &input).await?,
        "DescribeRepositories" => repositories::describe(shared, &scope, &input).await?,
        "DeleteRepository" => repositories::delete(shared, &scope, &input).await?,
        "PutImageTagMutability" => repositories::put_image_tag_mutability(shared, &scope, &input).await?,
        "DescribeImages" => images::describe(shared, &scope, &input).await?,
        "ListImages" => images::list(shared, &scope, &input).await?,
        "BatchDeleteImage" => images::batch_delete(shared, &scope, &input).await?,
        "PutImage" => images::put(shared, &scope, &input).await?,
        "BatchCheckLayerAvailability" => images::check_layers(shared, &scope, &input).await?,
        "UpdateImageStorageClass" => storage_class::update(shared, &scope, &input).await?,
        "GetDownloadUrlForLayer" => images::download_url(shared, &scope, &input).await?,
        "GetAuthorizationToken" => token::issue(shared, caller)?,
        "DescribeRegistry"
        | "PutReplicationConfiguration"
        | "PutRegistryScanningConfiguration"
        | "GetRegistryScanningConfiguration" => {
            return forward::forward(&shared.http, &shared.moto, caller, &parts, body.into()).await;
        }
        _ => {
            if action == "UntagResource" {
                let arn = input["resourceArn"].as_str().unwrap_or_default().to_owned();
                shared.ecr.with(&scope, |state| state.untagged.insert(arn));
            }
            forward::for_ministack(&mut parts, caller);
            return forward::forward(&shared.http, &shared.ministack, caller, &parts, body.into()).await;
        }
    };
    Ok(reply::json(&output))
}

fn parse(body: &[u8]) -> Result<Value, ServiceError> {
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(ServiceError::new("SerializationException", "the request is not a JSON object")),
        Err(error) => Err(ServiceError::new("SerializationException", error.to_string())),
    }
}

/// Another account's registry needs a policy that the gateway does not evaluate: refused.
fn own_registry(caller: &Caller, input: &Value) -> Result<(), ServiceError> {
    match input["registryId"].as_str() {
        Some(registry) if registry != caller.account => Err(ServiceError::new(
            "AccessDeniedException",
            format!("account {} may not use the registry of account {registry}", caller.account),
        )),
        _ => Ok(()),
    }
}
