//! The committed table of ECR's input shapes is what botocore's service model says.
//!
//! `UPDATE_ECR_MODEL=1` rewrites the table from the model in the emulators' virtual environment.

use serde_json::{Map, Value, json};

use crate::support;

/// Keeps of each shape what validation needs, and only the shapes that an input reaches.
fn reduce(model: &Value) -> Value {
    let mut shapes = Map::new();
    let mut operations = Map::new();
    for (name, operation) in model["operations"].as_object().unwrap() {
        let input = operation["input"]["shape"].as_str().unwrap();
        operations.insert(name.clone(), json!(input));
        reach(model, input, &mut shapes);
    }
    json!({"operations": operations, "shapes": shapes})
}

fn reach(model: &Value, name: &str, shapes: &mut Map<String, Value>) {
    if shapes.contains_key(name) {
        return;
    }
    let shape = &model["shapes"][name];
    let mut kept = Map::new();
    for key in ["type", "required", "min", "max", "pattern", "enum"] {
        if let Some(value) = shape.get(key) {
            kept.insert(key.to_owned(), value.clone());
        }
    }
    let mut references = Vec::new();
    if let Some(members) = shape["members"].as_object() {
        let named = members.iter().map(|(member, target)| (member.clone(), target["shape"].clone()));
        kept.insert("members".to_owned(), Value::Object(named.collect()));
        references.extend(members.values().map(|target| target["shape"].as_str().unwrap().to_owned()));
    }
    for key in ["member", "key", "value"] {
        if let Some(target) = shape[key]["shape"].as_str() {
            kept.insert(key.to_owned(), json!(target));
            references.push(target.to_owned());
        }
    }
    shapes.insert(name.to_owned(), Value::Object(kept));
    for reference in references {
        reach(model, &reference, shapes);
    }
}

#[test]
fn committed_table_matches_botocore() {
    let Some(model) = support::botocore_model("ecr") else { return };
    let reduced = reduce(&model);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/ecr/model.json");
    if std::env::var_os("UPDATE_ECR_MODEL").is_some() {
        std::fs::write(path, format!("{reduced:#}\n")).unwrap();
        return;
    }
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(committed == reduced, "src/ecr/model.json is out of date: run this test with UPDATE_ECR_MODEL=1");
}
