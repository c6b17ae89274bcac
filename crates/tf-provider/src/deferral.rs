//! Deferral: to plan something later, in another round, because too little is known now.
//!
//! Terraform says with each request whether it understands that; released versions do not yet. Where the provider's own
//! configuration is unknown, the SDK defers by itself what would need it.

/// Why something is planned later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deferral {
    /// The configuration of the object holds unknowns that are needed to plan it.
    ResourceConfigUnknown,
    /// The configuration of the provider holds unknowns.
    ProviderConfigUnknown,
    /// Something that has to exist before does not yet.
    AbsentPrerequisite,
}
