//! The world that a test of the daemon needs: ECR's registry and API, Docker Hub, and the daemon itself.

use std::net::SocketAddr;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode};
use std::sync::Mutex;
use tempfile::TempDir;
use upstream_registry::{Behaviour, Registry};

pub(crate) const ECR: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
/// The rule of most tests.
pub(crate) const HUB_RULE: &str = r#"
[[pull_through]]
upstream = "docker.io"
repository = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/docker-hub"
"#;
/// Longest wait for anything.
const LIMIT: Duration = Duration::from_secs(60);

/// ECR's API, as far as a puller needs it: GetAuthorizationToken.
pub(crate) struct EcrApi {
    pub(crate) url: String,
    state: Arc<ApiState>,
}

struct ApiState {
    password: Mutex<String>,
    lifetime: Mutex<Duration>,
    calls: AtomicU32,
    refuse: Mutex<Option<&'static str>>,
}

impl EcrApi {
    pub(crate) async fn start(password: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(ApiState {
            password: Mutex::new(password.to_owned()),
            lifetime: Mutex::new(Duration::from_secs(12 * 3600)),
            calls: AtomicU32::new(0),
            refuse: Mutex::new(None),
        });
        let app = Router::new().fallback(token).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, state }
    }

    pub(crate) fn calls(&self) -> u32 {
        self.state.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn set_password(&self, password: &str) {
        *self.state.password.lock().unwrap() = password.to_owned();
    }

    pub(crate) fn set_lifetime(&self, lifetime: Duration) {
        *self.state.lifetime.lock().unwrap() = lifetime;
    }

    /// Answers this error code, or tokens again.
    pub(crate) fn refuse(&self, code: Option<&'static str>) {
        *self.state.refuse.lock().unwrap() = code;
    }
}

async fn token(State(state): State<Arc<ApiState>>, headers: HeaderMap) -> Response {
    let target = headers.get("x-amz-target").map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(target.as_deref(), Some("AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"));
    state.calls.fetch_add(1, Ordering::SeqCst);
    let json = [("content-type", "application/x-amz-json-1.1")];
    if let Some(code) = *state.refuse.lock().unwrap() {
        let body = serde_json::json!({"__type": code, "message": "refused by the test"}).to_string();
        return (StatusCode::BAD_REQUEST, json, body).into_response();
    }
    let pair = STANDARD.encode(format!("AWS:{}", state.password.lock().unwrap()));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let expires = (now + *state.lifetime.lock().unwrap()).as_secs_f64();
    let body = serde_json::json!({"authorizationData": [{
        "authorizationToken": pair, "expiresAt": expires, "proxyEndpoint": format!("https://{ECR}"),
    }]});
    (json, body.to_string()).into_response()
}

/// ECR, Docker Hub and the daemon between them.
pub(crate) struct World {
    pub(crate) ecr: Registry,
    pub(crate) api: EcrApi,
    pub(crate) hub: Registry,
    pub(crate) proxy: Proxy,
    pub(crate) http: reqwest::Client,
}

/// A password that must appear in no log.
pub(crate) const PASSWORD: &str = "canary-of-the-ecr-token";

impl World {
    /// With the rule for Docker Hub, and these further lines of configuration before it.
    pub(crate) async fn start(settings: &str) -> Self {
        Self::with_rules(settings, HUB_RULE).await
    }

    pub(crate) async fn with_rules(settings: &str, rules: &str) -> Self {
        Self::with_hub(settings, rules, Registry::builder()).await
    }

    pub(crate) async fn with_hub(settings: &str, rules: &str, hub: upstream_registry::Builder) -> Self {
        let ecr = Registry::builder().behaviour(Behaviour::Ecr).basic_auth("AWS", PASSWORD).stored_blobs();
        let ecr = ecr.start().await.unwrap();
        // No test of the daemon shows Docker Hub a credential: the double's end is the assertion.
        let hub = hub.anonymous_only().start().await.unwrap();
        let api = EcrApi::start(PASSWORD).await;
        let config = format!(
            "listen = [\"127.0.0.1:0\"]\n{settings}\n[endpoints]\n\"{ECR}\" = \"{}\"\n\"docker.io\" = \"{}\"\n{rules}",
            ecr.url(),
            hub.url()
        );
        let proxy = Proxy::start(&config, &api.url).await;
        Self { ecr, api, hub, proxy, http: client() }
    }

