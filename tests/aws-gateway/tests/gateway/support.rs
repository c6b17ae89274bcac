//! Emulators shared by all tests, a gateway and an account for each, and calls with a hand-made credential scope.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_gateway::{Emulators, Gateway, GatewayBuilder};
use http::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

pub(crate) const REGION: &str = "eu-central-1";
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

pub(crate) fn target_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target")
}

/// The virtual environment with the emulators; `None`, with a line that says so, when it is not there.
///
/// With `CI=true` its absence is a failure.
pub(crate) fn venv() -> Option<PathBuf> {
    let venv = target_folder().join("emulators/venv");
    if venv.join("bin/moto_server").exists() {
        return Some(venv);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "no emulators in {}", venv.display());
    eprintln!("skipped: no emulators in {}", venv.display());
    None
}

/// botocore's model of a service, from the virtual environment.
pub(crate) fn botocore_model(service: &str) -> Option<Value> {
    let library = std::fs::read_dir(venv()?.join("lib")).unwrap();
    let python = library.map(|entry| entry.unwrap().path()).find(|path| path.join("site-packages").exists());
    let data = python.unwrap().join("site-packages/botocore/data").join(service);
    let mut versions: Vec<PathBuf> = std::fs::read_dir(data)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    versions.sort();
    let version = versions.pop().unwrap();
    let plain = version.join("service-2.json");
    if plain.exists() {
        return Some(serde_json::from_reader(std::fs::File::open(plain).unwrap()).unwrap());
    }
    let packed = std::fs::File::open(version.join("service-2.json.gz")).unwrap();
    Some(serde_json::from_reader(flate2::read::GzDecoder::new(packed)).unwrap())
}

/// The emulators of this test program. They end with it, since nothing drops a static.
pub(crate) async fn emulators() -> Option<&'static Emulators> {
    static EMULATORS: OnceCell<Emulators> = OnceCell::const_new();
    let venv = venv()?;
    let start = || async {
        let logs = target_folder().join(format!("emulators/logs/gateway-tests-{}", std::process::id()));
        Emulators::start(&venv, &logs).await.unwrap()
    };
    Some(EMULATORS.get_or_init(start).await)
}

/// A gateway and an account of the test's own.
pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) account: String,
    pub(crate) http: reqwest::Client,
}

/// A gateway with defaults; `None` without emulators.
pub(crate) async fn world() -> Option<World> {
    world_with(|builder| builder).await
}

/// A gateway with the settings that `adjust` makes.
pub(crate) async fn world_with(adjust: impl FnOnce(GatewayBuilder) -> GatewayBuilder) -> Option<World> {
    let gateway = adjust(Gateway::builder(emulators().await?)).start().await.unwrap();
    Some(World { gateway, account: new_account(), http: client() })
}

/// An account no other test has.
pub(crate) fn new_account() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(210_000_000_001);
    NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}

/// A client that follows nothing by itself.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(120))
        .build()
        .unwrap()
}

