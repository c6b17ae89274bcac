//! Numbers of any size and precision, as Terraform has them.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// Longest text that is read as a number, in bytes.
const MAX_TEXT: usize = 1 << 20;

/// Greatest power of ten, positive or negative, that is read. Terraform's own numbers stay far below.
const MAX_EXPONENT: i64 = 2_000_000;

/// Most zeros that [`Number`]'s `Display` writes out before it turns to an exponent.
const MAX_PADDING: i64 = 512;

/// A decimal number of any size and precision, or an infinity.
///
/// Terraform's numbers are wider than any machine type, and a value that is only passed through must come
/// back as it came, so this keeps the decimal digits. Equality, order and hash are those of the value: `1`,
/// `1.0` and `10e-1` are one number. There is no arithmetic and nothing expands an exponent, so a hostile
/// number costs no more than its own text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number {
    negative: bool,
    magnitude: Magnitude,
}

/// A number without its sign.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Magnitude {
    Zero,
    /// 0.`digits` × 10^`point`. `digits` is ASCII without zeros at either end, and never empty.
    ///
    /// The derived order is the order of values: the point first, then digit by digit, where a text that
    /// goes on is greater since it does not end in zeros.
    Finite {
        point: i32,
        digits: Box<str>,
    },
    Infinite,
}

/// Text that is not a decimal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseNumberError {
    /// Not `[+-]digits[.digits][e[+-]digits]`.
    #[error("not a decimal number")]
    Syntax,
    /// More than a mebibyte of text.
    #[error("a number of more than {MAX_TEXT} characters")]
    TooLong,
    /// A power of ten beyond two million, positive or negative.
    #[error("a number with an exponent beyond {MAX_EXPONENT}")]
    Exponent,
}

impl Number {
    /// Positive infinity.
    pub const INFINITY: Number = Number { negative: false, magnitude: Magnitude::Infinite };

    /// Negative infinity.
    pub const NEGATIVE_INFINITY: Number = Number { negative: true, magnitude: Magnitude::Infinite };

    /// The number with the shortest decimal text that reads back as `value`, or `None` for not-a-number.
    ///
    /// So `0.1` is one tenth and not the binary fraction next to it: Terraform takes both for equal.
    pub fn from_f64(value: f64) -> Option<Self> {
        if value.is_nan() {
            return None;
        }
        if value.is_infinite() {
            return Some(if value > 0.0 { Number::INFINITY } else { Number::NEGATIVE_INFINITY });
        }
        // Scientific notation, since plain notation pads with up to 300 zeros. It always parses.
        format!("{value:e}").parse().ok()
    }

    /// The value as an `i64`, if it is one exactly.
    pub fn to_i64(&self) -> Option<i64> {
        let integer = self.to_i128()?;
        i64::try_from(integer).ok()
    }

    /// The value as a `u64`, if it is one exactly.
    pub fn to_u64(&self) -> Option<u64> {
        let integer = self.to_i128()?;
        u64::try_from(integer).ok()
    }

    /// The nearest `f64`, which is infinite for numbers beyond its range.
    pub fn to_f64(&self) -> f64 {
        let nearest = match &self.magnitude {
            Magnitude::Zero => 0.0,
            // The standard library rounds correctly whatever the length, and this text always parses.
            Magnitude::Finite { point, digits } => format!("0.{digits}e{point}").parse().unwrap_or(f64::NAN),
            Magnitude::Infinite => f64::INFINITY,
        };
        if self.negative { -nearest } else { nearest }
    }

    /// The value as an `f64`, if it is one exactly: true of `0.5` and infinities, not of `0.1`.
    pub(super) fn to_f64_exact(&self) -> Option<f64> {
        let nearest = self.to_f64();
        if !matches!(self.magnitude, Magnitude::Finite { .. }) {
            return Some(nearest);
        }
        if nearest == 0.0 || nearest.is_infinite() {
            return None;
        }
        // A binary fraction with n places after the point has n decimal places as well, so this is the
        // float's full expansion. No `f64` has more than 1074 places.
        let expansion = format!("{nearest:.places$}", places = binary_places(nearest));
        (expansion.parse::<Number>().as_ref() == Ok(self)).then_some(nearest)
    }

