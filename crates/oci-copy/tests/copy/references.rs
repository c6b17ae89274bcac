//! The grammar of references and Docker's normalisation.

use oci_copy::{Reference, ReferenceError};

#[test]
fn short_names_are_completed_as_docker_completes_them() {
    let hex = "a".repeat(64);
    let with_digest = format!("alpine@sha256:{hex}");
    let with_both = format!("alpine:3.20@sha256:{hex}");
    let digest_alone = format!("docker.io/library/alpine@sha256:{hex}");
    let both = format!("docker.io/library/alpine:3.20@sha256:{hex}");
    for (input, meaning) in [
        ("alpine", "docker.io/library/alpine:latest"),
        ("alpine:3.20", "docker.io/library/alpine:3.20"),
        ("docker.io/alpine", "docker.io/library/alpine:latest"),
        ("index.docker.io/alpine", "docker.io/library/alpine:latest"),
        ("docker.io/library/a/b", "docker.io/library/a/b:latest"),
        ("org/image", "docker.io/org/image:latest"),
        ("foo:5000", "docker.io/library/foo:5000"),
        ("example.com", "docker.io/library/example.com:latest"),
        ("foo:5000/bar", "foo:5000/bar:latest"),
        ("localhost/bar", "localhost/bar:latest"),
        ("[::1]:5000/bar:1", "[::1]:5000/bar:1"),
        ("[2001:db8::1]/bar", "[2001:db8::1]/bar:latest"),
        ("Foo/bar", "Foo/bar:latest"),
        ("quay.io/org/image:v1.2-rc.1", "quay.io/org/image:v1.2-rc.1"),
        ("registry-1.docker.io/library/alpine", "registry-1.docker.io/library/alpine:latest"),
        ("a__b/c--d/e.f_g", "docker.io/a__b/c--d/e.f_g:latest"),
        (with_digest.as_str(), digest_alone.as_str()),
        (with_both.as_str(), both.as_str()),
    ] {
        let reference = Reference::parse(input).unwrap_or_else(|error| panic!("{input}: {error}"));
        assert_eq!(reference.to_string(), meaning, "{input}");
        assert_eq!(Reference::parse(meaning).unwrap(), reference, "{meaning}");
    }
}

#[test]
fn malformed_references_are_refused_with_what_is_wrong() {
    use ReferenceError as E;
    let check = |input: &str, expected: fn(&ReferenceError) -> bool| {
        let error = Reference::parse(input).expect_err(input);
        assert!(expected(&error), "{input}: {error:?}");
    };
    check("", |error| matches!(error, E::Empty));
    check("https://quay.io/org/image", |error| matches!(error, E::Scheme(_)));
    check("docker://alpine", |error| matches!(error, E::Scheme(_)));
    check(&"0".repeat(64), |error| matches!(error, E::ImageId(_)));
    check("foo/Bar", |error| matches!(error, E::UpperCase { lower, .. } if lower == "foo/bar"));
    check("Alpine", |error| matches!(error, E::UpperCase { .. }));
    for input in ["a//b", "a/", "-a", "a-", "a___b", "a..b", "a._b", "a b", " alpine", "ä", "quay.io/"] {
        check(input, |error| matches!(error, E::Component { .. }));
    }
    for input in [
        "under_score.example.com/a",
        "-x.com/a",
        "x..com/a",
        "x.com:/a",
        "x.com:http/a",
        "[::1/a",
        "[fe80::1%25eth0]/a",
    ] {
        check(input, |error| matches!(error, E::Domain(_)));
    }
    check("alpine:", |error| matches!(error, E::Tag(_)));
    check("alpine:-1", |error| matches!(error, E::Tag(_)));
    check(&format!("alpine:{}", "a".repeat(129)), |error| matches!(error, E::Tag(_)));
    check("alpine@sha256:00", |error| matches!(error, E::Digest(_)));
    check("alpine@md5:00000000000000000000000000000000", |error| matches!(error, E::Digest(_)));
    check(&format!("quay.io/{}", "a".repeat(256)), |error| matches!(error, E::PathTooLong { length: 256 }));
    assert!(Reference::parse(&format!("quay.io/{}", "a".repeat(255))).is_ok());
}

#[test]
fn digest_decides_over_the_tag() {
    let reference = Reference::parse(&format!("alpine:3.20@sha256:{}", "b".repeat(64))).unwrap();
    assert_eq!(reference.manifest_reference().to_string(), format!("sha256:{}", "b".repeat(64)));
    assert_eq!(reference.tag().unwrap().as_str(), "3.20");
}

/// Every text, however odd, is refused or survives being shown and parsed again.
#[test]
fn what_parses_survives_being_shown() {
    const PIECES: [&str; 16] = [
        "a",
        "Z9",
        ".",
        "/",
        ":",
        "@",
        "-",
        "_",
        "__",
        "localhost",
        "docker.io",
        "library",
        "latest",
        "5000",
        "[::1]",
        "sha256:",
    ];
    let mut state: u64 = 0x0DDB_1A5E_5BAD_5EED;
    let mut accepted = 0;
    for _ in 0..20_000 {
        let mut text = String::new();
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        for position in 0..(state >> 61) + 1 {
            let index = usize::try_from((state >> (8 + position * 6)) & 15).unwrap();
            text.push_str(PIECES[index]);
        }
        if let Ok(reference) = Reference::parse(&text) {
            accepted += 1;
            assert_eq!(Reference::parse(&reference.to_string()), Ok(reference), "{text}");
        }
    }
    assert!(accepted > 500, "{accepted}");
}
