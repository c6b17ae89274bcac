impl TagMutability {
    /// Every string of the enum, in the order of its variants.
    pub const VALUES: &'static [&'static str] = &[
        "MUTABLE",
        "IMMUTABLE",
        "IMMUTABLE_WITH_EXCLUSION",
    ];
    /// The string that this variant stands for.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Mutable => "MUTABLE",
            Self::Immutable => "IMMUTABLE",
            Self::Excluding => "IMMUTABLE_WITH_EXCLUSION",
        }
    }
}
#[automatically_derived]
impl ::core::fmt::Display for TagMutability {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.pad(self.as_str())
    }
}
#[automatically_derived]
impl ::core::str::FromStr for TagMutability {
    type Err = ::tf_provider::schema::ConvertError;
    fn from_str(text: &str) -> ::core::result::Result<Self, Self::Err> {
        match text {
            "MUTABLE" => ::core::result::Result::Ok(Self::Mutable),
            "IMMUTABLE" => ::core::result::Result::Ok(Self::Immutable),
            "IMMUTABLE_WITH_EXCLUSION" => ::core::result::Result::Ok(Self::Excluding),
            _ => {
                ::core::result::Result::Err(
                    ::tf_provider::schema::ConvertError::not_one_of(Self::VALUES),
                )
            }
        }
    }
}
#[automatically_derived]
impl ::tf_provider::schema::Convert for TagMutability {
    fn from_raw(
        raw: &::tf_provider::value::RawValue,
    ) -> ::core::result::Result<Self, ::tf_provider::schema::ConvertError> {
        let text = <::std::string::String as ::tf_provider::schema::Convert>::from_raw(
            raw,
        )?;
        text.parse()
    }
    fn to_raw(&self) -> ::tf_provider::value::RawValue {
        ::tf_provider::value::RawValue::from(self.as_str())
    }
}
#[automatically_derived]
impl ::tf_provider::schema::AttributeValue for TagMutability {
    type Plan = Self;
    fn kind() -> ::tf_provider::schema::AttributeKind {
        ::tf_provider::schema::AttributeKind::Plain(::tf_provider::value::Type::String)
    }
    fn validators() -> ::std::vec::Vec<::tf_provider::schema::Validator> {
        ::std::vec::Vec::from([::tf_provider::schema::one_of(Self::VALUES)])
    }
}
