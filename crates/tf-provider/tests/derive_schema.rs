//! What `#[derive(Schema)]` and `#[derive(StringEnum)]` yield: definition, conversions, plan form.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tf_provider::schema::{
    Attribute, AttributeKind, AttributeValue, Computed, Convert, Definition, Invalid, Nesting, Presence,
    Sensitive, Timeouts, WriteOnly,
};
use tf_provider::value::{AttributePath, RawValue, Type, Value};
use tf_provider::{Schema, StringEnum};

/// An image repository.
///
/// Second paragraph:
///
///     indented code
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "example_repository", version = 3, timeouts(create = "5m", delete = "1h30m"))]
pub struct Repository {
    /// Its name.
    #[tf(replace, validate(length(2..=10), text(lower_case)))]
    pub name: String,
    /// What it is for.
    pub note: Option<String>,
    /// Account id.
    #[tf(keep)]
    pub account: Computed<String>,
    /// Region.
    #[tf(optional)]
    pub region: Computed<String>,
    /// Whether tags may move.
    #[tf(default = Mutability::Mutable)]
    pub mutability: Mutability,
    /// How many images are kept.
    #[tf(default = 30, validate(range(1..=1000)))]
    pub kept: u32,
    /// Encryption.
    #[tf(default = "AES256")]
    pub encryption: String,
    /// Password.
    pub password_wo: WriteOnly<String>,
    /// Licence key.
    #[tf(required)]
    pub licence_wo: WriteOnly<String>,
    /// Token.
    pub token: Option<Sensitive<String>>,
    /// Session.
    pub session: Computed<Sensitive<String>>,
    /// Sort of repository.
    #[tf(name = "type")]
    pub kind: String,
    /// Old spelling.
    #[tf(deprecated = "Use note instead.")]
    pub r#comment: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Where copies are.
    pub copies: Option<Vec<Copy>>,
    /// Platforms.
    pub platforms: BTreeSet<Platform>,
    /// Schedule.
    #[tf(block)]
    pub schedule: Option<Schedule>,
    /// Rules.
    #[tf(block(min = 1, max = 3), name = "rule")]
    pub rules: Vec<Rule>,
}

/// A copy in another region.
#[derive(Schema, Clone, Debug, PartialEq)]
pub struct Copy {
    /// Region of the copy.
    pub region: String,
    /// Weight among copies.
    pub weight: Option<u8>,
}

/// When to do it.
#[derive(Schema, Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Hour of the day.
    pub hour: u8,
}

/// A rule.
#[derive(Schema, Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its priority.
    pub priority: i64,
    /// Windows in which it holds.
    #[tf(block)]
    pub window: Vec<Schedule>,
}

/// Whether tags may move.
#[derive(StringEnum, Clone, Debug, PartialEq)]
#[tf(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mutability {
    /// All may.
    Mutable,
    /// None may.
    Immutable,
    /// Some may.
    #[tf(rename = "IMMUTABLE_WITH_EXCLUSION")]
    Excluding,
}

/// Operating system and processor.
#[derive(StringEnum, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[tf(rename_all = "kebab-case")]
pub enum Platform {
    /// 64-bit Intel and AMD.
    LinuxAmd,
    /// 64-bit Arm.
    LinuxArm,
}

fn lower_case(value: &str) -> Result<(), Invalid> {
    if value.chars().any(char::is_uppercase) { Err(Invalid::new("must be lower case")) } else { Ok(()) }
}

fn attribute<'a>(definition: &'a Definition, name: &str) -> &'a Attribute {
    definition.attribute(name).unwrap()
}

fn string(text: &str) -> RawValue {
    RawValue::from(text)
}

