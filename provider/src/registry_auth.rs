//! The provider block's logins of upstream registries: checks, and what the registry clients take of them.

use std::collections::{BTreeMap, BTreeSet};

use ecr_host::is_private;
use oci_copy::BasicCredentials;
use tf_provider::schema::Invalid;
use tf_provider::{AttributePath, Diagnostic, Diagnostics, Value};

use crate::ecr::upstream::check_registry;
use crate::provider::{EcrunnerPlan, RegistryAuthPlan};

/// Logins by registry.
pub type Logins = BTreeMap<String, BasicCredentials>;

/// The logins of the provider block; `None` while one of them is not known.
pub fn logins(config: &EcrunnerPlan) -> Option<Logins> {
    blocks(config)?.iter().map(login).collect()
}

fn login(block: &Value<RegistryAuthPlan>) -> Option<(String, BasicCredentials)> {
    let block = block.known()?;
    let password = block.password.known()?.expose().clone().into();
    let credentials = BasicCredentials { username: block.username.known()?.clone(), password };
    Some((block.address.known()?.clone(), credentials))
}

/// The blocks; `None` while their number is not known.
fn blocks(config: &EcrunnerPlan) -> Option<&[Value<RegistryAuthPlan>]> {
    match &config.registry_auth {
        Value::Null => Some(&[]),
        Value::Unknown => None,
        Value::Known(blocks) => Some(blocks),
    }
}

/// Checks that no registry has two logins.
pub fn validate(config: &EcrunnerPlan, diagnostics: &mut Diagnostics) {
    let mut seen = BTreeSet::new();
    for (index, block) in blocks(config).unwrap_or_default().iter().enumerate() {
        let address = block.known().and_then(|block| block.address.known());
        if let Some(address) = address
            && !seen.insert(address)
        {
            let path = AttributePath::attribute("registry_auth").with_index(index).with_attribute("address");
            let detail =
                format!("{address} has a login in a block before. Write one block for each registry.");
            diagnostics.push(Diagnostic::error("Invalid registry_auth", detail).at(path));
        }
    }
}

/// Checks the address of a login.
///
/// # Errors
/// It is no registry's name, or that of an ECR registry.
pub fn check_address(address: &str) -> Result<(), Invalid> {
    check_registry(address)?;
    if is_private(address) {
        return Err(Invalid::new("is a registry of ECR, where the provider logs in by itself").remedy(
            "Leave the block out; images of another account are read with a provider configuration of that account.",
        ));
    }
    if address == "registry-1.docker.io" {
        return Err(Invalid::new("is not the name that images have").remedy("Write \"docker.io\"."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_upstream_registry() {
        for good in ["docker.io", "ghcr.io", "registry.example.com:5000"] {
            assert_eq!(check_address(good), Ok(()), "{good}");
        }
        for (wrong, remedy) in [
            ("registry-1.docker.io", "Write \"docker.io\"."),
            ("https://ghcr.io", "without https://"),
            ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", "Leave the block out"),
        ] {
            let fault = check_address(wrong).expect_err(wrong);
            assert!(fault.remedy.contains(remedy), "{wrong}: {fault:?}");
        }
    }
}