    /// True for a whole number.
    pub fn is_integer(&self) -> bool {
        match &self.magnitude {
            Magnitude::Zero => true,
            Magnitude::Finite { point, digits } => {
                usize::try_from(*point).is_ok_and(|point| point >= digits.len())
            }
            Magnitude::Infinite => false,
        }
    }

    /// True unless the number is an infinity.
    pub fn is_finite(&self) -> bool {
        self.magnitude != Magnitude::Infinite
    }

    /// Exact, and enough for both 64-bit types.
    fn to_i128(&self) -> Option<i128> {
        let Magnitude::Finite { point, digits } = &self.magnitude else {
            return (self.magnitude == Magnitude::Zero).then_some(0);
        };
        let point = u32::try_from(*point).ok()?;
        let length = u32::try_from(digits.len()).ok()?;
        if !(length..=20).contains(&point) {
            return None;
        }
        let magnitude = digits.parse::<i128>().ok()? * 10_i128.pow(point - length);
        Some(if self.negative { -magnitude } else { magnitude })
    }

    /// `digits` × 10^`exponent` without a sign; `digits` is ASCII, may be empty and have zeros at both ends.
    fn from_parts(negative: bool, digits: &str, exponent: i64) -> Result<Self, ParseNumberError> {
        let significant = digits.trim_start_matches('0');
        let digits = significant.trim_end_matches('0');
        if digits.is_empty() {
            return Ok(Number { negative: false, magnitude: Magnitude::Zero });
        }
        let point = i64::try_from(significant.len())
            .ok()
            .and_then(|length| exponent.checked_add(length))
            .filter(|point| point.abs() <= MAX_EXPONENT)
            .and_then(|point| i32::try_from(point).ok())
            .ok_or(ParseNumberError::Exponent)?;
        Ok(Number { negative, magnitude: Magnitude::Finite { point, digits: digits.into() } })
    }

    fn from_integer(value: i128) -> Self {
        let magnitude = value.unsigned_abs();
        let Some(exponent) = magnitude.checked_ilog10() else {
            return Number { negative: false, magnitude: Magnitude::Zero };
        };
        let digits = magnitude.to_string().trim_end_matches('0').into();
        let magnitude = Magnitude::Finite { point: exponent.cast_signed() + 1, digits };
        Number { negative: value < 0, magnitude }
    }
}

/// The number of binary places that `value` (finite) has after the point.
fn binary_places(value: f64) -> usize {
    let bits = value.to_bits();
    let biased = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
    let fraction = bits & ((1 << 52) - 1);
    // Subnormal numbers have no implied leading bit.
    let (significand, exponent) =
        if biased == 0 { (fraction, -1074) } else { (fraction | (1 << 52), biased - 1075) };
    if significand == 0 {
        return 0;
    }
    let lowest_bit = exponent + i32::try_from(significand.trailing_zeros()).unwrap_or(0);
    usize::try_from(-lowest_bit).unwrap_or(0)
}

impl FromStr for Number {
    type Err = ParseNumberError;

