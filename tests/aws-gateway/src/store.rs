//! Our own calls to the emulators, as an account and in a region.

use http::{HeaderMap, Method, header};
use serde_json::Value;

use crate::forward::authorization;
use crate::gateway::Shared;
use crate::identity::Scope;
use crate::reply::ServiceError;

const ECR_TARGET: &str = "AmazonEC2ContainerRegistry_V20150921";

impl Shared {
    /// Calls an ECR action of ministack.
    pub(crate) async fn ecr_action(
        &self,
        scope: &Scope,
        action: &str,
        input: &Value,
    ) -> Result<Value, ServiceError> {
        self.json_action(&self.ministack, scope, "ecr", &format!("{ECR_TARGET}.{action}"), input).await
    }

    /// Calls a Secrets Manager action of moto.
    pub(crate) async fn secrets_action(
        &self,
        scope: &Scope,
        action: &str,
        input: &Value,
    ) -> Result<Value, ServiceError> {
        self.json_action(&self.moto, scope, "secretsmanager", &format!("secretsmanager.{action}"), input)
            .await
    }

    /// Calls an action of ministack's Resource Groups Tagging API.
    pub(crate) async fn tagging_action(
        &self,
        scope: &Scope,
        action: &str,
        input: &Value,
    ) -> Result<Value, ServiceError> {
        let target = format!("ResourceGroupsTaggingAPI_20170126.{action}");
        self.json_action(&self.ministack, scope, "tagging", &target, input).await
    }

    async fn json_action(
        &self,
        emulator: &url::Url,
        scope: &Scope,
        service: &str,
        target: &str,
        input: &Value,
    ) -> Result<Value, ServiceError> {
        let answer = self
            .http
            .post(emulator.clone())
            .header(header::AUTHORIZATION, authorization(&scope.account, &scope.region, service))
            .header("x-moto-account-id", &scope.account)
            .header("x-amz-target", target)
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.1")
            .body(input.to_string())
            .send()
            .await
            .map_err(|error| ServiceError::server(format!("{target}: {error}")))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| ServiceError::server(format!("{target}: {error}")))?;
        let body: Value = serde_json::from_str(&text)
            .map_err(|_| ServiceError::server(format!("{target}: answer {status} is not JSON")))?;
        if status.is_success() {
            return Ok(body);
        }
        let code = body["__type"].as_str().unwrap_or("ServerException");
        let code = code.rsplit('#').next().unwrap_or(code);
        let message = body["message"].as_str().or_else(|| body["Message"].as_str()).unwrap_or_default();
        Err(ServiceError::with_status(status.as_u16(), code, message))
    }

    /// Calls ministack's registry; `path` begins with `/v2/`.
    pub(crate) async fn registry_call(
        &self,
        scope: &Scope,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Option<reqwest::Body>,
    ) -> Result<reqwest::Response, ServiceError> {
        let url = self.ministack.join(path).map_err(|error| ServiceError::server(error.to_string()))?;
        let mut request = self
            .http
            .request(method, url)
            .headers(headers)
            // ministack knows `amazonaws.com` and what begins alike.
            .header(header::HOST, scope.registry_host());
        if let Some(body) = body {
            request = request.body(body);
        }
        request.send().await.map_err(|error| ServiceError::server(format!("{path}: {error}")))
    }
}
