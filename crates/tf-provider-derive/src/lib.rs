//! The derive macros of `tf-provider`, which re-exports and documents them.

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

mod doc;
mod duration;
mod errors;
mod expand;
mod model;
mod options;
mod parse;
mod parse_field;
mod string_enum;
mod types;

#[cfg(test)]
mod tests;

/// Makes a documented struct a schema: see `tf_provider::Schema`.
#[proc_macro_derive(Schema, attributes(tf))]
pub fn derive_schema(input: TokenStream) -> TokenStream {
    expand::schema(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes an enum of unit variants one of a fixed set of strings: see `tf_provider::StringEnum`.
#[proc_macro_derive(StringEnum, attributes(tf))]
pub fn derive_string_enum(input: TokenStream) -> TokenStream {
    string_enum::string_enum(&parse_macro_input!(input as DeriveInput)).into()
}