    /// Reads `[+-]digits[.digits][e[+-]digits]`; digits may be missing on one side of the point.
    ///
    /// # Errors
    ///
    /// When the text is something else, or longer than a mebibyte, or its exponent is out of range.
    fn from_str(text: &str) -> Result<Self, ParseNumberError> {
        if text.len() > MAX_TEXT {
            return Err(ParseNumberError::TooLong);
        }
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (unsigned, None),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return Err(ParseNumberError::Syntax);
        }
        let exponent = exponent.map_or(Ok(0), parse_exponent)?;
        let places = i64::try_from(fraction.len()).map_err(|_| ParseNumberError::TooLong)?;
        if fraction.is_empty() {
            Number::from_parts(negative, whole, exponent)
        } else {
            Number::from_parts(negative, &format!("{whole}{fraction}"), exponent - places)
        }
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn parse_exponent(text: &str) -> Result<i64, ParseNumberError> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !is_digits(digits) {
        return Err(ParseNumberError::Syntax);
    }
    // Twice the range, since digits before or after the point may bring the number back into it.
    text.parse()
        .ok()
        .filter(|exponent: &i64| exponent.abs() <= 2 * MAX_EXPONENT)
        .ok_or(ParseNumberError::Exponent)
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.magnitude.cmp(&other.magnitude),
            (true, true) => other.magnitude.cmp(&self.magnitude),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

macro_rules! from_integers {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Number {
            fn from(value: $integer) -> Self {
                Number::from_integer(i128::from(value))
            }
        }
    )*};
}

from_integers!(i8, i16, i32, i64, i128, u8, u16, u32, u64);

impl fmt::Display for Number {
    /// The one text of this value: plain decimal, or scientific with more than 512 zeros to write.
    ///
    /// A finite number's text is a JSON number, and [`FromStr`] reads it back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        let (point, digits) = match &self.magnitude {
            Magnitude::Zero => return f.write_str("0"),
            Magnitude::Infinite => return f.write_str("inf"),
            Magnitude::Finite { point, digits } => (i64::from(*point), digits),
        };
        let length = i64::try_from(digits.len()).map_err(|_| fmt::Error)?;
        if -point > MAX_PADDING || point - length > MAX_PADDING {
            let (first, rest) = digits.split_at(1);
            let separator = if rest.is_empty() { "" } else { "." };
            return write!(f, "{first}{separator}{rest}e{:+}", point - 1);
        }
        match usize::try_from(point) {
            Err(_) | Ok(0) => write!(f, "0.{}{digits}", zeros(-point)),
            Ok(whole) if whole < digits.len() => write!(f, "{}.{}", &digits[..whole], &digits[whole..]),
            Ok(_) => write!(f, "{digits}{}", zeros(point - length)),
        }
    }
}

/// `count` zeros, at most 512.
fn zeros(count: i64) -> String {
    "0".repeat(usize::try_from(count.clamp(0, MAX_PADDING)).unwrap_or(0))
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(text: &str) -> Option<f64> {
        text.parse::<Number>().unwrap().to_f64_exact()
    }

    #[test]
    fn only_binary_fractions_are_exact_floats() {
        assert_eq!(exact("0.5"), Some(0.5));
        assert_eq!(exact("-3.125"), Some(-3.125));
        assert_eq!(exact("1e22"), Some(1e22));
        assert_eq!(exact("9007199254740993"), None);
        assert_eq!(exact("0.1"), None);
        assert_eq!(exact("1e400"), None);
        assert_eq!(exact("1e-400"), None);
        let smallest = format!("{:.1074}", f64::from_bits(1));
        assert_eq!(exact(&smallest), Some(f64::from_bits(1)));
        assert_eq!(exact("5e-324"), None);
        assert_eq!(Number::INFINITY.to_f64_exact(), Some(f64::INFINITY));
    }

    #[test]
    fn binary_places_count_down_to_the_lowest_bit() {
        for (value, places) in [(0.0, 0), (1.0, 0), (6.0, 0), (0.5, 1), (-1.25, 2), (1e300, 0)] {
            assert_eq!(binary_places(value), places, "{value}");
        }
        assert_eq!(binary_places(f64::from_bits(1)), 1074);
        assert_eq!(binary_places(0.1), 55);
    }

    #[test]
    fn a_number_is_small() {
        // A list of a million numbers has a million of these.
        assert!(size_of::<Number>() <= 32, "{}", size_of::<Number>());
    }
}
