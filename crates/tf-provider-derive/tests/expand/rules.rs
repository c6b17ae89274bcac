/// A source.
#[derive(Schema, Clone, Debug)]
#[tf(exactly_one_of(inline, file), conflicts(file, size))]
struct Source {
    /// Text.
    inline: Option<String>,
    /// Path.
    #[tf(name = "path")]
    file: Option<String>,
    /// Size.
    #[tf(replace_if = shrinks)]
    size: Option<i64>,
}
