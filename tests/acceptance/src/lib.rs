//! Drives the real `terraform` against the provider under test and an emulated AWS, all on loopback.
//!
//! A test is a plain `#[test]` function that reads as a sentence:
//!
//! ```no_run
//! # use acceptance::{Account, Workspace};
//! let account = Account::new();
//! let mut workspace = Workspace::new(&account);
//! workspace.config(
//!     r#"
//!     resource "ecrunner_pull_through_cache_rule" "quay" {
//!       ecr_repository_prefix = "quay"
//!       upstream_registry_url = "quay.io"
//!     }
//!     "#,
//! );
//! workspace.apply().expect_success();
//! workspace.assert_empty_plan();
//! ```
//!
//! - [`Stack`]: the emulators and the gateway, one per test process, started by the first test that needs them.
//! - [`Account`]: an AWS account that belongs to one test; tests share nothing else and have no order.
//! - [`Workspace`]: a directory with a configuration and its own state. It is removed when the test passes and
//!   left in place until a later run, named in the message, when it fails.
//! - [`Run`]: one finished terraform command with its diagnostics; [`Plan`] and [`State`]: what `show -json` says.
//!
//! What they stand on is prepared by `cargo xtask test` and named by the environment; what is not named is looked for
//! below the target directory:
//!
//! | variable | default | what |
//! |---|---|---|
//! | `ECRUNNER_TEST_VENV` | `emulators/venv` | virtual environment with the emulators and the AWS CLI |
//! | `ECRUNNER_TEST_MIRROR` | `mirror` | filesystem mirror with the provider |
//! | `ECRUNNER_TEST_PROVIDER` | `debug/terraform-provider-ecrunner` | the provider's executable |
//! | `ECRUNNER_TEST_TERRAFORM` | `terraform` in `PATH` | Terraform or OpenTofu |
//!
//! What drives terraform is `tf-provider-testing`; here stands what only this provider needs.
//!
//! Everything here panics on failure, with what was expected, what came, and the command's output as blocks:
//! the caller is always a test.

mod account;
mod debugged;
mod direct;
mod environment;
mod paths;
mod stack;
mod workspace;

pub use account::{Account, REGION};
pub use aws_gateway::{Call, Fault, FaultKind};
pub use debugged::DebuggedProvider;
pub use direct::Direct;
pub use paths::provider_binary;
pub use stack::Stack;
pub use tf_provider_testing::terraform::{Diagnostic, Plan, Run, Running, Severity, State, wait_until};
pub use workspace::Workspace;

use std::net::{Ipv4Addr, TcpListener};

/// An address on loopback that refuses connections.
///
/// # Panics
/// When no loopback port can be bound.
pub fn refusing_url() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
    let address = listener.local_addr().expect("the address of a bound listener");
    format!("http://{address}")
}
