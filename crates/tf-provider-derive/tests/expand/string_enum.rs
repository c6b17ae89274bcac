#[derive(StringEnum, Clone, Copy, Debug)]
#[tf(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TagMutability {
    Mutable,
    Immutable,
    #[tf(rename = "IMMUTABLE_WITH_EXCLUSION")]
    Excluding,
}
