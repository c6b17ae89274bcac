//! Checks of the configuration: single attributes, and how they go together.

use std::collections::BTreeSet;

use tf_provider::schema::Invalid;
use tf_provider::{AttributePath, Diagnostic, Diagnostics, ValidateConfig};

use super::{WorkerFleet, WorkerFleetPlan};
use crate::ec2::root_volume;
use crate::runner::boot::{PullProxyPlan, Setup, pull_proxy, worker};

impl ValidateConfig for WorkerFleet {
    fn validate(config: &WorkerFleetPlan, diagnostics: &mut Diagnostics) {
        let docker_hub_is_served = config.pull_proxy.known().and_then(PullProxyPlan::serves_docker_hub);
        if let Some(setup) = Setup::from_plan(&config.setup)
            && let Some(problem) = worker::conflict(&setup, docker_hub_is_served.unwrap_or_default())
        {
            let path = AttributePath::attribute("setup").with_attribute("daemon_json");
            diagnostics.push(Diagnostic::error("Invalid daemon_json", problem).at(path));
        }
        pull_proxy::validate(&config.pull_proxy, diagnostics);
        root_volume::validate(&config.root_volume, diagnostics);
    }
}

pub(super) fn check_name(name: &str) -> Result<(), Invalid> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "().-/_".contains(c);
    if !(3..=128).contains(&name.len()) {
        return Err(Invalid::new(format!("must have 3 to 128 characters, but has {}", name.chars().count())));
    }
    match name.chars().find(|c| !allowed(*c)) {
        Some(c) => Err(Invalid::new(format!("must consist of letters, digits and `().-/_`, but has {c:?}"))),
        None => Ok(()),
    }
}

pub(super) fn check_image(id: &str) -> Result<(), Invalid> {
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    match id.strip_prefix("ami-") {
        Some(rest) if rest.len() >= 8 && rest.chars().all(hex) => Ok(()),
        _ => Err(Invalid::new("must be the id of an image").remedy(
            "Write ami-…, such as the image_id of the data source ecrunner_ami. A parameter's name would hide a new image from the plan.",
        )),
    }
}

pub(super) fn check_unique(values: &[String]) -> Result<(), Invalid> {
    let mut seen = BTreeSet::new();
    match values.iter().position(|value| !seen.insert(value)) {
        Some(index) => Err(Invalid::new(format!("must not name {} twice", values[index]))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_group_and_launch_template() {
        assert_eq!(check_name("ci/linux-(a).b_c"), Ok(()));
        for wrong in ["ab", "with space", "a:b", "umlaut-\u{e4}", &"x".repeat(129)] {
            assert!(check_name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_image_is_named_by_its_id() {
        assert_eq!(check_image("ami-0123456789abcdef0"), Ok(()));
        for wrong in ["", "ami-", "resolve:ssm:/aws/service/x", "ami-0123456Z"] {
            assert!(check_image(wrong).is_err(), "{wrong}");
        }
    }
}
