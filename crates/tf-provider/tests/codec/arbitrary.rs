//! Random types, and random values that conform to them.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use tf_provider::value::{Number, RawValue, Refinements, Type};
use unicode_normalization::UnicodeNormalization;

/// Any type, a few levels deep.
pub(crate) fn any_type() -> BoxedStrategy<Type> {
    let leaf = prop_oneof![Just(Type::Bool), Just(Type::Number), Just(Type::String), Just(Type::Dynamic)];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(Type::list),
            inner.clone().prop_map(Type::set),
            inner.clone().prop_map(Type::map),
            btree_map("[a-z_]{1,8}", inner.clone(), 0..5).prop_map(Type::Object),
            vec(inner, 0..4).prop_map(Type::Tuple),
        ]
    })
    .boxed()
}

/// Any type and a value of it, with nulls and unknowns at every level when `partial`.
pub(crate) fn typed_value(partial: bool) -> BoxedStrategy<(Type, RawValue)> {
    any_type().prop_flat_map(move |ty| (Just(ty.clone()), value(&ty, partial))).boxed()
}

/// A value of type `ty` in the one form that decoding gives.
pub(crate) fn value(ty: &Type, partial: bool) -> BoxedStrategy<RawValue> {
    let known = known_value(ty, partial);
    if partial {
        prop_oneof![
            6 => known,
            1 => Just(RawValue::Null),
            1 => refinements(ty).prop_map(RawValue::refined),
        ]
        .boxed()
    } else {
        prop_oneof![6 => known, 1 => Just(RawValue::Null)].boxed()
    }
}

fn known_value(ty: &Type, partial: bool) -> BoxedStrategy<RawValue> {
    match ty {
        Type::Bool => any::<bool>().prop_map(RawValue::Bool).boxed(),
        Type::Number => number(partial).prop_map(RawValue::Number).boxed(),
        Type::String => text().prop_map(RawValue::String).boxed(),
        Type::Dynamic => {
            let inner =
                any_type().prop_filter("wrappers around wrappers collapse", |ty| *ty != Type::Dynamic);
            inner
                .prop_flat_map(move |ty| (Just(ty.clone()), value(&ty, partial)))
                .prop_map(|typed| RawValue::Dynamic(Box::new(typed)))
                .boxed()
        }
        Type::List(element) => vec(value(element, partial), 0..4).prop_map(RawValue::Sequence).boxed(),
        Type::Set(element) => vec(value(element, partial), 0..4).prop_map(RawValue::set).boxed(),
        Type::Map(element) => {
            btree_map(text(), value(element, partial), 0..4).prop_map(RawValue::Mapping).boxed()
        }
        Type::Object(attributes) => attributes
            .iter()
            .map(|(name, ty)| (Just(name.clone()), value(ty, partial)))
            .collect::<Vec<_>>()
            .prop_map(|entries| RawValue::Mapping(entries.into_iter().collect::<BTreeMap<_, _>>()))
            .boxed(),
        Type::Tuple(types) => {
            types.iter().map(|ty| value(ty, partial)).collect::<Vec<_>>().prop_map(RawValue::Sequence).boxed()
        }
    }
}

/// Text in normal form C, mostly short, at times longer than each of the length heads.
pub(crate) fn text() -> BoxedStrategy<String> {
    prop_oneof![
        8 => any::<String>(),
        2 => "[a-z]{0,40}",
        1 => (200_usize..300).prop_map(|length| "x".repeat(length)),
        1 => (65_500_usize..65_600).prop_map(|length| "y".repeat(length)),
    ]
    .prop_map(|text| text.nfc().collect())
    .boxed()
}

/// Numbers of every kind; infinities only when `infinite`, as JSON has none.
pub(crate) fn number(infinite: bool) -> BoxedStrategy<Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        any::<i128>().prop_map(Number::from),
        (-40_i64..40).prop_map(Number::from),
        any::<f64>().prop_filter_map("not-a-number", Number::from_f64),
        (any::<i32>(), 0_u32..40).prop_filter_map("not-a-number", |(numerator, shift)| {
            Number::from_f64(f64::from(numerator) / 2_f64.powi(i32::try_from(shift).unwrap()))
        }),
        "-?[0-9]{1,60}(\\.[0-9]{1,60})?(e-?[0-9]{1,4})?".prop_map(|text| text.parse().unwrap()),
    ]
    .prop_filter("infinite", move |number| infinite || number.is_finite())
    .boxed()
}

/// Refinements that an unknown value of type `ty` can have.
pub(crate) fn refinements(ty: &Type) -> BoxedStrategy<Refinements> {
    if *ty == Type::Dynamic {
        return Just(Refinements::default()).boxed();
    }
    let null = any::<Option<bool>>().prop_map(|null| Refinements { null, ..Refinements::default() });
    // Two bounds have to fit into the kibibyte that a description may have.
    let short = || number(true).prop_filter("long", |number| number.to_string().len() <= 400);
    let bound = || proptest::option::of((short(), any::<bool>()));
    let length = || proptest::option::of(0..=i64::MAX.unsigned_abs());
    match ty {
        Type::String => (null, proptest::option::of("[a-zäß]{1,100}"))
            .prop_map(|(known, string_prefix)| Refinements { string_prefix, ..known })
            .boxed(),
        Type::Number => (null, bound(), bound())
            .prop_map(|(known, number_min, number_max)| Refinements { number_min, number_max, ..known })
            .boxed(),
        Type::List(_) | Type::Set(_) | Type::Map(_) => (null, length(), length())
            .prop_map(|(known, length_min, length_max)| Refinements { length_min, length_max, ..known })
            .boxed(),
        _ => null.boxed(),
    }
}
