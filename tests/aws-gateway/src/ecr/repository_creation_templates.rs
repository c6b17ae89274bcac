//! Repository creation templates.
//! AWS: CreateRepositoryCreationTemplate, DescribeRepositoryCreationTemplates, UpdateRepositoryCreationTemplate,
//! DeleteRepositoryCreationTemplate (ECR API reference).

use serde_json::{Map, Value, json};

use super::page::{page, refuse_paging};
use super::pull_through_cache_rules::{ROOT, key, rest};
use super::repositories;
use crate::gateway::Shared;
use crate::identity::Scope;
use crate::reply::ServiceError;

/// Templates per registry.
const LIMIT: usize = 50;

/// The settings of repositories that ECR creates by itself, as Describe answers them.
#[derive(Clone, Debug)]
pub(crate) struct RepositoryCreationTemplate(Map<String, Value>);

impl RepositoryCreationTemplate {
    fn applies(&self, occasion: &str) -> bool {
        self.0
            .get("appliedFor")
            .and_then(Value::as_array)
            .is_some_and(|list| list.iter().any(|entry| entry == occasion))
    }

    /// Whether ECR may use it: tags and KMS need a role that acts for the customer.
    pub(crate) fn has_needed_role(&self) -> bool {
        let tags = self.0.get("resourceTags").and_then(Value::as_array).is_some_and(|tags| !tags.is_empty());
        let kms = self
            .0
            .get("encryptionConfiguration")
            .and_then(|encryption| encryption["encryptionType"].as_str())
            .is_some_and(|kind| kind != "AES256");
        !(tags || kms) || self.0.contains_key("customRoleArn")
    }

    /// Input of CreateRepository for a repository by this template.
    pub(crate) fn create_repository(&self, repository: &str) -> Value {
        let mut input = json!({"repositoryName": repository});
        for (from, to) in [
            ("imageTagMutability", "imageTagMutability"),
            ("imageTagMutabilityExclusionFilters", "imageTagMutabilityExclusionFilters"),
            ("encryptionConfiguration", "encryptionConfiguration"),
            ("resourceTags", "tags"),
        ] {
            if let Some(value) = self.0.get(from) {
                input[to] = value.clone();
            }
        }
        input
    }

    /// Texts of the repository policy and of the lifecycle policy.
    pub(crate) fn policies(&self) -> (Option<&str>, Option<&str>) {
        let text = |name| self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        (text("repositoryPolicy"), text("lifecyclePolicy"))
    }
}

