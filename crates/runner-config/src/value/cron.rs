//! Cron expressions: five fields in policies of the autoscaler, seven in periods of docker+machine.
//! Source: GitLab Runner documentation, "Autoscaler" and "Docker Machine" sections.

use std::fmt;
use std::str::FromStr;

use super::{InvalidValue, string_field};

/// Name, lowest and highest number of a field, in the order of a seven-field expression.
const FIELDS: [(&str, u32, u32); 7] = [
    ("second", 0, 59),
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of month", 1, 31),
    ("month", 1, 12),
    ("day of week", 0, 7),
    ("year", 1970, 2099),
];

macro_rules! cron {
    ($(#[$meta:meta])* $name:ident, $fields:expr, $count:literal, $expected:literal, $example:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The expression as it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether the expression holds at any moment.
            #[must_use]
            pub fn is_always(&self) -> bool {
                self.0.split_whitespace().all(|field| field == "*")
            }
        }

        impl FromStr for $name {
            type Err = InvalidValue;

            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                let found = text.split_whitespace().count();
                if found != $count {
                    return Err(InvalidValue::new(format!(
                        "has {found} cron fields and needs {}, such as {:?}", $count, $example
                    )));
                }
                for (field, limits) in text.split_whitespace().zip($fields) {
                    check_field(field, limits)?;
                }
                Ok(Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        string_field!($name, $expected);
    };
}

cron!(
    /// A cron expression of five fields: minute, hour, day of month, month, day of week.
    Cron5, &FIELDS[1..6], 5, "a cron expression of five fields", "* 8-17 * * mon-fri"
);
cron!(
    /// A cron expression of seven fields: second, minute, hour, day of month, month, day of week, year.
    ///
    /// With five fields the runner would accept the text, but the period would hold only in the first second
    /// of each minute.
    Cron7, &FIELDS, 7, "a cron expression of seven fields", "* * 8-17 * * mon-fri *"
);

/// Characters, and the range of plain numbers. What names and `L`, `W`, `#` mean is left to the runner.
fn check_field(field: &str, (name, lowest, highest): &(&str, u32, u32)) -> Result<(), InvalidValue> {
    if !field.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '*' | ',' | '-' | '/' | '?' | '#')) {
        return Err(InvalidValue::new(format!(
            "has a character that cron does not know in the field {name}"
        )));
    }
    for item in field.split(',') {
        let (range, step) = item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
        if step.is_some_and(|step| !step.parse::<u32>().is_ok_and(|step| step > 0)) {
            return Err(InvalidValue::new(format!("needs a number above 0 after `/` in the field {name}")));
        }
        if range.split('-').any(str::is_empty) {
            return Err(InvalidValue::new(format!("has an empty item in the field {name}")));
        }
        let numbers: Vec<u32> = range.split('-').filter_map(|bound| bound.parse().ok()).collect();
        if numbers.iter().any(|number| !(*lowest..=*highest).contains(number)) {
            return Err(InvalidValue::new(format!("has a {name} outside {lowest} to {highest}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_of_fields_is_checked() {
        assert!("* * * * *".parse::<Cron5>().unwrap().is_always());
        assert!(!"*/5 8-17 1,15 * mon-fri".parse::<Cron5>().unwrap().is_always());
        assert!("* * 9-17 * * mon-fri *".parse::<Cron7>().is_ok());
        let error = "* * 9-17 * * mon-fri *".parse::<Cron5>().unwrap_err().to_string();
        assert!(error.contains("7 cron fields and needs 5"), "{error}");
        assert!("* * * * *".parse::<Cron7>().is_err());
        assert!("".parse::<Cron5>().is_err());
    }

    #[test]
    fn numbers_out_of_range_and_foreign_characters_are_refused() {
        for text in [
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "* 8..17 * * *",
            "*/0 * * * *",
            "1, * * * *",
        ] {
            assert!(text.parse::<Cron5>().is_err(), "{text}");
        }
    }
}
