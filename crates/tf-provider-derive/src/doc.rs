//! Doc comments as descriptions.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The doc attributes among `attributes`.
pub(crate) fn doc_attributes(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("doc"))
}

/// The doc comment as Markdown: one leading space of each line cut, as rustdoc does; empty without a comment.
pub(crate) fn description(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in doc_attributes(attributes) {
        let Meta::NameValue(pair) = &attribute.meta else { continue };
        let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value else { continue };
        let text = text.value();
        lines.extend(
            text.split('\n').map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()),
        );
    }
    lines.join("\n").trim_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use syn::{ItemStruct, parse_quote};

    use super::description;

    #[test]
    fn one_leading_space_is_cut_so_that_indented_lines_stay_indented() {
        let item: ItemStruct = parse_quote! {
            ///
            /// First line.
            ///
            /// * point
            ///   continued
            ///
            struct Documented;
        };
        assert_eq!(description(&item.attrs), "First line.\n\n* point\n  continued");
    }

    #[test]
    fn other_doc_attributes_are_no_comment() {
        let item: ItemStruct = parse_quote!(
            #[doc(hidden)]
            struct Bare;
        );
        assert_eq!(description(&item.attrs), "");
    }
}
