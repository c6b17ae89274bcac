//! Private data: what a provider keeps beside an object, unseen by the practitioner, though plain in state.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::diagnostics::{Diagnostic, Diagnostics};

/// Largest private data of one object, in bytes.
const MAX_BYTES: usize = 64 << 10;

/// Values by key; each is JSON. Never for secrets: state holds them in plain text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Private {
    entries: BTreeMap<String, serde_json::Value>,
}

impl Private {
    /// Reads what an earlier call returned; nothing at all is an empty set.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Diagnostics> {
        if bytes.is_empty() {
            return Ok(Private::default());
        }
        let entries = serde_json::from_slice(bytes).map_err(|error| {
            Diagnostic::provider_bug(format!("The private data of an object cannot be read: {error}."))
        })?;
        Ok(Private { entries })
    }

    /// What Terraform is given to keep.
    pub(crate) fn encode(&self, diagnostics: &mut Diagnostics) -> Bytes {
        if self.entries.is_empty() {
            return Bytes::new();
        }
        match serde_json::to_vec(&self.entries) {
            Ok(bytes) if bytes.len() <= MAX_BYTES => bytes.into(),
            Ok(bytes) => {
                let detail =
                    format!("The private data of an object has {} bytes, over {MAX_BYTES}.", bytes.len());
                diagnostics.push(Diagnostic::provider_bug(detail));
                Bytes::new()
            }
            Err(error) => {
                let detail = format!("The private data of an object cannot be written: {error}.");
                diagnostics.push(Diagnostic::provider_bug(detail));
                Bytes::new()
            }
        }
    }

    /// The value of `key`; `None` when it is absent or of another shape.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        serde_json::from_value(self.entries.get(key)?.clone()).ok()
    }

    /// Sets `key`; keys that begin with a dot are the SDK's own. A value that has no JSON form is a fault of the provider, and left out.
    pub fn set(&mut self, key: impl Into<String>, value: impl Serialize) {
        match serde_json::to_value(value) {
            Ok(value) => {
                self.entries.insert(key.into(), value);
            }
            Err(error) => tracing::error!(%error, "private data cannot be written"),
        }
    }

    /// Removes a mark of the SDK's own; true when it was there.
    pub(crate) fn take(&mut self, mark: &str) -> bool {
        self.entries.remove(mark).is_some()
    }

    /// Removes `key`.
    pub fn remove(&mut self, key: &str) {
        self.entries.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_data_survives_and_garbage_is_refused() {
        let mut private = Private::default();
        let mut diagnostics = Diagnostics::new();
        assert_eq!(private.encode(&mut diagnostics), Bytes::new());
        private.set("continues", "mirror/alpine");
        let decoded = Private::decode(&private.encode(&mut diagnostics)).unwrap();
        assert_eq!(decoded.get::<String>("continues").as_deref(), Some("mirror/alpine"));
        assert!(diagnostics.is_empty());
        assert!(Private::decode(b"\x00garbage").is_err());
    }

    #[test]
    fn oversized_private_data_is_reported() {
        let mut private = Private::default();
        private.set("much", "x".repeat(MAX_BYTES));
        let mut diagnostics = Diagnostics::new();
        assert!(private.encode(&mut diagnostics).is_empty());
        assert!(diagnostics.has_errors());
    }
}
