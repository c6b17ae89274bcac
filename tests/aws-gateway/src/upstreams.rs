//! Where the upstream registries are that pull through cache rules name.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use url::Url;

/// Host of an upstream registry, to where it is for us: for one account, or for all.
#[derive(Debug, Default)]
pub(crate) struct Upstreams(Mutex<HashMap<(Option<String>, String), Url>>);

impl Upstreams {
    /// Says where `host` is, for `account` or for all accounts.
    pub(crate) fn set(&self, account: Option<&str>, host: &str, url: Url) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert((account.map(str::to_owned), host.to_owned()), url);
    }

    /// Where `host` is for `account`: its own, else that of all; `None` where nothing stands in for it.
    pub(crate) fn of(&self, account: &str, host: &str) -> Option<Url> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |account: Option<&str>| all.get(&(account.map(str::to_owned), host.to_owned())).cloned();
        of(Some(account)).or_else(|| of(None))
    }
}