/// An Authorization header of which the gateway reads the scope.
pub(crate) fn authorization(access_key: &str, region: &str, service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={access_key}/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    format!("sha256:{}", hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// Text of the first element `name` of an XML answer.
pub(crate) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    xml.split_once(&format!("<{name}>"))?.1.split_once(&format!("</{name}>")).map(|(text, _)| text.trim())
}

impl World {
    /// Calls an action of a JSON service in a region and gives status and answer.
    pub(crate) async fn json_in(
        &self,
        region: &str,
        service: &str,
        target: &str,
        input: &Value,
    ) -> (u16, Value) {
        let answer = self
            .http
            .post(self.gateway.url())
            .header("authorization", authorization(&self.account, region, service))
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.1")
            .body(input.to_string())
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("{target}: {status} {text}")))
    }

    /// Calls an ECR action and gives its answer.
    #[track_caller]
    pub(crate) fn ecr(&self, action: &str, input: Value) -> impl Future<Output = Value> {
        let action = action.to_owned();
        async move {
            let (status, output) = self.ecr_raw(&action, &input).await;
            assert_eq!(status, 200, "{action} {input}: {output}");
            output
        }
    }

    /// Calls an ECR action that must fail and gives the error's code.
    pub(crate) async fn ecr_error(&self, action: &str, input: Value) -> String {
        let (status, output) = self.ecr_raw(action, &input).await;
        assert_ne!(status, 200, "{action} {input} succeeded: {output}");
        output["__type"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn ecr_raw(&self, action: &str, input: &Value) -> (u16, Value) {
        self.json_in(REGION, "ecr", &format!("AmazonEC2ContainerRegistry_V20150921.{action}"), input).await
    }

    /// Calls an action of a query service and gives status and XML.
    pub(crate) async fn query(
        &self,
        service: &str,
        version: &str,
        action: &str,
        rest: &[(&str, &str)],
    ) -> (u16, String) {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", action).append_pair("Version", version).extend_pairs(rest);
        let answer = self
            .http
            .post(self.gateway.url())
            .header("authorization", authorization(&self.account, REGION, service))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.finish())
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Makes a secret `ecr-pullthroughcache/<name>` and gives its ARN.
    pub(crate) async fn secret(&self, name: &str, value: &Value) -> String {
        let input = json!({
            "Name": format!("ecr-pullthroughcache/{name}"),
            "SecretString": value.to_string(),
            "ClientRequestToken": "00000000-0000-4000-8000-000000000000",
        });
        let (status, output) =
            self.json_in(REGION, "secretsmanager", "secretsmanager.CreateSecret", &input).await;
        assert_eq!(status, 200, "{output}");
        output["ARN"].as_str().unwrap().to_owned()
    }

    /// `Basic …` with a fresh authorization token.
    pub(crate) async fn login(&self) -> String {
        let output = self.ecr("GetAuthorizationToken", json!({})).await;
        format!("Basic {}", output["authorizationData"][0]["authorizationToken"].as_str().unwrap())
    }

    /// A request to `/v2/` with a fresh token.
    pub(crate) async fn v2(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/v2/{path}", self.gateway.url());
        self.http.request(method.parse().unwrap(), url).header("authorization", self.login().await)
    }

    /// Creates a repository.
    pub(crate) async fn repository(&self, name: &str) {
        self.ecr("CreateRepository", json!({"repositoryName": name})).await;
    }

    /// Pushes a blob and gives its digest.
    pub(crate) async fn push_blob(&self, name: &str, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        let started = self.v2("POST", &format!("{name}/blobs/uploads/")).await.send().await.unwrap();
        assert_eq!(started.status(), StatusCode::ACCEPTED);
        let location = started.headers()["location"].to_str().unwrap().trim_start_matches("/v2/").to_owned();
        let request = self.v2("PUT", &format!("{location}?digest={digest}")).await;
        let answer = request.body(bytes.to_vec()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        digest
    }

    /// Puts a manifest.
    pub(crate) async fn put_manifest(
        &self,
        name: &str,
        reference: &str,
        media_type: &str,
        manifest: &str,
    ) -> reqwest::Response {
        let request = self.v2("PUT", &format!("{name}/manifests/{reference}")).await;
        request.header("content-type", media_type).body(manifest.to_owned()).send().await.unwrap()
    }

    /// Pushes an image with one layer made of `seed` and gives manifest and digest.
    pub(crate) async fn push_image(&self, name: &str, tag: &str, seed: &str) -> (String, String) {
        let config = format!("{{\"seed\":\"{seed}\"}}");
        self.push_blob(name, config.as_bytes()).await;
        self.push_blob(name, seed.as_bytes()).await;
        let manifest = image_manifest(config.as_bytes(), seed.as_bytes());
        let answer = self.put_manifest(name, tag, MANIFEST, &manifest).await;
        assert_eq!(answer.status(), StatusCode::CREATED, "{}", answer.text().await.unwrap());
        let digest = digest(manifest.as_bytes());
        (manifest, digest)
    }
}

/// Code of the first error in an OCI error list.
pub(crate) async fn registry_error(answer: reqwest::Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    (status, body["errors"][0]["code"].as_str().unwrap().to_owned())
}

/// An image of one layer; both blobs by their bytes.
pub(crate) fn image_manifest(config: &[u8], layer: &[u8]) -> String {
    json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(config), "size": config.len()},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest(layer), "size": layer.len()}],
    })
    .to_string()
}

/// An index of these manifests, by their text.
pub(crate) fn index_manifest(children: &[&str]) -> String {
    let child =
        |text: &&str| json!({"mediaType": MANIFEST, "digest": digest(text.as_bytes()), "size": text.len()});
    let children: Vec<Value> = children.iter().map(child).collect();
    json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": children}).to_string()
}
