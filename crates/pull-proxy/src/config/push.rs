//! Section `[push]`: whose login jobs get, for which repositories, and where.

use std::path::{Path, PathBuf};

use ecr_host::EcrHost;
use oci_copy::check_repository;
use serde::Deserialize;

use super::Faults;
use crate::push::policy::{self, Pattern, Target};
use crate::rules::Rules;

/// Name of the file that Docker reads in the directory that `DOCKER_CONFIG` names.
const FILE_NAME: &str = "config.json";
/// Longest session policy that STS takes, in characters (STS API reference, AssumeRole).
const POLICY_LIMIT: usize = 2048;

/// Checked settings of the login for pushes.
#[derive(Clone, Debug)]
pub struct Push {
    /// The role that is assumed.
    pub role_arn: String,
    /// Where its sessions may push to.
    pub repositories: Vec<Target>,
    /// The Docker configuration that is written.
    pub docker_config: PathBuf,
    /// What narrows the role's sessions, in JSON.
    pub session_policy: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    role_arn: String,
    repositories: Vec<String>,
    docker_config: String,
}

impl Push {
    /// Checks the section; nothing unless all of it can be used.
    pub(super) fn check(raw: Raw, rules: &Rules, faults: &mut Faults) -> Option<Self> {
        let partition = faults.keep("push.role_arn".to_owned(), &raw.role_arn, role_partition(&raw.role_arn));
        let docker_config = docker_config(&raw.docker_config);
        let docker_config = faults.keep("push.docker_config".to_owned(), &raw.docker_config, docker_config);
        let mut repositories: Vec<Target> = Vec::new();
        for (at, text) in raw.repositories.iter().enumerate() {
            let target = target(text).and_then(|target| {
                if repositories.contains(&target) {
                    return Err("it stands there twice: remove one".to_owned());
                }
                if let Some(partition) = partition
                    && partition != target.host.partition()
                {
                    return Err(format!("the role is of partition {partition}: push to a registry of that"));
                }
                policy::served(&target, rules).map_or(Ok(target.clone()), |rule| {
                    Err(format!(
                        "images of {} are served from there, so nothing may be pushed there: name repositories that \
                         no rule names",
                        rule.name
                    ))
                })
            });
            repositories.extend(faults.keep(format!("push.repositories[{at}]"), text, target));
        }
        if raw.repositories.is_empty() {
            faults.push("push.repositories is empty: name repositories, or remove [push]".to_owned());
        }
        let session_policy = policy::session_policy(&repositories, rules);
        let length = session_policy.chars().count();
        if length > POLICY_LIMIT {
            faults.push(format!(
                "push.repositories: the session policy has {length} characters and STS takes {POLICY_LIMIT}: name \
                 fewer repositories, by patterns such as team/*, and none that hold mirrors"
            ));
        }
        partition?;
        Some(Self { role_arn: raw.role_arn, repositories, docker_config: docker_config?, session_policy })
    }
}

/// Partition of a role's ARN, such as `arn:aws:iam::123456789012:role/ci-push`.
fn role_partition(arn: &str) -> Result<&str, &'static str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts[..] else { return Err(ROLE_FORM) };
    let account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let known = partition.starts_with("aws")
        && partition.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let path = resource.strip_prefix("role/").ok_or(ROLE_FORM)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    let named = path.split('/').all(|part| !part.is_empty() && part.bytes().all(allowed));
    let short = path.rsplit('/').next().is_some_and(|name| name.len() <= 64) && path.len() <= 512 + 64;
    if account && known && named && short { Ok(partition) } else { Err(ROLE_FORM) }
}

const ROLE_FORM: &str = "write arn:aws:iam::<account>:role/<name>";

/// A name or pattern, such as `<account>.dkr.ecr.<region>.amazonaws.com/team/*`.
fn target(text: &str) -> Result<Target, String> {
    let (host, name) = text.split_once('/').unwrap_or((text, ""));
    let host = EcrHost::parse(host).map_err(|error| error.to_string())?;
    if name.is_empty() {
        return Err("name a repository behind the host, or a pattern such as team/*".to_owned());
    }
    let pattern = match name.strip_suffix('*') {
        Some(stem) => Pattern::beginning(stem),
        None => Pattern::exactly(name),
    };
    if pattern.stem().contains(['*', '?']) {
        return Err("only the end may be open, by one *, as in team/*".to_owned());
    }
    // What a stem lacks to be a name is its end.
    let name = if pattern.is_open() { format!("{}a", pattern.stem()) } else { name.to_owned() };
    check_repository(&name).map_err(|error| error.to_string())?;
    Ok(Target { host, pattern })
}

fn docker_config(text: &str) -> Result<PathBuf, String> {
    let path = Path::new(text);
    let plain = !path.components().any(|part| matches!(part, std::path::Component::ParentDir));
    let named = path.file_name().is_some_and(|name| name == FILE_NAME);
    if path.is_absolute() && plain && named {
        Ok(path.to_owned())
    } else {
        Err(format!(
            "write an absolute path that ends with /{FILE_NAME}; jobs get its directory as DOCKER_CONFIG"
        ))
    }
}
