//! Values that must not appear in any log line.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

const MASK: &str = "***";

static SECRETS: RwLock<BTreeSet<String>> = RwLock::new(BTreeSet::new());

/// Replaces `secret` by `***` in every log line from now on, also where `Debug` has escaped it.
///
/// Meant for values that become known at run time, such as a token; an empty one is ignored.
pub fn mask(secret: &str) {
    if secret.is_empty() {
        return;
    }
    let mut secrets = SECRETS.write().unwrap_or_else(PoisonError::into_inner);
    secrets.insert(secret.escape_debug().to_string());
    secrets.insert(secret.to_owned());
}

/// `text` without the registered secrets.
pub(super) fn masked(text: &str) -> Cow<'_, str> {
    let secrets = SECRETS.read().unwrap_or_else(PoisonError::into_inner);
    let mut text = Cow::Borrowed(text);
    // Backwards, a longer secret comes before the one it begins with, so that no tail of it remains.
    for secret in secrets.iter().rev() {
        if text.contains(secret.as_str()) {
            text = Cow::Owned(text.replace(secret.as_str(), MASK));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registered_secrets_vanish_also_when_escaped_and_when_one_begins_another() {
        mask("mask-test-tok");
        mask("mask-test-token\n2");
        mask("");
        assert_eq!(masked("a mask-test-token\n2 b"), "a *** b");
        assert_eq!(masked(&format!("{:?}", "mask-test-token\n2")), "\"***\"");
        assert_eq!(masked("mask-test-tok!"), "***!");
        assert_eq!(masked("nothing"), "nothing");
    }
}
