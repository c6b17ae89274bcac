//! The provider started by hand with `-debug`, for terraform to attach to.

use std::path::Path;
use std::process::Command;

use tf_provider_testing::terraform::{self, isolate};

use crate::account::Account;
use crate::environment::account_variables;
use crate::paths;

/// A provider that serves run after run until it is interrupted.
#[derive(Debug)]
pub struct DebuggedProvider(terraform::DebuggedProvider);

impl DebuggedProvider {
    /// Starts the provider with the credentials of `account` and its socket below `temporary`, and waits for the line
    /// that is to be pasted.
    ///
    /// # Panics
    /// When it does not start, or ends without that line.
    #[track_caller]
    pub fn start(account: &Account, temporary: &Path) -> Self {
        let mut command = Command::new(paths::provider_binary());
        isolate(&mut command, temporary);
        command.envs(account_variables(account, temporary)).env("TMPDIR", temporary);
        Self(terraform::DebuggedProvider::start(command))
    }

    /// Value of `TF_REATTACH_PROVIDERS` for terraform.
    pub fn reattach(&self) -> &str {
        self.0.reattach()
    }

    /// Interrupts the provider as ctrl-C does, and answers its exit status; `None` when a signal ended it.
    ///
    /// # Panics
    /// When it has ended before, or does not end within 10 s.
    #[track_caller]
    pub fn interrupt(self) -> Option<i32> {
        self.0.interrupt()
    }
}
