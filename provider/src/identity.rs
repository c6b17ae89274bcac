//! Identities: by what Terraform finds an object again. Terraform 1.12 and later store them beside the state.
//!
//! A name is unique within an account and mostly a region, so both stand in the identity. Who imports may leave them out,
//! since the provider works in one account and region; what is written there has to be those.

use tf_provider::{Diagnostic, Diagnostics, Schema};

use crate::clients::Clients;

/// What tells an object with a name from all others.
#[derive(Schema, Clone, Debug, PartialEq, Eq)]
#[tf(identity)]
pub struct Named {
    /// Name.
    pub name: String,
    /// Id of the account. Default: the provider's.
    pub account_id: Option<String>,
    /// Region. Default: the provider's.
    pub region: Option<String>,
}

/// What tells an object of IAM, which has no region, from all others.
#[derive(Schema, Clone, Debug, PartialEq, Eq)]
#[tf(identity)]
pub struct NamedInAccount {
    /// Name.
    pub name: String,
    /// Id of the account. Default: the provider's.
    pub account_id: Option<String>,
}

impl Named {
    /// The identity of the object called `name` where the provider works.
    pub fn new(name: &str, clients: &Clients) -> Self {
        let (account_id, region) = place(clients);
        Named { name: name.to_owned(), account_id, region }
    }

    /// The name, if it is one of the provider's account and region.
    ///
    /// # Errors
    /// Another account or region.
    pub fn name(self, clients: &Clients) -> Result<String, Diagnostics> {
        check_place(clients, self.account_id.as_deref(), self.region.as_deref())?;
        Ok(self.name)
    }
}

impl NamedInAccount {
    /// The identity of the object called `name` in the provider's account.
    pub fn new(name: &str, clients: &Clients) -> Self {
        NamedInAccount { name: name.to_owned(), account_id: Some(clients.account_id.clone()) }
    }

    /// The name, if it is one of the provider's account.
    ///
    /// # Errors
    /// Another account.
    pub fn name(self, clients: &Clients) -> Result<String, Diagnostics> {
        check_place(clients, self.account_id.as_deref(), None)?;
        Ok(self.name)
    }
}

/// Account and region that the provider works in, as identities hold them.
pub fn place(clients: &Clients) -> (Option<String>, Option<String>) {
    (Some(clients.account_id.clone()), Some(clients.region.clone()))
}

/// Refuses an identity of another account or region than the provider works in.
///
/// # Errors
/// Another account or region.
pub fn check_place(
    clients: &Clients,
    account_id: Option<&str>,
    region: Option<&str>,
) -> Result<(), Diagnostics> {
    let wrong = |what: &str, given: &str, ours: &str| {
        Diagnostics::from(Diagnostic::error(
            "Identity of another place",
            format!(
                "The identity names the {what} {given}, and the provider works in {ours}. Import with a provider block \
                 for {given}, or leave {what} out of the identity.",
            ),
        ))
    };
    match (account_id, region) {
        (Some(given), _) if given != clients.account_id => {
            Err(wrong("account_id", given, &clients.account_id))
        }
        (_, Some(given)) if given != clients.region => Err(wrong("region", given, &clients.region)),
        _ => Ok(()),
    }
}
