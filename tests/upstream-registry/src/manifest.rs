//! Which content a manifest names.

use serde_json::Value;

fn parse(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or(Value::Null)
}

fn digests<'a>(list: impl IntoIterator<Item = &'a Value>) -> Vec<String> {
    list.into_iter().filter_map(|item| item["digest"].as_str()).map(str::to_owned).collect()
}

fn is_foreign(layer: &Value) -> bool {
    let media_type = layer["mediaType"].as_str().unwrap_or_default();
    media_type.contains(".nondistributable.") || media_type.contains(".rootfs.foreign.")
}

/// Digests of config and layers, without those that no registry has to hold.
pub(crate) fn blobs(bytes: &[u8]) -> Vec<String> {
    let manifest = parse(bytes);
    let layers = manifest["layers"].as_array().cloned().unwrap_or_default();
    let mut found = digests(manifest.get("config"));
    found.extend(digests(layers.iter().filter(|layer| !is_foreign(layer))));
    found
}

/// Digests of the children of an index.
pub(crate) fn children(bytes: &[u8]) -> Vec<String> {
    digests(parse(bytes)["manifests"].as_array().into_iter().flatten())
}

/// The manifest's own media type.
pub(crate) fn media_type(bytes: &[u8]) -> Option<String> {
    parse(bytes)["mediaType"].as_str().map(str::to_owned)
}

/// The digest of the manifest that this one is about.
pub(crate) fn subject(bytes: &[u8]) -> Option<String> {
    parse(bytes)["subject"]["digest"].as_str().map(str::to_owned)
}

/// What kind of artifact it is: `artifactType`, or else the media type of the config (distribution-spec, section
/// "Listing Referrers").
pub(crate) fn artifact_type(bytes: &[u8]) -> Option<String> {
    let manifest = parse(bytes);
    let own = manifest["artifactType"].as_str().filter(|own| !own.is_empty());
    own.or_else(|| manifest["config"]["mediaType"].as_str()).map(str::to_owned)
}

/// The manifest's annotations, if it has any.
pub(crate) fn annotations(bytes: &[u8]) -> Option<Value> {
    parse(bytes).get("annotations").filter(|annotations| annotations.is_object()).cloned()
}

/// True for JSON, which every manifest is.
pub(crate) fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Value>(bytes).is_ok()
}
