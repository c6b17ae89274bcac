//! `setup`: what a practitioner decides about an instance's first boot. Shared by worker fleet and runner manager.

use runner_config::secret_in;
use tf_provider::schema::Invalid;
use tf_provider::{Schema, StringEnum, Value};

/// Operating systems whose stock images can be set up.
#[derive(StringEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatingSystem {
    /// Amazon Linux 2023.
    #[tf(rename = "amazon-linux-2023")]
    AmazonLinux2023,
    /// Ubuntu 24.04 LTS.
    #[tf(rename = "ubuntu-24.04")]
    Ubuntu2404,
}

impl OperatingSystem {
    /// The user that stock images let in by SSH.
    pub fn default_user(self) -> &'static str {
        match self {
            OperatingSystem::AmazonLinux2023 => "ec2-user",
            OperatingSystem::Ubuntu2404 => "ubuntu",
        }
    }

    /// The distribution's package of Docker Engine and command line.
    pub fn docker_package(self) -> &'static str {
        match self {
            OperatingSystem::AmazonLinux2023 => "docker",
            OperatingSystem::Ubuntu2404 => "docker.io",
        }
    }

    /// Where stock images have their root volume.
    pub fn root_device_name(self) -> &'static str {
        match self {
            OperatingSystem::AmazonLinux2023 => "/dev/xvda",
            OperatingSystem::Ubuntu2404 => "/dev/sda1",
        }
    }
}

/// How an instance is set up at its first boot.
#[derive(Schema, Clone, Debug, PartialEq)]
pub struct Setup {
    /// Operating system of the image.
    #[tf(default = OperatingSystem::AmazonLinux2023)]
    pub operating_system: OperatingSystem,
    /// User that the runner manager connects as. Default: that of the stock image, `ec2-user` or `ubuntu`.
    #[tf(validate(text(check_user)))]
    pub os_user: Option<String>,
    /// Package of Docker Engine, with a version as the package manager writes it or without. Default: the
    /// distribution's, `docker` or `docker.io`.
    #[tf(validate(text(check_package)))]
    pub docker_package: Option<String>,
    /// Further packages of the distribution's repositories.
    #[tf(validate(each(text(check_package))))]
    pub extra_packages: Option<Vec<String>>,
    /// JSON object merged over ours in `/etc/docker/daemon.json`; null takes a key away.
    #[tf(validate(text(check_daemon_json)))]
    pub daemon_json: Option<String>,
    /// Script that runs last, before the instance counts as ready; shell unless its first line names an
    /// interpreter. All that run on the instance can read it: it must hold no secret.
    #[tf(validate(text(check_script)))]
    pub extra_script: Option<String>,
}

impl Default for Setup {
    fn default() -> Self {
        Setup {
            operating_system: OperatingSystem::AmazonLinux2023,
            os_user: None,
            docker_package: None,
            extra_packages: None,
            daemon_json: None,
            extra_script: None,
        }
    }
}

impl Setup {
    /// User that the runner manager connects as.
    pub fn user(&self) -> &str {
        self.os_user.as_deref().unwrap_or_else(|| self.operating_system.default_user())
    }

    /// Package of Docker Engine.
    pub fn docker(&self) -> &str {
        self.docker_package.as_deref().unwrap_or_else(|| self.operating_system.docker_package())
    }

    /// The known form of a planned setup; `None` while anything in it is unknown. Null is the default.
    pub fn from_plan(plan: &Value<SetupPlan>) -> Option<Self> {
        let plan = match plan {
            Value::Unknown => return None,
            Value::Null => return Some(Setup::default()),
            Value::Known(plan) => plan,
        };
        let extra_packages = match &plan.extra_packages {
            Value::Unknown => return None,
            Value::Null => None,
            Value::Known(names) => {
                Some(names.iter().map(|name| name.known().cloned()).collect::<Option<Vec<_>>>()?)
            }
        };
        Some(Setup {
            operating_system: match &plan.operating_system {
                Value::Unknown => return None,
                Value::Null => OperatingSystem::AmazonLinux2023,
                Value::Known(system) => *system,
            },
            os_user: optional(&plan.os_user)?,
            docker_package: optional(&plan.docker_package)?,
            extra_packages,
            daemon_json: optional(&plan.daemon_json)?,
            extra_script: optional(&plan.extra_script)?,
        })
    }
}

/// `None` while unknown.
fn optional<T: Clone>(value: &Value<T>) -> Option<Option<T>> {
    match value {
        Value::Unknown => None,
        Value::Null => Some(None),
        Value::Known(value) => Some(Some(value.clone())),
    }
}

fn check_user(user: &str) -> Result<(), Invalid> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    let first = |c: char| c.is_ascii_lowercase() || c == '_';
    if user.starts_with(first) && user.chars().all(allowed) && user.len() <= 32 {
        return Ok(());
    }
    Err(Invalid::new("must be a user name of 1 to 32 lower case letters, digits, `_` and `-`"))
}

fn check_package(package: &str) -> Result<(), Invalid> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+-._:~=".contains(c);
    if package.starts_with(|c: char| c.is_ascii_alphanumeric()) && package.chars().all(allowed) {
        return Ok(());
    }
    Err(Invalid::new("must be the name of a package")
        .remedy("Write one package per element, such as \"jq\", or \"jq=1.7.1\" for a version with apt."))
}

fn check_daemon_json(text: &str) -> Result<(), Invalid> {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).map_err(|error| {
        Invalid::new(format!("must be a JSON object: line {}, column {}", error.line(), error.column()))
    })?;
    if object.contains_key("hosts") {
        return Err(Invalid::new("must not set hosts, which the docker service sets itself")
            .remedy("Remove hosts: the runner manager connects by SSH and needs no further address."));
    }
    check_secret(text)
}

fn check_script(text: &str) -> Result<(), Invalid> {
    check_secret(text)
}

fn check_secret(text: &str) -> Result<(), Invalid> {
    match secret_in(text) {
        None => Ok(()),
        Some(what) => {
            Err(Invalid::new(format!("seems to hold {what}, which an instance's user data must not"))
                .remedy("Let the script fetch it at boot, with the rights of the instance profile.")
                .secret())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_scripts_are_refused_without_repeating_them() {
        let fault = check_script("login glpat-aBcDeF0123456789").expect_err("accepted");
        assert!(fault.problem.contains("a GitLab access token") && !fault.problem.contains("aBcDeF"));
    }

    #[test]
    fn daemon_json_is_an_object_without_hosts() {
        assert_eq!(check_daemon_json(r#"{"debug": true}"#), Ok(()));
        for wrong in ["", "[]", "{", r#"{"hosts": ["tcp://0.0.0.0:2375"]}"#, r#"{"auths": {}}"#] {
            assert!(check_daemon_json(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn users_and_packages_are_plain_names() {
        for user in ["ec2-user", "ubuntu", "_x"] {
            assert_eq!(check_user(user), Ok(()));
        }
        for user in ["", "-x", "Root", "a b", "x;y"] {
            assert!(check_user(user).is_err(), "{user}");
        }
        assert_eq!(check_package("docker.io=27.5.1-0ubuntu3~24.04.2"), Ok(()));
        assert!(check_package("--force").is_err());
    }

    #[test]
    fn a_setup_left_out_is_the_default_and_an_unknown_one_is_unknown() {
        assert_eq!(Setup::from_plan(&Value::Null), Some(Setup::default()));
        assert_eq!(Setup::from_plan(&Value::Unknown), None);
    }
}
