//! `#[derive(StringEnum)]`: an enum of unit variants as one of a fixed set of strings.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, Ident, Variant};

use crate::errors::{Errors, unknown_option};
use crate::options::{TfOption, tf_options};

const CASES: &[&str] = &["SCREAMING_SNAKE_CASE", "snake_case", "kebab-case", "lowercase"];

/// Everything that the derive adds.
pub(crate) fn string_enum(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    if !input.generics.params.is_empty() {
        errors.at(&input.generics, "an enum of strings cannot be generic");
        return errors.into_compile_errors().unwrap_or_default();
    }
    let case = enum_options(&tf_options(&input.attrs, &mut errors), &mut errors);
    let values = match &input.data {
        Data::Enum(data) if data.variants.is_empty() => {
            errors.at(&input.ident, "an enum of strings needs at least one variant");
            Vec::new()
        }
        Data::Enum(data) => values(data.variants.iter(), case.as_deref(), &mut errors),
        Data::Struct(_) | Data::Union(_) => {
            errors.at(&input.ident, "`StringEnum` is for enums; for a struct derive `Schema`");
            Vec::new()
        }
    };
    match errors.into_compile_errors() {
        None => expand(input, &values),
        Some(errors) => {
            let stubs = expand(input, &[]);
            quote!(#errors #stubs)
        }
    }
}

fn enum_options(options: &[TfOption], errors: &mut Errors) -> Option<String> {
    let mut case = None;
    for option in options {
        if option.name != "rename_all" {
            let hints = [("rename", "it stands at a variant; for all of them write `rename_all = \"…\"`")];
            errors.at_span(option.span(), unknown_option(&option.name.to_string(), &["rename_all"], &hints));
        } else if let Some(text) = option.text(errors) {
            if CASES.contains(&text.value().as_str()) {
                case = Some(text.value());
            } else {
                let list = CASES.iter().map(|case| format!("\"{case}\"")).collect::<Vec<_>>().join(", ");
                errors.at(&text, format!("`rename_all` is one of {list}"));
            }
        }
    }
    case
}

/// Each variant with its string.
fn values<'a>(
    variants: impl Iterator<Item = &'a Variant>,
    case: Option<&str>,
    errors: &mut Errors,
) -> Vec<(&'a Ident, String)> {
    let mut values: Vec<(&Ident, String)> = Vec::new();
    for variant in variants {
        if !matches!(variant.fields, Fields::Unit) {
            errors.at(&variant.ident, "a variant stands for one string and has no fields");
        }
        let mut value = rename(&variant.ident.unraw().to_string(), case);
        for option in tf_options(&variant.attrs, errors) {
            if option.name != "rename" {
                let hints = [("name", "write `rename = \"…\"`")];
                errors.at_span(option.span(), unknown_option(&option.name.to_string(), &["rename"], &hints));
            } else if let Some(text) = option.text(errors) {
                value = text.value();
            }
        }
        if values.iter().any(|(_, other)| *other == value) {
            errors.at(&variant.ident, format!("the string \"{value}\" is given twice"));
        }
        values.push((&variant.ident, value));
    }
    values
}

/// `ImageTag` in the given case; as it is without one.
fn rename(ident: &str, case: Option<&str>) -> String {
    let separated = |separator: char| {
        let mut words = String::new();
        for (position, letter) in ident.chars().enumerate() {
            if letter.is_uppercase() && position > 0 {
                words.push(separator);
            }
            words.extend(letter.to_lowercase());
        }
        words
    };
    match case {
        Some("SCREAMING_SNAKE_CASE") => separated('_').to_uppercase(),
        Some("snake_case") => separated('_'),
        Some("kebab-case") => separated('-'),
        Some("lowercase") => ident.to_lowercase(),
        _ => ident.to_owned(),
    }
}

/// The items; with no values (after a mistake) the same items without content.
fn expand(input: &DeriveInput, values: &[(&Ident, String)]) -> TokenStream {
    let (ident, vis) = (&input.ident, &input.vis);
    let texts = values.iter().map(|(_, text)| text);
    let shown = values.iter().map(|(variant, text)| quote!(Self::#variant => #text,));
    let as_str = if values.is_empty() {
        quote!(::core::unreachable!("this enum does not compile"))
    } else {
        quote!(match self { #(#shown)* })
    };
    let read =
        values.iter().map(|(variant, text)| quote!(#text => ::core::result::Result::Ok(Self::#variant),));
    quote! {
        impl #ident {
            /// Every string of the enum, in the order of its variants.
            #vis const VALUES: &'static [&'static str] = &[#(#texts),*];

            /// The string that this variant stands for.
            #vis fn as_str(&self) -> &'static str {
                #as_str
            }
        }

        #[automatically_derived]
        impl ::core::fmt::Display for #ident {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        #[automatically_derived]
        impl ::core::str::FromStr for #ident {
            type Err = ::tf_provider::schema::ConvertError;

            fn from_str(text: &str) -> ::core::result::Result<Self, Self::Err> {
                match text {
                    #(#read)*
                    _ => ::core::result::Result::Err(
                        ::tf_provider::schema::ConvertError::not_one_of(Self::VALUES),
                    ),
                }
            }
        }

        #[automatically_derived]
        impl ::tf_provider::schema::Convert for #ident {
            fn from_raw(
                raw: &::tf_provider::value::RawValue,
            ) -> ::core::result::Result<Self, ::tf_provider::schema::ConvertError> {
                let text = <::std::string::String as ::tf_provider::schema::Convert>::from_raw(raw)?;
                text.parse()
            }

            fn to_raw(&self) -> ::tf_provider::value::RawValue {
                ::tf_provider::value::RawValue::from(self.as_str())
            }
        }

        #[automatically_derived]
        impl ::tf_provider::schema::AttributeValue for #ident {
            type Plan = Self;

            fn kind() -> ::tf_provider::schema::AttributeKind {
                ::tf_provider::schema::AttributeKind::Plain(::tf_provider::value::Type::String)
            }

            fn validators() -> ::std::vec::Vec<::tf_provider::schema::Validator> {
                ::std::vec::Vec::from([::tf_provider::schema::one_of(Self::VALUES)])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::rename;

    #[test]
    fn each_case_is_written_as_its_name_is() {
        assert_eq!(rename("ImageTag", Some("SCREAMING_SNAKE_CASE")), "IMAGE_TAG");
        assert_eq!(rename("ImageTag", Some("snake_case")), "image_tag");
        assert_eq!(rename("ImageTag", Some("kebab-case")), "image-tag");
        assert_eq!(rename("ImageTag", Some("lowercase")), "imagetag");
        assert_eq!(rename("ImageTag", None), "ImageTag");
    }
}
