//! Malformed bytes are errors: no panic, no endless loop, no memory that the input does not pay for.

use std::time::{Duration, Instant};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rmp::Marker;
use tf_provider::value::json::Extra;
use tf_provider::value::{Type, json, msgpack};

use crate::arbitrary::{any_type, typed_value};

/// A small generator with a fixed seed, so that a failure comes again (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    fn bytes(&mut self, longest: usize) -> Vec<u8> {
        (0..self.below(longest + 1)).map(|_| self.byte()).collect()
    }
}

/// Draws `count` samples with a fixed seed.
fn samples<S: Strategy>(strategy: S, count: usize) -> Vec<S::Value> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// What is accepted must be a value of the type: it can be written, and reads back the same.
fn decodes_soundly(ty: &Type, bytes: &[u8]) -> bool {
    let Ok(value) = msgpack::decode(ty, bytes) else { return false };
    let written =
        msgpack::encode(ty, &value).unwrap_or_else(|error| panic!("{error}: {bytes:02x?} as {ty:?}"));
    assert!(msgpack::decode(ty, &written).unwrap() == value, "{bytes:02x?} as {ty:?}");
    true
}

fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len() + 1);
        match random.below(5) {
            0 if at < bytes.len() => bytes[at] = random.byte(),
            1 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            3 => bytes.insert(at, random.byte()),
            _ => bytes.truncate(at),
        }
    }
}

#[test]
fn random_bytes_are_errors_or_values() {
    let mut random = Random(1);
    let types = samples(any_type(), 200);
    let started = Instant::now();
    let mut accepted = 0_u32;
    for round in 0..300_000 {
        let bytes = random.bytes(40);
        accepted += u32::from(decodes_soundly(&types[round % types.len()], &bytes));
    }
    assert!(accepted > 0, "the generator hits no value at all");
    assert!(started.elapsed() < Duration::from_secs(120), "took {:?}", started.elapsed());
}

#[test]
fn mutated_values_are_errors_or_values() {
    let mut random = Random(2);
    let values = samples(typed_value(true), 1500);
    let (mut accepted, mut refused) = (0_u32, 0_u32);
    for (ty, value) in values {
        let original = msgpack::encode(&ty, &value).unwrap();
        // The largest differ only in how long their texts are.
        if original.len() > 2000 {
            continue;
        }
        for _ in 0..150 {
            let mut bytes = original.clone();
            mutate(&mut random, &mut bytes);
            if decodes_soundly(&ty, &bytes) { accepted += 1 } else { refused += 1 }
        }
    }
    assert!(accepted > 1000 && refused > 50_000, "{accepted} accepted, {refused} refused");
}

#[test]
fn mutated_json_is_an_error_or_a_value() {
    let mut random = Random(3);
    for (ty, value) in samples(typed_value(false), 800) {
        let original = json::encode(&ty, &value).unwrap().to_string().into_bytes();
        if original.len() > 2000 {
            continue;
        }
        for _ in 0..100 {
            let mut bytes = original.clone();
            mutate(&mut random, &mut bytes);
            for extra in [Extra::Ignore, Extra::Refuse] {
                if let Ok(value) = json::decode(&ty, &bytes, extra) {
                    let written = json::encode(&ty, &value).unwrap().to_string();
                    assert!(json::decode(&ty, written.as_bytes(), Extra::Refuse).unwrap() == value);
                }
            }
        }
    }
}

#[test]
fn huge_heads_without_their_contents_are_errors_at_once() {
    let started = Instant::now();
    let heads: [&[u8]; 10] = [
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xdc\xff\xff",
        b"\xde\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x0c",
        b"\xc9\xff\xff\xff\xff\0",
        b"\xdd\xff\xff\xff\xff\xc0",
        b"\x92\xc6\xff\xff\xff\xff\"bool\"",
    ];
    for ty in samples(any_type(), 100) {
        for head in heads {
            assert!(msgpack::decode(&ty, head).is_err(), "{head:02x?} as {ty:?}");
        }
    }
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn the_reserved_byte_is_an_error_wherever_it_stands() {
    assert_eq!(Marker::from_u8(0xc1), Marker::Reserved);
    for ty in samples(any_type(), 100) {
        assert!(msgpack::decode(&ty, b"\xc1").is_err());
    }
    assert!(msgpack::decode(&Type::list(Type::Bool), b"\x91\xc1").is_err());
    assert!(msgpack::decode(&Type::map(Type::Bool), b"\x81\xc1\xc2").is_err());
    assert!(msgpack::decode(&Type::Dynamic, b"\x92\xc1\xc2").is_err());
}

#[test]
fn text_that_is_not_utf_8_is_an_error() {
    for bytes in [&b"\xa1\xff"[..], b"\xa3\xed\xa0\x80", b"\xa2\xc0\x80", b"\xa1\xc3"] {
        assert!(msgpack::decode(&Type::String, bytes).is_err());
        let map = [b"\x81", bytes, b"\xc2"].concat();
        assert!(msgpack::decode(&Type::map(Type::Bool), &map).is_err());
    }
    assert!(msgpack::decode(&Type::String, b"\xc4\x01a").is_err(), "binary data is no text");
}
