//! The emulated AWS of this test process.

use std::sync::OnceLock;

use aws_gateway::{Emulators, Gateway};

use crate::paths;

/// Emulators and gateway, running until the process ends.
#[derive(Debug)]
pub struct Stack {
    gateway: Gateway,
    // Both are kept alive by the static below; the emulators end with the process in any case.
    _emulators: Emulators,
    runtime: tokio::runtime::Runtime,
}

static SHARED: OnceLock<Stack> = OnceLock::new();

impl Stack {
    /// The stack of this process; the first caller starts it, the others wait.
    ///
    /// # Panics
    /// When the emulators or the gateway cannot be started.
    pub fn shared() -> &'static Self {
        SHARED.get_or_init(|| match Self::start() {
            Ok(stack) => stack,
            Err(error) => panic!("starting the emulated AWS: {}", chain(error.as_ref())),
        })
    }

    /// The gateway in front of the emulators.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Address of the gateway, for every service and for the registry.
    pub fn url(&self) -> &str {
        self.gateway.url()
    }

    /// Starts an upstream registry, which runs as long as the returned handle lives.
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub fn upstream(&self, builder: upstream_registry::Builder) -> upstream_registry::Registry {
        self.runtime.block_on(builder.start()).expect("an upstream registry")
    }

    /// Lets the Resource Groups Tagging API be behind for an account: it answers with the tags of now.
    pub(crate) fn hold_tags(&self, account: &str, region: &str) {
        self.runtime.block_on(self.gateway.hold_tags(account, region)).expect("the tags of now");
    }

    fn start() -> Result<Self, Box<dyn std::error::Error>> {
        let venv = paths::venv();
        let logs = paths::logs().join(std::process::id().to_string());
        // Tests are synchronous: the gateway needs threads of its own to answer while a test waits for terraform.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let emulators = runtime.block_on(Emulators::start(&venv, &logs))?;
        let gateway = runtime.block_on(Gateway::builder(&emulators).first_pull_redirects(true).start())?;
        Ok(Self { gateway, _emulators: emulators, runtime })
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
