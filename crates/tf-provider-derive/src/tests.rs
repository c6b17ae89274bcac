//! Expansion snapshots: each `tests/expand/*.rs` beside its `.expanded.rs`.
//!
//! `UPDATE_EXPECT=1 cargo test -p tf-provider-derive` writes the snapshots anew.

use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use syn::{DeriveInput, File, Item};

fn derive(input: &DeriveInput, name: &str) -> TokenStream {
    match name {
        "Schema" => crate::expand::schema(input),
        "StringEnum" => crate::string_enum::string_enum(input),
        _ => TokenStream::new(),
    }
}

fn expand(source: &str) -> String {
    let file: File = syn::parse_str(source).unwrap();
    let mut tokens = TokenStream::new();
    for item in file.items {
        let input: DeriveInput = match item {
            Item::Struct(item) => item.into(),
            Item::Enum(item) => item.into(),
            _ => panic!("snapshots consist of structs and enums"),
        };
        for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("derive")) {
            attribute
                .parse_nested_meta(|meta| {
                    tokens.extend(derive(&input, &meta.path.require_ident()?.to_string()));
                    Ok(())
                })
                .unwrap();
        }
    }
    prettyplease::unparse(&syn::parse2(tokens).unwrap())
}

#[test]
fn expansions_are_as_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expand");
    let mut sources: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    sources.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    sources.retain(|path| !path.to_string_lossy().ends_with(".expanded.rs"));
    sources.sort();
    assert!(sources.len() >= 4, "snapshots are missing: {sources:?}");
    let mut stale = Vec::new();
    for source in sources {
        let recorded = source.with_extension("expanded.rs");
        let expanded = expand(&std::fs::read_to_string(&source).unwrap());
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&recorded, expanded).unwrap();
        } else if std::fs::read_to_string(&recorded).unwrap_or_default() != expanded {
            stale.push(recorded);
        }
    }
    assert!(stale.is_empty(), "UPDATE_EXPECT=1 writes them anew: {stale:?}");
}
