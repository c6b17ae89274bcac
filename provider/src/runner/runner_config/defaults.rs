//! What is written where nothing was chosen, because GitLab Runner's own default does not work or hurts.

use toml::{Table, Value};

/// Fills in the defaults of all runners.
pub(super) fn fill(config: &mut Table) {
    let Some(Value::Array(runners)) = config.get_mut("runners") else { return };
    for (position, runner) in runners.iter_mut().enumerate() {
        if let Value::Table(runner) = runner {
            fill_runner(position, runner);
        }
    }
}

/// The placeholder of the runner at `position`: that of the first stays as it is when others come.
fn token_placeholder(position: usize) -> String {
    match position {
        0 => "__ECRUNNER_TOKEN__".to_owned(),
        _ => format!("__ECRUNNER_TOKEN_{position}__"),
    }
}

fn fill_runner(position: usize, runner: &mut Table) {
    set(runner, "token", token_placeholder(position));
    set(runner, "executor", "docker-autoscaler");
    set(runner, "request_concurrency", 2);
    // Rotation by the runner itself would write the new token into the file in clear.
    if let Some(flags) = section(runner, "feature_flags") {
        set(flags, "FF_DISABLE_AUTOMATIC_TOKEN_ROTATION", true);
    }
    if let Some(Value::Table(autoscaler)) = runner.get_mut("autoscaler") {
        set(autoscaler, "plugin", "fleeting-plugin-aws");
        set(autoscaler, "capacity_per_instance", 1);
        if let Some(connector) = section(autoscaler, "connector_config") {
            set(connector, "username", "ec2-user");
        }
        // Without it, a restart of the runner deletes every instance, with the jobs on it.
        if let Some(state) = section(autoscaler, "state_storage") {
            set(state, "enabled", true);
            set(state, "keep_instance_with_acquisitions", true);
        }
    }
    if let Some(Value::Table(cache)) = runner.get_mut("cache")
        && let Some(Value::Table(s3)) = cache.get_mut("s3")
    {
        set(s3, "AuthenticationType", "iam");
        set(cache, "Type", "s3");
    }
}

fn set(table: &mut Table, key: &str, value: impl Into<Value>) {
    table.entry(key).or_insert_with(|| value.into());
}

/// The section `key`, made where there is none; `None` where something else stands in its place.
fn section<'a>(table: &'a mut Table, key: &str) -> Option<&'a mut Table> {
    table.entry(key).or_insert_with(|| Value::Table(Table::new())).as_table_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_is_kept() {
        let chosen = "[[runners]]\ntoken = \"__MINE__\"\nexecutor = \"shell\"\nrequest_concurrency = 4\n\
                      feature_flags = { FF_DISABLE_AUTOMATIC_TOKEN_ROTATION = false }\n";
        let before: Table = chosen.parse().unwrap();
        let mut after = before.clone();
        fill(&mut after);
        assert_eq!(after, before);
    }

    #[test]
    fn first_placeholder_stays_when_a_second_runner_comes() {
        let placeholder = |text: &str, position: usize| {
            let mut table: Table = text.parse().unwrap();
            fill(&mut table);
            table["runners"][position]["token"].as_str().unwrap().to_owned()
        };
        let (one, two) = ("[[runners]]\n", "[[runners]]\n[[runners]]\n");
        assert_eq!(placeholder(one, 0), placeholder(two, 0));
        assert_ne!(placeholder(two, 0), placeholder(two, 1));
    }
}
