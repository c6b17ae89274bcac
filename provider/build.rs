//! How the provider is linked: at a fixed address, as Go's linker does by default.
//!
//! Terraform starts a provider three or four times per run. With the AWS SDKs in it a position independent executable
//! has some 90,000 addresses to correct at each start, each on a page that is then no longer shared: see decision 0005.

fn main() {
    let target = |part: &str| std::env::var(format!("CARGO_CFG_TARGET_{part}")).unwrap_or_default();
    // Elsewhere an executable has to be position independent, or is static and brings its own start files.
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
