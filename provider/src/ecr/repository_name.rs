//! The grammar of repository names and of the prefixes made from it (ECR API reference, data type RepositoryName).

use tf_provider::schema::Invalid;

/// Longest repository name, prefix included.
pub const MAX_NAME: usize = 256;
/// Longest prefix of a pull through cache rule.
pub const MAX_RULE_PREFIX: usize = 30;

/// Checks the name of a repository.
///
/// # Errors
/// What is wrong, and what to write instead.
pub fn check_name(name: &str) -> Result<(), Invalid> {
    check(name, 2..=MAX_NAME)
}

/// Checks the prefix of a pull through cache rule: `ROOT`, or a name of at most 30 characters.
///
/// # Errors
/// What is wrong, and what to write instead.
pub fn check_rule_prefix(prefix: &str) -> Result<(), Invalid> {
    if prefix == "ROOT" { Ok(()) } else { check(prefix, 2..=MAX_RULE_PREFIX) }
}

/// Checks the prefix of a repository creation template: `ROOT`, or what the name of a repository can begin with.
///
/// # Errors
/// What is wrong, and what to write instead.
pub fn check_template_prefix(prefix: &str) -> Result<(), Invalid> {
    if prefix == "ROOT" { Ok(()) } else { check(prefix, 1..=MAX_NAME) }
}

/// Checks the names of repositories: one, or a pattern in which `*` stands for any text.
///
/// # Errors
/// What is wrong, and what to write instead.
pub fn check_pattern(pattern: &str) -> Result<(), Invalid> {
    if is_pattern(pattern) {
        return Ok(());
    }
    let name = pattern.split_once(":repository/").map_or("docker-hub/*", |(_, name)| name);
    Err(Invalid::new("must be the name of a repository, in which `*` stands for any text")
        .remedy(format!("Write \"{name}\", for example.")))
}

/// True for what can be the name of a repository, or a pattern of such names.
pub fn is_pattern(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "/._-*".contains(c);
    (1..=MAX_NAME).contains(&text.len()) && text.chars().all(allowed)
}

fn check(name: &str, length: std::ops::RangeInclusive<usize>) -> Result<(), Invalid> {
    let characters = name.chars().count();
    if !length.contains(&characters) {
        let (min, max) = (length.start(), length.end());
        return Err(Invalid::new(format!("must be {min} to {max} characters long, but has {characters}")));
    }
    if name.ends_with('/') || name.starts_with('/') {
        return Err(Invalid::new("must not begin or end with a slash")
            .remedy(format!("Write \"{}\".", name.trim_matches('/'))));
    }
    if name.chars().any(|c| c.is_ascii_uppercase()) {
        return Err(
            Invalid::new("must be in lower case").remedy(format!("Write \"{}\".", name.to_lowercase()))
        );
    }
    match name.split('/').find(|part| !is_component(part)) {
        None => Ok(()),
        Some("") => Err(Invalid::new("must not hold two slashes in a row")),
        Some(part) => Err(Invalid::new(format!("has the part \"{part}\", which AWS refuses")).remedy(
            "Each part between slashes is made of lower-case letters and digits, joined by single dots, one or two \
             underscores, or hyphens.",
        )),
    }
}

/// `[a-z0-9]+` parts joined by one `.`, one `_`, two `__`, or any number of `-`.
fn is_component(part: &str) -> bool {
    let is_alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !part.starts_with(is_alphanumeric) || !part.ends_with(is_alphanumeric) {
        return false;
    }
    part.split(is_alphanumeric)
        .all(|joint| matches!(joint, "" | "." | "_" | "__") || joint.bytes().all(|byte| byte == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_grammar_of_the_distribution_project() {
        for good in ["ab", "docker-hub", "a/b/c", "a__b", "a_b", "a.b", "a---b", "0/1"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in
            ["a", "-ab", "ab-", "a//b", "/ab", "ab/", "a___b", "a..b", "a._b", "Ab", "a b", "aé", "a.-b"]
        {
            assert!(check_name(bad).is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn a_rule_prefix_is_root_or_at_most_thirty_characters() {
        assert_eq!(check_rule_prefix("ROOT"), Ok(()));
        assert_eq!(check_rule_prefix(&"a".repeat(30)), Ok(()));
        assert!(check_rule_prefix(&"a".repeat(31)).is_err());
        assert!(check_rule_prefix("root-").is_err());
    }

    #[test]
    fn a_pattern_is_a_name_with_wildcards_and_no_arn() {
        for good in ["docker-hub/*", "*", "team/*/base", "ab"] {
            assert_eq!(check_pattern(good), Ok(()), "{good}");
        }
        for bad in ["", "Docker/*", "a b", "a?", &"a".repeat(257)] {
            assert!(check_pattern(bad).is_err(), "{bad:?} was accepted");
        }
        let arn = "arn:aws:ecr:eu-central-1:111122223333:repository/quay/*";
        assert_eq!(check_pattern(arn).expect_err("accepted").remedy, "Write \"quay/*\", for example.");
    }

    #[test]
    fn the_remedy_is_ready_to_be_typed() {
        let remedy = |name| check_name(name).expect_err("accepted").remedy;
        assert_eq!(remedy("Docker-Hub"), "Write \"docker-hub\".");
        assert_eq!(remedy("docker-hub/"), "Write \"docker-hub\".");
    }
}
