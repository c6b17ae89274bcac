//! The login for pushes: whose it is, what it may do, and how it is kept fresh in the file that jobs read.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_gateway::{Call, Emulators, Fault, FaultKind, GatewayBuilder};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use upstream_registry::Image;

use crate::dashboard::OF_PUSH;
use crate::gateway::{Aws, REGION, no_venv, venv};
use crate::support::{Proxy, client, command, eventually, file};

const TAG: &str = "/v2/library/alpine/manifests/1";
/// More than are made in a test.
const ALWAYS: u32 = 10_000;

/// The daemon that keeps a login, and AWS.
struct World {
    proxy: Proxy,
    aws: Aws,
    /// On a tmpfs.
    memory: TempDir,
}

impl World {
    async fn start(adjust: impl FnOnce(GatewayBuilder) -> GatewayBuilder) -> Option<Self> {
        Self::prepared(adjust, |_, _| {}).await
    }

    /// As [`World::start`], after something was done to AWS and to the place of the file. None without emulators.
    async fn prepared(
        adjust: impl FnOnce(GatewayBuilder) -> GatewayBuilder,
        prepare: impl FnOnce(&Aws, &Path),
    ) -> Option<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(310_000_000_001);
        let account = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        let aws = Aws::start(emulators().await?, &account, adjust).await;
        aws.upstream.add("docker/library/alpine", "1", &Image::new(&["linux/amd64"]));
        let memory = tempfile::tempdir_in("/dev/shm").unwrap();
        let place = memory.path().join("docker/config.json");
        prepare(&aws, &place);
        let config = aws.config(&["127.0.0.1:0"]) + &section(&aws, &place);
        let proxy = Proxy::of_account(&config, aws.gateway.url(), &account).await;
        Some(Self { proxy, aws, memory })
    }

    fn place(&self) -> PathBuf {
        self.memory.path().join("docker/config.json")
    }

    /// The file as it is; what is there is always whole.
    fn login(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.place()).ok()?;
        let config: Value = serde_json::from_str(&text).unwrap();
        let auths = config["auths"].as_object().unwrap();
        assert_eq!(auths.keys().collect::<Vec<_>>(), [&self.aws.host()]);
        Some(auths[&self.aws.host()]["auth"].as_str().unwrap().to_owned())
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        client().get(format!("{}{path}", self.proxy.url())).send().await.unwrap()
    }

    async fn health(&self) -> Value {
        let answer = self.get("/healthz").await;
        assert_eq!(answer.status(), 200);
        serde_json::from_str::<Value>(&answer.text().await.unwrap()).unwrap()["push"].take()
    }

    /// Waits until the daemon says something of its login.
    async fn until(&self, what: &str, mut holds: impl FnMut(&Value) -> bool) -> Value {
        let began = std::time::Instant::now();
        loop {
            let health = self.health().await;
            if holds(&health) {
                return health;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "waited in vain for {what}: {health}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").await.text().await.unwrap();
        let start = format!("ecr_pull_proxy_{name}{{role=\"{}\"}} ", role(&self.aws.account));
        let line = text.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_else(|| panic!("{start} is missing in {text}")).parse().unwrap()
    }

    /// Begins an upload with a login and says how the registry answers.
    async fn upload(&self, login: &str, repository: &str) -> u16 {
        let url = format!("{}/v2/{repository}/blobs/uploads/", self.aws.gateway.url());
        let request = client().post(url).header("authorization", format!("Basic {login}"));
        request.send().await.unwrap().status().as_u16()
    }

    fn calls(&self, action: &str) -> Vec<Call> {
        let calls = self.aws.gateway.calls(&self.aws.account);
        calls.into_iter().filter(|call| call.action == action).collect()
    }
}

fn role(account: &str) -> String {
    format!("arn:aws:iam::{account}:role/ci-push")
}

fn section(aws: &Aws, place: &Path) -> String {
    let (role, host) = (role(&aws.account), aws.host());
    format!(
        "[[mirror]]\nupstream = \"docker.io/library/redis\"\nrepository = \"{host}/team/redis\"\n\
         [push]\nrole_arn = \"{role}\"\nrepositories = [\"{host}/team/*\", \"{host}/app\"]\ndocker_config = {place:?}\n"
    )
}

/// The emulators of these tests. They end with the program, since nothing drops a static.
async fn emulators() -> Option<&'static Emulators> {
    static EMULATORS: OnceCell<Emulators> = OnceCell::const_new();
    let Some(venv) = venv() else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{}", no_venv());
        eprintln!("skipped: {}", no_venv());
        return None;
    };
    let start = || async {
        let logs = format!("../../target/emulators/logs/pull-proxy-tests-{}", std::process::id());
        Emulators::start(&venv, &file(&logs)).await.unwrap()
    };
    Some(EMULATORS.get_or_init(start).await)
}

