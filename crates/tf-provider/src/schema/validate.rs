//! Validators: checks of configured values. They never see null or unknown.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::{CheckFn, Convert, ConvertError};
use crate::value::{AttributePath, RawValue, Step};

/// What is wrong with a value, and what to write instead.
///
/// `problem` completes "the value …" (`must be 2 to 30 characters long, but has 31`); it never repeats a
/// sensitive value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// What is wrong, as a sentence without its full stop.
    pub problem: String,
    /// What to write instead, imperative; empty when the problem says it.
    pub remedy: String,
    /// Where, below the attribute that was checked.
    pub path: AttributePath,
    /// The value holds a secret: nothing of the configuration is shown beside the diagnostic.
    pub secret: bool,
}

impl Invalid {
    /// A fault of the whole value.
    pub fn new(problem: impl Into<String>) -> Self {
        Invalid { problem: problem.into(), remedy: String::new(), path: AttributePath::root(), secret: false }
    }

    /// The same fault with what to write instead.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// The same fault of a value that must not be shown.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// The same fault at a place below the attribute.
    #[must_use]
    pub fn at(mut self, path: impl Into<AttributePath>) -> Self {
        self.path = path.into();
        self
    }

    fn below(mut self, step: Step) -> Self {
        self.path = AttributePath::root().with(step).join(&self.path);
        self
    }
}

/// A check of one attribute's configured value.
#[derive(Clone)]
pub struct Validator {
    /// What is demanded, for the documentation: `one of `MUTABLE`, `IMMUTABLE``. Empty: not worth a word.
    pub demand: String,
    check: CheckFn,
}

impl Validator {
    pub(super) fn new(
        demand: String,
        check: impl Fn(&RawValue) -> Result<(), Invalid> + Send + Sync + 'static,
    ) -> Self {
        Validator { demand, check: Arc::new(check) }
    }

    /// Checks a known, non-null value.
    ///
    /// # Errors
    /// The first fault of the value.
    pub fn check(&self, value: &RawValue) -> Result<(), Invalid> {
        (self.check)(value)
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator").field("demand", &self.demand).finish_non_exhaustive()
    }
}

/// A check of the typed value by `check`; skipped while anything in it is unknown that the type cannot hold so.
pub fn check<T: Convert>(check: impl Fn(&T) -> Result<(), Invalid> + Send + Sync + 'static) -> Validator {
    Validator {
        demand: String::new(),
        check: Arc::new(move |raw| match T::from_raw(raw) {
            // An element may be unknown in a value that is known itself.
            Err(_) if !raw.is_wholly_known() => Ok(()),
            Ok(value) => check(&value),
            Err(error) => Err(Invalid::new(error.problem).at(error.path)),
        }),
    }
}

/// A check of a string by `check`.
pub fn text(check: impl Fn(&str) -> Result<(), Invalid> + Send + Sync + 'static) -> Validator {
    Validator {
        demand: String::new(),
        check: Arc::new(move |raw| match raw {
            RawValue::String(text) => check(text),
            _ => Ok(()),
        }),
    }
}

/// Applies `validator` to each known element of a list, set or map.
pub fn each(validator: Validator) -> Validator {
    Validator {
        demand: if validator.demand.is_empty() {
            String::new()
        } else {
            format!("each {}", validator.demand)
        },
        check: Arc::new(move |raw| {
            let skip = |element: &RawValue| element.is_null() || !element.is_wholly_known();
            match raw {
                RawValue::Sequence(elements) => {
                    for (index, element) in elements.iter().enumerate().filter(|(_, element)| !skip(element))
                    {
                        validator.check(element).map_err(|fault| fault.below(Step::Index(index as u64)))?;
                    }
                }
                RawValue::Mapping(entries) => {
                    for (key, element) in entries.iter().filter(|(_, element)| !skip(element)) {
                        validator.check(element).map_err(|fault| fault.below(Step::Key(key.clone())))?;
                    }
                }
                _ => {}
            }
            Ok(())
        }),
    }
}

/// No element is null.
pub(crate) fn no_null_elements() -> Validator {
    let null = |step: Step| Err(Invalid::new("must not be null").below(step));
    Validator {
        demand: String::new(),
        check: Arc::new(move |raw| match raw {
            RawValue::Sequence(elements) => match elements.iter().position(RawValue::is_null) {
                Some(index) => null(Step::Index(index as u64)),
                None => Ok(()),
            },
            RawValue::Mapping(entries) => match entries.iter().find(|(_, element)| element.is_null()) {
                Some((key, _)) => null(Step::Key(key.clone())),
                None => Ok(()),
            },
            _ => Ok(()),
        }),
    }
}

