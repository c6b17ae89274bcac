//! Pull through cache rules.
//! AWS: CreatePullThroughCacheRule, DescribePullThroughCacheRules, UpdatePullThroughCacheRule,
//! ValidatePullThroughCacheRule, DeletePullThroughCacheRule (ECR API reference; ECR user guide, "Creating a pull
//! through cache rule").

use serde::Serialize;
use serde_json::{Value, json};

use super::page::{page, refuse_paging};
use super::secrets;
use crate::gateway::Shared;
use crate::identity::{Scope, is_account};
use crate::registry::upstream::Upstream;
use crate::reply::ServiceError;

/// Rules per registry. Source: ECR user guide, "Service quotas".
const LIMIT: usize = 50;
/// Prefix that stands for every repository without a rule of its own.
pub(crate) const ROOT: &str = "ROOT";

/// One rule, as Describe answers it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PullThroughCacheRule {
    pub(crate) ecr_repository_prefix: String,
    pub(crate) upstream_registry_url: String,
    upstream_registry: &'static str,
    pub(crate) upstream_repository_prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credential_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_role_arn: Option<String>,
    registry_id: String,
    /// Seconds since the Unix epoch.
    created_at: f64,
    /// Seconds since the Unix epoch.
    updated_at: f64,
}

impl PullThroughCacheRule {
    /// The rule's members, without those an action does not answer.
    fn without(&self, absent: &[&str]) -> Value {
        let mut value = json!(self);
        if let Some(members) = value.as_object_mut() {
            members.retain(|name, _| !absent.contains(&name.as_str()));
        }
        value
    }
}

/// An upstream that ECR knows.
struct Known {
    /// Value of `upstreamRegistry`.
    name: &'static str,
    credential: bool,
    is_host: fn(&str) -> bool,
}

const KNOWN: &[Known] = &[
    Known { name: "docker-hub", credential: true, is_host: |host| host == "registry-1.docker.io" },
    Known { name: "ecr-public", credential: false, is_host: |host| host == "public.ecr.aws" },
    Known { name: "k8s", credential: false, is_host: |host| host == "registry.k8s.io" },
    Known { name: "quay", credential: false, is_host: |host| host == "quay.io" },
    Known { name: "github-container-registry", credential: true, is_host: |host| host == "ghcr.io" },
    Known {
        name: "gitlab-container-registry",
        credential: true,
        is_host: |host| host == "registry.gitlab.com",
    },
    Known { name: "azure-container-registry", credential: true, is_host: is_azure },
    Known { name: "chainguard", credential: true, is_host: |host| host == "cgr.dev" },
    Known { name: "ecr", credential: false, is_host: |host| private_registry(host).is_some() },
];

