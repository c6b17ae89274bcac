//! `[[runners]]`.

use runner_config::Severity::{Error, Warning};
use runner_config::check;

use crate::{AUTOSCALER, changed, context, finds, found};

#[test]
fn two_entries_must_not_share_group_id_token_or_name() {
    let mut config = changed(AUTOSCALER, &[("concurrent", "40")]);
    config.runners.push(config.runners[0].clone());
    let found: Vec<_> =
        check(&config, &context()).into_iter().map(|f| (f.severity, f.path.to_string())).collect();
    assert_eq!(
        found,
        [
            (Warning, "runners[1].name".to_owned()),
            (Warning, "runners[1].token".to_owned()),
            (Error, "runners[1].id".to_owned()),
            (Error, "runners[1].autoscaler.plugin_config.name".to_owned()),
        ]
    );
}

#[test]
fn executor_needs_its_sections_and_reads_no_others() {
    finds(&[("runners/0/docker", "")], Error, "runners[0]", "[runners.docker]");
    found(AUTOSCALER, &[("runners/0/autoscaler", "")], &[(Error, "runners[0]", "[runners.autoscaler]")]);
    found(
        AUTOSCALER,
        &[("runners/0/executor", "\"docker\"")],
        &[(Warning, "runners[0].autoscaler", "does not read")],
    );
    finds(
        &[("runners/0/instance/allowed_images", "[\"a\"]")],
        Warning,
        "runners[0].instance",
        "does not read",
    );
}

#[test]
fn identity_of_entries_is_checked() {
    finds(&[("runners/0/id", "")], Warning, "runners[0].id", "second autoscaler");
    finds(&[("runners/0/id", "0")], Error, "runners[0].id", "start at 1");
    for url in [
        "\"\"",
        "\"gitlab.example.com\"",
        "\"https://\"",
        "\"https://a b\"",
        "\"https://u:p@gitlab.example.com\"",
    ] {
        let findings = check(&changed(AUTOSCALER, &[("runners/0/url", url)]), &context());
        assert_eq!(findings.len(), 1, "{url}");
        assert_eq!((findings[0].severity, findings[0].path.to_string().as_str()), (Error, "runners[0].url"));
    }
    finds(&[("runners/0/url", "\"https://$HOST\"")], Warning, "runners[0].url", "expands");
    finds(
        &[("runners/0/token_expires_at", "2027-01-01T00:00:00Z")],
        Warning,
        "runners[0].token_expires_at",
        "rotates",
    );
    finds(&[("runners/0/name", "\"__ECRUNNER_TOKEN_linux__\"")], Error, "runners[0].name", "placeholder");
}

#[test]
fn flags_environment_labels_and_polling_are_checked() {
    finds(&[("runners/0/feature_flags", "")], Warning, "runners[0].feature_flags", "rotation");
    found(
        AUTOSCALER,
        &[
            ("runners/0/feature_flags", ""),
            ("runners/0/environment", "[\"FF_DISABLE_AUTOMATIC_TOKEN_ROTATION=true\"]"),
        ],
        &[],
    );
    finds(
        &[("runners/0/feature_flags/USE_X", "true")],
        Warning,
        "runners[0].feature_flags[\"USE_X\"]",
        "FF_",
    );
    finds(&[("runners/0/environment", "[\"A=1\", \"B\"]")], Error, "runners[0].environment[1]", "assignment");
    finds(&[("runners/0/labels", "{ ab = \"x\" }")], Error, "runners[0].labels[\"ab\"]", "name of a label");
    finds(&[("labels", "{ abc = \"x y\" }")], Error, "labels[\"abc\"]", "value of a label");
    let many = (0..33).map(|n| format!("label-{n} = \"x\"")).collect::<Vec<_>>().join(", ");
    finds(&[("runners/0/labels", &format!("{{ {many} }}"))], Error, "runners[0].labels", "33 labels");
    for value in ["1", ""] {
        finds(
            &[("runners/0/request_concurrency", value)],
            Warning,
            "runners[0].request_concurrency",
            "long polling",
        );
    }
}

#[test]
fn build_directory_is_shared_only_on_instances_of_one_job() {
    let base = [
        ("runners/0/executor", "\"instance\""),
        ("runners/0/docker", ""),
        ("runners/0/instance/use_common_build_dir", "true"),
    ];
    found(AUTOSCALER, &base, &[]);
    let mut shared = base.to_vec();
    shared.push(("runners/0/autoscaler/max_use_count", "2"));
    finds(&shared, Error, "runners[0].instance.use_common_build_dir", "for itself");
}
