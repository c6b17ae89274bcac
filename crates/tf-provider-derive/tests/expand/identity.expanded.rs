///Plan form of [`RuleIdentity`]: every field may be unknown.
#[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::default::Default)]
pub struct RuleIdentityPlan {
    /// Prefix of the repositories.
    pub repository_prefix: ::tf_provider::value::Value<
        <String as ::tf_provider::schema::AttributeValue>::Plan,
    >,
    /// Account id.
    pub registry_id: ::tf_provider::value::Value<
        <String as ::tf_provider::schema::AttributeValue>::Plan,
    >,
}
#[automatically_derived]
impl ::tf_provider::schema::Convert for RuleIdentity {
    fn from_raw(
        raw: &::tf_provider::value::RawValue,
    ) -> ::core::result::Result<Self, ::tf_provider::schema::ConvertError> {
        ::core::result::Result::Ok(Self {
            repository_prefix: ::tf_provider::schema::attribute_from(
                raw,
                "repository_prefix",
            )?,
            registry_id: ::tf_provider::schema::attribute_from(raw, "registry_id")?,
        })
    }
    fn to_raw(&self) -> ::tf_provider::value::RawValue {
        ::tf_provider::value::RawValue::Mapping(
            ::std::collections::BTreeMap::from([
                (
                    ::std::string::String::from("repository_prefix"),
                    ::tf_provider::schema::Convert::to_raw(&self.repository_prefix),
                ),
                (
                    ::std::string::String::from("registry_id"),
                    ::tf_provider::schema::Convert::to_raw(&self.registry_id),
                ),
            ]),
        )
    }
}
#[automatically_derived]
impl ::tf_provider::schema::Convert for RuleIdentityPlan {
    fn from_raw(
        raw: &::tf_provider::value::RawValue,
    ) -> ::core::result::Result<Self, ::tf_provider::schema::ConvertError> {
        ::core::result::Result::Ok(Self {
            repository_prefix: ::tf_provider::schema::attribute_from(
                raw,
                "repository_prefix",
            )?,
            registry_id: ::tf_provider::schema::attribute_from(raw, "registry_id")?,
        })
    }
    fn to_raw(&self) -> ::tf_provider::value::RawValue {
        ::tf_provider::value::RawValue::Mapping(
            ::std::collections::BTreeMap::from([
                (
                    ::std::string::String::from("repository_prefix"),
                    ::tf_provider::schema::Convert::to_raw(&self.repository_prefix),
                ),
                (
                    ::std::string::String::from("registry_id"),
                    ::tf_provider::schema::Convert::to_raw(&self.registry_id),
                ),
            ]),
        )
    }
}
#[automatically_derived]
impl ::tf_provider::schema::Schema for RuleIdentity {
    type Plan = RuleIdentityPlan;
    fn definition() -> ::tf_provider::schema::Definition {
        ::tf_provider::schema::Definition {
            type_name: ::std::string::String::from(""),
            version: 1,
            description: ::std::string::String::from("Where a rule is found."),
            attributes: ::std::vec::Vec::from([
                ::tf_provider::schema::Attribute {
                    name: ::std::string::String::from("repository_prefix"),
                    kind: <String as ::tf_provider::schema::AttributeValue>::kind(),
                    description: ::std::string::String::from(
                        "Prefix of the repositories.",
                    ),
                    presence: ::tf_provider::schema::Presence::Required,
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
                    name: ::std::string::String::from("registry_id"),
                    kind: <String as ::tf_provider::schema::AttributeValue>::kind(),
                    description: ::std::string::String::from("Account id."),
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
            ]),
            blocks: ::std::vec::Vec::new(),
            rules: ::std::vec::Vec::new(),
            timeouts: ::core::option::Option::None,
        }
    }
}
#[automatically_derived]
impl ::tf_provider::Identity for RuleIdentity {}
const _: fn() = || {
    fn is_value<T: ::tf_provider::IdentityValue>() {}
    is_value::<String>();
    is_value::<String>();
};
