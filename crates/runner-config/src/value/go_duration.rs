//! Durations as Go writes them. Source: Go standard library, package time, `ParseDuration` and
//! `Duration.String`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use toml::Value;

use super::InvalidValue;
use crate::fault::Fault;
use crate::path::Path;
use crate::render::Node;
use crate::section::{Field, wrong_type};

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// A span of time, in nanoseconds, from 0 to 2^63 - 1 (some 292 years).
///
/// Reads every form that Go reads except negative ones (`"1h30m"`, `"90m"`, `"1.5h"`, `"300ms"`), writes Go's
/// own form (`"1h30m0s"`), always quoted: GitLab Runner takes a bare integer for nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoDuration(u64);

impl GoDuration {
    /// Zero, `"0s"`.
    pub const ZERO: Self = Self(0);

    /// A whole number of seconds.
    #[must_use]
    pub fn from_seconds(seconds: u32) -> Self {
        Self(u64::from(seconds) * NANOS_PER_SECOND)
    }

    /// The same span in Rust's type.
    #[must_use]
    pub fn as_duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

impl TryFrom<Duration> for GoDuration {
    type Error = InvalidValue;

    fn try_from(duration: Duration) -> Result<Self, InvalidValue> {
        bounded(duration.as_nanos())
    }
}

fn bounded(nanos: u128) -> Result<GoDuration, InvalidValue> {
    match u64::try_from(nanos) {
        Ok(nanos) if i64::try_from(nanos).is_ok() => Ok(GoDuration(nanos)),
        _ => Err(InvalidValue::new("is longer than a duration can be (some 292 years)")),
    }
}

impl FromStr for GoDuration {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = || {
            InvalidValue::new(
                "is not a duration: write numbers with units h, m, s or ms, such as \"20m0s\" or \"1h30m\"",
            )
        };
        if text == "0" {
            return Ok(Self::ZERO);
        }
        if text.starts_with('-') {
            return Err(InvalidValue::new("must not be negative"));
        }
        let mut rest = text.strip_prefix('+').unwrap_or(text);
        if rest.is_empty() {
            return Err(invalid());
        }
        let mut total: u128 = 0;
        while !rest.is_empty() {
            let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(invalid)?;
            let (number, tail) = rest.split_at(number_end);
            let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(unit_end);
            let unit: u128 = match unit {
                "ns" => 1,
                "us" | "µs" | "μs" => 1_000,
                "ms" => 1_000_000,
                "s" => 1_000_000_000,
                "m" => 60_000_000_000,
                "h" => 3_600_000_000_000,
                _ => return Err(invalid()),
            };
            let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
            if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
                return Err(invalid());
            }
            // 18 digits are enough to overflow the result and few enough not to overflow the arithmetic.
            if whole.trim_start_matches('0').len() > 18 {
                return bounded(u128::MAX);
            }
            let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| invalid())? };
            total += whole * unit;
            let mut scale = unit;
            for digit in fraction.bytes().take(18) {
                total += u128::from(digit - b'0') * scale / 10;
                scale /= 10;
            }
            bounded(total)?;
            rest = tail;
        }
        bounded(total)
    }
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0;
        match nanos {
            0 => f.write_str("0s"),
            1..1_000 => write!(f, "{nanos}ns"),
            1_000..1_000_000 => write!(f, "{}µs", decimal(nanos, 1_000)),
            1_000_000..NANOS_PER_SECOND => write!(f, "{}ms", decimal(nanos, 1_000_000)),
            _ => {
                let (minutes, rest) = (nanos / (60 * NANOS_PER_SECOND), nanos % (60 * NANOS_PER_SECOND));
                let (hours, minutes) = (minutes / 60, minutes % 60);
                if hours > 0 {
                    write!(f, "{hours}h")?;
                }
                if hours > 0 || minutes > 0 {
                    write!(f, "{minutes}m")?;
                }
                write!(f, "{}s", decimal(rest, NANOS_PER_SECOND))
            }
        }
    }
}

/// `nanos` in the unit, with as many decimals as it needs.
fn decimal(nanos: u64, unit: u64) -> String {
    let width = unit.ilog10() as usize;
    let fraction = format!("{:0width$}", nanos % unit);
    match fraction.trim_end_matches('0') {
        "" => (nanos / unit).to_string(),
        digits => format!("{}.{digits}", nanos / unit),
    }
}

impl Field for GoDuration {
    const EXPECTED: &'static str = "a duration string such as \"20m0s\"";

    fn read(value: &Value, path: &Path, faults: &mut Vec<Fault>) -> Option<Self> {
        let reason = match value {
            Value::String(text) => match text.parse() {
                Ok(duration) => return Some(duration),
                Err(InvalidValue(reason)) => reason,
            },
            Value::Integer(_) => {
                "a bare integer would be read as nanoseconds: write a quoted duration such as \"20m0s\""
                    .to_owned()
            }
            other => return wrong_type::<Self>(other, path, faults),
        };
        faults.push(Fault::invalid(path, reason));
        None
    }

    fn write(&self) -> Option<Node> {
        Some(Node::Value(Value::String(self.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_go_form_becomes_the_canonical_one() {
        for (text, canonical) in [
            ("20m0s", "20m0s"),
            ("20m", "20m0s"),
            ("1h30m", "1h30m0s"),
            ("90m", "1h30m0s"),
            ("1.5h", "1h30m0s"),
            ("0s", "0s"),
            ("0", "0s"),
            ("30s", "30s"),
            (".5s", "500ms"),
            ("1.5s", "1.5s"),
            ("1500us", "1.5ms"),
            ("1µs", "1µs"),
            ("7ns", "7ns"),
            ("48h", "48h0m0s"),
            ("+1m1s", "1m1s"),
        ] {
            let duration: GoDuration = text.parse().unwrap();
            assert_eq!(duration.to_string(), canonical, "{text}");
            assert_eq!(canonical.parse::<GoDuration>().unwrap(), duration, "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "20 min",
            "20",
            "m",
            "1d",
            "-1s",
            "1..5s",
            ".s",
            "1h ",
            "300000000h",
            "99999999999999999999s",
        ] {
            assert!(text.parse::<GoDuration>().is_err(), "{text}");
        }
    }
}
