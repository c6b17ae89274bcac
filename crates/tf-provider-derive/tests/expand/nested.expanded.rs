///Plan form of [`Placement`]: every field may be unknown.
#[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::default::Default)]
pub struct PlacementPlan {
    /// Subnet ids.
    pub subnet_ids: ::tf_provider::value::Value<
        <BTreeSet<String> as ::tf_provider::schema::AttributeValue>::Plan,
    >,
    /// Weights by zone.
    pub weights: ::tf_provider::value::Value<
        <BTreeMap<String, u32> as ::tf_provider::schema::AttributeValue>::Plan,
    >,
}
#[automatically_derived]
impl ::tf_provider::schema::Convert for Placement {
    fn from_raw(
        raw: &::tf_provider::value::RawValue,
    ) -> ::core::result::Result<Self, ::tf_provider::schema::ConvertError> {
        ::core::result::Result::Ok(Self {
            subnet_ids: ::tf_provider::schema::attribute_from(raw, "subnet_ids")?,
            weights: ::tf_provider::schema::attribute_from(raw, "weights")?,
        })
    }
    fn to_raw(&self) -> ::tf_provider::value::RawValue {
        ::tf_provider::value::RawValue::Mapping(
            ::std::collections::BTreeMap::from([
                (
                    ::std::string::String::from("subnet_ids"),
                    ::tf_provider::schema::Convert::to_raw(&self.subnet_ids),
                ),
                (
                    ::std::string::String::from("weights"),
                    ::tf_provider::schema::Convert::to_raw(&self.weights),
                ),
            ]),
        )
    }
}
#[automatically_derived]
impl ::tf_provider::schema::Convert for PlacementPlan {
    fn from_raw(
        raw: &::tf_provider::value::RawValue,
    ) -> ::core::result::Result<Self, ::tf_provider::schema::ConvertError> {
        ::core::result::Result::Ok(Self {
            subnet_ids: ::tf_provider::schema::attribute_from(raw, "subnet_ids")?,
            weights: ::tf_provider::schema::attribute_from(raw, "weights")?,
        })
    }
    fn to_raw(&self) -> ::tf_provider::value::RawValue {
        ::tf_provider::value::RawValue::Mapping(
            ::std::collections::BTreeMap::from([
                (
                    ::std::string::String::from("subnet_ids"),
                    ::tf_provider::schema::Convert::to_raw(&self.subnet_ids),
                ),
                (
                    ::std::string::String::from("weights"),
                    ::tf_provider::schema::Convert::to_raw(&self.weights),
                ),
            ]),
        )
    }
}
#[automatically_derived]
impl ::tf_provider::schema::Schema for Placement {
    type Plan = PlacementPlan;
    fn definition() -> ::tf_provider::schema::Definition {
        ::tf_provider::schema::Definition {
            type_name: ::std::string::String::from(""),
            version: 0,
            description: ::std::string::String::from("Where a pool lives."),
            attributes: ::std::vec::Vec::from([
                ::tf_provider::schema::Attribute {
                    name: ::std::string::String::from("subnet_ids"),
                    kind: <BTreeSet<
                        String,
                    > as ::tf_provider::schema::AttributeValue>::kind(),
                    description: ::std::string::String::from("Subnet ids."),
                    presence: ::tf_provider::schema::Presence::Required,
                    sensitive: <BTreeSet<
                        String,
                    > as ::tf_provider::schema::AttributeValue>::SENSITIVE,
                    write_only: <BTreeSet<
                        String,
                    > as ::tf_provider::schema::AttributeValue>::WRITE_ONLY,
                    deprecated: ::core::option::Option::None,
                    default: ::core::option::Option::None,
                    replace: false,
                    replace_if: ::core::option::Option::None,
                    same_meaning: <BTreeSet<
                        String,
                    > as ::tf_provider::schema::AttributeValue>::same_meaning(),
                    keep: false,
                    validators: <BTreeSet<
                        String,
                    > as ::tf_provider::schema::AttributeValue>::validators(),
                },
                ::tf_provider::schema::Attribute {
                    name: ::std::string::String::from("weights"),
                    kind: <BTreeMap<
                        String,
                        u32,
                    > as ::tf_provider::schema::AttributeValue>::kind(),
                    description: ::std::string::String::from("Weights by zone."),
                    presence: ::tf_provider::schema::Presence::OptionalComputed,
                    sensitive: <BTreeMap<
                        String,
                        u32,
                    > as ::tf_provider::schema::AttributeValue>::SENSITIVE,
                    write_only: <BTreeMap<
                        String,
                        u32,
                    > as ::tf_provider::schema::AttributeValue>::WRITE_ONLY,
                    deprecated: ::core::option::Option::None,
                    default: {
                        let value: BTreeMap<String, u32> = BTreeMap::new();
                        ::core::option::Option::Some(
                            ::tf_provider::schema::Convert::to_raw(&value),
                        )
                    },
                    replace: false,
                    replace_if: ::core::option::Option::None,
                    same_meaning: <BTreeMap<
                        String,
                        u32,
                    > as ::tf_provider::schema::AttributeValue>::same_meaning(),
                    keep: false,
                    validators: <BTreeMap<
                        String,
                        u32,
                    > as ::tf_provider::schema::AttributeValue>::validators(),
                },
            ]),
            blocks: ::std::vec::Vec::new(),
            rules: ::std::vec::Vec::new(),
            timeouts: ::core::option::Option::None,
        }
    }
}
#[automatically_derived]
impl ::tf_provider::schema::AttributeValue for Placement {
    type Plan = PlacementPlan;
    fn kind() -> ::tf_provider::schema::AttributeKind {
        ::tf_provider::schema::AttributeKind::Nested(
            ::tf_provider::schema::Nesting::Single,
            <Self as ::tf_provider::schema::Schema>::definition().attributes,
        )
    }
}
