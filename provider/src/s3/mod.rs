//! Objects of S3.

mod digest;
mod object;
pub mod software_object;
