//! Mistakes in an author's struct, collected so that one build shows all of them.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// All mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Errors {
    combined: Option<syn::Error>,
}

impl Errors {
    /// Adds a mistake that stands at `place`.
    pub(crate) fn at(&mut self, place: &impl ToTokens, message: impl std::fmt::Display) {
        self.push(syn::Error::new_spanned(place, message));
    }

    /// Adds a mistake at `span`.
    pub(crate) fn at_span(&mut self, span: Span, message: impl std::fmt::Display) {
        self.push(syn::Error::new(span, message));
    }

    /// Adds a mistake that the parser found.
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.combined {
            Some(combined) => combined.combine(error),
            None => self.combined = Some(error),
        }
    }

    /// One `compile_error!` per mistake; nothing when there is none.
    pub(crate) fn into_compile_errors(self) -> Option<TokenStream> {
        self.combined.map(syn::Error::into_compile_error)
    }
}

/// What to say about an option that does not exist.
///
/// `hints` are words that people bring from other frameworks, each with what to write here.
pub(crate) fn unknown_option(name: &str, known: &[&str], hints: &[(&str, &str)]) -> String {
    if let Some((_, hint)) = hints.iter().find(|(word, _)| *word == name) {
        return format!("unknown option `{name}`: {hint}");
    }
    match nearest(name, known) {
        Some(near) => format!("unknown option `{name}`; did you mean `{near}`?"),
        None => {
            let list = known.iter().map(|option| format!("`{option}`")).collect::<Vec<_>>().join(", ");
            format!("unknown option `{name}`; the options here are {list}")
        }
    }
}

/// The known word that is at most two edits away.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let distances = known.iter().map(|candidate| (edits(word, candidate), *candidate));
    distances.filter(|(distance, _)| *distance <= 2).min().map(|(_, candidate)| candidate)
}

/// Levenshtein distance.
fn edits(from: &str, to: &str) -> usize {
    let to = to.as_bytes();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (position, byte) in from.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = position + 1;
        for column in 0..to.len() {
            let substituted = diagonal + usize::from(byte != to[column]);
            diagonal = row[column + 1];
            row[column + 1] = substituted.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_two_letters_is_recognised_and_three_are_not() {
        assert_eq!(nearest("replce", &["replace", "name"]), Some("replace"));
        assert_eq!(nearest("rplce", &["replace", "name"]), Some("replace"));
        assert_eq!(nearest("rpla", &["replace", "name"]), None);
    }

    #[test]
    fn every_mistake_becomes_one_compile_error() {
        let mut errors = Errors::default();
        errors.at_span(Span::call_site(), "first");
        errors.at_span(Span::call_site(), "second");
        let tokens = errors.into_compile_errors().unwrap().to_string();
        assert_eq!(tokens.matches("compile_error").count(), 2);
        assert!(Errors::default().into_compile_errors().is_none());
    }
}
