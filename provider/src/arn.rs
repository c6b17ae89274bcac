//! ARNs, taken apart and checked (AWS General Reference, "Amazon Resource Names").

use tf_provider::schema::Invalid;

/// `arn:<partition>:<service>:<region>:<account>:<resource>`, taken apart.
#[derive(Clone, Copy, Debug)]
pub struct Arn<'a> {
    /// Such as `aws` or `aws-cn`.
    pub partition: &'a str,
    /// Such as `ecr`.
    pub service: &'a str,
    /// Empty for services without regions.
    pub region: &'a str,
    /// 12 digits; empty where the resource is nobody's.
    pub account: &'a str,
    /// All that follows.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// `None` for what is not an ARN. Whether the parts make sense is not looked at.
    pub fn parse(text: &'a str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, service, region, account, resource] = parts[..] else { return None };
        Some(Arn { partition, service, region, account, resource })
    }

    /// Name of an Auto Scaling group, from its ARN.
    pub fn group_name(&self) -> Option<&'a str> {
        let (_, name) = self.resource.strip_prefix("autoScalingGroup:")?.split_once(':')?;
        name.strip_prefix("autoScalingGroupName/")
    }

    /// True for an ARN with region and account, and a resource `<kind><name>`.
    pub fn names(&self, kind: &str) -> bool {
        !self.region.is_empty()
            && is_account(self.account)
            && self.resource.strip_prefix(kind).is_some_and(|name| !name.is_empty())
    }
}

/// True for 12 digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An ARN of `service` whose resource `accepts`; wildcards only in the resource.
///
/// # Errors
/// What is wrong, and the `shape` to write instead.
pub fn check_arn(
    text: &str,
    service: &str,
    shape: &str,
    accepts: impl Fn(&Arn<'_>) -> bool,
) -> Result<(), Invalid> {
    let invalid = |problem: &str| Err(Invalid::new(problem).remedy(format!("Write {shape}.")));
    // `${` begins a policy variable; anything but printable ASCII is refused by IAM or means something else.
    if text.contains("${") || !text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        return invalid("holds characters that an ARN in a policy must not have");
    }
    let Some(arn) = Arn::parse(text) else { return invalid("must be an ARN") };
    if arn.service != service || !arn.partition.starts_with("aws") {
        return invalid("is the ARN of something else");
    }
    if [arn.partition, arn.region, arn.account].iter().any(|part| part.contains(['*', '?'])) {
        return invalid("has a wildcard in its partition, region or account");
    }
    if accepts(&arn) { Ok(()) } else { invalid("is the ARN of something else") }
}

/// Checks the ARN of a KMS key.
///
/// # Errors
/// What is wrong, and what to write instead.
pub fn check_key_arn(text: &str) -> Result<(), Invalid> {
    let shape = "arn:aws:kms:<region>:<account>:key/<id>";
    // An alias in a policy's resource matches nothing.
    check_arn(text, "kms", shape, |arn| arn.names("key/") && !arn.resource.contains(['*', '?']))
}

/// Checks the ARN of a secret.
///
/// # Errors
/// What is wrong, and what to write instead.
pub fn check_secret_arn(text: &str) -> Result<(), Invalid> {
    let shape = "arn:aws:secretsmanager:<region>:<account>:secret:<name>";
    check_arn(text, "secretsmanager", shape, |arn| arn.names("secret:") && !arn.resource.contains(['*', '?']))
}

/// Checks the ARN of a role.
///
/// # Errors
/// What is wrong, and what to write instead.
pub fn check_role_arn(text: &str) -> Result<(), Invalid> {
    check_arn(text, "iam", "arn:aws:iam::<account>:role/<name>", |arn| {
        let name = arn.resource.strip_prefix("role/").unwrap_or_default();
        arn.region.is_empty() && is_account(arn.account) && !name.is_empty() && !name.contains(['*', '?'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_named_with_its_account_and_without_wildcards() {
        assert_eq!(check_role_arn("arn:aws-cn:iam::123456789012:role/ci/pull"), Ok(()));
        for wrong in [
            "pull",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:role/*",
            "arn:aws:iam::1234:role/pull",
            "arn:aws:iam::123456789012:user/pull",
            "arn:aws:sts::123456789012:role/pull",
        ] {
            assert!(check_role_arn(wrong).is_err(), "{wrong} was accepted");
        }
    }
}