pub(crate) fn create(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ServiceError> {
    let prefix = input["prefix"].as_str().unwrap_or_default();
    check(scope, input)?;
    let mut members = settings(input);
    members.insert("prefix".to_owned(), json!(prefix));
    members.entry("imageTagMutability").or_insert_with(|| json!("MUTABLE"));
    members.entry("encryptionConfiguration").or_insert_with(|| json!({"encryptionType": "AES256"}));
    let now = json!(shared.clock.now().as_secs_f64());
    members.insert("createdAt".to_owned(), now.clone());
    members.insert("updatedAt".to_owned(), now);
    shared.ecr.with(scope, |state| {
        if state.templates.contains_key(key(prefix)) {
            return Err(ServiceError::new(
                "TemplateAlreadyExistsException",
                format!("A repository creation template with the prefix '{prefix}' exists"),
            ));
        }
        if state.templates.len() >= LIMIT {
            return Err(ServiceError::new(
                "LimitExceededException",
                format!("A registry has at most {LIMIT} templates."),
            ));
        }
        let template = RepositoryCreationTemplate(members);
        state.templates.insert(key(prefix).to_owned(), template.clone());
        Ok(output(scope, &template))
    })
}

pub(crate) fn describe(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ServiceError> {
    let templates = shared.ecr.with(scope, |state| state.templates.clone());
    let mut answer = json!({"registryId": scope.account});
    if let Some(prefixes) = input["prefixes"].as_array().filter(|prefixes| !prefixes.is_empty()) {
        refuse_paging(input, "prefixes")?;
        // The model of this action has no not-found error: what is not there is left out.
        let found: Vec<Value> = prefixes
            .iter()
            .filter_map(Value::as_str)
            .filter_map(|prefix| templates.get(key(prefix)).map(|template| json!(template.0)))
            .collect();
        answer["repositoryCreationTemplates"] = json!(found);
        return Ok(answer);
    }
    let items = templates.into_iter().map(|(prefix, template)| (prefix, json!(template.0))).collect();
    let (found, next) = page("DescribeRepositoryCreationTemplates", items, input)?;
    answer["repositoryCreationTemplates"] = json!(found);
    if let Some(token) = next {
        answer["nextToken"] = json!(token);
    }
    Ok(answer)
}

pub(crate) fn update(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ServiceError> {
    let prefix = input["prefix"].as_str().unwrap_or_default();
    check_present(input)?;
    let changes = settings(input);
    let now = json!(shared.clock.now().as_secs_f64());
    shared.ecr.with(scope, |state| {
        let template = state.templates.get_mut(key(prefix)).ok_or_else(|| unknown(prefix))?;
        let mut merged = template.0.clone();
        merged.extend(changes);
        if !mutability(&merged).ends_with("WITH_EXCLUSION")
            && input["imageTagMutabilityExclusionFilters"].is_null()
        {
            merged.remove("imageTagMutabilityExclusionFilters");
        }
        check(scope, &Value::Object(merged.clone()))?;
        merged.insert("updatedAt".to_owned(), now);
        template.0 = merged;
        Ok(output(scope, template))
    })
}

pub(crate) fn delete(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ServiceError> {
    let prefix = input["prefix"].as_str().unwrap_or_default();
    let template = shared.ecr.with(scope, |state| state.templates.remove(key(prefix)));
    template.map(|template| output(scope, &template)).ok_or_else(|| unknown(prefix))
}

/// The template for a new repository: the longest prefix that is applied on this occasion, then `ROOT`.
pub(crate) fn for_repository(
    shared: &Shared,
    scope: &Scope,
    repository: &str,
    occasion: &str,
) -> Option<RepositoryCreationTemplate> {
    shared.ecr.with(scope, |state| {
        let applied = || state.templates.iter().filter(|(_, template)| template.applies(occasion));
        let longest = applied()
            .filter(|(prefix, _)| prefix.as_str() == repository || rest(prefix, repository).is_some())
            .max_by_key(|(prefix, _)| prefix.len());
        longest
            .or_else(|| applied().find(|(prefix, _)| *prefix == ROOT))
            .map(|(_, template)| template.clone())
    })
}

/// Members that a caller sets, but the prefix.
fn settings(input: &Value) -> Map<String, Value> {
    const SETTABLE: &[&str] = &[
        "description",
        "encryptionConfiguration",
        "resourceTags",
        "imageTagMutability",
        "imageTagMutabilityExclusionFilters",
        "repositoryPolicy",
        "lifecyclePolicy",
        "appliedFor",
        "customRoleArn",
    ];
    let present = SETTABLE.iter().filter(|name| !input[**name].is_null());
    present.map(|name| ((*name).to_owned(), input[*name].clone())).collect()
}

fn mutability(members: &Map<String, Value>) -> &str {
    members.get("imageTagMutability").and_then(Value::as_str).unwrap_or("MUTABLE")
}

fn check_present(input: &Value) -> Result<(), ServiceError> {
    if input["appliedFor"].as_array().is_some_and(Vec::is_empty) {
        return Err(invalid(
            "appliedFor must name at least one of PULL_THROUGH_CACHE, REPLICATION, CREATE_ON_PUSH.",
        ));
    }
    for policy in ["repositoryPolicy", "lifecyclePolicy"] {
        let text = input[policy].as_str().unwrap_or_default();
        if !text.is_empty() && !serde_json::from_str::<Value>(text).is_ok_and(|policy| policy.is_object()) {
            return Err(invalid(&format!("{policy} is not a JSON object.")));
        }
    }
    Ok(())
}

fn check(scope: &Scope, input: &Value) -> Result<(), ServiceError> {
    check_present(input)?;
    repositories::check_mutability(input)?;
    repositories::check_encryption(input)?;
    if let Some(role) = input["customRoleArn"].as_str()
        && role.split(':').nth(4) != Some(scope.account.as_str())
    {
        return Err(invalid("customRoleArn must be a role of the registry's own account."));
    }
    Ok(())
}

fn output(scope: &Scope, template: &RepositoryCreationTemplate) -> Value {
    json!({"registryId": scope.account, "repositoryCreationTemplate": template.0})
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new("InvalidParameterException", message)
}

fn unknown(prefix: &str) -> ServiceError {
    ServiceError::new(
        "TemplateNotFoundException",
        format!("There is no repository creation template with the prefix '{prefix}'"),
    )
}