/// Everything that configuration can give, as `create` gets it: computed values pending.
fn planned() -> RawValue {
    RawValue::from([
        ("name", string("alpine")),
        ("account", RawValue::unknown()),
        ("region", string("eu-west-1")),
        ("mutability", string("IMMUTABLE")),
        ("kept", RawValue::from(7)),
        ("encryption", string("KMS")),
        ("licence_wo", string("L-1")),
        ("token", string("T-1")),
        ("session", RawValue::Null),
        ("type", string("private")),
        ("tags", RawValue::from([("team", string("ci"))])),
        (
            "copies",
            RawValue::Sequence(vec![RawValue::from([
                ("region", string("us-east-1")),
                ("weight", RawValue::from(2)),
            ])]),
        ),
        ("platforms", RawValue::Sequence(vec![string("linux-arm"), string("linux-amd")])),
        ("schedule", RawValue::from([("hour", RawValue::from(4))])),
        (
            "rule",
            RawValue::Sequence(vec![RawValue::from([
                ("priority", RawValue::from(-1)),
                ("window", RawValue::Sequence(vec![RawValue::from([("hour", RawValue::from(5))])])),
            ])]),
        ),
        ("timeouts", RawValue::from([("create", string("9m"))])),
    ])
}

fn with(mut value: RawValue, name: &str, attribute: RawValue) -> RawValue {
    let RawValue::Mapping(entries) = &mut value else { panic!("not an object") };
    entries.insert(name.to_owned(), attribute);
    value
}

// === definition ===

#[test]
fn doc_comments_become_descriptions() {
    let definition = Repository::definition();
    assert_eq!(definition.description, "An image repository.\n\nSecond paragraph:\n\n    indented code");
    assert_eq!(attribute(&definition, "name").description, "Its name.");
    assert_eq!(definition.blocks[0].description, "Schedule.");
}

#[test]
fn root_options_reach_the_definition() {
    let definition = Repository::definition();
    assert_eq!(definition.type_name, "example_repository");
    assert_eq!(definition.version, 3);
    let expected = Timeouts {
        create: Duration::from_secs(300),
        delete: Duration::from_secs(5400),
        ..Timeouts::default()
    };
    assert_eq!(definition.timeouts, Some(expected));
    assert_eq!(expected.read, Duration::from_secs(1200));
    let nested = Copy::definition();
    assert_eq!((nested.type_name.as_str(), nested.version, nested.timeouts), ("", 0, None));
}

#[test]
fn attributes_and_blocks_are_in_declaration_order_under_their_names() {
    let definition = Repository::definition();
    let names: Vec<&str> = definition.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    let expected = [
        "name",
        "note",
        "account",
        "region",
        "mutability",
        "kept",
        "encryption",
        "password_wo",
        "licence_wo",
        "token",
        "session",
        "type",
        "comment",
        "tags",
        "copies",
        "platforms",
    ];
    assert_eq!(names, expected);
    let blocks: Vec<&str> = definition.blocks.iter().map(|block| block.name.as_str()).collect();
    assert_eq!(blocks, ["schedule", "rule"]);
}

#[test]
fn the_type_of_a_field_says_who_sets_it() {
    let definition = Repository::definition();
    let presence = |name| attribute(&definition, name).presence;
    assert_eq!(presence("name"), Presence::Required);
    assert_eq!(presence("tags"), Presence::Required);
    assert_eq!(presence("note"), Presence::Optional);
    assert_eq!(presence("token"), Presence::Optional);
    assert_eq!(presence("copies"), Presence::Optional);
    assert_eq!(presence("account"), Presence::Computed);
    assert_eq!(presence("session"), Presence::Computed);
    assert_eq!(presence("region"), Presence::OptionalComputed);
    assert_eq!(presence("kept"), Presence::OptionalComputed);
    assert_eq!(presence("password_wo"), Presence::Optional);
    assert_eq!(presence("licence_wo"), Presence::Required);
}

