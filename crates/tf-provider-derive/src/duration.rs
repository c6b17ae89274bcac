//! Durations as Terraform practitioners write them: `90s`, `5m`, `1h30m`.

/// The whole seconds of `text`.
///
/// # Errors
/// What is wrong with it, as a sentence without its full stop.
pub(crate) fn seconds(text: &str) -> Result<u64, String> {
    let example = "write hours, minutes and seconds such as \"90s\", \"5m\" or \"1h30m\"";
    let mut total: u64 = 0;
    let mut rest = text;
    let mut smallest = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number = rest[..digits].parse::<u64>();
        let unit = match rest[digits..].chars().next() {
            Some('h') => 3600,
            Some('m') => 60,
            Some('s') => 1,
            _ => return Err(format!("`{text}` is no duration; {example}")),
        };
        let Ok(number) = number else {
            return Err(format!("`{text}` is no duration; {example}"));
        };
        if unit >= smallest {
            return Err(format!("`{text}` is no duration: each unit once, the greater one first; {example}"));
        }
        smallest = unit;
        total = number
            .checked_mul(unit)
            .and_then(|part| total.checked_add(part))
            .ok_or_else(|| format!("`{text}` is too long"))?;
        rest = &rest[digits + 1..];
    }
    if total == 0 { Err(format!("a time limit must be longer than zero; {example}")) } else { Ok(total) }
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn units_add_up() {
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("5m"), Ok(300));
        assert_eq!(seconds("1h30m"), Ok(5400));
        assert_eq!(seconds("2h0m5s"), Ok(7205));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "0s", "5", "m", "5 m", "1.5h", "5ms", "-5m", "5m1h", "5m5m", "5d", "5ß"] {
            assert!(seconds(text).is_err(), "{text:?} was accepted");
        }
        assert!(seconds("99999999999999999999h").is_err());
        assert!(seconds("9999999999999999999h").is_err());
    }
}
