//! Judges that are not ours: the registry clients crane and skopeo, Debian's docker-registry, and engines of today.
//!
//! What our copier stored is read by programs that know nothing of it. One that is not there is said in a line that begins
//! with `skipped: `; with `CI=true` that is a failure.

mod crane;
mod docker_registry;
mod engines;
mod skopeo;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub use docker_registry::DockerRegistry;
pub use engines::engines;

/// The manifests of an image as a client got them, by digest.
pub type Manifests = BTreeMap<String, Vec<u8>>;

/// An image in a registry on loopback, without TLS.
#[derive(Clone, Debug)]
pub struct Image {
    /// Host and port.
    pub host: String,
    /// Repository.
    pub repository: String,
    /// Tag.
    pub tag: String,
    /// `<user>:<password>` in Base64, as Docker's configuration and ECR have it; without it the image is read anonymously.
    pub auth: Option<String>,
}

/// A client.
#[derive(Debug)]
pub enum Client {
    /// crane, at this path.
    Crane(PathBuf),
    /// skopeo, on the PATH.
    Skopeo,
}

impl Client {
    /// Those that there are.
    ///
    /// # Panics
    /// When one is missing and `CI=true`.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let crane = crane::install().map(Self::Crane);
        let skopeo = skopeo::is_there().then_some(Self::Skopeo);
        crane.into_iter().chain(skopeo).collect()
    }

    /// Reads the whole image, index, children and blobs, which the client verifies, and answers the manifests.
    ///
    /// # Panics
    /// When the client refuses anything of it.
    #[track_caller]
    #[must_use]
    pub fn read(&self, image: &Image) -> Manifests {
        match self {
            Self::Crane(program) => crane::read(program, image),
            Self::Skopeo => skopeo::read(image),
        }
    }
}

impl Image {
    fn repository(&self) -> String {
        format!("{}/{}", self.host, self.repository)
    }

    fn tagged(&self) -> String {
        format!("{}:{}", self.repository(), self.tag)
    }

    /// Writes the login as Docker's configuration into the directory.
    fn write_login(&self, directory: &Path) -> PathBuf {
        let auths = match &self.auth {
            None => serde_json::json!({}),
            Some(auth) => serde_json::json!({ &self.host: { "auth": auth } }),
        };
        let path = directory.join("config.json");
        std::fs::write(&path, serde_json::json!({ "auths": auths }).to_string())
            .expect("a file can be written");
        path
    }
}

/// Runs a program to its end and answers its output.
#[track_caller]
fn output(command: &mut Command) -> Vec<u8> {
    let shown = format!("{:?}", command.get_program());
    match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => output.stdout,
        Ok(output) => panic!("{shown} failed: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => panic!("{shown} cannot be run: {error}"),
    }
}

/// True when the program can be started.
fn exists(program: &str) -> bool {
    match Command::new(program).arg("--version").stdin(Stdio::null()).output() {
        Ok(_) => true,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            skip(program);
            false
        }
        Err(error) => panic!("{program} cannot be run: {error}"),
    }
}

#[allow(clippy::print_stderr, reason = "a skip has to be seen")]
fn skip(program: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{program} is missing");
    eprintln!("skipped: {program} is not installed");
}

/// A place below the target directory for what is installed.
fn installed() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |target| root.join(target));
    let place = target.join("registry-clients");
    std::fs::create_dir_all(&place).expect("a directory can be made");
    place.canonicalize().expect("it was just made")
}
