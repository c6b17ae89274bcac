//! Mistakes in a schema are compile errors, at the place of the mistake: `derive_fail/*.rs` beside `.stderr`.
//!
//! One mistake per file, and therefore one error. `TRYBUILD=overwrite cargo test -p tf-provider --test derive`
//! writes the expected output anew.

#[test]
fn each_mistake_is_one_error_at_its_place() {
    trybuild::TestCases::new().compile_fail("tests/derive_fail/*.rs");
}
