//! What an instance may be allowed to do: the nested arguments of `ecrunner_instance_profile`, and the checks of ARNs.

use std::collections::BTreeSet;

use tf_provider::Schema;
use tf_provider::schema::Invalid;

use super::role_arguments::check_name;
use crate::arn::{check_arn, check_key_arn, check_role_arn};
use crate::clients::Clients;
use crate::ecr::repository_name::is_pattern;

/// Pulls images from ECR.
#[derive(Schema, Clone, Debug, Default, PartialEq, Eq)]
pub struct ImagePull {
    /// Repositories to pull from: names in the provider's account and region, such as `mirror/*`, or ARNs. `*` is
    /// allowed in names.
    #[tf(validate(each(text(check_repository))))]
    pub repositories: Option<BTreeSet<String>>,
    /// Repositories to pull from that a pull may also create, and import images into, through a pull through cache rule,
    /// such as `docker-hub/*`; written as `repositories`.
    #[tf(validate(each(text(check_repository))))]
    pub import_repositories: Option<BTreeSet<String>>,
}

impl ImagePull {
    /// All that is pulled from.
    pub(super) fn pulled(&self) -> BTreeSet<String> {
        self.repositories.iter().chain(&self.import_repositories).flatten().cloned().collect()
    }
}

/// Scales worker fleets and connects to their instances, as GitLab's AWS fleeting plugin does.
#[derive(Schema, Clone, Debug, Default, PartialEq, Eq)]
pub struct FleetControl {
    /// ARNs of the fleets' Auto Scaling groups. The random part may be `*`, the name may not.
    #[tf(validate(each(text(check_group_arn))))]
    pub fleet_arns: BTreeSet<String>,
    /// User that EC2 Instance Connect may log in as on the instances.
    #[tf(default = "ec2-user", validate(text(check_os_user)))]
    pub os_user: String,
}

/// Reads SSM parameters.
#[derive(Schema, Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadParameters {
    /// The parameters: names in the provider's account and region, such as `/ci/runner-token`, or ARNs. `*` is allowed
    /// in names.
    #[tf(validate(each(text(check_parameter))))]
    pub parameters: BTreeSet<String>,
    /// ARNs of the customer managed KMS keys that encrypt them. The AWS managed key `aws/ssm` needs none.
    #[tf(validate(each(text(check_key_arn))))]
    pub kms_key_arns: Option<BTreeSet<String>>,
}

/// Reads and writes the distributed job cache.
#[derive(Schema, Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheBucket {
    /// ARN of the S3 bucket.
    #[tf(validate(text(check_bucket_arn)))]
    pub bucket_arn: String,
    /// Folder of the keys, such as `team`, which does not open `team-b`. Default: the whole bucket, which may then be
    /// listed too, so that a cache miss is told as such.
    #[tf(validate(text(check_prefix)))]
    pub prefix: Option<String>,
    /// ARN of the KMS key that encrypts the bucket, if it is not S3's own.
    #[tf(validate(text(check_key_arn)))]
    pub kms_key_arn: Option<String>,
}

/// Ends lifecycle actions of its own Auto Scaling group.
#[derive(Schema, Clone, Debug, Default, PartialEq, Eq)]
pub struct CompleteLifecycle {
    /// ARNs of the Auto Scaling groups. The random part may be `*`, the name may not.
    #[tf(validate(each(text(check_group_arn))))]
    pub fleet_arns: BTreeSet<String>,
}

/// The name of a repository, which may hold `*`, or the ARN of one.
pub(super) fn check_repository(text: &str) -> Result<(), Invalid> {
    if is_arn(text) {
        return check_repository_arn(text);
    }
    if is_pattern(text) {
        return Ok(());
    }
    Err(Invalid::new("must be the name of a repository, or its ARN")
        .remedy("Write \"mirror/*\", for example."))
}

