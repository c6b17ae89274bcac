//! The provider of the conformance tests as a process, for the real `terraform`.

#[path = "../tests/conformance/provider/mod.rs"]
mod provider;

use std::process::ExitCode;

use tf_provider::process::ProcessOptions;

fn main() -> ExitCode {
    tf_provider::run::<provider::Conformance>(ProcessOptions {
        address: "registry.terraform.io/example/conformance",
        name: "terraform-provider-conformance",
        version: "1.0.0",
        description: "Shows what the SDK does with what a provider answers.",
        log_targets: &["conformance_provider"],
        schema: None,
    })
}