/// One of the given strings.
pub fn one_of(allowed: &'static [&'static str]) -> Validator {
    let list = allowed.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
    let demand = format!("one of {list}");
    let message = ConvertError::not_one_of(allowed).problem;
    Validator {
        demand,
        check: Arc::new(move |raw| match raw {
            RawValue::String(text) if allowed.contains(&text.as_str()) => Ok(()),
            _ => Err(Invalid::new(message.clone())),
        }),
    }
}

/// So many characters of a string, or elements of a collection.
pub fn length(bounds: RangeInclusive<usize>) -> Validator {
    let (min, max) = (*bounds.start(), *bounds.end());
    Validator {
        demand: format!("{min} to {max} long"),
        check: Arc::new(move |raw| {
            let (actual, what) = match raw {
                RawValue::String(text) => (text.chars().count(), "characters"),
                RawValue::Sequence(elements) => (elements.len(), "elements"),
                RawValue::Mapping(entries) => (entries.len(), "elements"),
                _ => return Ok(()),
            };
            if bounds.contains(&actual) {
                return Ok(());
            }
            Err(Invalid::new(format!("must have {min} to {max} {what}, but has {actual}")))
        }),
    }
}

/// A whole number within bounds, both included.
pub fn range(bounds: RangeInclusive<i64>) -> Validator {
    let (min, max) = (*bounds.start(), *bounds.end());
    let demand = if max == i64::MAX { format!("at least {min}") } else { format!("{min} to {max}") };
    Validator {
        demand: demand.clone(),
        check: Arc::new(move |raw| match raw {
            RawValue::Number(number) if number.to_i64().is_some_and(|value| bounds.contains(&value)) => {
                Ok(())
            }
            RawValue::Number(number) => Err(Invalid::new(format!("must be {demand}, but is {number}"))),
            _ => Ok(()),
        }),
    }
}

/// A whole number of at least `min`.
pub fn at_least(min: i64) -> Validator {
    range(min..=i64::MAX)
}

/// A whole number of at most `max`.
pub fn at_most(max: i64) -> Validator {
    let demand = format!("at most {max}");
    Validator::new(demand.clone(), move |raw| match raw {
        RawValue::Number(number) if number.to_i64().is_some_and(|value| value <= max) => Ok(()),
        RawValue::Number(number) => Err(Invalid::new(format!("must be {demand}, but is {number}"))),
        _ => Ok(()),
    })
}

/// A number, whole or not, within bounds, both included.
pub fn within(bounds: RangeInclusive<f64>) -> Validator {
    let demand = format!("{} to {}", bounds.start(), bounds.end());
    Validator::new(demand.clone(), move |raw| match raw {
        RawValue::Number(number) if !bounds.contains(&number.to_f64()) => {
            Err(Invalid::new(format!("must be {demand}, but is {number}")))
        }
        _ => Ok(()),
    })
}

/// A string that matches a regular expression as a whole; `meaning` says in words what that is, such as
/// `lower-case letters and digits`.
///
/// # Panics
/// The expression is none: a mistake of the author, seen as soon as the schema is asked for.
pub fn matches(expression: &str, meaning: &'static str) -> Validator {
    let whole = regex_lite::Regex::new(&format!("^(?:{expression})$"));
    let whole = whole.unwrap_or_else(|error| panic!("{expression:?} is no regular expression: {error}"));
    Validator::new(meaning.to_owned(), move |raw| match raw {
        RawValue::String(text) if !whole.is_match(text) => {
            Err(Invalid::new(format!("must consist of {meaning}")))
        }
        _ => Ok(()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(validator: &Validator, value: impl Into<RawValue>) -> bool {
        validator.check(&value.into()).is_ok()
    }

    fn number(text: &str) -> RawValue {
        RawValue::Number(text.parse().unwrap())
    }

    #[test]
    fn bounds_are_included_and_what_is_beyond_is_refused() {
        assert!(accepts(&at_most(3), 3) && !accepts(&at_most(3), 4));
        assert!(!accepts(&at_most(3), number("2.5")), "a fraction is no whole number");
        let half = within(0.0..=0.5);
        assert!(accepts(&half, number("0.5")) && accepts(&half, 0));
        assert!(!accepts(&half, number("0.51")) && !accepts(&half, -1));
        assert!(accepts(&half, "text"), "other types are not its business");
    }

    #[test]
    fn expression_has_to_match_as_a_whole() {
        let name = matches("[a-z]+|[0-9]+", "lower-case letters or digits");
        assert!(accepts(&name, "abc") && accepts(&name, "12"));
        for wrong in ["", "abc1", "xabc y", "ABC", "abc\n"] {
            assert!(!accepts(&name, wrong), "{wrong:?} was accepted");
        }
        assert_eq!(name.demand, "lower-case letters or digits");
    }
}
