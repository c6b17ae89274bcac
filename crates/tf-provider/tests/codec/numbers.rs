//! Numbers of any size and precision, in each form that peers write them in.

use std::cmp::Ordering;
use std::collections::HashSet;

use proptest::prelude::*;
use tf_provider::value::json::Extra;
use tf_provider::value::{Number, ParseNumberError, RawValue, Type, json, msgpack};

use crate::arbitrary::number;

fn parse(text: &str) -> Number {
    text.parse().unwrap()
}

fn decode(bytes: &[u8]) -> Number {
    match msgpack::decode(&Type::Number, bytes).unwrap() {
        RawValue::Number(number) => number,
        other => panic!("{other:?} is no number"),
    }
}

fn encode(number: &Number) -> Vec<u8> {
    msgpack::encode(&Type::Number, &RawValue::Number(number.clone())).unwrap()
}

#[test]
fn one_is_one_number_in_all_encodings() {
    let encodings: [&[u8]; 14] = [
        b"\x01",
        b"\xcc\x01",
        b"\xcd\0\x01",
        b"\xce\0\0\0\x01",
        b"\xcf\0\0\0\0\0\0\0\x01",
        b"\xd0\x01",
        b"\xd1\0\x01",
        b"\xd2\0\0\0\x01",
        b"\xd3\0\0\0\0\0\0\0\x01",
        b"\xca\x3f\x80\0\0",
        b"\xcb\x3f\xf0\0\0\0\0\0\0",
        b"\xa11",
        b"\xa31.0",
        b"\xd9\x0510e-1",
    ];
    let numbers: HashSet<Number> = encodings.iter().map(|bytes| decode(bytes)).collect();
    assert_eq!(numbers, HashSet::from([Number::from(1)]));
}

#[test]
fn a_tenth_is_the_same_as_text_and_as_float() {
    let float = [&[0xcb][..], &0.1_f64.to_be_bytes()].concat();
    assert_eq!(decode(&float), decode(b"\xa30.1"));
    // Text again on the way out: the float is another number.
    assert_eq!(encode(&decode(&float)), b"\xa30.1");
}

#[test]
fn numbers_are_written_as_terraform_writes_them() {
    let cases: [(&str, &[u8]); 12] = [
        ("0", b"\0"),
        ("-0.0", b"\0"),
        ("127", b"\x7f"),
        ("-1", b"\xff"),
        ("300", b"\xcd\x01\x2c"),
        ("-9223372036854775808", b"\xd3\x80\0\0\0\0\0\0\0"),
        ("9223372036854775807", b"\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"),
        ("9223372036854775808", b"\xb39223372036854775808"),
        ("0.5", b"\xcb\x3f\xe0\0\0\0\0\0\0"),
        ("-1.25", b"\xcb\xbf\xf4\0\0\0\0\0\0"),
        ("0.3", b"\xa30.3"),
        ("1.00000000000000000001", b"\xb61.00000000000000000001"),
    ];
    for (text, bytes) in cases {
        assert_eq!(encode(&parse(text)), bytes, "{text}");
    }
    assert_eq!(encode(&Number::INFINITY), [&[0xcb][..], &f64::INFINITY.to_be_bytes()].concat());
}

#[test]
fn wide_numbers_come_back_with_every_digit() {
    let forty_digits = "-1234567890123456789012345678901234567890";
    let four_hundred = format!("1{}", "0".repeat(400));
    for text in ["18446744073709551616", forty_digits, &four_hundred, "3.14159265358979323846264338327950288"]
    {
        let number = parse(text);
        assert_eq!(number.to_string(), text);
        assert_eq!(decode(&encode(&number)), number);
        let state = json::decode(&Type::Number, text.as_bytes(), Extra::Ignore).unwrap();
        assert!(state == RawValue::Number(number));
    }
    assert_eq!(parse("1e400"), parse(&four_hundred));
    assert_ne!(parse(forty_digits), parse("-1234567890123456789012345678901234567891"));
}

#[test]
fn hostile_exponents_cost_nothing_or_are_refused() {
    assert_eq!("1e2000000".parse::<Number>(), Err(ParseNumberError::Exponent));
    assert_eq!("1e99999999999999999999".parse::<Number>(), Err(ParseNumberError::Exponent));
    assert_eq!("1e-99999999999999999999".parse::<Number>(), Err(ParseNumberError::Exponent));
    assert_eq!("0e999999".parse::<Number>().unwrap(), Number::from(0));
    let huge = parse("1e1999999");
    assert_eq!(huge.to_string(), "1e+1999999");
    assert_eq!((huge.to_i64(), huge.to_f64()), (None, f64::INFINITY));
    assert_eq!(decode(&encode(&huge)), huge);
    assert_eq!("1".repeat((1 << 20) + 1).parse::<Number>(), Err(ParseNumberError::TooLong));
    assert_eq!(parse(&"1".repeat(1 << 20)).to_string().len(), 1 << 20);
}