#[tokio::test]
async fn login_is_of_a_session_that_pushes_to_its_repositories_and_to_nothing_that_is_served() {
    let Some(world) = World::start(|gateway| gateway).await else { return };
    let login = eventually("the login", || world.login()).await;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let directory = world.memory.path().join("docker");
    assert_eq!((mode(&world.place()), mode(&directory)), (0o644, 0o755));
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 1, "something lies beside the file");

    let cached = "ecr-public/docker/library/alpine";
    for name in ["team/app", "team/redis", "app", "other", cached] {
        world.aws.ecr("CreateRepository", &json!({"repositoryName": name})).await;
    }
    for (name, status) in
        [("team/app", 202), ("app", 202), ("team/redis", 403), ("other", 403), (cached, 403)]
    {
        assert_eq!(world.upload(&login, name).await, status, "{name}");
    }
    let session = format!("arn:aws:sts::{}:assumed-role/ci-push/ecr-pull-proxy", world.aws.account);
    let uploads = world.calls("StartBlobUpload");
    assert!(uploads.iter().all(|call| call.session.as_ref() == Some(&session)), "{uploads:?}");
    // What is pulled is pulled as the daemon itself.
    assert_eq!(world.get(TAG).await.status(), 200);
    let pulls = world.calls("GetManifest");
    assert!(!pulls.is_empty() && pulls.iter().all(|call| call.session.is_none()), "{pulls:?}");

    let assumed = world.calls("AssumeRole");
    assert_eq!(assumed[0].parameters["RoleArn"], role(&world.aws.account));
    let arn = |name: &str| format!("arn:aws:ecr:{REGION}:{}:repository/{name}", world.aws.account);
    let change = [
        "ecr:InitiateLayerUpload",
        "ecr:UploadLayerPart",
        "ecr:CompleteLayerUpload",
        "ecr:PutImage",
        "ecr:BatchDeleteImage",
        "ecr:CreateRepository",
    ];
    let mut allowed = vec!["ecr:BatchCheckLayerAvailability"];
    allowed.extend(&change[..4]);
    allowed.extend(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]);
    let repositories = [arn("team/*"), arn("app")];
    let expected = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {"Effect": "Allow", "Action": allowed, "Resource": repositories},
        {"Effect": "Deny", "Action": change, "NotResource": repositories},
        {"Effect": "Deny", "Action": change, "Resource": [arn("team/redis"), arn("team/redis/*")]},
    ]});
    assert_eq!(serde_json::from_str::<Value>(&assumed[0].parameters["Policy"]).unwrap(), expected);

    let health = world.health().await;
    assert_eq!((&health["login"], &health["error"]), (&json!("good"), &Value::Null), "{health}");
    assert!(world.metric("push_token_left_seconds").await > 3500.0, "an hour, as the session");
    assert!(world.metric("push_token_age_seconds").await < 60.0);
    let text = world.get("/metrics").await.text().await.unwrap();
    for (metric, label) in OF_PUSH {
        assert!(text.contains(&format!("\n{metric}{{{label}=")), "the dashboard asks for {metric}: {text}");
    }
    let pair = String::from_utf8(STANDARD.decode(&login).unwrap()).unwrap();
    let (user, token) = pair.split_once(':').unwrap();
    let log = world.proxy.log();
    assert!(user == "AWS" && log.contains("login for pushes renewed"), "{log}");
    assert!(!log.contains(token) && !log.contains(&login) && !health.to_string().contains(token), "{log}");
}

#[tokio::test]
async fn login_is_renewed_before_its_session_ends_and_the_file_is_always_whole() {
    let length = Duration::from_secs(8);
    let Some(world) = World::start(|gateway| gateway.session_validity(length)).await else { return };
    let first = eventually("the login", || world.login()).await;
    let health = world.health().await;
    assert!(health["expires_in_seconds"].as_u64().unwrap() <= 8, "ECR's token says twelve hours: {health}");
    // From now on it is always there.
    let second =
        eventually("another login", || Some(world.login().unwrap()).filter(|login| *login != first)).await;
    world.aws.ecr("CreateRepository", &json!({"repositoryName": "team/app"})).await;
    assert_eq!(world.upload(&second, "team/app").await, 202);
    let assumed = world.calls("AssumeRole");
    assert!(assumed[1].time - assumed[0].time < length.as_secs_f64(), "{assumed:?}");
    assert!(world.metric("push_token_failures_total").await < 0.5);
}