#[test]
fn sensitive_and_write_only_follow_from_the_type() {
    let definition = Repository::definition();
    let named = |chosen: fn(&Attribute) -> bool| -> Vec<String> {
        definition.attributes.iter().filter(|a| chosen(a)).map(|a| a.name.clone()).collect()
    };
    assert_eq!(named(|a| a.sensitive), ["password_wo", "licence_wo", "token", "session"]);
    assert_eq!(named(|a| a.write_only), ["password_wo", "licence_wo"]);
    assert_eq!(named(|a| a.replace), ["name"]);
    assert_eq!(named(|a| a.keep), ["account"]);
    assert_eq!(named(|a| a.default.is_some()), ["mutability", "kept", "encryption"]);
    assert_eq!(named(|a| a.deprecated.as_deref() == Some("Use note instead.")), ["comment"]);
}

#[test]
fn defaults_are_values_of_the_attributes_type() {
    let definition = Repository::definition();
    assert_eq!(attribute(&definition, "mutability").default, Some(string("MUTABLE")));
    assert_eq!(attribute(&definition, "kept").default, Some(RawValue::from(30)));
    assert_eq!(attribute(&definition, "encryption").default, Some(string("AES256")));
}

#[test]
fn nested_structs_become_nested_attributes() {
    let definition = Repository::definition();
    let AttributeKind::Nested(Nesting::List, attributes) = &attribute(&definition, "copies").kind else {
        panic!("not a nested list: {:?}", attribute(&definition, "copies").kind);
    };
    assert_eq!(attributes[0].presence, Presence::Required);
    assert_eq!(attributes[1].presence, Presence::Optional);
    assert_eq!(attribute(&definition, "platforms").kind.ty(), Type::set(Type::String));
    assert_eq!(attribute(&definition, "tags").kind.ty(), Type::map(Type::String));
    assert_eq!(attribute(&definition, "kept").kind.ty(), Type::Number);
}

#[test]
fn blocks_carry_their_nesting_bounds_and_inner_blocks() {
    let [schedule, rule] = &Repository::definition().blocks[..] else { panic!("not two blocks") };
    assert_eq!((schedule.nesting, schedule.min_items, schedule.max_items), (Nesting::Single, 0, 0));
    assert_eq!((rule.nesting, rule.min_items, rule.max_items), (Nesting::List, 1, 3));
    assert_eq!(rule.blocks[0].name, "window");
    assert_eq!((rule.blocks[0].min_items, rule.blocks[0].max_items), (0, 0));
    let hour = Type::Object(BTreeMap::from([("hour".to_owned(), Type::Number)]));
    assert_eq!(rule.blocks[0].ty(), Type::list(hour));
}

// === validators ===

/// The first fault that the attribute's validators find.
fn fault(name: &str, value: &RawValue) -> Option<Invalid> {
    let definition = Repository::definition();
    attribute(&definition, name).validators.iter().find_map(|validator| validator.check(value).err())
}

#[test]
fn validators_run_in_the_order_in_which_they_are_written() {
    assert_eq!(fault("name", &string("alpine")), None);
    assert_eq!(fault("name", &string("Alpine")).unwrap().problem, "must be lower case");
    assert_eq!(fault("name", &string("A")).unwrap().problem, "must have 2 to 10 characters, but has 1");
}

