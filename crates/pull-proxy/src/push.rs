//! The login for pushes that jobs use.

pub mod policy;
