//! What is refused, with file and line.

use std::fmt::Write;

use gitlab_ci_images::Error;

use crate::{check, error};

#[test]
fn errors_name_file_and_line() {
    for (text, message) in [
        ("a: 1\nb: [", "merged_yaml:2: "),
        ("a: 1\nb: *none\n", "merged_yaml:2: "),
        ("\n- a\n", "merged_yaml:2: expected a mapping of keywords and jobs"),
        ("text", "merged_yaml:1: expected a mapping of keywords and jobs"),
        ("a: &a\n  b: *a\n", "merged_yaml:2: the alias stands within the value that it means"),
        ("a:\n  <<: text\n", "merged_yaml:2: the merge key << takes a mapping or a list of mappings"),
        ("[a]: b\n", "merged_yaml:1: a key is not text"),
        ("a:\n  extends: none\n", "merged_yaml:2: extends \"none\", which does not exist"),
        (
            "a:\n  extends: .b\n.b:\n  extends: [.c]\n.c:\n  extends: .b\n",
            "merged_yaml:6: jobs extend each other in a circle: .b -> .c -> .b",
        ),
        ("a:\n  image: !reference [.b, image]\n", "merged_yaml:2: !reference [.b, image] does not exist"),
        (
            "a:\n  image: !reference [.b, i]\n.b:\n  i: !reference [.c, j]\n.c:\n  j: !reference [.b, i]\n",
            "merged_yaml:6: references refer to each other in a circle: [.b, i] -> [.c, j] -> [.b, i]",
        ),
    ] {
        let error = error(text).to_string();
        assert!(error.starts_with(message), "{text:?}: {error}");
    }
}

#[test]
fn extends_goes_over_eleven_levels() {
    for backwards in [false, true] {
        let chain = |levels: usize| {
            let mut jobs = vec![".j0: { image: x:1 }".to_owned()];
            jobs.extend((1..levels).map(|n| format!(".j{n}: {{ extends: .j{} }}", n - 1)));
            jobs.push(format!("job: {{ extends: .j{} }}", levels - 1));
            if backwards {
                jobs.reverse();
            }
            jobs.join("\n")
        };
        let line = if backwards { 12 } else { 1 };
        check(&chain(11), &[&format!("{line} job image x:1")]);
        assert!(matches!(error(&chain(12)), Error::ExtendsTooDeep { limit: 11, .. }));
    }
}

#[test]
fn references_go_over_ten_levels() {
    let chain = |levels: usize| {
        let mut text = format!("job: {{ image: !reference [.r{levels}, i] }}\n.r1: {{ i: x:1 }}\n");
        for n in 2..=levels {
            writeln!(text, ".r{n}: {{ i: !reference [.r{}, i] }}", n - 1).unwrap();
        }
        text
    };
    check(&chain(10), &["2 job image x:1"]);
    assert!(matches!(error(&chain(11)), Error::ReferenceTooDeep { limit: 10, .. }));
}

#[test]
fn matrix_makes_two_hundred_jobs() {
    let matrix = |count: usize| {
        let values: Vec<String> = (0..count).map(|n| format!("v{n}")).collect();
        format!("job: {{ image: 'x:$V', parallel: {{ matrix: [{{ V: [{}] }}] }} }}\n", values.join(", "))
    };
    let report = gitlab_ci_images::read_merged(&matrix(200), &Default::default()).unwrap();
    assert_eq!(report.images.len(), 200);
    assert!(matches!(error(&matrix(201)), Error::MatrixTooLarge { limit: 200, .. }));
}

#[test]
fn aliases_that_multiply_end_at_a_limit() {
    let mut text = "v0: &v0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..30 {
        writeln!(text, "v{n}: &v{n} [{}]", vec![format!("*v{}", n - 1); 10].join(", ")).unwrap();
    }
    let error = error(&text);
    assert!(matches!(error, Error::Limit { .. }), "{error}");
}

#[test]
fn nesting_ends_at_a_limit() {
    let mut through_aliases = "v0: &v0 [x]\n".to_owned();
    for n in 1..120 {
        writeln!(through_aliases, "v{n}: &v{n} [*v{}]", n - 1).unwrap();
    }
    let block: String = (0..200).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    for text in [through_aliases, block, "- ".repeat(100_000), "a: ".to_owned() + &"[".repeat(100_000)] {
        let error = error(&text);
        assert!(matches!(error, Error::Limit { .. } | Error::Yaml { .. }), "{error}");
    }
}

#[test]
fn inputs_that_multiply_end_at_a_limit() {
    let long = "x".repeat(50_000);
    let uses = "$[[ inputs.a ]]".repeat(10);
    let text =
        format!("spec: {{ inputs: {{ a: {{ default: {long} }} }} }}\n---\njob: {{ image: '{uses}' }}\n");
    assert!(matches!(error(&text), Error::Limit { .. }));
    let list = format!("[{}]", vec!["x"; 10_000].join(", "));
    let uses: String = (0..2000).map(|n| format!("j{n}: $[[ inputs.a ]]\n")).collect();
    let text = format!("spec: {{ inputs: {{ a: {{ default: {list} }} }} }}\n---\n{uses}");
    assert!(matches!(error(&text), Error::Limit { .. }));
}

#[test]
fn merging_too_much_ends_at_a_limit() {
    let keys: String = (0..5000).map(|n| format!("  k{n}: x\n")).collect();
    let jobs: String = (0..5000).map(|n| format!("j{n}: {{ extends: .base }}\n")).collect();
    assert!(matches!(error(&format!(".base:\n{keys}{jobs}")), Error::Limit { .. }));
    let lists: String = (1..10)
        .map(|n| {
            format!(".l{n}: {{ s: [{}] }}\n", vec![format!("!reference [.l{}, s]", n - 1); 30].join(", "))
        })
        .collect();
    let text = format!("job: {{ services: !reference [.l9, s] }}\n.l0: {{ s: [x] }}\n{lists}");
    assert!(matches!(error(&text), Error::Limit { .. }));
}

#[test]
fn files_that_are_too_large_are_refused() {
    let text = format!("a: {}\n", "x".repeat(3 * 1024 * 1024));
    assert!(matches!(error(&text), Error::Limit { .. }));
}