/// The name of a parameter, which may hold `*`, or the ARN of one.
pub(super) fn check_parameter(text: &str) -> Result<(), Invalid> {
    if is_arn(text) {
        return check_parameter_arn(text);
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/._-*".contains(c);
    if !text.is_empty() && text.chars().all(allowed) {
        return Ok(());
    }
    Err(Invalid::new("must be the name of a parameter, or its ARN")
        .remedy("Write \"/ci/token\", for example."))
}

/// The name of a log group, or the ARN of one.
pub(super) fn check_log_group(text: &str) -> Result<(), Invalid> {
    if is_arn(text) {
        return check_log_group_arn(text);
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/._-#*".contains(c);
    if !text.is_empty() && text.chars().all(allowed) {
        return Ok(());
    }
    Err(Invalid::new("must be the name of a log group, or its ARN")
        .remedy("Write \"/ci/manager\", for example."))
}

/// An object by its `s3://` address, or its ARN.
pub(super) fn check_object(text: &str) -> Result<(), Invalid> {
    match text.strip_prefix(S3_SCHEME) {
        Some(object) => check_object_arn(&format!("arn:aws:s3:::{object}")),
        None => check_object_arn(text),
    }
}

/// The name of a role, its path in front if it has one, or the ARN of one.
pub(super) fn check_role(text: &str) -> Result<(), Invalid> {
    if is_arn(text) {
        return check_role_arn(text);
    }
    let (path, name) = match text.trim_start_matches('/').rsplit_once('/') {
        Some((path, name)) => (Some(path), name),
        None => (None, text.trim_start_matches('/')),
    };
    // A policy would take a wildcard in the path for all roles below it.
    let allowed = |c: char| c.is_ascii_graphic() && !"*?$:".contains(c);
    let is_path = |path: &str| path.chars().all(allowed) && path.split('/').all(|part| !part.is_empty());
    if path.is_none_or(is_path) {
        return check_name(name);
    }
    Err(Invalid::new("must be the name of a role, with its path if it has one, or its ARN")
        .remedy("Write \"ci-push\" or \"team/ci-push\", for example."))
}

/// How the address of an object begins.
const S3_SCHEME: &str = "s3://";

fn is_arn(text: &str) -> bool {
    text.starts_with("arn:")
}

/// Where names without an ARN belong.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Partition, such as `aws`.
    pub partition: &'a str,
    /// Region.
    pub region: &'a str,
    /// Id of the account.
    pub account_id: &'a str,
}

impl<'a> From<&'a Clients> for Scope<'a> {
    fn from(clients: &'a Clients) -> Self {
        Scope { partition: &clients.partition, region: &clients.region, account_id: &clients.account_id }
    }
}

impl Scope<'_> {
    /// The ARN of an object; what is one stays one.
    pub(super) fn object_arn(&self, object: &str) -> String {
        match object.strip_prefix(S3_SCHEME) {
            Some(object) => format!("arn:{}:s3:::{object}", self.partition),
            None => object.to_owned(),
        }
    }

    /// The ARN of a role; what is one stays one.
    pub(super) fn role_arn(&self, role: &str) -> String {
        match is_arn(role) {
            true => role.to_owned(),
            false => format!(
                "arn:{}:iam::{}:role/{}",
                self.partition,
                self.account_id,
                role.trim_start_matches('/')
            ),
        }
    }

    /// The ARNs of names of `service`; what is an ARN stays one.
    pub(super) fn arns(&self, service: &str, kind: &str, names: &BTreeSet<String>) -> BTreeSet<String> {
        let Scope { partition, region, account_id } = self;
        let arn = |name: &String| match is_arn(name) {
            true => name.clone(),
            false => format!(
                "arn:{partition}:{service}:{region}:{account_id}:{kind}{}",
                name.trim_start_matches('/')
            ),
        };
        names.iter().map(arn).collect()
    }
}

fn check_repository_arn(text: &str) -> Result<(), Invalid> {
    let shape = "arn:aws:ecr:<region>:<account>:repository/<name>";
    check_arn(text, "ecr", shape, |arn| arn.names("repository/"))
}

fn check_group_arn(text: &str) -> Result<(), Invalid> {
    let shape =
        "arn:aws:autoscaling:<region>:<account>:autoScalingGroup:<id or *>:autoScalingGroupName/<name>";
    check_arn(text, "autoscaling", shape, |arn| {
        arn.names("autoScalingGroup:")
            && arn.group_name().is_some_and(|name| !name.is_empty() && !name.contains(['*', '?']))
    })
}

fn check_parameter_arn(text: &str) -> Result<(), Invalid> {
    let shape = "arn:aws:ssm:<region>:<account>:parameter/<name>";
    check_arn(text, "ssm", shape, |arn| arn.names("parameter/"))
}

fn check_bucket_arn(text: &str) -> Result<(), Invalid> {
    check_arn(text, "s3", "arn:aws:s3:::<bucket>", |arn| {
        arn.region.is_empty() && !arn.resource.is_empty() && !arn.resource.contains(['/', '*', '?', ':'])
    })
}

fn check_object_arn(text: &str) -> Result<(), Invalid> {
    check_arn(text, "s3", "arn:aws:s3:::<bucket>/<key>", |arn| {
        let parts = arn.resource.split_once('/');
        arn.region.is_empty()
            && parts.is_some_and(|(bucket, key)| {
                !bucket.is_empty() && !bucket.contains(['*', '?']) && !key.is_empty()
            })
    })
}

