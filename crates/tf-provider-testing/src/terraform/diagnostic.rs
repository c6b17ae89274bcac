//! Diagnostics as terraform's `-json` output gives them.

use std::fmt;

use serde_json::Value;

/// Whether terraform goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The command failed.
    Error,
    /// The command went on.
    Warning,
}

/// One diagnostic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// The line in bold.
    pub summary: String,
    /// The text below it.
    pub detail: String,
    /// Address of the object it is about, where terraform gives one.
    pub address: Option<String>,
    /// Name of the attribute whose expression is underlined; `None` when a block, or nothing, is.
    pub attribute: Option<String>,
    /// Source text that is underlined.
    pub underlined: Option<String>,
}

impl Diagnostic {
    /// Reads the output of a command: a line per event, or one document (`validate -json`).
    pub(crate) fn all_of(stdout: &str) -> Vec<Self> {
        if let Ok(document) = serde_json::from_str::<Value>(stdout)
            && let Some(list) = document["diagnostics"].as_array()
        {
            return list.iter().map(Self::of).collect();
        }
        stdout
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|event| event["type"] == "diagnostic")
            .map(|event| Self::of(&event["diagnostic"]))
            .collect()
    }

    fn of(json: &Value) -> Self {
        let text = |member: &str| json[member].as_str().unwrap_or_default().to_owned();
        let snippet = &json["snippet"];
        let offset = |member: &str| snippet[member].as_u64().and_then(|offset| usize::try_from(offset).ok());
        let code = snippet["code"].as_str().unwrap_or_default();
        let underlined = offset("highlight_start_offset")
            .zip(offset("highlight_end_offset"))
            .and_then(|(start, end)| Some((code.get(..start)?, code.get(start..end)?)));
        Self {
            severity: if json["severity"] == "error" { Severity::Error } else { Severity::Warning },
            summary: text("summary"),
            detail: text("detail"),
            address: json["address"].as_str().map(str::to_owned),
            attribute: underlined.and_then(|(before, it)| attribute(before, it)).map(str::to_owned),
            underlined: underlined.map(|(_, it)| it.to_owned()),
        }
    }
}

/// Name of the attribute that `underlined` belongs to, given the source before it.
fn attribute<'a>(before: &'a str, underlined: &'a str) -> Option<&'a str> {
    // The argument as a whole, or only its name: the source goes on with `= …`.
    if let Some((name, _)) = underlined.split_once('=')
        && is_name(name.trim())
    {
        return Some(name.trim());
    }
    // The expression, or an element deep in it: the nearest `name =` to the left on the same line.
    let line = before.rsplit('\n').next()?;
    let (left, _) = line.rsplit_once('=')?;
    let left = left.trim_end();
    let start = left.rfind(|character: char| !is_name_character(character)).map_or(0, |at| at + 1);
    Some(&left[start..]).filter(|name| is_name(name))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_name_character)
}

fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || character == '-'
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(formatter, "{severity}: {}", self.summary)?;
        if let Some(address) = &self.address {
            write!(formatter, "\n  with {address}")?;
        }
        match (&self.attribute, &self.underlined) {
            (Some(name), Some(source)) => write!(formatter, "\n  at {name}: {source}")?,
            (None, Some(source)) => write!(formatter, "\n  at {source}")?,
            _ => {}
        }
        for line in self.detail.lines() {
            write!(formatter, "\n  | {line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expression_belongs_to_the_name_on_its_left() {
        assert_eq!(attribute("  prefix    = ", "\"A\""), Some("prefix"));
        assert_eq!(attribute("  timeouts { create = ", "\"x\""), Some("create"));
        assert_eq!(attribute("  tags = [\"a\", ", "\"b\""), Some("tags"));
    }

    #[test]
    fn block_has_no_attribute() {
        assert_eq!(attribute("", "resource \"ecrunner_x\" \"y\""), None);
    }

    #[test]
    fn line_events_and_one_document_are_both_read() {
        let line = r#"{"type":"diagnostic","diagnostic":{"severity":"error","summary":"S","detail":"D",
            "snippet":{"code":"  a = \"b\"","highlight_start_offset":6,"highlight_end_offset":9}}}"#
            .replace('\n', "");
        let found = Diagnostic::all_of(&format!("{{\"type\":\"version\"}}\n{line}\n"));
        assert_eq!((found.len(), found[0].attribute.as_deref()), (1, Some("a")));
        let document = r#"{"valid":false,"diagnostics":[{"severity":"warning","summary":"W","detail":""}]}"#;
        assert_eq!(Diagnostic::all_of(document)[0].severity, Severity::Warning);
    }
}
