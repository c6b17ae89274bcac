/// Where a pool lives.
#[derive(Schema, Clone, Debug)]
pub struct Placement {
    /// Subnet ids.
    pub subnet_ids: BTreeSet<String>,
    /// Weights by zone.
    #[tf(default = BTreeMap::new())]
    pub weights: BTreeMap<String, u32>,
}
