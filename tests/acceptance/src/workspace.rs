//! A workspace whose provider acts in an account of the emulated AWS.

use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;

use tf_provider_testing::Terraform;

use crate::account::Account;
use crate::environment::account_variables;
use crate::paths;
use crate::stack::Stack;

/// Where the provider block's `endpoints` can point.
pub(crate) const ENDPOINTS: &[&str] = &[
    "autoscaling",
    "ec2",
    "ecr",
    "iam",
    "logs",
    "registry",
    "resourcegroupstaggingapi",
    "s3",
    "secretsmanager",
    "ssm",
    "sts",
];

const REQUIRED_PROVIDERS: &str = r#"terraform {
  required_providers {
    ecrunner = {
      source = "ecrunner/ecrunner"
    }
  }
}
"#;

static TERRAFORM: LazyLock<Terraform> = LazyLock::new(|| {
    Terraform::below(paths::workspaces())
        .binary_from("ECRUNNER_TEST_TERRAFORM")
        .mirror(paths::mirror())
        .build()
});

/// A [`tf_provider_testing::Workspace`] with a provider block, and with credentials in its environment.
#[derive(Debug)]
pub struct Workspace(tf_provider_testing::Workspace);

impl Workspace {
    /// An empty workspace whose provider acts in `account`.
    ///
    /// # Panics
    /// When the directory cannot be made, or the emulated AWS does not start.
    #[track_caller]
    pub fn new(account: &Account) -> Self {
        let mut workspace = TERRAFORM.workspace();
        let home = workspace.directory().to_owned();
        for (name, value) in account_variables(account, &home) {
            workspace.environment(name, &value);
        }
        let workspace = Self(workspace);
        workspace.provider_arguments("");
        workspace
    }

    /// A workspace with this configuration, applied.
    ///
    /// # Panics
    /// When apply fails, or as [`new`](Self::new) does.
    #[track_caller]
    pub fn applied(account: &Account, config: &str) -> Self {
        let mut workspace = Self::new(account);
        workspace.config(config);
        workspace.apply().expect_success();
        workspace
    }

    /// The block `endpoints` with every service at `url`, for provider blocks a test writes itself.
    pub fn endpoints(url: &str) -> String {
        let lines = ENDPOINTS.iter().map(|service| format!("    {service} = \"{url}\"\n"));
        format!("  endpoints {{\n{}  }}\n", lines.collect::<String>())
    }

    /// Adds arguments to the default provider block, whose endpoints stay at the gateway.
    pub fn provider_arguments(&self, arguments: &str) -> &Self {
        let endpoints = Self::endpoints(Stack::shared().url());
        self.provider_blocks(&format!("provider \"ecrunner\" {{\n{arguments}\n{endpoints}}}\n"))
    }

    /// Takes these provider blocks instead of the default one.
    pub fn provider_blocks(&self, blocks: &str) -> &Self {
        self.file("provider.tf", &format!("{REQUIRED_PROVIDERS}\n{blocks}"));
        self
    }
}

impl Deref for Workspace {
    type Target = tf_provider_testing::Workspace;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Workspace {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}