fn is_azure(host: &str) -> bool {
    host.strip_suffix(".azurecr.io")
        .is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Account of `<account>.dkr.ecr.<region>.<suffix>`.
fn private_registry(host: &str) -> Option<&str> {
    let (account, rest) = host.split_once(".dkr.ecr.")?;
    let suffix = rest.split_once('.')?.1;
    (is_account(account) && suffix.starts_with("amazonaws.")).then_some(account)
}

pub(crate) async fn create(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ServiceError> {
    let prefix = text(input, "ecrRepositoryPrefix").unwrap_or_default();
    let host = text(input, "upstreamRegistryUrl").unwrap_or_default();
    let known = upstream(&host, input["upstreamRegistry"].as_str())?;
    let credential_arn = text(input, "credentialArn");
    let custom_role_arn = text(input, "customRoleArn");
    check_role(scope, known, &host, custom_role_arn.as_deref())?;
    let upstream_prefix = text(input, "upstreamRepositoryPrefix");
    if prefix == ROOT && upstream_prefix.as_deref().is_some_and(|prefix| prefix != ROOT) {
        return Err(invalid("upstreamRepositoryPrefix is not allowed with the ECR repository prefix ROOT."));
    }
    // A rule that is there is reported before its secret is looked at.
    shared.ecr.with(scope, |state| {
        if state.rules.contains_key(key(&prefix)) {
            Err(exists(scope, &prefix))
        } else if state.rules.len() >= LIMIT {
            Err(ServiceError::new("LimitExceededException", format!("A registry has at most {LIMIT} rules.")))
        } else {
            Ok(())
        }
    })?;
    match &credential_arn {
        Some(arn) => secrets::check(shared, scope, arn).await?,
        None if known.credential => {
            return Err(invalid(&format!("The upstream registry {} requires a credentialArn.", known.name)));
        }
        None => {}
    }
    let now = shared.clock.now().as_secs_f64();
    let rule = PullThroughCacheRule {
        ecr_repository_prefix: prefix.clone(),
        upstream_registry_url: host,
        upstream_registry: known.name,
        upstream_repository_prefix: upstream_prefix.unwrap_or_else(|| ROOT.to_owned()),
        credential_arn,
        custom_role_arn,
        registry_id: scope.account.clone(),
        created_at: now,
        updated_at: now,
    };
    let answer = rule.without(&["updatedAt"]);
    shared.ecr.with(scope, |state| {
        if state.rules.contains_key(key(&prefix)) {
            return Err(exists(scope, &prefix));
        }
        state.rules.insert(key(&prefix).to_owned(), rule);
        Ok(answer)
    })
}

pub(crate) fn describe(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ServiceError> {
    let rules = shared.ecr.with(scope, |state| state.rules.clone());
    if let Some(prefixes) = input["ecrRepositoryPrefixes"].as_array() {
        refuse_paging(input, "ecrRepositoryPrefixes")?;
        let found: Result<Vec<Value>, ServiceError> = prefixes
            .iter()
            .filter_map(Value::as_str)
            .map(|prefix| {
                rules.get(key(prefix)).map(|rule| json!(rule)).ok_or_else(|| unknown(scope, prefix))
            })
            .collect();
        return Ok(json!({"pullThroughCacheRules": found?}));
    }
    let items = rules.into_iter().map(|(prefix, rule)| (prefix, json!(rule))).collect();
    let (rules, next) = page("DescribePullThroughCacheRules", items, input)?;
    let mut output = json!({"pullThroughCacheRules": rules});
    if let Some(token) = next {
        output["nextToken"] = json!(token);
    }
    Ok(output)
}

pub(crate) async fn update(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ServiceError> {
    let prefix = text(input, "ecrRepositoryPrefix").unwrap_or_default();
    let rule = find(shared, scope, &prefix)?;
    let credential_arn = text(input, "credentialArn");
    let custom_role_arn = text(input, "customRoleArn");
    if credential_arn.is_none() && custom_role_arn.is_none() {
        return Err(invalid("Either credentialArn or customRoleArn is required."));
    }
    let known = upstream(&rule.upstream_registry_url, None)?;
    if custom_role_arn.is_some() {
        check_role(scope, known, &rule.upstream_registry_url, custom_role_arn.as_deref())?;
    }
    if let Some(arn) = &credential_arn {
        secrets::check(shared, scope, arn).await?;
    }
    let now = shared.clock.now().as_secs_f64();
    shared.ecr.with(scope, |state| {
        let rule = state.rules.get_mut(key(&prefix)).ok_or_else(|| unknown(scope, &prefix))?;
        rule.credential_arn = credential_arn.or(rule.credential_arn.take());
        rule.custom_role_arn = custom_role_arn.or(rule.custom_role_arn.take());
        rule.updated_at = now;
        Ok(rule.without(&["createdAt", "upstreamRegistryUrl", "upstreamRegistry"]))
    })
}

pub(crate) async fn validate(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ServiceError> {
    let rule = find(shared, scope, input["ecrRepositoryPrefix"].as_str().unwrap_or_default())?;
    let mut output = rule.without(&["createdAt", "updatedAt", "upstreamRegistry"]);
    let failure = if shared.upstreams.of(&scope.account, &rule.upstream_registry_url).is_some() {
        match Upstream::of(shared, scope, &rule).await {
            Ok(upstream) => upstream.login().await.err().map(|error| error.to_string()),
            Err(error) => Some(error.to_string()),
        }
    } else if let Some(arn) = &rule.credential_arn {
        // Where nothing stands in for the upstream, the secret is all that can be looked at.
        secrets::read(shared, scope, arn).await.err().map(|error| error.to_string())
    } else {
        None
    };
    output["isValid"] = json!(failure.is_none());
    if let Some(failure) = failure {
        output["failure"] = json!(failure);
    }
    Ok(output)
}

pub(crate) fn delete(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ServiceError> {
    let prefix = input["ecrRepositoryPrefix"].as_str().unwrap_or_default();
    let rule = shared.ecr.with(scope, |state| state.rules.remove(key(prefix)));
    let rule = rule.ok_or_else(|| unknown(scope, prefix))?;
    Ok(rule.without(&["updatedAt", "upstreamRegistry"]))
}

/// The rule that serves `repository`, and the repository's name at the upstream.
///
/// The longest prefix wins; `ROOT` serves what no other rule does.
pub(crate) fn for_repository(
    shared: &Shared,
    scope: &Scope,
    repository: &str,
) -> Option<(PullThroughCacheRule, String)> {
    let rule = shared.ecr.with(scope, |state| {
        let longest = state
            .rules
            .values()
            .filter(|rule| rest(key(&rule.ecr_repository_prefix), repository).is_some())
            .max_by_key(|rule| rule.ecr_repository_prefix.len());
        longest.or_else(|| state.rules.get(ROOT)).cloned()
    })?;
    let rest = rest(key(&rule.ecr_repository_prefix), repository).unwrap_or(repository).to_owned();
    let name = match rule.upstream_repository_prefix.as_str() {
        ROOT => rest,
        prefix => format!("{}/{rest}", key(prefix)),
    };
    Some((rule, name))
}

/// What follows `prefix/` in the repository's name.
pub(crate) fn rest<'a>(prefix: &str, repository: &'a str) -> Option<&'a str> {
    repository.strip_prefix(prefix)?.strip_prefix('/').filter(|rest| !rest.is_empty())
}

/// A prefix is the same with and without a slash at its end.
pub(crate) fn key(prefix: &str) -> &str {
    prefix.strip_suffix('/').unwrap_or(prefix)
}

fn find(shared: &Shared, scope: &Scope, prefix: &str) -> Result<PullThroughCacheRule, ServiceError> {
    shared
        .ecr
        .with(scope, |state| state.rules.get(key(prefix)).cloned())
        .ok_or_else(|| unknown(scope, prefix))
}

fn upstream(host: &str, named: Option<&str>) -> Result<&'static Known, ServiceError> {
    let known = KNOWN.iter().find(|known| (known.is_host)(host));
    known.filter(|known| named.is_none_or(|named| named == known.name)).ok_or_else(|| {
        ServiceError::new(
            "UnsupportedUpstreamRegistryException",
            format!("The upstream registry {host} is not supported."),
        )
    })
}

/// A role is for private registries, and needed across accounts; it is of this registry's account.
fn check_role(scope: &Scope, known: &Known, host: &str, role: Option<&str>) -> Result<(), ServiceError> {
    let foreign = private_registry(host).is_some_and(|account| account != scope.account);
    match role {
        Some(_) if known.name != "ecr" => {
            Err(invalid("customRoleArn is for upstream registries of type ecr."))
        }
        Some(role) if role.split(':').nth(4) != Some(scope.account.as_str()) => {
            Err(invalid("customRoleArn must be a role of the registry's own account."))
        }
        None if foreign => Err(invalid("A private registry of another account requires a customRoleArn.")),
        _ => Ok(()),
    }
}

fn text(input: &Value, member: &str) -> Option<String> {
    input[member].as_str().map(str::to_owned)
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new("InvalidParameterException", message)
}

fn exists(scope: &Scope, prefix: &str) -> ServiceError {
    ServiceError::new(
        "PullThroughCacheRuleAlreadyExistsException",
        format!(
            "A pull through cache rule with the prefix '{prefix}' exists in the registry with id '{}'",
            scope.account
        ),
    )
}

fn unknown(scope: &Scope, prefix: &str) -> ServiceError {
    ServiceError::new(
        "PullThroughCacheRuleNotFoundException",
        format!(
            "The registry with id '{}' has no pull through cache rule with the prefix '{prefix}'",
            scope.account
        ),
    )
}
