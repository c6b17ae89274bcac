//! What is found in which files. One line stands for each use: `line job keyword image`, with `@` in front of a pinned
//! one, and `line job ? text: reason` for what is not known.

mod errors;
mod includes;
mod jobs;
mod mutations;
mod variables;

use std::collections::BTreeMap;

use gitlab_ci_images::{Error, Report, Settings, read_merged};

/// A report, one line for each finding.
fn lines(report: &Report) -> Vec<String> {
    let images = report.images.iter().map(|found| {
        let pinned = if found.pinned { "@" } else { "" };
        format!("{pinned}{} {} {} {}", found.place.line, found.job, found.keyword, found.image)
    });
    let unresolved = report.unresolved.iter().map(|found| {
        let job = found.job.as_deref().unwrap_or("-");
        format!("{} {job} ? {}: {}", found.place.line, found.text, found.reason)
    });
    images.chain(unresolved).collect()
}

fn strings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn with_variables(variables: &[(&str, &str)]) -> Settings {
    Settings { variables: strings(variables), ..Settings::default() }
}

/// Asserts what is found in a text without includes.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    check_with(&with_variables(&[]), text, expected);
}

#[track_caller]
fn check_with(settings: &Settings, text: &str, expected: &[&str]) {
    match read_merged(text, settings) {
        Ok(report) => assert_eq!(lines(&report), expected),
        Err(error) => panic!("{error}"),
    }
}

#[track_caller]
fn error(text: &str) -> Error {
    read_merged(text, &Settings::default()).expect_err("an error")
}