fn check_log_group_arn(text: &str) -> Result<(), Invalid> {
    check_arn(text, "logs", "arn:aws:logs:<region>:<account>:log-group:<name>", |arn| arn.names("log-group:"))
}

fn check_os_user(user: &str) -> Result<(), Invalid> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    if (1..=32).contains(&user.len()) && user.chars().all(allowed) && !user.starts_with('-') {
        return Ok(());
    }
    Err(Invalid::new("must be the name of a Linux user: 1 to 32 of a-z, 0-9, `_` and `-`"))
}

fn check_prefix(prefix: &str) -> Result<(), Invalid> {
    if prefix.is_empty() || prefix.starts_with('/') {
        return Err(Invalid::new("must be the beginning of keys, without a slash in front")
            .remedy("Write \"team\", or leave it out."));
    }
    if prefix.contains(['*', '?', '$']) || !prefix.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Invalid::new("must be printable ASCII without `*`, `?`, `$` and spaces"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_those_of_the_right_kind() {
        type Check = fn(&str) -> Result<(), Invalid>;
        let cases: [(Check, &str); 8] = [
            (check_repository_arn, "arn:aws:ecr:eu-central-1:111122223333:repository/docker-hub/*"),
            (
                check_group_arn,
                "arn:aws-cn:autoscaling:cn-north-1:111122223333:autoScalingGroup:*:autoScalingGroupName/w",
            ),
            (check_parameter_arn, "arn:aws:ssm:eu-central-1:111122223333:parameter/ecrunner/token"),
            (check_key_arn, "arn:aws:kms:eu-central-1:111122223333:key/1234abcd"),
            (check_bucket_arn, "arn:aws:s3:::cache"),
            (check_object_arn, "arn:aws:s3:::config/main.toml"),
            (check_log_group_arn, "arn:aws:logs:eu-central-1:111122223333:log-group:/ecrunner/main"),
            (check_log_group_arn, "arn:aws:logs:eu-central-1:111122223333:log-group:/ecrunner/main:*"),
        ];
        for (position, (check, good)) in cases.iter().enumerate() {
            assert_eq!(check(good), Ok(()), "{good}");
            for (other, (_, arn)) in cases.iter().enumerate().take(7) {
                let related = position == other || position == 7 && other == 6;
                assert_eq!(check(arn).is_ok(), related, "{arn} beside {good}");
            }
        }
    }

    #[test]
    fn an_arn_must_not_reach_beyond_what_it_names() {
        for wrong in [
            "*",
            "arn:aws:ecr:*:111122223333:repository/a",
            "arn:aws:ecr:eu-central-1:*:repository/a",
            "arn:aws:ecr:eu-central-1:111122223333:*",
            "arn:aws:ecr:eu-central-1:111122223333:repository/",
            "arn:aws:ecr:eu-central-1:111122223333:repository/${aws:username}",
            "arn:aws:ecr:eu-central-1:111122223333:repository/\u{2013}",
        ] {
            assert!(check_repository_arn(wrong).is_err(), "{wrong} was accepted");
        }
        let group = "arn:aws:autoscaling:eu-central-1:111122223333:autoScalingGroup:*:autoScalingGroupName/*";
        assert!(check_group_arn(group).is_err());
        assert!(check_object_arn("arn:aws:s3:::*/key").is_err());
        assert!(check_key_arn("arn:aws:kms:eu-central-1:111122223333:alias/mine").is_err());
    }

    #[test]
    fn a_role_is_one_role_by_name_path_or_arn() {
        let arn = "arn:aws:iam::111122223333:role/team/ci-push";
        for good in ["ci-push", "team/ci-push", "/team/ci-push", "a_b+c=d,e.f@g", arn] {
            assert_eq!(check_role(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "*",
            "ci-*",
            "team/*",
            "te?m/ci-push",
            "${aws:username}/ci-push",
            "team//ci-push",
            "team/",
            "ci push",
            "team:ci-push",
            "arn:aws:iam::111122223333:role/team/*",
            "arn:aws:iam::111122223333:user/ci-push",
            "arn:aws:iam::*:role/ci-push",
        ] {
            assert!(check_role(bad).is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn users_and_prefixes_are_checked() {
        assert_eq!((check_os_user("ec2-user"), check_os_user("_ci")), (Ok(()), Ok(())));
        assert!(check_os_user("").is_err() && check_os_user("Root").is_err() && check_os_user("*").is_err());
        assert_eq!(check_prefix("team/"), Ok(()));
        assert!(check_prefix("/team").is_err() && check_prefix("*").is_err() && check_prefix("").is_err());
    }
}