    /// A request to the daemon.
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method.parse().unwrap(), format!("{}{path}", self.proxy.url()))
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        self.request("GET", path).send().await.unwrap()
    }

    pub(crate) async fn head(&self, path: &str) -> reqwest::Response {
        self.request("HEAD", path).send().await.unwrap()
    }

    /// A metric of the daemon by its name and labels, as it stands in the text; 0 where it does not.
    pub(crate) async fn metric(&self, line: &str) -> f64 {
        let text = self.get("/metrics").await.text().await.unwrap();
        let found = text.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(' '));
        found.map_or(0.0, |value| value.parse().unwrap())
    }

    /// Requests that Docker Hub has seen.
    pub(crate) fn hub_requests(&self) -> usize {
        self.hub.requests().len()
    }
}

/// Code and message of an error in the distribution specification's form.
pub(crate) async fn error_of(answer: reqwest::Response) -> (u16, String, String) {
    let status = answer.status().as_u16();
    let body: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let text = |name: &str| body["errors"][0][name].as_str().unwrap().to_owned();
    (status, text("code"), text("message"))
}

/// The daemon.
pub(crate) struct Proxy {
    child: Child,
    directory: TempDir,
    notices: UnixDatagram,
    addresses: Vec<SocketAddr>,
}

impl Proxy {
    /// Starts the daemon and waits until it says that it is ready.
    pub(crate) async fn start(config: &str, aws: &str) -> Self {
        Self::of_account(config, aws, "123456789012").await
    }

    /// As [`Proxy::start`], with an access key that stands for an account of the gateway.
    pub(crate) async fn of_account(config: &str, aws: &str, account: &str) -> Self {
        Self::with_environment(config, aws, &[("AWS_ACCESS_KEY_ID", account)]).await
    }

    /// As [`Proxy::start`], with these variables besides.
    pub(crate) async fn with_environment(config: &str, aws: &str, environment: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let notices = UnixDatagram::bind(directory.path().join("notify")).unwrap();
        notices.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let file = directory.path().join("proxy.toml");
        std::fs::write(&file, config).unwrap();
        let child = command(&directory)
            .args(["--config".as_ref(), file.as_os_str()])
            .env("AWS_ENDPOINT_URL_ECR", aws)
            .env("AWS_ENDPOINT_URL_STS", aws)
            .envs(environment.iter().copied())
            .env("NOTIFY_SOCKET", directory.path().join("notify"))
            .spawn()
            .unwrap();
        let mut proxy = Self { child, directory, notices, addresses: Vec::new() };
        let ready = proxy.notice("READY=1").await;
        let (_, addresses) = ready.split_once("listening on ").unwrap();
        proxy.addresses = addresses.split_whitespace().map(|address| address.parse().unwrap()).collect();
        proxy
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// All addresses that it listens on, in the order of the configuration.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The configuration that it was started with.
    pub(crate) fn config(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("proxy.toml")).unwrap()
    }

    /// Everything that was logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap()
    }

    /// Waits for a notice to systemd that contains a text.
    pub(crate) async fn notice(&mut self, text: &str) -> String {
        let began = Instant::now();
        let mut buffer = [0; 4096];
        loop {
            if let Ok(length) = self.notices.recv(&mut buffer) {
                let notice = String::from_utf8_lossy(&buffer[..length]).into_owned();
                if notice.contains(text) {
                    return notice;
                }
            }
            tokio::task::yield_now().await;
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < LIMIT, "no {text} ({ended:?}): {}", self.log());
        }
    }

    /// Sends a signal by name, as `kill` does.
    pub(crate) fn signal(&self, name: &str) {
        let kill = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status();
        assert!(kill.unwrap().success());
    }

    /// Waits for the process to end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        eventually("the end of the daemon", || self.child.try_wait().unwrap()).await
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}", self.log());
        } else {
            assert!(!self.log().contains(PASSWORD), "the token stands in the log");
        }
    }
}

/// The program, with nothing of our environment that could reach AWS, logging to `log` in the directory.
pub(crate) fn command(directory: &TempDir) -> Command {
    let log = std::fs::File::create(directory.path().join("log")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecr-pull-proxy"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("AWS_ACCESS_KEY_ID", "123456789012")
        .env("AWS_SECRET_ACCESS_KEY", "canary-of-the-secret-key")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    command
}

/// A client that follows nothing by itself.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(LIMIT)
        .build()
        .unwrap()
}

/// Polls until there is something.
pub(crate) async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < LIMIT, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A file of the repository, by its path below the crate.
pub(crate) fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
