//! The options of `#[tf(…)]` attributes: flags, `name = value`, `name(…)`.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Meta, Token, parenthesized, token};

use crate::errors::Errors;

/// One option as it is written.
#[derive(Debug)]
pub(crate) struct TfOption {
    /// The word before any value.
    pub(crate) name: Ident,
    /// What follows.
    pub(crate) value: OptionValue,
}

/// What stands behind the name of an option.
#[derive(Debug)]
pub(crate) enum OptionValue {
    /// Nothing: `replace`.
    Flag,
    /// `name = "…"`
    Value(Box<Expr>),
    /// `validate(…)`: what is between the parentheses.
    List(TokenStream),
}

impl Parse for TfOption {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = Ident::parse_any(input)?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            OptionValue::Value(Box::new(input.parse()?))
        } else if input.peek(token::Paren) {
            let content;
            parenthesized!(content in input);
            OptionValue::List(content.parse()?)
        } else {
            OptionValue::Flag
        };
        Ok(TfOption { name, value })
    }
}

impl TfOption {
    pub(crate) fn span(&self) -> Span {
        self.name.span()
    }

    /// True for a bare flag; anything behind it is a mistake.
    pub(crate) fn flag(&self, errors: &mut Errors) -> bool {
        if !matches!(self.value, OptionValue::Flag) {
            errors.at_span(self.span(), format!("`{}` stands alone, without a value", self.name));
        }
        true
    }

    /// The text of `name = "…"`.
    pub(crate) fn text(&self, errors: &mut Errors) -> Option<LitStr> {
        if let Some(Lit::Str(text)) = self.literal() {
            return Some(text.clone());
        }
        errors.at_span(self.span(), format!("`{0}` needs a string: `{0} = \"…\"`", self.name));
        None
    }

    /// The number of `name = 1`.
    pub(crate) fn integer(&self, errors: &mut Errors) -> Option<u64> {
        if let Some(Lit::Int(number)) = self.literal() {
            return number.base10_parse().map_err(|error| errors.push(error)).ok();
        }
        errors.at_span(self.span(), format!("`{0}` needs a whole number: `{0} = 1`", self.name));
        None
    }

    /// The expression of `name = …`.
    pub(crate) fn expression(&self, errors: &mut Errors) -> Option<Expr> {
        if let OptionValue::Value(expression) = &self.value {
            return Some((**expression).clone());
        }
        errors.at_span(self.span(), format!("`{0}` needs a value: `{0} = …`", self.name));
        None
    }

    /// The expressions of `name(…, …)`, at least one.
    pub(crate) fn expressions(&self, errors: &mut Errors) -> Vec<Expr> {
        if let OptionValue::List(tokens) = &self.value {
            match Punctuated::<Expr, Token![,]>::parse_terminated.parse2(tokens.clone()) {
                Ok(list) if !list.is_empty() => return list.into_iter().collect(),
                Ok(_) => {}
                Err(error) => {
                    errors.push(error);
                    return Vec::new();
                }
            }
        }
        errors.at_span(self.span(), format!("`{0}` needs expressions: `{0}(…)`", self.name));
        Vec::new()
    }

    /// The identifiers of `name(a, b)`, at least one.
    pub(crate) fn names(&self, errors: &mut Errors) -> Vec<Ident> {
        if let OptionValue::List(tokens) = &self.value {
            match Punctuated::<Ident, Token![,]>::parse_terminated.parse2(tokens.clone()) {
                Ok(list) if !list.is_empty() => return list.into_iter().collect(),
                Ok(_) => {}
                Err(error) => {
                    errors.push(error);
                    return Vec::new();
                }
            }
        }
        errors.at_span(self.span(), format!("`{0}` needs fields: `{0}(…)`", self.name));
        Vec::new()
    }

    /// The options of `name(a = …, b = …)`; none for a bare `name`.
    pub(crate) fn options(&self, errors: &mut Errors) -> Vec<TfOption> {
        match &self.value {
            OptionValue::Flag => Vec::new(),
            OptionValue::List(tokens) => {
                match Punctuated::<TfOption, Token![,]>::parse_terminated.parse2(tokens.clone()) {
                    Ok(list) => without_repetitions(list, errors),
                    Err(error) => {
                        errors.push(error);
                        Vec::new()
                    }
                }
            }
            OptionValue::Value(_) => {
                errors.at_span(self.span(), format!("write `{0}` or `{0}(…)`", self.name));
                Vec::new()
            }
        }
    }

    fn literal(&self) -> Option<&Lit> {
        match &self.value {
            OptionValue::Value(expression) => match &**expression {
                Expr::Lit(ExprLit { lit, .. }) => Some(lit),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The options of all `#[tf(…)]` attributes among `attributes`.
pub(crate) fn tf_options(attributes: &[Attribute], errors: &mut Errors) -> Vec<TfOption> {
    let mut all = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("tf")) {
        if !matches!(attribute.meta, Meta::List(_)) {
            errors.at(attribute, "write the options in parentheses: `#[tf(…)]`");
            continue;
        }
        match attribute.parse_args_with(Punctuated::<TfOption, Token![,]>::parse_terminated) {
            Ok(options) => all.extend(options),
            Err(error) => errors.push(error),
        }
    }
    without_repetitions(all, errors)
}

/// Options that may stand more than once, each time about other fields.
const REPEATABLE: &[&str] = &["conflicts", "exactly_one_of", "at_least_one_of", "together"];

fn without_repetitions(options: impl IntoIterator<Item = TfOption>, errors: &mut Errors) -> Vec<TfOption> {
    let mut kept: Vec<TfOption> = Vec::new();
    for option in options {
        let once = !REPEATABLE.iter().any(|name| option.name == name);
        if once && kept.iter().any(|other| other.name == option.name) {
            errors.at_span(option.span(), format!("`{}` is given twice", option.name));
        } else {
            kept.push(option);
        }
    }
    kept
}
