::core::compile_error! {
    "a schema needs a doc comment: it becomes the description"
}
::core::compile_error! {
    "unknown option `sensitive`: write the type as `Sensitive<T>`"
}
::core::compile_error! {
    "`required` contradicts `Option<T>`; write the type as `T`"
}
::core::compile_error! {
    "`b` needs a doc comment: it becomes the description"
}
///Plan form of [`Undocumented`]: every field may be unknown.
#[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::default::Default)]
pub struct UndocumentedPlan {
    /// Documented, with two mistakes of its own.
    pub a: ::tf_provider::value::Value<
        <String as ::tf_provider::schema::AttributeValue>::Plan,
    >,
    pub b: ::tf_provider::value::Value<
        <u8 as ::tf_provider::schema::AttributeValue>::Plan,
    >,
}
#[automatically_derived]
impl ::tf_provider::schema::Convert for Undocumented {
    fn from_raw(
        _raw: &::tf_provider::value::RawValue,
    ) -> ::core::result::Result<Self, ::tf_provider::schema::ConvertError> {
        ::core::unreachable!("this schema does not compile")
    }
    fn to_raw(&self) -> ::tf_provider::value::RawValue {
        ::core::unreachable!("this schema does not compile")
    }
}
#[automatically_derived]
impl ::tf_provider::schema::Convert for UndocumentedPlan {
    fn from_raw(
        _raw: &::tf_provider::value::RawValue,
    ) -> ::core::result::Result<Self, ::tf_provider::schema::ConvertError> {
        ::core::unreachable!("this schema does not compile")
    }
    fn to_raw(&self) -> ::tf_provider::value::RawValue {
        ::core::unreachable!("this schema does not compile")
    }
}
#[automatically_derived]
impl ::tf_provider::schema::Schema for Undocumented {
    type Plan = UndocumentedPlan;
    fn definition() -> ::tf_provider::schema::Definition {
        ::core::unreachable!("this schema does not compile")
    }
}
#[automatically_derived]
impl ::tf_provider::schema::AttributeValue for Undocumented {
    type Plan = UndocumentedPlan;
    fn kind() -> ::tf_provider::schema::AttributeKind {
        ::core::unreachable!("this schema does not compile")
    }
}
