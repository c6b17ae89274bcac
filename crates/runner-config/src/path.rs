//! Paths into a configuration: `runners[0].autoscaler.policy[1].idle_count`.

use std::fmt;

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A key of a section, as `config.toml` spells it (`idle_count`, `IdleCount`, `tls-ca-file`).
    Attribute(String),
    /// Position in a list, from 0.
    Index(usize),
    /// A key that the author chose, in a map (`feature_flags`, `labels`, `sysctls`).
    Key(String),
}

impl Step {
    /// The step as a snake case name, which is also the name of the Rust field:
    /// `IdleCount` is `idle_count`, `RoleARN` is `role_arn`, `tls-ca-file` is `tls_ca_file`.
    /// `None` for an index and for a key of a map.
    #[must_use]
    pub fn attribute_name(&self) -> Option<String> {
        match self {
            Self::Attribute(key) => Some(snake_case(key)),
            Self::Index(_) | Self::Key(_) => None,
        }
    }
}

/// Where in a configuration something stands; the empty path is the whole file.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<Step>);

impl Path {
    /// The path of the whole file.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// The steps from the root downwards.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The path extended by a key of a section.
    #[must_use]
    pub fn attribute(&self, key: impl Into<String>) -> Self {
        self.child(Step::Attribute(key.into()))
    }

    /// The path extended by a position in a list.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.child(Step::Index(index))
    }

    /// The path extended by a key of a map.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.child(Step::Key(key.into()))
    }

    fn child(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("config.toml");
        }
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Attribute(key) if position == 0 => f.write_str(key)?,
                Step::Attribute(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
            }
        }
        Ok(())
    }
}

/// `IdleCount`, `RoleARN` and `tls-ca-file` in snake case; a run of capitals is one word.
pub(crate) fn snake_case(key: &str) -> String {
    let letters: Vec<char> = key.chars().collect();
    let mut name = String::with_capacity(key.len() + 4);
    for (position, letter) in letters.iter().enumerate() {
        let after_lower = position > 0 && letters[position - 1].is_lowercase();
        let before_lower = letters.get(position + 1).is_some_and(|next| next.is_lowercase());
        let after_upper = position > 0 && letters[position - 1].is_uppercase();
        if letter.is_uppercase() && (after_lower || (after_upper && before_lower)) {
            name.push('_');
        }
        match letter {
            '-' => name.push('_'),
            other => name.extend(other.to_lowercase()),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_is_shown_as_in_code() {
        let path = Path::root().attribute("runners").index(0).attribute("feature_flags").key("FF_X");
        assert_eq!(path.to_string(), r#"runners[0].feature_flags["FF_X"]"#);
        assert_eq!(Path::root().to_string(), "config.toml");
    }

    #[test]
    fn keys_have_snake_case_names() {
        for (key, name) in [
            ("idle_count", "idle_count"),
            ("IdleCount", "idle_count"),
            ("RoleARN", "role_arn"),
            ("UploadRoleARN", "upload_role_arn"),
            ("ServerSideEncryptionKeyID", "server_side_encryption_key_id"),
            ("tls-ca-file", "tls_ca_file"),
        ] {
            assert_eq!(Step::Attribute(key.to_owned()).attribute_name().as_deref(), Some(name));
        }
        assert_eq!(Step::Index(0).attribute_name(), None);
    }
}
