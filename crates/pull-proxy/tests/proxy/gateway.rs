//! AWS as the daemon finds it: the gateway with STS, ECR and its registry, and pull through caches of ECR Public and Quay.

use std::path::PathBuf;

use aws_gateway::{Emulators, Gateway, GatewayBuilder};
use serde_json::{Value, json};
use upstream_registry::Registry;

use crate::support::{client, file};

pub(crate) const REGION: &str = "eu-central-1";

fn emulators() -> PathBuf {
    file("../../target/emulators/venv")
}

/// The virtual environment with the emulators.
pub(crate) fn venv() -> Option<PathBuf> {
    Some(emulators()).filter(|venv| venv.join("bin/moto_server").exists())
}

/// What to say where there is none.
pub(crate) fn no_venv() -> String {
    format!("no emulators in {}", emulators().display())
}

/// The gateway, an account of its own, and upstream.
pub(crate) struct Aws {
    pub(crate) gateway: Gateway,
    pub(crate) upstream: Registry,
    pub(crate) account: String,
}

impl Aws {
    /// Starts all of it, with pull through cache rules for two registries that need no login.
    pub(crate) async fn start(
        emulators: &Emulators,
        account: &str,
        adjust: impl FnOnce(GatewayBuilder) -> GatewayBuilder,
    ) -> Self {
        let upstream = Registry::builder().anonymous_only().start().await.unwrap();
        let url = || upstream.url().parse().unwrap();
        let builder =
            Gateway::builder(emulators).upstream("public.ecr.aws", url()).upstream("quay.io", url());
        let gateway = adjust(builder).start().await.unwrap();
        let aws = Self { gateway, upstream, account: account.to_owned() };
        for (prefix, registry) in [("ecr-public", "public.ecr.aws"), ("quay", "quay.io")] {
            let rule = json!({"ecrRepositoryPrefix": prefix, "upstreamRegistryUrl": registry});
            aws.ecr("CreatePullThroughCacheRule", &rule).await;
        }
        aws
    }

    /// Host of the account's registry.
    pub(crate) fn host(&self) -> String {
        format!("{}.dkr.ecr.{REGION}.amazonaws.com", self.account)
    }

    /// A configuration of the daemon that serves Docker Hub's official images and Quay by the rules.
    pub(crate) fn config(&self, listen: &[&str]) -> String {
        let (host, url) = (self.host(), self.gateway.url());
        format!(
            "listen = {listen:?}\n[endpoints]\n\"{host}\" = \"{url}\"\n\
             [[pull_through]]\nupstream = \"docker.io/library\"\nrepository = \"{host}/ecr-public/docker/library\"\n\
             [[pull_through]]\nupstream = \"quay.io\"\nrepository = \"{host}/quay\"\n"
        )
    }

    /// Calls an action of ECR as the account.
    pub(crate) async fn ecr(&self, action: &str, input: &Value) -> Value {
        let account = &self.account;
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={account}/20260101/{REGION}/ecr/aws4_request, SignedHeaders=host, Signature=0"
        );
        let answer = client()
            .post(self.gateway.url())
            .header("authorization", authorization)
            .header("x-amz-target", format!("AmazonEC2ContainerRegistry_V20150921.{action}"))
            .header("content-type", "application/x-amz-json-1.1")
            .body(input.to_string())
            .send()
            .await
            .unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 200, "{action}: {text}");
        serde_json::from_str(&text).unwrap()
    }
}
