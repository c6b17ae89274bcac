//! Checks of the arguments that every resource with a role has (IAM API reference, CreateRole).

use tf_provider::schema::Invalid;

/// Checks the name of a role.
///
/// # Errors
/// What is wrong, and what to write instead.
pub(super) fn check_name(name: &str) -> Result<(), Invalid> {
    let characters = name.chars().count();
    if !(1..=64).contains(&characters) {
        return Err(Invalid::new(format!("must have 1 to 64 characters, but has {characters}")));
    }
    match name.chars().find(|c| !c.is_ascii_alphanumeric() && !"_+=,.@-".contains(*c)) {
        None => Ok(()),
        Some(c) => Err(Invalid::new(format!("holds \"{c}\", which a role's name must not"))
            .remedy("Use letters, digits and `_+=,.@-`.")),
    }
}

/// Checks the path of a role.
///
/// # Errors
/// What is wrong, and what to write instead.
pub(super) fn check_path(path: &str) -> Result<(), Invalid> {
    let graphic = path.bytes().all(|byte| byte.is_ascii_graphic());
    if graphic && path.len() <= 512 && path.starts_with('/') && path.ends_with('/') {
        return Ok(());
    }
    Err(Invalid::new("must begin and end with a slash, and have at most 512 printable ASCII characters")
        .remedy("Write \"/team/\", or leave it out."))
}

/// Checks the ARN of a managed policy, such as a permissions boundary.
///
/// # Errors
/// What is wrong, and what to write instead.
pub(super) fn check_policy_arn(arn: &str) -> Result<(), Invalid> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        // AWS' own policies have `aws` in the place of the account.
        ["arn", partition, "iam", "", _, policy]
            if partition.starts_with("aws") && policy.len() > 7 && policy.starts_with("policy/") =>
        {
            Ok(())
        }
        _ => Err(Invalid::new("must be the ARN of a managed policy")
            .remedy("Write arn:aws:iam::<account>:policy/<name>.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_are_those_that_iam_takes() {
        for good in ["a", "runner-manager", "a_b+c=d,e.f@g", &"x".repeat(64)] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in ["", "a b", "a/b", "a:b", "ä", &"x".repeat(65)] {
            assert!(check_name(bad).is_err(), "{bad:?} was accepted");
        }
        assert_eq!((check_path("/"), check_path("/ci/runner/")), (Ok(()), Ok(())));
        for bad in ["", "ci", "/ci", "ci/", "/c i/"] {
            assert!(check_path(bad).is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn a_permissions_boundary_is_a_managed_policy() {
        assert_eq!(check_policy_arn("arn:aws:iam::111122223333:policy/team/bound"), Ok(()));
        assert_eq!(check_policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess"), Ok(()));
        assert!(check_policy_arn("arn:aws:iam::111122223333:role/x").is_err());
        assert!(check_policy_arn("arn:aws:iam::111122223333:policy/").is_err());
    }
}
