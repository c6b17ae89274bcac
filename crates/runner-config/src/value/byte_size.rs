//! Memory sizes of Docker's options. Source: docker/go-units, `RAMInBytes`.

use std::fmt;
use std::str::FromStr;

use super::{InvalidValue, string_field};

/// A size such as `512m`, `1.5g` or `2GiB`, kept as it was written; units are powers of 1024.
///
/// GitLab Runner ends itself at a size it cannot read, so the form is checked here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByteSize {
    text: String,
    bytes: u64,
}

impl ByteSize {
    /// The size in bytes, rounded down.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl FromStr for ByteSize {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = || {
            InvalidValue::new("is not a size: write a number with the unit b, k, m or g, such as \"512m\"")
        };
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let point_without_digits = number.contains('.') && fraction.is_empty();
        if whole.is_empty() || point_without_digits || fraction.contains('.') || fraction.len() > 6 {
            return Err(invalid());
        }
        let unit = unit.strip_prefix(' ').unwrap_or(unit).to_ascii_lowercase();
        let power = match unit.as_str() {
            "" | "b" => 0,
            "k" | "kb" | "kib" => 1,
            "m" | "mb" | "mib" => 2,
            "g" | "gb" | "gib" => 3,
            "t" | "tb" | "tib" => 4,
            "p" | "pb" | "pib" => 5,
            _ => return Err(invalid()),
        };
        let factor = 1_u128 << (10 * power);
        let too_large = || InvalidValue::new("is larger than a size can be");
        let whole = u128::from(whole.parse::<u64>().map_err(|_| too_large())?) * factor;
        let decimals = 10_u128.pow(u32::try_from(fraction.len()).map_err(|_| invalid())?);
        let fraction: u128 = if fraction.is_empty() { 0 } else { fraction.parse().map_err(|_| invalid())? };
        let bytes = u64::try_from(whole + fraction * factor / decimals).map_err(|_| too_large())?;
        if i64::try_from(bytes).is_err() {
            return Err(too_large());
        }
        Ok(Self { text: text.to_owned(), bytes })
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

string_field!(ByteSize, "a size string such as \"512m\"");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_powers_of_1024() {
        for (text, bytes) in [
            ("512m", 512 << 20),
            ("512MB", 512 << 20),
            ("2GiB", 2 << 30),
            ("1.5g", 3 << 29),
            ("1024", 1024),
            ("0", 0),
            ("10 k", 10 << 10),
            ("7b", 7),
        ] {
            assert_eq!(text.parse::<ByteSize>().unwrap().bytes(), bytes, "{text}");
        }
    }

    #[test]
    fn what_the_runner_cannot_read_is_refused() {
        for text in
            ["", "m", "-1", "512mm", "1.g", "1..5g", "512 MB ", "ten", "99999999999999999999", "9999999p"]
        {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }
}
