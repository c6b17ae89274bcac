//! Durations as practitioners write them: `90s`, `10m`, `1h30m`.

use std::time::Duration;

use crate::schema::Invalid;

/// Reads a duration of whole hours, minutes and seconds, in this order.
///
/// # Errors
/// The text is no such duration.
pub(crate) fn parse(text: &str) -> Result<Duration, Invalid> {
    let invalid = || {
        Invalid::new("is no duration")
            .remedy("Write whole numbers with units, such as \"90s\", \"10m\" or \"1h30m\".")
    };
    let mut seconds: u64 = 0;
    let mut rest = text;
    let mut units = [('h', 3600), ('m', 60), ('s', 1)].into_iter();
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let value: u64 = rest[..digits].parse().map_err(|_| invalid())?;
        let unit = rest[digits..].chars().next().ok_or_else(invalid)?;
        let (_, factor) = units.find(|(name, _)| *name == unit).ok_or_else(invalid)?;
        let part = value.checked_mul(factor).ok_or_else(invalid)?;
        seconds = seconds.checked_add(part).ok_or_else(invalid)?;
        rest = &rest[digits + 1..];
    }
    if text.is_empty() { Err(invalid()) } else { Ok(Duration::from_secs(seconds)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_whole_numbers_with_units_in_order() {
        assert_eq!(parse("90s").unwrap(), Duration::from_secs(90));
        assert_eq!(parse("1h30m").unwrap(), Duration::from_secs(5400));
        for wrong in ["", "5", "m", "5x", "1m1h", "-5s", "1.5h", "5 m", "99999999999999999999h", "5é"] {
            assert!(parse(wrong).is_err(), "{wrong:?} was accepted");
        }
    }
}