#[tokio::test]
async fn role_that_cannot_be_assumed_disturbs_no_pull_and_leaves_no_login() {
    let denied = Fault {
        service: "sts".to_owned(),
        action: Some("AssumeRole".to_owned()),
        skip: 0,
        times: ALWAYS,
        kind: FaultKind::Error {
            status: 403,
            code: "AccessDenied".to_owned(),
            message: "User is not authorized to perform: sts:AssumeRole".to_owned(),
        },
    };
    let prepare = |aws: &Aws, place: &Path| {
        aws.gateway.inject(&aws.account, denied);
        // Of an earlier daemon; nobody knows how long it is good.
        std::fs::create_dir(place.parent().unwrap()).unwrap();
        std::fs::write(place, "{\"auths\":{}}").unwrap();
    };
    let Some(world) = World::prepared(|gateway| gateway, prepare).await else { return };
    assert_eq!(world.get(TAG).await.status(), 200);
    let health = world.until("failures", |health| health["failures"].as_u64() >= Some(2)).await;
    assert_eq!(health["login"], "none");
    let error = health["error"].as_str().unwrap();
    let needed = format!("the daemon's own role needs sts:AssumeRole on {}", role(&world.aws.account));
    assert!(error.contains("STS answered AccessDenied to AssumeRole") && error.contains(&needed), "{error}");
    assert!(!world.place().exists(), "the earlier login is still there");
    assert!(world.place().parent().unwrap().exists(), "jobs have the directory mounted");
    let log = world.proxy.log();
    assert!(log.contains("pulls go on") && log.contains(&needed), "{log}");
    assert!(world.metric("push_token_failures_total").await > 1.5);
    assert!(world.metric("push_token_left_seconds").await < 0.5);
    assert_eq!(world.get(TAG).await.status(), 200);
    // It comes by itself once it can.
    world.aws.gateway.clear_faults(&world.aws.account);
    let login = eventually("the login", || std::fs::read_to_string(world.place()).ok()).await;
    assert!(login.contains(&world.aws.host()));
}

#[tokio::test]
async fn old_login_stays_while_it_is_good_and_is_removed_when_it_has_ended() {
    let length = Duration::from_secs(10);
    let Some(world) = World::start(|gateway| gateway.token_validity(length)).await else { return };
    eventually("the login", || world.login()).await;
    let refused = FaultKind::error("AccessDeniedException", "refused by the test");
    let refused = Fault::once("ecr", "GetAuthorizationToken", refused).times(ALWAYS);
    world.aws.gateway.inject(&world.aws.account, refused);
    let health = world.until("a failure", |health| health["failures"].as_u64() >= Some(1)).await;
    let old = world.login();
    assert!(health["login"] == "good" && old.is_some(), "{health}");
    let health = world.until("a further failure", |health| health["failures"].as_u64() >= Some(2)).await;
    assert_eq!((&health["login"], world.login()), (&json!("good"), old), "{health}");
    assert!(health["error"].as_str().unwrap().contains("ecr:GetAuthorizationToken"), "{health}");
    eventually("its end", || (!world.place().exists()).then_some(())).await;
    let issued = world.calls("AssumeRole").iter().filter(|call| call.status == Some(200)).count();
    assert!(issued >= 3, "it was tried again: {issued}");
    assert_eq!(world.health().await["login"], "none");
    // It ended in its time, and not with the failure that came next.
    let log = world.proxy.log();
    let (before, _) = log.split_once("login for pushes has ended").unwrap();
    let failure = before.lines().rfind(|line| line.contains("login for pushes not renewed")).unwrap();
    let failure: Value = serde_json::from_str(failure).unwrap();
    assert!(failure["expires_in_seconds"].as_u64() > Some(0), "{failure}");
    world.aws.gateway.clear_faults(&world.aws.account);
    eventually("a new login", || world.login()).await;
}

#[tokio::test]
async fn stopping_ends_the_renewals_and_leaves_the_login_to_jobs() {
    let Some(mut world) = World::start(|gateway| gateway).await else { return };
    let login = eventually("the login", || world.login()).await;
    world.proxy.signal("TERM");
    assert!(world.proxy.ended().await.success());
    assert_eq!(world.login(), Some(login));
}

/// Starts the daemon with the file there; it must not run.
async fn refused(place: &Path, arguments: &[&str], text: &str) {
    let host = crate::support::ECR;
    let directory = tempfile::tempdir().unwrap();
    let config = format!(
        "listen = [\"127.0.0.1:0\"]\n{}\n[push]\nrole_arn = \"{}\"\nrepositories = [\"{host}/team/*\"]\n\
         docker_config = {place:?}\n",
        crate::support::HUB_RULE,
        role("123456789012"),
    );
    std::fs::write(directory.path().join("proxy.toml"), config).unwrap();
    let mut command = command(&directory);
    command.args(["--config", "proxy.toml"]).args(arguments).stderr(Stdio::piped());
    let mut daemon = command.spawn().unwrap();
    let ended = eventually("the end of the daemon", || daemon.try_wait().unwrap()).await;
    let mut said = String::new();
    daemon.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(!ended.success() && said.contains(text), "{said}");
}

#[tokio::test]
async fn login_is_refused_a_disk_and_a_directory_that_jobs_cannot_read() {
    // No tmpfs, wherever this runs.
    for arguments in [&["--check"][..], &[]] {
        refused(Path::new("/proc/docker/config.json"), arguments, "is not on a tmpfs").await;
    }
    let closed = tempfile::tempdir_in("/dev/shm").unwrap();
    std::fs::set_permissions(closed.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    refused(&closed.path().join("config.json"), &[], "jobs cannot read in").await;
}