#[test]
fn text_that_is_no_number_is_refused() {
    for text in [
        "", "-", "+", ".", "e5", "1e", "1e+", "1.2.3", "--1", "1 ", " 1", "0x10", "1_000", "inf", "NaN", "١",
        "1e5.0", "1e--5", "ä",
    ] {
        assert_eq!(text.parse::<Number>(), Err(ParseNumberError::Syntax), "{text:?}");
    }
    assert!(msgpack::decode(&Type::Number, b"\xa3abc").is_err());
    assert!(msgpack::decode(&Type::Number, &[&[0xcb][..], &f64::NAN.to_be_bytes()].concat()).is_err());
}

#[test]
fn machine_integers_are_exact_or_none() {
    assert_eq!(parse("9223372036854775807").to_i64(), Some(i64::MAX));
    assert_eq!(parse("9223372036854775808").to_i64(), None);
    assert_eq!(parse("-9223372036854775808").to_i64(), Some(i64::MIN));
    assert_eq!(parse("18446744073709551615").to_u64(), Some(u64::MAX));
    assert_eq!(parse("18446744073709551616").to_u64(), None);
    assert_eq!(parse("-1").to_u64(), None);
    assert_eq!(parse("1.5").to_i64(), None);
    assert_eq!(parse("0.1e3").to_i64(), Some(100));
    assert_eq!(Number::INFINITY.to_i64(), None);
    assert_eq!(Number::from(i128::MIN).to_string(), i128::MIN.to_string());
}

#[test]
fn canonical_text_is_plain_until_the_zeros_get_many() {
    for (text, canonical) in [
        ("+007.500", "7.5"),
        ("5.", "5"),
        (".05", "0.05"),
        ("12e3", "12000"),
        ("-0", "0"),
        ("1.5e600", "1.5e+600"),
        ("-25e-700", "-2.5e-699"),
    ] {
        assert_eq!(parse(text).to_string(), canonical);
    }
    assert_eq!(Number::NEGATIVE_INFINITY.to_string(), "-inf");
}

#[test]
fn infinities_are_beyond_every_number() {
    let mut numbers = [Number::INFINITY, parse("-1e1000"), parse("1e1000"), Number::NEGATIVE_INFINITY];
    numbers.sort();
    assert_eq!(numbers, [Number::NEGATIVE_INFINITY, parse("-1e1000"), parse("1e1000"), Number::INFINITY]);
    assert_eq!(Number::from_f64(f64::NEG_INFINITY), Some(Number::NEGATIVE_INFINITY));
    assert_eq!(Number::from_f64(f64::NAN), None);
}

/// A number with `digits` × 10^`exponent`, written in another of the many ways.
fn respelled(digits: i64, exponent: i32, zeros: usize) -> String {
    let shift = i32::try_from(zeros).unwrap();
    format!("{digits}{}e{}", "0".repeat(zeros), exponent - shift)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn the_text_of_a_number_reads_back(number in number(false)) {
        prop_assert_eq!(parse(&number.to_string()), number);
    }

    #[test]
    fn every_float_survives(float in any::<f64>().prop_filter("not-a-number", |float| !float.is_nan())) {
        let number = Number::from_f64(float).unwrap();
        prop_assert_eq!(number.to_f64(), float);
        prop_assert_eq!(decode(&encode(&number)), number.clone());
        prop_assert_eq!(decode(&[&[0xcb][..], &float.to_be_bytes()].concat()), number);
    }

    #[test]
    fn every_integer_survives(integer in any::<i64>(), wide in any::<u64>()) {
        prop_assert_eq!(Number::from(integer).to_i64(), Some(integer));
        prop_assert_eq!(Number::from(wide).to_u64(), Some(wide));
        prop_assert_eq!(parse(&integer.to_string()), Number::from(integer));
    }

    #[test]
    fn order_is_by_value(a in -1000_i64..1000, b in -1000_i64..1000, shift in 0_i32..4, zeros in 0_usize..4) {
        let (left, right) = (parse(&respelled(a, -2, zeros)), parse(&respelled(b, shift - 2, 0)));
        let expected = a.cmp(&(b * 10_i64.pow(shift.try_into().unwrap())));
        prop_assert_eq!(left.cmp(&right), expected);
        prop_assert_eq!(left == right, expected == Ordering::Equal);
    }

    #[test]
    fn order_agrees_with_floats(a in any::<f64>(), b in any::<f64>()) {
        if let (Some(left), Some(right)) = (Number::from_f64(a), Number::from_f64(b)) {
            prop_assert_eq!(Some(left.cmp(&right)), a.partial_cmp(&b));
        }
    }

    /// What goes out as a float is that float exactly: its full expansion is the number's own text.
    #[test]
    fn only_exact_fractions_are_written_as_floats(number in number(false)) {
        let bytes = encode(&number);
        if bytes[0] == 0xcb {
            let float = f64::from_be_bytes(bytes[1..].try_into().unwrap());
            prop_assert_eq!(parse(&format!("{float:.1100}")), number);
        }
    }
}
