//! What ECR demands of the secret that a pull through cache rule logs in upstream with: its name.

use tf_provider::schema::Invalid;

/// What the names of all such secrets begin with.
pub const PREFIX: &str = "ecr-pullthroughcache/";
/// Characters of a secret's name (Secrets Manager API reference, CreateSecret).
const MAX_NAME: usize = 512;

/// Checks the name of a secret, without the prefix.
///
/// # Errors
/// What is wrong, and what to write instead.
pub fn check_secret_name(name: &str) -> Result<(), Invalid> {
    if let Some(bare) = name.strip_prefix(PREFIX) {
        return Err(Invalid::new(format!("must not begin with {PREFIX}, which is put in front of it"))
            .remedy(format!("Write \"{bare}\".")));
    }
    let max = MAX_NAME - PREFIX.len();
    if is_name(name) && name.len() <= max {
        return Ok(());
    }
    Err(Invalid::new(format!("must be 1 to {max} of the characters A-Z, a-z, 0-9, / _ + = . @ and -"))
        .remedy("Write \"docker-hub\", for example."))
}

/// Checks the ARN of a secret, 50 to 612 characters.
///
/// # Errors
/// What is wrong, and what to write instead.
pub fn check_credential_arn(arn: &str) -> Result<(), Invalid> {
    let remedy = format!("Write arn:aws:secretsmanager:<region>:<account>:secret:{PREFIX}<name>.");
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    let ["arn", partition, "secretsmanager", _, _, "secret", name] = parts[..] else {
        return Err(Invalid::new("must be the ARN of a secret").remedy(remedy));
    };
    if !partition.starts_with("aws") || !(50..=612).contains(&arn.len()) {
        return Err(Invalid::new("must be the ARN of a secret, 50 to 612 characters long").remedy(remedy));
    }
    if name.strip_prefix(PREFIX).is_some_and(is_name) {
        return Ok(());
    }
    Err(Invalid::new(format!("must name a secret that begins with {PREFIX}")).remedy(remedy))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_a_secret_with_the_prefix_that_ecr_demands() {
        let arn = |name: &str| format!("arn:aws:secretsmanager:eu-central-1:123456789012:secret:{name}");
        assert_eq!(check_credential_arn(&arn("ecr-pullthroughcache/hub-AbCdEf")), Ok(()));
        for wrong in [arn("hub-AbCdEf"), arn("ecr-pullthroughcache/"), "arn:aws:s3:::bucket".to_owned()] {
            assert!(check_credential_arn(&wrong).is_err(), "{wrong} was accepted");
        }
    }

    #[test]
    fn a_name_goes_without_the_prefix_and_the_remedy_names_it() {
        for good in ["docker-hub", "team/docker.hub_2@x+y=z", &"a".repeat(491)] {
            assert_eq!(check_secret_name(good), Ok(()), "{good}");
        }
        for wrong in ["", "docker hub", "docker:hub", "dócker", &"a".repeat(492)] {
            assert!(check_secret_name(wrong).is_err(), "{wrong} was accepted");
        }
        let fault = check_secret_name("ecr-pullthroughcache/docker-hub").expect_err("the prefix is refused");
        assert_eq!(fault.remedy, "Write \"docker-hub\".");
    }
}
