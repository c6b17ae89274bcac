//! Digests as text.

/// Two lower-case hex digits for each byte.
pub(crate) fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
