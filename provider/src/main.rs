//! The plugin's entry: handshake and serve, nothing else.

use std::process::ExitCode;

use terraform_provider_ecrunner::provider::{ADDRESS, Ecrunner};
use tf_provider::process::ProcessOptions;

fn main() -> ExitCode {
    tf_provider::run::<Ecrunner>(ProcessOptions {
        address: ADDRESS,
        name: "terraform-provider-ecrunner",
        version: env!("CARGO_PKG_VERSION"),
        description: env!("CARGO_PKG_DESCRIPTION"),
        log_targets: &["terraform_provider_ecrunner", "oci_copy"],
        schema: None,
    })
}
