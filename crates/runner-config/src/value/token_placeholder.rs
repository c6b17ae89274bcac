//! What stands in the file instead of a token.

use std::fmt;
use std::str::FromStr;

use super::{InvalidValue, string_field};
use crate::secret::secret_in;

/// A placeholder such as `__ECRUNNER_TOKEN_main__`, which the manager replaces literally by the runner
/// authentication token.
///
/// Two underscores, letters, digits, single underscores or dashes, two underscores. Because two underscores
/// stand only at the ends, no placeholder is a part of another, and replacing one cannot damage another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenPlaceholder(String);

impl TokenPlaceholder {
    /// A placeholder with the given text.
    ///
    /// # Errors
    /// If the text has another form or looks like a token; it is not repeated in the error.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidValue> {
        let text = text.into();
        let invalid = || {
            InvalidValue::new(
                "must be a placeholder of the form `__NAME__`, which is replaced by the token on the manager (the \
                 value is not shown)",
            )
        };
        let name = text.strip_prefix("__").and_then(|rest| rest.strip_suffix("__")).ok_or_else(invalid)?;
        let allowed = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        let separable =
            !name.is_empty() && !name.starts_with('_') && !name.ends_with('_') && !name.contains("__");
        if allowed && separable && secret_in(name).is_none() { Ok(Self(text)) } else { Err(invalid()) }
    }

    /// The text to replace.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenPlaceholder {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::new(text)
    }
}

impl fmt::Display for TokenPlaceholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

string_field!(TokenPlaceholder, "a token placeholder");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholder_cannot_be_part_of_another_nor_a_token() {
        assert_eq!(
            TokenPlaceholder::new("__ECRUNNER_TOKEN_main-1__").unwrap().as_str(),
            "__ECRUNNER_TOKEN_main-1__"
        );
        for text in
            ["", "____", "__a____b__", "___a__", "glrt-abcdefgh", "__glrt-abcdefgh__", "${TOKEN}", "__a b__"]
        {
            let error = TokenPlaceholder::new(text).unwrap_err().to_string();
            assert!(!error.contains("abcdefgh"), "{error}");
        }
    }
}