#[test]
fn an_enum_brings_its_validator_along() {
    assert_eq!(fault("mutability", &string("IMMUTABLE_WITH_EXCLUSION")), None);
    let expected = r#"must be one of "MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION""#;
    assert_eq!(fault("mutability", &string("mutable")).unwrap().problem, expected);
    let element = fault("platforms", &RawValue::Sequence(vec![string("linux-amd"), string("bsd")])).unwrap();
    assert_eq!(element.path, AttributePath::root().with_index(1));
    assert_eq!(element.problem, r#"must be one of "linux-amd", "linux-arm""#);
}

#[test]
fn integers_bring_their_bounds_along() {
    let definition = Copy::definition();
    let weight = &attribute(&definition, "weight").validators;
    assert_eq!(weight[0].check(&RawValue::from(255)), Ok(()));
    let problem = weight[0].check(&RawValue::from(256)).unwrap_err().problem;
    assert_eq!(problem, "must be a whole number from 0 to 255, but is 256");
}

#[test]
fn null_elements_are_the_configurations_mistake() {
    let tags = RawValue::from([("a", string("1")), ("b", RawValue::Null)]);
    let invalid = fault("tags", &tags).unwrap();
    assert_eq!(
        (invalid.problem.as_str(), invalid.path),
        ("must not be null", AttributePath::root().with_key("b"))
    );
    assert!(fault("copies", &RawValue::Sequence(vec![RawValue::Null])).is_some());
    assert_eq!(fault("tags", &RawValue::from([("a", RawValue::unknown())])), None);
}

// === conversions ===

#[test]
fn the_known_form_reads_every_attribute_and_leaves_timeouts_alone() {
    let repository = Repository::from_raw(&planned()).unwrap();
    assert_eq!(repository.name, "alpine");
    assert_eq!(repository.note, None);
    assert!(repository.account.is_pending());
    assert_eq!(repository.region.get().map(String::as_str), Some("eu-west-1"));
    assert_eq!(repository.mutability, Mutability::Immutable);
    assert_eq!(repository.kept, 7);
    assert_eq!(repository.password_wo.expose(), None);
    assert_eq!(repository.licence_wo.expose().map(String::as_str), Some("L-1"));
    assert_eq!(repository.token.as_ref().unwrap().expose(), "T-1");
    assert_eq!(repository.session, Computed::null());
    assert_eq!(repository.kind, "private");
    assert_eq!(repository.tags["team"], "ci");
    assert_eq!(repository.copies, Some(vec![Copy { region: "us-east-1".to_owned(), weight: Some(2) }]));
    assert_eq!(repository.platforms, BTreeSet::from([Platform::LinuxAmd, Platform::LinuxArm]));
    assert_eq!(repository.schedule, Some(Schedule { hour: 4 }));
    assert_eq!(repository.rules, [Rule { priority: -1, window: vec![Schedule { hour: 5 }] }]);
}

#[test]
fn both_forms_write_what_they_read_but_write_only_values_and_timeouts() {
    let RawValue::Mapping(mut expected) = planned() else { panic!("not an object") };
    expected.remove("timeouts");
    for absent in ["note", "password_wo", "comment", "licence_wo"] {
        expected.insert(absent.to_owned(), RawValue::Null);
    }
    expected.insert("platforms".to_owned(), RawValue::set(vec![string("linux-amd"), string("linux-arm")]));
    let known = Repository::from_raw(&planned()).unwrap();
    assert_eq!(known.to_raw(), RawValue::Mapping(expected));
    assert_eq!(RepositoryPlan::from_raw(&known.to_raw()).unwrap().to_raw(), known.to_raw());
    let RawValue::Mapping(written) = known.to_raw() else { panic!("not an object") };
    let Type::Object(ty) = Repository::definition().ty() else { panic!("not an object type") };
    assert!(written.keys().eq(ty.keys()), "the value has the attributes of the type");
}

#[test]
fn the_plan_form_holds_unknowns_everywhere() {
    let config = with(planned(), "name", RawValue::unknown());
    let config = with(config, "tags", RawValue::from([("team", RawValue::unknown())]));
    let config = with(config, "schedule", RawValue::from([("hour", RawValue::unknown())]));
    let config = with(config, "rule", RawValue::unknown());
    let plan = RepositoryPlan::from_raw(&config).unwrap();
    assert!(plan.name.is_unknown());
    assert!(plan.note.is_null());
    assert!(plan.tags.known().unwrap()["team"].is_unknown());
    assert!(plan.schedule.known().unwrap().hour.is_unknown());
    assert!(plan.rules.is_unknown());
    assert_eq!(plan.kept, Value::Known(7));
    assert_eq!(plan.mutability, Value::Known(Mutability::Immutable));
    assert_eq!(plan.to_raw().get("rule"), Some(&RawValue::unknown()));
    assert_eq!(plan.to_raw().get("name"), Some(&RawValue::unknown()));
}

#[test]
fn an_absent_list_block_is_empty_and_an_absent_single_block_is_null() {
    for absent in [RawValue::Null, RawValue::Sequence(Vec::new())] {
        let config = with(with(planned(), "schedule", RawValue::Null), "rule", absent);
        let known = Repository::from_raw(&config).unwrap();
        assert_eq!((known.schedule.clone(), known.rules.len()), (None, 0));
        let plan = RepositoryPlan::from_raw(&config).unwrap();
        assert!(plan.schedule.is_null());
        assert_eq!(plan.rules.known().unwrap().len(), 0);
        for written in [known.to_raw(), plan.to_raw()] {
            assert_eq!(written.get("rule"), Some(&RawValue::Sequence(Vec::new())));
            assert_eq!(written.get("schedule"), Some(&RawValue::Null));
        }
    }
    let empty = RepositoryPlan::default().to_raw();
    assert_eq!(empty.get("rule"), Some(&RawValue::Sequence(Vec::new())));
    assert_eq!(empty.get("name"), Some(&RawValue::Null));
}

#[test]
fn a_wrong_value_is_reported_with_its_path_from_the_root() {
    let problem = |value: RawValue| Repository::from_raw(&value).unwrap_err().to_string();
    assert_eq!(problem(with(planned(), "name", RawValue::Null)), "name must be a string, but is null");
    assert_eq!(problem(with(planned(), "type", RawValue::from(true))), "type must be a string, but is bool");
    let deep = RawValue::Sequence(vec![RawValue::from([
        ("priority", RawValue::from(1)),
        ("window", RawValue::Sequence(vec![RawValue::from([("hour", RawValue::from(999))])])),
    ])]);
    let expected = "rule[0].window[0].hour must be a whole number from 0 to 255, but is 999";
    assert_eq!(problem(with(planned(), "rule", deep)), expected);
    assert_eq!(problem(RawValue::from(true)), "the value must be an object, but is bool");
    assert!(problem(with(planned(), "rule", RawValue::unknown())).starts_with("rule "));
}

#[test]
fn debug_output_of_both_forms_holds_no_secret() {
    let known = format!("{:?}", Repository::from_raw(&planned()).unwrap());
    let plan = format!("{:?}", RepositoryPlan::from_raw(&planned()).unwrap());
    for output in [known, plan] {
        assert!(output.contains("alpine"), "{output}");
        assert!(!output.contains("L-1") && !output.contains("T-1"), "{output}");
    }
}

#[test]
fn an_empty_schema_is_an_empty_object() {
    /// Nothing to set.
    #[derive(Schema, Clone, Debug, PartialEq)]
    struct Empty {}
    assert_eq!(Empty::from_raw(&RawValue::from([])).unwrap().to_raw(), RawValue::from([]));
    assert_eq!(Empty::definition().ty(), Type::Object(BTreeMap::new()));
    assert!(Empty::from_raw(&RawValue::from(true)).is_err());
}

// === string enums ===

#[test]
fn a_string_enum_is_its_strings_and_nothing_else() {
    assert_eq!(Mutability::VALUES, ["MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION"]);
    assert_eq!(Mutability::Excluding.as_str(), "IMMUTABLE_WITH_EXCLUSION");
    assert_eq!(Platform::LinuxArm.to_string(), "linux-arm");
    assert_eq!("linux-amd".parse::<Platform>().unwrap(), Platform::LinuxAmd);
    for value in Platform::VALUES {
        let variant = Platform::from_raw(&string(value)).unwrap();
        assert_eq!(variant.to_raw(), string(value));
    }
    let error = Platform::from_raw(&string("windows")).unwrap_err();
    assert_eq!(error.to_string(), r#"the value must be one of "linux-amd", "linux-arm""#);
    assert!(Platform::from_raw(&RawValue::Null).is_err());
    assert_eq!(<Platform as AttributeValue>::kind().ty(), Type::String);
}
