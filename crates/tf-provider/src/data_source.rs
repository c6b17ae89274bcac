//! Data sources: objects that Terraform only reads.

use std::future::Future;

use crate::diagnostics::Diagnostics;
use crate::resource::Context;
use crate::schema::Schema;

/// An object that Terraform reads, during plan where its configuration is known, else during apply.
pub trait DataSource: Schema {
    /// What the provider's `configure` made.
    type Client: Send + Sync + 'static;

    /// Reads the object: sets what is pending, and leaves what is configured as it is.
    fn read(self, ctx: &mut Context<Self::Client>) -> impl Future<Output = Result<Self, Diagnostics>> + Send;
}
