//! The derive macros, documented where authors meet them.

/// Makes a documented struct a schema.
///
/// The struct is the **known form**. Generated beside it are its **plan form** `<Name>Plan` (the same fields, each
/// a [`Value`](crate::value::Value) that may be unknown), the conversions of both ([`Convert`](super::Convert)), and
/// the [`Definition`](super::Definition) that is announced to Terraform.
///
/// ```
/// use tf_provider::schema::{Computed, Invalid, Presence, WriteOnly};
/// use tf_provider::{Schema, StringEnum};
///
/// /// Caches images of one upstream registry under a prefix of the private registry.
/// #[derive(Schema, Clone, Debug)]
/// #[tf(type_name = "example_cache_rule", version = 1, timeouts(create = "5m", delete = "1h30m"))]
/// pub struct CacheRule {
///     /// Prefix of the repositories that this rule creates; 2 to 30 characters.
///     #[tf(replace, validate(length(2..=30), text(lower_case)))]
///     pub repository_prefix: String,
///     /// ARN of the secret with the upstream's credentials.
///     pub credential_arn: Option<String>,
///     /// Account id of the registry.
///     #[tf(keep)]
///     pub registry_id: Computed<String>,
///     /// Whether a tag may be pushed again.
///     #[tf(default = TagMutability::Mutable)]
///     pub tag_mutability: TagMutability,
///     /// Password at the upstream registry.
///     pub password_wo: WriteOnly<String>,
///     /// Which images are deleted, and when.
///     #[tf(block(max = 10), name = "rule")]
///     pub rules: Vec<ExpiryRule>,
/// }
///
/// /// One rule of expiry.
/// #[derive(Schema, Clone, Debug)]
/// pub struct ExpiryRule {
///     /// Days after the push.
///     #[tf(validate(at_least(1)))]
///     pub days: u32,
/// }
///
/// /// Whether tags are mutable.
/// #[derive(StringEnum, Clone, Copy, Debug)]
/// #[tf(rename_all = "SCREAMING_SNAKE_CASE")]
/// pub enum TagMutability {
///     /// They are.
///     Mutable,
///     /// They are not.
///     Immutable,
/// }
///
/// fn lower_case(prefix: &str) -> Result<(), Invalid> {
///     match prefix.chars().find(|letter| letter.is_uppercase()) {
///         Some(letter) => Err(Invalid::new(format!("must be lower case, but contains {letter}"))),
///         None => Ok(()),
///     }
/// }
///
/// let definition = CacheRule::definition();
/// assert_eq!(definition.attributes[0].presence, Presence::Required);
/// assert_eq!(definition.attributes[4].name, "password_wo");
/// assert!(definition.attributes[4].write_only);
/// ```
///
/// # Types of fields
/// | type | who sets the attribute |
/// |---|---|
/// | `T` | the configuration must; with `default` it may |
/// | `Option<T>` | the configuration may |
/// | `Computed<T>` | the provider; with `optional` the configuration may |
/// | `WriteOnly<T>` | the configuration may, with `required` it must; masked, and kept in no plan and no state |
///
/// `Sensitive<T>` within the first three masks the value in Terraform's output. `T` is anything that is an
/// [`AttributeValue`](super::AttributeValue): strings, booleans, numbers; `Vec`, `BTreeSet` and `BTreeMap` of
/// such; an enum with [`StringEnum`](macro@StringEnum); another struct with this derive (nested attributes).
/// `Option`, `Computed`, `WriteOnly` and `Vec` are recognised by name, so that an alias of them is not.
///
/// # Options of the struct
/// | option | meaning |
/// |---|---|
/// | `type_name = "…"` | name of the resource or data source; absent for a provider and for nested structs |
/// | `identity` | the struct is the [`Identity`](crate::Identity) of a resource, without `type_name` |
/// | `version = 1` | version of the state's (or identity's) shape, 0 by default |
/// | `conflicts(a, b)`, `exactly_one_of(a, b)`, `at_least_one_of(a, b)`, `together(a, b)` | which fields the configuration may set at a time; each as often as needed |
/// | `timeouts`, `timeouts(create = "5m", …)` | adds a `timeouts` block; each limit is 20 minutes by default; no field stands for it |
///
/// # Options of a field
/// | option | meaning |
/// |---|---|
/// | `name = "…"` | name in configuration; by default the field's |
/// | `required` | on `WriteOnly<T>`: the configuration must set it |
/// | `optional` | on `Computed<T>`: the configuration may set it |
/// | `default = …` | on `T`: what null in configuration means; an expression, or a string for `String` |
/// | `replace` | a change replaces the object |
/// | `replace_if = …` | a change replaces the object if this function of the old and the new value says so: `fn(Option<&T>, Option<&T>) -> bool`, `None` for null; while the new value is unknown, it does not |
/// | `keep` | on `Computed<T>`: never changes after create, so that the plan keeps the prior value |
/// | `deprecated = "…"` | what to use instead |
/// | `validate(…, …)` | [`Validator`](super::Validator)s, made by the functions of [`schema`](super), which are in scope |
/// | `block`, `block(min = 1, max = 3)` | the field is a nested block: `Option<T>` one, `Vec<T>` a list; `Computed<T>` and `Computed<Vec<T>>` are set by the provider as a whole, with everything inside (Terraform 1.16) |
///
/// Every struct and field needs a doc comment: it is the description. Mistakes are compile errors, all of them
/// at once and each at its place.
pub use tf_provider_derive::Schema;

/// Makes an enum of unit variants one of a fixed set of strings.
///
/// A variant stands for its own name, in the case of `rename_all` (`SCREAMING_SNAKE_CASE`, `snake_case`,
/// `kebab-case`, `lowercase`), or for what `rename` says. The attribute gets a validator that lists the strings.
///
/// ```
/// use tf_provider::StringEnum;
///
/// /// Encryption of images at rest.
/// #[derive(StringEnum, Clone, Copy, Debug, PartialEq)]
/// #[tf(rename_all = "SCREAMING_SNAKE_CASE")]
/// pub enum Encryption {
///     /// Keys that the service owns.
///     #[tf(rename = "AES256")]
///     Aes,
///     /// A key of KMS.
///     Kms,
/// }
///
/// assert_eq!(Encryption::VALUES, ["AES256", "KMS"]);
/// assert_eq!(Encryption::Kms.as_str(), "KMS");
/// assert_eq!("AES256".parse(), Ok(Encryption::Aes));
/// assert!("aes".parse::<Encryption>().is_err());
/// ```
///
/// Generated: [`Convert`](super::Convert), [`AttributeValue`](super::AttributeValue), `Display`, `FromStr`,
/// `as_str` and `VALUES`.
pub use tf_provider_derive::StringEnum;
