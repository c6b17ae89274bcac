//! Corrections of moto where it accepts or loses what AWS does not.

mod autoscaling;
mod ec2;
mod iam;
mod logs;
mod secretsmanager;
mod ssm;

use std::collections::HashMap;
use std::sync::Mutex;

use axum::body::Bytes;
use http::header;
use http::request::Parts;
use serde_json::Value;

use crate::dispatch::collect;
use crate::forward::{self, authorization};
use crate::gateway::Shared;
use crate::identity::{Caller, Scope};
use crate::reply::{Reply, ServiceError};

/// Parameters of a query action, in their order.
pub(crate) type Form = Vec<(String, String)>;

/// Account and region, action, client token.
type TokenId = (Scope, String, String);

/// What the gateway keeps beside moto.
#[derive(Debug, Default)]
pub(crate) struct MotoState {
    /// The request that came with a client token, and its answer.
    tokens: Mutex<HashMap<TokenId, (Form, String)>>,
    /// Instance maintenance policy by account, region and group.
    maintenance: Mutex<HashMap<(Scope, String), (String, String)>>,
}

/// One call on its way to moto.
struct MotoCall<'a> {
    shared: &'a Shared,
    caller: &'a Caller,
    parts: &'a Parts,
    form: Form,
}

/// Answers a call that moto serves.
///
/// # Errors
/// Those of AWS, and `EmulatorFailure` (400, not retried), which AWS never answers, where moto itself gives up.
pub(crate) async fn handle(
    shared: &Shared,
    caller: &Caller,
    action: &str,
    parts: &Parts,
    body: Bytes,
    form: Form,
) -> Result<Reply, ServiceError> {
    let answer = match caller.service.as_str() {
        "autoscaling" => autoscaling::handle(MotoCall { shared, caller, parts, form }, action, body).await,
        "ec2" => ec2::handle(MotoCall { shared, caller, parts, form }, action, body).await,
        "iam" => {
            let call = MotoCall { shared, caller, parts, form };
            iam::check(&call, action).await?;
            call.pass(body).await
        }
        "ssm" | "logs" => {
            // What is no JSON is moto's to refuse.
            if let Ok(input) = serde_json::from_slice::<Value>(&body) {
                match action {
                    "PutParameter" => ssm::check(&input)?,
                    "PutRetentionPolicy" => logs::check(&input)?,
                    _ => {}
                }
            }
            forward::forward(&shared.http, &shared.moto, caller, parts, body.into()).await
        }
        "secretsmanager" => secret(shared, caller, action, parts, body).await,
        _ => forward::forward(&shared.http, &shared.moto, caller, parts, body.into()).await,
    }?;
    // moto's page for an action it lacks, and for its own crash: an SDK would retry it and then not understand it.
    let is_page = answer
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    if answer.status() == http::StatusCode::INTERNAL_SERVER_ERROR && is_page {
        let message = format!("the emulator moto cannot do {action}; its log says why");
        return Err(ServiceError::new("EmulatorFailure", message));
    }
    Ok(answer)
}

/// Answers a call of Secrets Manager. What is no JSON is moto's to refuse.
async fn secret(
    shared: &Shared,
    caller: &Caller,
    action: &str,
    parts: &Parts,
    body: Bytes,
) -> Result<Reply, ServiceError> {
    if let Ok(input) = serde_json::from_slice::<Value>(&body) {
        secretsmanager::check(shared, &caller.scope(), action, &input).await?;
        if let Some(answer) = secretsmanager::answer(shared, &caller.scope(), action, input).await? {
            return Ok(answer);
        }
    }
    forward::forward(&shared.http, &shared.moto, caller, parts, body.into()).await
}

impl MotoCall<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.value(name)?.parse().ok()
    }

    fn set(&mut self, name: &str, value: &str) {
        self.form.retain(|(key, _)| key != name);
        self.form.push((name.to_owned(), value.to_owned()));
    }

    /// Sends the call as it is.
    async fn pass(&self, body: Bytes) -> Result<Reply, ServiceError> {
        forward::forward(&self.shared.http, &self.shared.moto, self.caller, self.parts, body.into()).await
    }

    /// Sends the call with the parameters as they are now.
    async fn pass_form(&self) -> Result<Reply, ServiceError> {
        let answer = self.send(&self.caller.service, &self.form).await?;
        Ok(forward::reply(answer))
    }

    /// Asks moto something of our own, and gives status and text.
    async fn ask(
        &self,
        service: &str,
        version: &str,
        action: &str,
        parameters: &[(String, String)],
    ) -> Result<(u16, String), ServiceError> {
        let mut form =
            vec![("Action".to_owned(), action.to_owned()), ("Version".to_owned(), version.to_owned())];
        form.extend_from_slice(parameters);
        let answer = self.send(service, &form).await?;
        let status = answer.status().as_u16();
        let text = answer.text().await.map_err(|error| ServiceError::server(error.to_string()))?;
        Ok((status, text))
    }

    async fn send(
        &self,
        service: &str,
        form: &[(String, String)],
    ) -> Result<reqwest::Response, ServiceError> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.shared
            .http
            .post(self.shared.moto.clone())
            .header(header::AUTHORIZATION, authorization(&self.caller.account, &self.caller.region, service))
            .header("x-moto-account-id", &self.caller.account)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .map_err(|error| ServiceError::server(error.to_string()))
    }
}

/// Text of an answer, and the answer again.
async fn read(reply: Reply) -> Result<(http::response::Parts, String), ServiceError> {
    let (parts, body) = reply.into_parts();
    let body = collect(body).await?;
    Ok((parts, String::from_utf8_lossy(&body).into_owned()))
}

/// An answer with another text.
fn write(mut parts: http::response::Parts, text: String) -> Reply {
    parts.headers.remove(header::CONTENT_LENGTH);
    Reply::from_parts(parts, text.into())
}
