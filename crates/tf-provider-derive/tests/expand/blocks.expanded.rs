///Plan form of [`Provider`]: every field may be unknown.
#[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::default::Default)]
pub struct ProviderPlan {
    /// Endpoints to use in place of AWS's own.
    pub endpoints: ::tf_provider::value::Value<
        <Endpoints as ::tf_provider::schema::Schema>::Plan,
    >,
    /// Rules.
    pub rules: ::tf_provider::value::Value<
        ::std::vec::Vec<
            ::tf_provider::value::Value<<Rule as ::tf_provider::schema::Schema>::Plan>,
        >,
    >,
    /// Rules that the service added.
    pub added: ::tf_provider::value::Value<
        ::std::vec::Vec<
            ::tf_provider::value::Value<<Rule as ::tf_provider::schema::Schema>::Plan>,
        >,
    >,
}
#[automatically_derived]
impl ::tf_provider::schema::Convert for Provider {
    fn from_raw(
        raw: &::tf_provider::value::RawValue,
    ) -> ::core::result::Result<Self, ::tf_provider::schema::ConvertError> {
        ::core::result::Result::Ok(Self {
            endpoints: ::tf_provider::schema::attribute_from(raw, "endpoints")?,
            rules: ::tf_provider::schema::list_block_from(raw, "rule")?,
            added: ::tf_provider::schema::list_block_from(raw, "added")?,
        })
    }
    fn to_raw(&self) -> ::tf_provider::value::RawValue {
        ::tf_provider::value::RawValue::Mapping(
            ::std::collections::BTreeMap::from([
                (
                    ::std::string::String::from("endpoints"),
                    ::tf_provider::schema::Convert::to_raw(&self.endpoints),
                ),
                (
                    ::std::string::String::from("rule"),
                    ::tf_provider::schema::list_block_to_raw(&self.rules),
                ),
                (
                    ::std::string::String::from("added"),
                    ::tf_provider::schema::list_block_to_raw(&self.added),
                ),
            ]),
        )
    }
}
#[automatically_derived]
impl ::tf_provider::schema::Convert for ProviderPlan {
    fn from_raw(
        raw: &::tf_provider::value::RawValue,
    ) -> ::core::result::Result<Self, ::tf_provider::schema::ConvertError> {
        ::core::result::Result::Ok(Self {
            endpoints: ::tf_provider::schema::attribute_from(raw, "endpoints")?,
            rules: ::tf_provider::schema::list_block_from(raw, "rule")?,
            added: ::tf_provider::schema::list_block_from(raw, "added")?,
        })
    }
    fn to_raw(&self) -> ::tf_provider::value::RawValue {
        ::tf_provider::value::RawValue::Mapping(
            ::std::collections::BTreeMap::from([
                (
                    ::std::string::String::from("endpoints"),
                    ::tf_provider::schema::Convert::to_raw(&self.endpoints),
                ),
                (
                    ::std::string::String::from("rule"),
                    ::tf_provider::schema::list_block_to_raw(&self.rules),
                ),
                (
                    ::std::string::String::from("added"),
                    ::tf_provider::schema::list_block_to_raw(&self.added),
                ),
            ]),
        )
    }
}
#[automatically_derived]
impl ::tf_provider::schema::Schema for Provider {
    type Plan = ProviderPlan;
    fn definition() -> ::tf_provider::schema::Definition {
        ::tf_provider::schema::Definition {
            type_name: ::std::string::String::from(""),
            version: 0,
            description: ::std::string::String::from("A provider."),
            attributes: ::std::vec::Vec::new(),
            blocks: ::std::vec::Vec::from([
                {
                    let nested = <Endpoints as ::tf_provider::schema::Schema>::definition();
                    ::tf_provider::schema::Block {
                        name: ::std::string::String::from("endpoints"),
                        nesting: ::tf_provider::schema::Nesting::Single,
                        description: ::std::string::String::from(
                            "Endpoints to use in place of AWS's own.",
                        ),
                        attributes: nested.attributes,
                        blocks: nested.blocks,
                        rules: nested.rules,
                        min_items: 0,
                        max_items: 0,
                        computed: false,
                    }
                },
                {
                    let nested = <Rule as ::tf_provider::schema::Schema>::definition();
                    ::tf_provider::schema::Block {
                        name: ::std::string::String::from("rule"),
                        nesting: ::tf_provider::schema::Nesting::List,
                        description: ::std::string::String::from("Rules."),
                        attributes: nested.attributes,
                        blocks: nested.blocks,
                        rules: nested.rules,
                        min_items: 1,
                        max_items: 3,
                        computed: false,
                    }
                },
                {
                    let nested = <Rule as ::tf_provider::schema::Schema>::definition();
                    ::tf_provider::schema::Block {
                        name: ::std::string::String::from("added"),
                        nesting: ::tf_provider::schema::Nesting::List,
                        description: ::std::string::String::from(
                            "Rules that the service added.",
                        ),
                        attributes: nested.attributes,
                        blocks: nested.blocks,
                        rules: nested.rules,
                        min_items: 0,
                        max_items: 0,
                        computed: false,
                    }
                        .computed()
                },
            ]),
            rules: ::std::vec::Vec::new(),
            timeouts: ::core::option::Option::None,
        }
    }
}
///Plan form of [`Empty`]: every field may be unknown.
#[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::default::Default)]
struct EmptyPlan {}
#[automatically_derived]
impl ::tf_provider::schema::Convert for Empty {
    fn from_raw(
        raw: &::tf_provider::value::RawValue,
    ) -> ::core::result::Result<Self, ::tf_provider::schema::ConvertError> {
        <::std::collections::BTreeMap<
            ::std::string::String,
            ::tf_provider::value::RawValue,
        > as ::tf_provider::schema::Convert>::from_raw(raw)?;
        ::core::result::Result::Ok(Self {})
    }
    fn to_raw(&self) -> ::tf_provider::value::RawValue {
        ::tf_provider::value::RawValue::Mapping(::std::collections::BTreeMap::from([]))
    }
}
#[automatically_derived]
impl ::tf_provider::schema::Convert for EmptyPlan {
    fn from_raw(
        raw: &::tf_provider::value::RawValue,
    ) -> ::core::result::Result<Self, ::tf_provider::schema::ConvertError> {
        <::std::collections::BTreeMap<
            ::std::string::String,
            ::tf_provider::value::RawValue,
        > as ::tf_provider::schema::Convert>::from_raw(raw)?;
        ::core::result::Result::Ok(Self {})
    }
    fn to_raw(&self) -> ::tf_provider::value::RawValue {
        ::tf_provider::value::RawValue::Mapping(::std::collections::BTreeMap::from([]))
    }
}
#[automatically_derived]
impl ::tf_provider::schema::Schema for Empty {
    type Plan = EmptyPlan;
    fn definition() -> ::tf_provider::schema::Definition {
        ::tf_provider::schema::Definition {
            type_name: ::std::string::String::from(""),
            version: 0,
            description: ::std::string::String::from("Nothing to say."),
            attributes: ::std::vec::Vec::new(),
            blocks: ::std::vec::Vec::new(),
            rules: ::std::vec::Vec::new(),
            timeouts: ::core::option::Option::None,
        }
    }
}
#[automatically_derived]
impl ::tf_provider::schema::AttributeValue for Empty {
    type Plan = EmptyPlan;
    fn kind() -> ::tf_provider::schema::AttributeKind {
        ::tf_provider::schema::AttributeKind::Nested(
            ::tf_provider::schema::Nesting::Single,
            <Self as ::tf_provider::schema::Schema>::definition().attributes,
        )
    }
}
