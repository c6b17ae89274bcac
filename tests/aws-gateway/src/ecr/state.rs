//! What the gateway knows of each private registry beside the emulators, by account and region.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;

use super::pull_through_cache_rules::PullThroughCacheRule;
use super::repository_creation_templates::RepositoryCreationTemplate;
use super::storage_class::Archived;
use crate::identity::Scope;

/// One private registry.
#[derive(Debug, Default)]
pub(crate) struct RegistryState {
    /// By prefix, without a slash at its end.
    pub(crate) rules: BTreeMap<String, PullThroughCacheRule>,
    /// By prefix, without a slash at its end.
    pub(crate) templates: BTreeMap<String, RepositoryCreationTemplate>,
    pub(crate) account_settings: BTreeMap<String, String>,
    pub(crate) registry_policy: Option<Value>,
    /// Mutability exclusion filters by repository; ministack drops them.
    pub(crate) exclusion_filters: HashMap<String, Value>,
    /// Everything ever stored, by repository: ministack keeps it after DeleteRepository.
    pub(crate) stored: HashMap<String, Stored>,
    /// Repositories made by a pull-through: blobs are never mounted from these.
    pub(crate) pulled_through: BTreeSet<String>,
    /// When upstream was last asked, by repository and tag.
    pub(crate) asked: HashMap<(String, String), Duration>,
    /// Blobs of a first pull that nobody has fetched yet, by repository and digest: name of the repository upstream.
    pub(crate) first_blobs: HashMap<(String, String), String>,
    /// When images were put within the last second.
    pub(crate) image_puts: VecDeque<Duration>,
    /// Images in the archive, or on their way back, by repository and digest.
    pub(crate) archived: HashMap<(String, String), Archived>,
    /// ARNs of repositories from which tags were taken.
    pub(crate) untagged: BTreeSet<String>,
    /// What the Resource Groups Tagging API answers while it is behind.
    pub(crate) held_tags: Option<Vec<Value>>,
    /// Uploads in progress, by their id.
    pub(crate) uploads: HashMap<String, Upload>,
}

/// Digests stored in one repository.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stored {
    pub(crate) blobs: BTreeSet<String>,
    pub(crate) manifests: BTreeSet<String>,
}

/// One blob upload.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Upload {
    /// Bytes received.
    pub(crate) received: u64,
    /// Last byte of the first part: what `Range` says for ever.
    pub(crate) first_end: Option<u64>,
    /// Length of the latest part.
    pub(crate) last_part: u64,
}

/// All private registries.
#[derive(Debug, Default)]
pub(crate) struct State(Mutex<HashMap<Scope, RegistryState>>);

impl State {
    /// Runs `work` on the registry of `scope`; no other request sees it meanwhile.
    pub(crate) fn with<T>(&self, scope: &Scope, work: impl FnOnce(&mut RegistryState) -> T) -> T {
        let mut registries = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        work(registries.entry(scope.clone()).or_default())
    }
}
