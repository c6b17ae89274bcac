//! Resource Groups Tagging API: the tags of ECR's repositories, all at once.
//! AWS: GetResources (Resource Groups Tagging API reference); protocol awsJson1_1.
//!
//! ministack knows the tags, but neither checks what it is asked nor makes pages. GetResources is eventually
//! consistent: [`hold`] lets it answer with the tags of that moment until [`release`].

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::gateway::Shared;
use crate::identity::Scope;
use crate::reply::{self, Reply, ServiceError};

/// Largest page, and the default.
const LARGEST: usize = 100;
/// Filters by tag (API reference, "TagFilters").
const MOST_FILTERS: usize = 50;

/// Answers a call.
pub(crate) async fn handle(
    shared: &Shared,
    scope: &Scope,
    action: &str,
    body: &[u8],
) -> Result<Reply, ServiceError> {
    if action != "GetResources" {
        return Err(ServiceError::new("UnknownOperationException", format!("{action} is not emulated")));
    }
    let input: Value = serde_json::from_slice(body)
        .map_err(|error| ServiceError::new("SerializationException", error.to_string()))?;
    let question = Question::parse(&input)?;
    let held = shared.ecr.with(scope, |state| state.held_tags.clone());
    let mut resources = match held {
        Some(held) => held,
        None => all(shared, scope).await?,
    };
    resources.retain(|resource| question.wants(resource));
    resources.sort_by(|left, right| arn(left).cmp(arn(right)));
    if let Some(last) = &question.after {
        resources.retain(|resource| arn(resource) > last.as_str());
    }
    let more = resources.len() > question.size;
    resources.truncate(question.size);
    let token = resources.last().filter(|_| more).map(|last| encode(arn(last))).unwrap_or_default();
    Ok(reply::json(&json!({ "ResourceTagMappingList": resources, "PaginationToken": token })))
}

/// Answers from now on with the tags of now.
pub(crate) async fn hold(shared: &Shared, scope: &Scope) -> Result<(), ServiceError> {
    let tags = all(shared, scope).await?;
    shared.ecr.with(scope, |state| state.held_tags = Some(tags));
    Ok(())
}

/// Answers with the tags as they are again.
pub(crate) fn release(shared: &Shared, scope: &Scope) {
    shared.ecr.with(scope, |state| state.held_tags = None);
}

/// What one call asks for.
#[derive(Debug)]
struct Question {
    types: Vec<String>,
    /// Key, and the values of which it has to have one if there are any.
    filters: Vec<(String, Vec<String>)>,
    size: usize,
    after: Option<String>,
}

impl Question {
    fn parse(input: &Value) -> Result<Self, ServiceError> {
        const KNOWN: [&str; 4] = ["PaginationToken", "ResourceTypeFilters", "ResourcesPerPage", "TagFilters"];
        let members = input.as_object().ok_or_else(|| invalid("the request is not an object"))?;
        if let Some(unknown) = members.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(invalid(&format!("{unknown} is no parameter, or one that is not emulated")));
        }
        let size = match &input["ResourcesPerPage"] {
            Value::Null => LARGEST,
            size => size
                .as_u64()
                .and_then(|size| usize::try_from(size).ok())
                .filter(|size| (1..=LARGEST).contains(size))
                .ok_or_else(|| invalid("ResourcesPerPage must be between 1 and 100"))?,
        };
        let after = match &input["PaginationToken"] {
            Value::Null => None,
            Value::String(token) if token.is_empty() => None,
            token => Some(token.as_str().and_then(decode).ok_or_else(|| invalid("unknown PaginationToken"))?),
        };
        let filters: Vec<_> = list(&input["TagFilters"])?.iter().map(filter).collect::<Result<_, _>>()?;
        if filters.len() > MOST_FILTERS {
            return Err(invalid("TagFilters has more than 50 entries"));
        }
        Ok(Self { types: texts(&input["ResourceTypeFilters"])?, filters, size, after })
    }

    fn wants(&self, resource: &Value) -> bool {
        let tags = resource["Tags"].as_array().map(Vec::as_slice).unwrap_or_default();
        let fits = |(key, values): &(String, Vec<String>)| {
            tags.iter().any(|tag| {
                tag["Key"] == **key
                    && (values.is_empty() || values.iter().any(|value| tag["Value"] == **value))
            })
        };
        let of_type = |wanted: &String| wanted == "ecr" || wanted == "ecr:repository";
        (self.types.is_empty() || self.types.iter().any(of_type)) && self.filters.iter().all(fits)
    }
}

fn filter(filter: &Value) -> Result<(String, Vec<String>), ServiceError> {
    let members = filter.as_object().ok_or_else(|| invalid("a tag filter is not an object"))?;
    if members.keys().any(|name| !matches!(name.as_str(), "Key" | "Values")) {
        return Err(invalid("a tag filter has Key and Values alone"));
    }
    let key = filter["Key"].as_str().filter(|key| (1..=128).contains(&key.chars().count()));
    let key = key.ok_or_else(|| invalid("a tag filter needs a key of 1 to 128 characters"))?;
    Ok((key.to_owned(), texts(&filter["Values"])?))
}

/// The repositories that have tags, or had some; never those without.
async fn all(shared: &Shared, scope: &Scope) -> Result<Vec<Value>, ServiceError> {
    let mut resources =
        shared.tagging_action(scope, "GetResources", &json!({"ResourceTypeFilters": ["ecr"]})).await?;
    let mut resources = match resources["ResourceTagMappingList"].take() {
        Value::Array(resources) => resources,
        _ => return Err(ServiceError::server("GetResources of the emulator answered no list")),
    };
    let untagged = shared.ecr.with(scope, |state| state.untagged.clone());
    resources.retain(|resource| {
        resource["Tags"].as_array().is_some_and(|tags| !tags.is_empty()) || untagged.contains(arn(resource))
    });
    Ok(resources)
}

fn list(value: &Value) -> Result<&[Value], ServiceError> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(values) => Ok(values),
        _ => Err(invalid("a list is expected")),
    }
}

fn texts(value: &Value) -> Result<Vec<String>, ServiceError> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    list(value)?.iter().map(text).collect::<Option<_>>().ok_or_else(|| invalid("a list of texts is expected"))
}

fn arn(resource: &Value) -> &str {
    resource["ResourceARN"].as_str().unwrap_or_default()
}

fn encode(arn: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("GetResources\n{arn}"))
}

fn decode(token: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    text.strip_prefix("GetResources\n").map(str::to_owned)
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new("InvalidParameterException", message)
}
