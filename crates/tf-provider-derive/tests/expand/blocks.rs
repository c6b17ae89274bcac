/// A provider.
#[derive(Schema, Clone, Debug)]
pub struct Provider {
    /// Endpoints to use in place of AWS's own.
    #[tf(block)]
    pub endpoints: Option<Endpoints>,
    /// Rules.
    #[tf(block(min = 1, max = 3), name = "rule")]
    pub rules: Vec<Rule>,
    /// Rules that the service added.
    #[tf(block)]
    pub added: Computed<Vec<Rule>>,
}

/// Nothing to say.
#[derive(Schema, Clone, Debug)]
struct Empty {}
