//! The record of what was asked, for tests that count and order calls.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::Serialize;

use crate::clock::Clock;
use crate::identity::Caller;

/// Longest recorded parameter value, in characters: a session policy may have so many.
const PARAMETER_LIMIT: usize = 2048;

/// One request as it arrived, and the status it was answered with.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// Seconds since the Unix epoch, by the gateway's clock.
    pub time: f64,
    /// Account of the caller.
    pub account: String,
    /// ARN of the assumed role's session; `None` for an access key that AssumeRole did not issue, and its tokens.
    pub session: Option<String>,
    /// Region of the credential scope, or of the registry token.
    pub region: String,
    /// Signing name (`ecr`, `ec2`, …), or `registry` for `/v2/`.
    pub service: String,
    /// API action (`CreateRepository`), registry operation (`PutManifest`), or method and subresource for S3.
    pub action: String,
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Status of the answer; `None` while it is outstanding, and when the connection was cut.
    pub status: Option<u16>,
    /// Flat request parameters; secrets, user data and blobs are left out.
    pub parameters: BTreeMap<String, String>,
}

/// All calls since the gateway started.
#[derive(Debug, Default)]
pub(crate) struct CallLog(Mutex<Vec<Call>>);

/// Position of a call, to add its status later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallId(usize);

impl CallLog {
    pub(crate) fn begin(
        &self,
        clock: &Clock,
        caller: &Caller,
        action: &str,
        request: &http::request::Parts,
        parameters: BTreeMap<String, String>,
    ) -> CallId {
        let path = request.uri.path_and_query().map_or_else(String::new, ToString::to_string);
        let call = Call {
            time: clock.now().as_secs_f64(),
            account: caller.account.clone(),
            session: caller.session.as_ref().map(|session| session.arn.clone()),
            region: caller.region.clone(),
            service: caller.service.clone(),
            action: action.to_owned(),
            method: request.method.to_string(),
            path,
            status: None,
            parameters,
        };
        let mut calls = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        calls.push(call);
        CallId(calls.len() - 1)
    }

    pub(crate) fn end(&self, id: CallId, status: u16) {
        let mut calls = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(call) = calls.get_mut(id.0) {
            call.status = Some(status);
        }
    }

    pub(crate) fn of(&self, account: &str) -> Vec<Call> {
        let calls = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        calls.iter().filter(|call| call.account == account).cloned().collect()
    }
}

/// Flat parameters of a JSON body or a form, without what must not be kept.
pub(crate) fn parameters(
    action: &str,
    json: Option<&serde_json::Value>,
    form: &[(String, String)],
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    if let Some(serde_json::Value::Object(members)) = json {
        for (name, value) in members {
            let text = match value {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            keep(&mut found, action, name, &text);
        }
    }
    for (name, value) in form {
        keep(&mut found, action, name, value);
    }
    found
}

fn keep(found: &mut BTreeMap<String, String>, action: &str, name: &str, value: &str) {
    const SECRET: &[&str] = &["Secret", "UserData", "Password", "WebIdentityToken", "SAMLAssertion", "Blob"];
    let secret = SECRET.iter().any(|word| name.contains(word)) && !matches!(name, "SecretId" | "SecretName")
        || name == "layerPartBlob"
        || (action == "PutParameter" && name == "Value");
    if !secret {
        found.insert(name.to_owned(), value.chars().take(PARAMETER_LIMIT).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_user_data_are_not_recorded() {
        let json = serde_json::json!({"Name": "/runner/token", "Value": "glrt-x", "SecretString": "x"});
        let found = parameters("PutParameter", Some(&json), &[]);
        assert_eq!(found.into_keys().collect::<Vec<_>>(), ["Name"]);
        let form = [("LaunchTemplateData.UserData".to_owned(), "x".to_owned())];
        assert!(parameters("CreateLaunchTemplate", None, &form).is_empty());
    }
}
