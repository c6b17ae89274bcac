//! Proxies that the environment names. It cannot be changed within a process, so the tests below `asked` run once more in
//! another.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::encrypted::Encrypted;

/// A name that no name server knows.
const REGISTRY: &str = "registry.invalid";

/// What is true with proxies and without.
mod asked {
    use oci_copy::{Error, Registry, RetryPolicy};

    use crate::support::*;

    #[tokio::test]
    async fn registry_on_loopback_answers() {
        let from = upstream().await;
        from.add_image(ALPINE, "3.20", &PLATFORMS);
        assert!(anonymous(&from).head_manifest(ALPINE, &tag("3.20")).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn registry_of_an_unknown_name_has_no_image() {
        let retry = RetryPolicy::default().with_attempts(1);
        let registry = Registry::builder(super::REGISTRY).retry(retry).build().unwrap();
        let found = registry.head_manifest(ALPINE, &tag("3.20")).await;
        assert!(matches!(found, Ok(None) | Err(Error::Unreachable { .. })), "{found:?}");
    }
}

/// A proxy that leads every tunnel to one server, and the heads of the requests for them.
#[derive(Clone, Default)]
struct Proxy {
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts it; with `encryption` it is an https proxy.
    async fn start(&self, server: &Encrypted, encryption: Option<&Encrypted>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (this, server, encryption) = (self.clone(), server.clone(), encryption.cloned());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                match &encryption {
                    Some(encryption) => match encryption.accept(stream).await {
                        Some(stream) => this.tunnel(stream, &server).await,
                        None => this.heads.lock().unwrap().push("not trusted".to_owned()),
                    },
                    None => this.tunnel(stream, &server).await,
                }
            }
        });
        address
    }

    async fn tunnel(
        &self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        server: &Encrypted,
    ) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        self.heads.lock().unwrap().push(String::from_utf8(head).unwrap().to_lowercase());
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let server = server.clone();
        tokio::spawn(async move { server.serve(stream).await });
    }
}

/// Runs the tests below `asked` with this proxy for everything. The root certificates are the system's own way.
async fn run_with(proxy: &str, roots: &str) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("roots.pem");
    std::fs::write(&file, roots).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(format!("{}::asked::", module_path!().split_once("::").unwrap().1)).kill_on_drop(true);
    for name in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.env_remove("REQUEST_METHOD").env_remove("SSL_CERT_DIR").env("SSL_CERT_FILE", file);
    let output = command.env("HTTPS_PROXY", proxy).env("HTTP_PROXY", proxy).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("2 passed"), "{text}");
}

#[tokio::test]
async fn proxy_of_the_environment_leads_everywhere_but_to_loopback() {
    let (server, proxy) = (Encrypted::new(REGISTRY, &["h2"]), Proxy::default());
    let address = proxy.start(&server, None).await;
    run_with(&format!("http://me:p%40ss@{address}"), &server.pem).await;

    let heads = proxy.heads.lock().unwrap().clone();
    let [head] = heads.as_slice() else { panic!("{heads:?}") };
    let mut lines: Vec<&str> = head.trim().lines().collect();
    lines[1..].sort_unstable();
    let (login, agent) = ("proxy-authorization: basic bwu6cebzcw==", "user-agent: oci-copy/");
    assert_eq!(lines[..3], ["connect registry.invalid:443 http/1.1", "host: registry.invalid:443", login]);
    assert!(lines[3].starts_with(agent) && lines.len() == 4, "{head}");
    let requests = server.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert!(request.starts_with("HTTP/2.0 HEAD /v2/library/alpine/manifests/3.20 "), "{request}");
}

#[tokio::test]
async fn proxy_may_be_encrypted_itself() {
    let (server, encryption) = (Encrypted::new(REGISTRY, &["http/1.1"]), Encrypted::new("127.0.0.1", &[]));
    let proxy = Proxy::default();
    let address = proxy.start(&server, Some(&encryption)).await;
    run_with(&format!("https://{address}"), &format!("{}{}", server.pem, encryption.pem)).await;
    let heads = proxy.heads.lock().unwrap().clone();
    assert!(heads.len() == 1 && heads[0].starts_with("connect registry.invalid:443 "), "{heads:?}");
    assert_eq!(server.requests().len(), 1);
}
