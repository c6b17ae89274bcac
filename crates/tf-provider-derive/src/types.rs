//! What a field's type says by its outermost wrapper. Recognised by name, as written.

use proc_macro2::TokenTree;
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, Type};

/// The wrapper around a field's type.
#[derive(Debug)]
pub(crate) enum Wrapper<'a> {
    /// `Option<T>`
    Option(&'a Type),
    /// `Computed<T>`
    Computed(&'a Type),
    /// `WriteOnly<T>`; its own `AttributeValue` impl counts, so the inner type is of no interest.
    WriteOnly,
    /// `Vec<T>`
    Vec(&'a Type),
    /// Anything else.
    Plain,
}

/// The wrapper of `ty`, whatever path it is named by.
pub(crate) fn wrapper(ty: &Type) -> Wrapper<'_> {
    let path = match ty {
        Type::Path(path) if path.qself.is_none() => &path.path,
        // From a macro_rules fragment, or in needless parentheses.
        Type::Group(group) => return wrapper(&group.elem),
        Type::Paren(paren) => return wrapper(&paren.elem),
        _ => return Wrapper::Plain,
    };
    let Some(last) = path.segments.last() else { return Wrapper::Plain };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return Wrapper::Plain };
    let (Some(GenericArgument::Type(inner)), 1) = (arguments.args.first(), arguments.args.len()) else {
        return Wrapper::Plain;
    };
    match last.ident.to_string().as_str() {
        "Option" => Wrapper::Option(inner),
        "Computed" => Wrapper::Computed(inner),
        "WriteOnly" => Wrapper::WriteOnly,
        "Vec" => Wrapper::Vec(inner),
        _ => Wrapper::Plain,
    }
}

/// True when `word` stands anywhere in `ty`.
pub(crate) fn mentions(ty: &Type, word: &str) -> bool {
    fn any(tokens: proc_macro2::TokenStream, word: &str) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(ident) => ident == word,
            TokenTree::Group(group) => any(group.stream(), word),
            TokenTree::Punct(_) | TokenTree::Literal(_) => false,
        })
    }
    any(ty.to_token_stream(), word)
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn wrappers_are_recognised_by_any_path() {
        assert!(matches!(wrapper(&parse_quote!(Option<String>)), Wrapper::Option(_)));
        assert!(matches!(wrapper(&parse_quote!(::std::option::Option<u8>)), Wrapper::Option(_)));
        assert!(matches!(wrapper(&parse_quote!(tf_provider::schema::Computed<u8>)), Wrapper::Computed(_)));
        assert!(matches!(wrapper(&parse_quote!((WriteOnly<String>))), Wrapper::WriteOnly));
        assert!(matches!(wrapper(&parse_quote!(Vec<Option<u8>>)), Wrapper::Vec(_)));
        assert!(matches!(wrapper(&parse_quote!(BTreeMap<String, u8>)), Wrapper::Plain));
        assert!(matches!(wrapper(&parse_quote!(Option)), Wrapper::Plain));
    }

    #[test]
    fn a_word_is_found_at_any_depth() {
        assert!(mentions(&parse_quote!(Vec<(u8, Rule)>), "Rule"));
        assert!(!mentions(&parse_quote!(Vec<RuleSet>), "Rule"));
    }
}
