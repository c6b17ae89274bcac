//! The provider spoken to directly, for calls that only a newer Terraform makes: identities, lists, actions, moves.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use tf_provider_testing::Server;
use tokio::runtime::Runtime;

use crate::account::{Account, REGION};
use crate::debugged::DebuggedProvider;
use crate::paths;
use crate::stack::Stack;
use crate::workspace::ENDPOINTS;

/// The real provider in a process of its own, configured for an account.
#[derive(Debug)]
pub struct Direct {
    runtime: Runtime,
    server: Server,
    // Ends with this.
    _provider: DebuggedProvider,
}

impl Direct {
    /// Starts the provider and configures it for `account` of the emulated AWS.
    ///
    /// # Panics
    /// When it does not start, or has something to say about its configuration.
    #[track_caller]
    pub fn new(account: &Account) -> Self {
        let provider = DebuggedProvider::start(account, &directory());
        let runtime = Runtime::new().expect("a runtime");
        let endpoints = ENDPOINTS.iter().map(|service| ((*service).to_owned(), json!(Stack::shared().url())));
        let endpoints = serde_json::Value::Object(endpoints.collect());
        let server = runtime.block_on(async {
            let server = Server::attach(provider.reattach()).await;
            let config = json!({ "region": REGION, "endpoints": endpoints });
            server.configure(config).await.expect_none();
            server
        });
        Self { runtime, server, _provider: provider }
    }

    /// Asks the provider something.
    pub fn ask<T>(&self, question: impl AsyncFnOnce(&Server) -> T) -> T {
        self.runtime.block_on(question(&self.server))
    }
}

/// A new directory for the socket; short, since a socket's path has few bytes.
fn directory() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let directory = paths::workspaces().join(format!("direct.{}.{number}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    directory
}
