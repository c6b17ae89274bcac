//! The `timeouts` block, for which no author writes a field.

use std::time::Duration;

use crate::resource::humantime;
use crate::schema::{Attribute, AttributeKind, Block, Nesting, Presence, Timeouts, text};
use crate::value::{RawValue, Type};

/// The block with these limits as defaults.
pub(super) fn timeouts_block(defaults: Timeouts) -> Block {
    let attribute = |operation: &str, default: Duration| Attribute {
        name: operation.to_owned(),
        kind: AttributeKind::Plain(Type::String),
        description: format!(
            "Time limit of {operation}, such as `90s`, `10m` or `1h30m`. Default: `{}`.",
            humantime(default)
        ),
        presence: Presence::Optional,
        sensitive: false,
        write_only: false,
        deprecated: None,
        default: None,
        replace: false,
        replace_if: None,
        same_meaning: None,
        keep: false,
        validators: vec![text(|value| crate::duration::parse(value).map(drop))],
    };
    Block {
        name: "timeouts".to_owned(),
        nesting: Nesting::Single,
        description: "Time limits of the operations.".to_owned(),
        attributes: vec![
            attribute("create", defaults.create),
            attribute("read", defaults.read),
            attribute("update", defaults.update),
            attribute("delete", defaults.delete),
        ],
        blocks: Vec::new(),
        rules: Vec::new(),
        min_items: 0,
        max_items: 0,
        computed: false,
    }
}

/// The struct of a resource has no field for its `timeouts` block: it is carried from `source`.
pub(crate) fn carry_timeouts(mut state: RawValue, source: &RawValue) -> RawValue {
    if let (RawValue::Mapping(entries), Some(timeouts)) = (&mut state, source.get("timeouts")) {
        entries.insert("timeouts".to_owned(), timeouts.clone());
    }
    state
}
