///Plan form of [`PullThroughCacheRule`]: every field may be unknown.
#[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::default::Default)]
pub struct PullThroughCacheRulePlan {
    /// Prefix of the repositories.
    pub ecr_repository_prefix: ::tf_provider::value::Value<
        <String as ::tf_provider::schema::AttributeValue>::Plan,
    >,
    /// ARN of the secret.
    pub credential_arn: ::tf_provider::value::Value<
        <String as ::tf_provider::schema::AttributeValue>::Plan,
    >,
    /// Account id.
    pub registry_id: ::tf_provider::value::Value<
        <String as ::tf_provider::schema::AttributeValue>::Plan,
    >,
    /// Region.
    pub region: ::tf_provider::value::Value<
        <String as ::tf_provider::schema::AttributeValue>::Plan,
    >,
    /// Whether tags may move.
    pub image_tag_mutability: ::tf_provider::value::Value<
        <String as ::tf_provider::schema::AttributeValue>::Plan,
    >,
    /// Password.
    pub password_wo: ::tf_provider::value::Value<
        <WriteOnly<String> as ::tf_provider::schema::AttributeValue>::Plan,
    >,
    /// Token.
    pub token: ::tf_provider::value::Value<
        <Sensitive<String> as ::tf_provider::schema::AttributeValue>::Plan,
    >,
    /// Kind.
    kind: ::tf_provider::value::Value<
        <u16 as ::tf_provider::schema::AttributeValue>::Plan,
    >,
    /// Old name.
    pub r#old: ::tf_provider::value::Value<
        <String as ::tf_provider::schema::AttributeValue>::Plan,
    >,
}
#[automatically_derived]
impl ::tf_provider::schema::Convert for PullThroughCacheRule {
    fn from_raw(
        raw: &::tf_provider::value::RawValue,
    ) -> ::core::result::Result<Self, ::tf_provider::schema::ConvertError> {
        ::core::result::Result::Ok(Self {
            ecr_repository_prefix: ::tf_provider::schema::attribute_from(
                raw,
                "ecr_repository_prefix",
            )?,
            credential_arn: ::tf_provider::schema::attribute_from(
                raw,
                "credential_arn",
            )?,
            registry_id: ::tf_provider::schema::attribute_from(raw, "registry_id")?,
            region: ::tf_provider::schema::attribute_from(raw, "region")?,
            image_tag_mutability: ::tf_provider::schema::attribute_from(
                raw,
                "image_tag_mutability",
            )?,
            password_wo: ::tf_provider::schema::attribute_from(raw, "password_wo")?,
            token: ::tf_provider::schema::attribute_from(raw, "token")?,
            kind: ::tf_provider::schema::attribute_from(raw, "type")?,
            r#old: ::tf_provider::schema::attribute_from(raw, "old")?,
        })
    }
    fn to_raw(&self) -> ::tf_provider::value::RawValue {
        ::tf_provider::value::RawValue::Mapping(
            ::std::collections::BTreeMap::from([
                (
                    ::std::string::String::from("ecr_repository_prefix"),
                    ::tf_provider::schema::Convert::to_raw(&self.ecr_repository_prefix),
                ),
                (
                    ::std::string::String::from("credential_arn"),
                    ::tf_provider::schema::Convert::to_raw(&self.credential_arn),
                ),
                (
                    ::std::string::String::from("registry_id"),
                    ::tf_provider::schema::Convert::to_raw(&self.registry_id),
                ),
                (
                    ::std::string::String::from("region"),
                    ::tf_provider::schema::Convert::to_raw(&self.region),
                ),
                (
                    ::std::string::String::from("image_tag_mutability"),
                    ::tf_provider::schema::Convert::to_raw(&self.image_tag_mutability),
                ),
                (
                    ::std::string::String::from("password_wo"),
                    ::tf_provider::schema::Convert::to_raw(&self.password_wo),
                ),
                (
                    ::std::string::String::from("token"),
                    ::tf_provider::schema::Convert::to_raw(&self.token),
                ),
                (
                    ::std::string::String::from("type"),
                    ::tf_provider::schema::Convert::to_raw(&self.kind),
                ),
                (
                    ::std::string::String::from("old"),
                    ::tf_provider::schema::Convert::to_raw(&self.r#old),
                ),
            ]),
        )
    }
}
#[automatically_derived]
impl ::tf_provider::schema::Convert for PullThroughCacheRulePlan {
    fn from_raw(
        raw: &::tf_provider::value::RawValue,
    ) -> ::core::result::Result<Self, ::tf_provider::schema::ConvertError> {
        ::core::result::Result::Ok(Self {
            ecr_repository_prefix: ::tf_provider::schema::attribute_from(
                raw,
                "ecr_repository_prefix",
            )?,
            credential_arn: ::tf_provider::schema::attribute_from(
                raw,
                "credential_arn",
            )?,
            registry_id: ::tf_provider::schema::attribute_from(raw, "registry_id")?,
            region: ::tf_provider::schema::attribute_from(raw, "region")?,
            image_tag_mutability: ::tf_provider::schema::attribute_from(
                raw,
                "image_tag_mutability",
            )?,
            password_wo: ::tf_provider::schema::attribute_from(raw, "password_wo")?,
            token: ::tf_provider::schema::attribute_from(raw, "token")?,
            kind: ::tf_provider::schema::attribute_from(raw, "type")?,
            r#old: ::tf_provider::schema::attribute_from(raw, "old")?,
        })
    }
    fn to_raw(&self) -> ::tf_provider::value::RawValue {
        ::tf_provider::value::RawValue::Mapping(
            ::std::collections::BTreeMap::from([
                (
                    ::std::string::String::from("ecr_repository_prefix"),
                    ::tf_provider::schema::Convert::to_raw(&self.ecr_repository_prefix),
                ),
                (
                    ::std::string::String::from("credential_arn"),
                    ::tf_provider::schema::Convert::to_raw(&self.credential_arn),
                ),
                (
                    ::std::string::String::from("registry_id"),
                    ::tf_provider::schema::Convert::to_raw(&self.registry_id),
                ),
                (
                    ::std::string::String::from("region"),
                    ::tf_provider::schema::Convert::to_raw(&self.region),
                ),
                (
                    ::std::string::String::from("image_tag_mutability"),
                    ::tf_provider::schema::Convert::to_raw(&self.image_tag_mutability),
                ),
                (
                    ::std::string::String::from("password_wo"),
                    ::tf_provider::schema::Convert::to_raw(&self.password_wo),
                ),
                (
                    ::std::string::String::from("token"),
                    ::tf_provider::schema::Convert::to_raw(&self.token),
                ),
                (
                    ::std::string::String::from("type"),
                    ::tf_provider::schema::Convert::to_raw(&self.kind),
                ),
                (
                    ::std::string::String::from("old"),
                    ::tf_provider::schema::Convert::to_raw(&self.r#old),
                ),
            ]),
        )
    }
}
#[automatically_derived]
impl ::tf_provider::schema::Schema for PullThroughCacheRule {
    type Plan = PullThroughCacheRulePlan;
    fn definition() -> ::tf_provider::schema::Definition {
        ::tf_provider::schema::Definition {
            type_name: ::std::string::String::from("ecrunner_pull_through_cache_rule"),
            version: 2,
            description: ::std::string::String::from(
                "Caches images of one upstream registry.\n\nNeeds no credential for `public.ecr.aws`.",
            ),
            attributes: ::std::vec::Vec::from([
                ::tf_provider::schema::Attribute {
                    name: ::std::string::String::from("ecr_repository_prefix"),
                    kind: <String as ::tf_provider::schema::AttributeValue>::kind(),
                    description: ::std::string::String::from(
                        "Prefix of the repositories.",
                    ),
                    presence: ::tf_provider::schema::Presence::Required,
                    sensitive: <String as ::tf_provider::schema::AttributeValue>::SENSITIVE,
                    write_only: <String as ::tf_provider::schema::AttributeValue>::WRITE_ONLY,
                    deprecated: ::core::option::Option::None,
                    default: ::core::option::Option::None,
                    replace: true,
                    replace_if: ::core::option::Option::None,
                    same_meaning: <String as ::tf_provider::schema::AttributeValue>::same_meaning(),
                    keep: false,
                    validators: {
                        #[allow(
                            unused_imports,
                            reason = "an expression uses what it needs"
                        )]
                        use ::tf_provider::schema::{
                            at_least, at_most, check, each, length, matches, one_of,
                            range, text, within,
                        };
                        let mut validators = ::std::vec::Vec::from([
                            length(2..=30),
                            text(repository_prefix),
                        ]);
                        validators
                            .extend(
                                <String as ::tf_provider::schema::AttributeValue>::validators(),
                            );
                        validators
                    },
                },
                ::tf_provider::schema::Attribute {
                    name: ::std::string::String::from("credential_arn"),
                    kind: <String as ::tf_provider::schema::AttributeValue>::kind(),
                    description: ::std::string::String::from("ARN of the secret."),
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
                    name: ::std::string::String::from("registry_id"),
                    kind: <String as ::tf_provider::schema::AttributeValue>::kind(),
                    description: ::std::string::String::from("Account id."),
                    presence: ::tf_provider::schema::Presence::Computed,
                    sensitive: <String as ::tf_provider::schema::AttributeValue>::SENSITIVE,
                    write_only: <String as ::tf_provider::schema::AttributeValue>::WRITE_ONLY,
                    deprecated: ::core::option::Option::None,
                    default: ::core::option::Option::None,
                    replace: false,
                    replace_if: ::core::option::Option::None,
                    same_meaning: <String as ::tf_provider::schema::AttributeValue>::same_meaning(),
                    keep: true,
                    validators: <String as ::tf_provider::schema::AttributeValue>::validators(),
                },
                ::tf_provider::schema::Attribute {
                    name: ::std::string::String::from("region"),
                    kind: <String as ::tf_provider::schema::AttributeValue>::kind(),
                    description: ::std::string::String::from("Region."),
                    presence: ::tf_provider::schema::Presence::OptionalComputed,
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
                    name: ::std::string::String::from("image_tag_mutability"),
                    kind: <String as ::tf_provider::schema::AttributeValue>::kind(),
                    description: ::std::string::String::from("Whether tags may move."),
                    presence: ::tf_provider::schema::Presence::OptionalComputed,
                    sensitive: <String as ::tf_provider::schema::AttributeValue>::SENSITIVE,
                    write_only: <String as ::tf_provider::schema::AttributeValue>::WRITE_ONLY,
                    deprecated: ::core::option::Option::None,
                    default: {
                        let value: String = ::std::string::String::from("MUTABLE");
                        ::core::option::Option::Some(
                            ::tf_provider::schema::Convert::to_raw(&value),
                        )
                    },
                    replace: false,
                    replace_if: ::core::option::Option::None,
                    same_meaning: <String as ::tf_provider::schema::AttributeValue>::same_meaning(),
                    keep: false,
                    validators: {
                        #[allow(
                            unused_imports,
                            reason = "an expression uses what it needs"
                        )]
                        use ::tf_provider::schema::{
                            at_least, at_most, check, each, length, matches, one_of,
                            range, text, within,
                        };
                        let mut validators = ::std::vec::Vec::from([
                            one_of(&["MUTABLE", "IMMUTABLE"]),
                        ]);
                        validators
                            .extend(
                                <String as ::tf_provider::schema::AttributeValue>::validators(),
                            );
                        validators
                    },
                },
                ::tf_provider::schema::Attribute {
                    name: ::std::string::String::from("password_wo"),
                    kind: <WriteOnly<
                        String,
                    > as ::tf_provider::schema::AttributeValue>::kind(),
                    description: ::std::string::String::from("Password."),
                    presence: ::tf_provider::schema::Presence::Optional,
                    sensitive: <WriteOnly<
                        String,
                    > as ::tf_provider::schema::AttributeValue>::SENSITIVE,
                    write_only: <WriteOnly<
                        String,
                    > as ::tf_provider::schema::AttributeValue>::WRITE_ONLY,
                    deprecated: ::core::option::Option::None,
                    default: ::core::option::Option::None,
                    replace: false,
                    replace_if: ::core::option::Option::None,
                    same_meaning: <WriteOnly<
                        String,
                    > as ::tf_provider::schema::AttributeValue>::same_meaning(),
                    keep: false,
                    validators: <WriteOnly<
                        String,
                    > as ::tf_provider::schema::AttributeValue>::validators(),
                },
                ::tf_provider::schema::Attribute {
                    name: ::std::string::String::from("token"),
                    kind: <Sensitive<
                        String,
                    > as ::tf_provider::schema::AttributeValue>::kind(),
                    description: ::std::string::String::from("Token."),
                    presence: ::tf_provider::schema::Presence::Optional,
                    sensitive: <Sensitive<
                        String,
                    > as ::tf_provider::schema::AttributeValue>::SENSITIVE,
                    write_only: <Sensitive<
                        String,
                    > as ::tf_provider::schema::AttributeValue>::WRITE_ONLY,
                    deprecated: ::core::option::Option::None,
                    default: ::core::option::Option::None,
                    replace: false,
                    replace_if: ::core::option::Option::None,
                    same_meaning: <Sensitive<
                        String,
                    > as ::tf_provider::schema::AttributeValue>::same_meaning(),
                    keep: false,
                    validators: <Sensitive<
                        String,
                    > as ::tf_provider::schema::AttributeValue>::validators(),
                },
                ::tf_provider::schema::Attribute {
                    name: ::std::string::String::from("type"),
                    kind: <u16 as ::tf_provider::schema::AttributeValue>::kind(),
                    description: ::std::string::String::from("Kind."),
                    presence: ::tf_provider::schema::Presence::Required,
                    sensitive: <u16 as ::tf_provider::schema::AttributeValue>::SENSITIVE,
                    write_only: <u16 as ::tf_provider::schema::AttributeValue>::WRITE_ONLY,
                    deprecated: ::core::option::Option::None,
                    default: ::core::option::Option::None,
                    replace: false,
                    replace_if: ::core::option::Option::None,
                    same_meaning: <u16 as ::tf_provider::schema::AttributeValue>::same_meaning(),
                    keep: false,
                    validators: <u16 as ::tf_provider::schema::AttributeValue>::validators(),
                },
                ::tf_provider::schema::Attribute {
                    name: ::std::string::String::from("old"),
                    kind: <String as ::tf_provider::schema::AttributeValue>::kind(),
                    description: ::std::string::String::from("Old name."),
                    presence: ::tf_provider::schema::Presence::Optional,
                    sensitive: <String as ::tf_provider::schema::AttributeValue>::SENSITIVE,
                    write_only: <String as ::tf_provider::schema::AttributeValue>::WRITE_ONLY,
                    deprecated: ::core::option::Option::Some(
                        ::std::string::String::from("Use token instead."),
                    ),
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
            timeouts: ::core::option::Option::Some(::tf_provider::schema::Timeouts {
                create: ::core::time::Duration::from_secs(300),
                delete: ::core::time::Duration::from_secs(5400),
                ..::core::default::Default::default()
            }),
        }
    }
}
