#[derive(Schema, Clone, Debug)]
pub struct Undocumented {
    /// Documented, with two mistakes of its own.
    #[tf(required, sensitive)]
    pub a: Option<String>,
    pub b: Computed<u8>,
}
