///Plan form of [`Source`]: every field may be unknown.
#[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::default::Default)]
struct SourcePlan {
    /// Text.
    inline: ::tf_provider::value::Value<
        <String as ::tf_provider::schema::AttributeValue>::Plan,
    >,
    /// Path.
    file: ::tf_provider::value::Value<
        <String as ::tf_provider::schema::AttributeValue>::Plan,
    >,
    /// Size.
    size: ::tf_provider::value::Value<
        <i64 as ::tf_provider::schema::AttributeValue>::Plan,
    >,
}
#[automatically_derived]
impl ::tf_provider::schema::Convert for Source {
    fn from_raw(
        raw: &::tf_provider::value::RawValue,
    ) -> ::core::result::Result<Self, ::tf_provider::schema::ConvertError> {
        ::core::result::Result::Ok(Self {
            inline: ::tf_provider::schema::attribute_from(raw, "inline")?,
            file: ::tf_provider::schema::attribute_from(raw, "path")?,
            size: ::tf_provider::schema::attribute_from(raw, "size")?,
        })
    }
    fn to_raw(&self) -> ::tf_provider::value::RawValue {
        ::tf_provider::value::RawValue::Mapping(
            ::std::collections::BTreeMap::from([
                (
                    ::std::string::String::from("inline"),
                    ::tf_provider::schema::Convert::to_raw(&self.inline),
                ),
                (
                    ::std::string::String::from("path"),
                    ::tf_provider::schema::Convert::to_raw(&self.file),
                ),
                (
                    ::std::string::String::from("size"),
                    ::tf_provider::schema::Convert::to_raw(&self.size),
                ),
            ]),
        )
    }
}
#[automatically_derived]
impl ::tf_provider::schema::Convert for SourcePlan {
    fn from_raw(
        raw: &::tf_provider::value::RawValue,
    ) -> ::core::result::Result<Self, ::tf_provider::schema::ConvertError> {
        ::core::result::Result::Ok(Self {
            inline: ::tf_provider::schema::attribute_from(raw, "inline")?,
            file: ::tf_provider::schema::attribute_from(raw, "path")?,
            size: ::tf_provider::schema::attribute_from(raw, "size")?,
        })
    }
    fn to_raw(&self) -> ::tf_provider::value::RawValue {
        ::tf_provider::value::RawValue::Mapping(
            ::std::collections::BTreeMap::from([
                (
                    ::std::string::String::from("inline"),
                    ::tf_provider::schema::Convert::to_raw(&self.inline),
                ),
                (
                    ::std::string::String::from("path"),
                    ::tf_provider::schema::Convert::to_raw(&self.file),
                ),
                (
                    ::std::string::String::from("size"),
                    ::tf_provider::schema::Convert::to_raw(&self.size),
                ),
            ]),
        )
    }
}
#[automatically_derived]
impl ::tf_provider::schema::Schema for Source {
    type Plan = SourcePlan;
    fn definition() -> ::tf_provider::schema::Definition {
        ::tf_provider::schema::Definition {
            type_name: ::std::string::String::from(""),
            version: 0,
            description: ::std::string::String::from("A source."),
            attributes: ::std::vec::Vec::from([
                ::tf_provider::schema::Attribute {
                    name: ::std::string::String::from("inline"),
                    kind: <String as ::tf_provider::schema::AttributeValue>::kind(),
                    description: ::std::string::String::from("Text."),
                    presence: ::tf_provider::schema::Presence::Optional,
                    sensitive: <String as ::tf_provider::schema::AttributeValue>::SENSITIVE,
                    write_only: <String as ::tf_provider::schema::AttributeValue>::WRITE_ONLY,
                    deprecated: ::core::option::Option::None,
                    default: ::core::option::Option::None,
                    replace: false,
                    replace_if: ::core::option::Option::None,
                    same_meaning: <String as ::tf_provider::schema::AttributeValue>::same_meaning(),
                    keep: false,
                    validators: <String as ::tf_provider::schema::AttributeValue>::validators(),
                },
                ::tf_provider::schema::Attribute {
                    name: ::std::string::String::from("path"),
                    kind: <String as ::tf_provider::schema::AttributeValue>::kind(),
                    description: ::std::string::String::from("Path."),
                    presence: ::tf_provider::schema::Presence::Optional,
                    sensitive: <String as ::tf_provider::schema::AttributeValue>::SENSITIVE,
                    write_only: <String as ::tf_provider::schema::AttributeValue>::WRITE_ONLY,
                    deprecated: ::core::option::Option::None,
                    default: ::core::option::Option::None,
                    replace: false,
                    replace_if: ::core::option::Option::None,
                    same_meaning: <String as ::tf_provider::schema::AttributeValue>::same_meaning(),
                    keep: false,
                    validators: <String as ::tf_provider::schema::AttributeValue>::validators(),
                },
                ::tf_provider::schema::Attribute {
                    name: ::std::string::String::from("size"),
                    kind: <i64 as ::tf_provider::schema::AttributeValue>::kind(),
                    description: ::std::string::String::from("Size."),
                    presence: ::tf_provider::schema::Presence::Optional,
                    sensitive: <i64 as ::tf_provider::schema::AttributeValue>::SENSITIVE,
                    write_only: <i64 as ::tf_provider::schema::AttributeValue>::WRITE_ONLY,
                    deprecated: ::core::option::Option::None,
                    default: ::core::option::Option::None,
                    replace: false,
                    replace_if: ::core::option::Option::Some(
                        ::tf_provider::schema::replace_if::<i64>(shrinks),
                    ),
                    same_meaning: <i64 as ::tf_provider::schema::AttributeValue>::same_meaning(),
                    keep: false,
                    validators: <i64 as ::tf_provider::schema::AttributeValue>::validators(),
                },
            ]),
            blocks: ::std::vec::Vec::new(),
            rules: ::std::vec::Vec::from([
                ::tf_provider::schema::Rule::exactly_one_of(&["inline", "path"]),
                ::tf_provider::schema::Rule::conflicts(&["path", "size"]),
            ]),
            timeouts: ::core::option::Option::None,
        }
    }
}
#[automatically_derived]
impl ::tf_provider::schema::AttributeValue for Source {
    type Plan = SourcePlan;
    fn kind() -> ::tf_provider::schema::AttributeKind {
        ::tf_provider::schema::AttributeKind::Nested(
            ::tf_provider::schema::Nesting::Single,
            <Self as ::tf_provider::schema::Schema>::definition().attributes,
        )
    }
    fn validators() -> ::std::vec::Vec<::tf_provider::schema::Validator> {
        ::std::vec::Vec::from([
            ::tf_provider::schema::Rule::exactly_one_of(&["inline", "path"])
                .into_validator(),
            ::tf_provider::schema::Rule::conflicts(&["path", "size"]).into_validator(),
        ])
    }
}
