//! The state, as `terraform show -json` describes it.

use serde_json::Value;

use crate::report::report;

/// The state of a workspace at one moment.
#[derive(Clone, Debug)]
pub struct State {
    json: Value,
}

impl State {
    pub(crate) fn new(json: Value) -> Self {
        Self { json }
    }

    /// Everything `show -json` says.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// Addresses of all objects, in the order of the state.
    pub fn addresses(&self) -> Vec<String> {
        self.resources()
            .into_iter()
            .filter_map(|found| found["address"].as_str().map(str::to_owned))
            .collect()
    }

    /// The attribute at `path`, as `tags.team` or `rule.0.port`; null when it is not there.
    ///
    /// # Panics
    /// When the state does not have the object.
    #[track_caller]
    pub fn attribute(&self, address: &str, path: &str) -> &Value {
        member(&self.resource(address)["values"], path)
    }

    /// Whether the object will be replaced because its creation failed half way.
    ///
    /// # Panics
    /// When the state does not have the object.
    #[track_caller]
    pub fn is_tainted(&self, address: &str) -> bool {
        self.resource(address)["tainted"] == true
    }

    /// An output's value; null when it is not there.
    pub fn output(&self, name: &str) -> &Value {
        &self.json["values"]["outputs"][name]["value"]
    }

    #[track_caller]
    fn resource(&self, address: &str) -> &Value {
        match self.resources().into_iter().find(|found| found["address"] == address) {
            Some(resource) => resource,
            None => {
                let got = self.addresses().join("\n");
                panic!("{}", report("the state lacks an object", &[("expected", address), ("got", &got)]))
            }
        }
    }

    fn resources(&self) -> Vec<&Value> {
        let mut found = Vec::new();
        let mut modules = vec![&self.json["values"]["root_module"]];
        while let Some(module) = modules.pop() {
            found.extend(module["resources"].as_array().into_iter().flatten());
            modules.extend(module["child_modules"].as_array().into_iter().flatten());
        }
        found
    }
}

/// The value at a dotted path; null when there is none.
pub(crate) fn member<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(value, |value, step| match step.parse::<usize>() {
        Ok(index) if value.is_array() => &value[index],
        _ => &value[step],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_goes_through_objects_and_lists() {
        let value = serde_json::json!({"rule": [{"port": 1}], "tags": {"0": "zero"}});
        assert_eq!(member(&value, "rule.0.port"), 1);
        assert_eq!(member(&value, "tags.0"), "zero");
        assert_eq!(member(&value, "rule.1.port"), &Value::Null);
    }
}
