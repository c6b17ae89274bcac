//! What becomes of the repositories that pulls through a rule made when the rule is destroyed. They are made here by the
//! AWS CLI: nothing in ECR tells those from these. `client_pulls` has a repository that a pull made.

use std::time::{Duration, SystemTime};

use acceptance::{Account, Fault, FaultKind, Run, Workspace, wait_until};
use serde_json::Value;

use super::{RULE, quay, rules};

const LEFT: &str = "Repositories outlive ECR pull through cache rule (quay)";
/// An index of nothing: an image that needs no layers.
const EMPTY_INDEX: &str =
    r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;

/// A rule whose repositories are deleted with it.
fn deleting(prefix: &str) -> String {
    quay(prefix).replace("\n}\n", "\n  delete_repositories = true\n}\n")
}

/// Makes repositories, each with an image in it.
fn make(account: &Account, names: &[&str]) {
    std::thread::scope(|scope| {
        for name in names {
            scope.spawn(move || {
                account.aws(&["ecr", "create-repository", "--repository-name", name]);
                let put = ["ecr", "put-image", "--repository-name", name, "--image-tag", "1"];
                account.aws(&[&put[..], &["--image-manifest", EMPTY_INDEX]].concat());
            });
        }
    });
}

fn make_rule(account: &Account, prefix: &str) {
    let create = ["ecr", "create-pull-through-cache-rule", "--ecr-repository-prefix", prefix];
    account.aws(&[&create[..], &["--upstream-registry-url", "quay.io"]].concat());
}

/// Names of the account's repositories, sorted.
fn repositories(account: &Account) -> Vec<String> {
    let answer = account.aws(&["ecr", "describe-repositories"]);
    let list = answer["repositories"].as_array().expect("a list of repositories");
    let name = |repository: &Value| repository["repositoryName"].as_str().expect("a name").to_owned();
    let mut names: Vec<String> = list.iter().map(name).collect();
    names.sort();
    names
}

/// The one warning of a run that succeeded.
#[track_caller]
fn warning(run: &Run) -> String {
    run.expect_success();
    let [warning] = run.warnings()[..] else { panic!("there is not one warning: {}", run.stdout()) };
    assert_eq!(warning.summary, LEFT);
    warning.detail.clone()
}

fn denied() -> FaultKind {
    FaultKind::error("AccessDeniedException", "User is not authorized to perform this action")
}

#[test]
fn destroy_leaves_the_repositories_and_lists_ten_of_them() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &quay("quay"));
    let names: Vec<String> = (10..22).map(|number| format!("quay/image-{number}")).collect();
    make(&account, &names.iter().map(String::as_str).collect::<Vec<_>>());
    make(&account, &["other/image", "quay-2/image", "quay"]);
    let told = warning(&workspace.destroy());
    let shown = format!("12: {} and 2 more.", names[..10].join(", "));
    assert!(told.contains(&shown), "{told}");
    assert!(
        told.contains("delete_repositories = true") && told.contains("aws ecr delete-repository"),
        "{told}"
    );
    assert_eq!(repositories(&account).len(), 15);
    assert_eq!(rules(&account), []);
}

#[test]
fn destroy_of_a_rule_that_nobody_pulled_through_warns_of_nothing() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &quay("quay"));
    make(&account, &["other/image"]);
    let run = workspace.destroy();
    run.expect_success();
    assert!(run.warnings().is_empty(), "{}", run.stdout());
}

#[test]
fn delete_repositories_takes_those_of_the_rule_and_no_others() {
    let account = Account::new();
    make(&account, &["quay/older"]);
    // ECR tells times of creation in seconds.
    let made = SystemTime::now();
    let later = || made.elapsed().is_ok_and(|age| age > Duration::from_secs(1));
    wait_until("the next second", Duration::from_secs(5), later);
    let mut workspace = Workspace::applied(&account, &deleting("quay"));
    make_rule(&account, "quay/team");
    make_rule(&account, "quay-2");
    let tag = "Key=ecrunner:source,Value=docker.io/library/alpine";
    account.aws(&["ecr", "create-repository", "--repository-name", "quay/mirror", "--tags", tag]);
    let kept = ["other/image", "quay", "quay-2/image", "quay/team/image"];
    make(&account, &kept);
    make(&account, &["quay/image", "quay/teams/image", "quay/a/b/c"]);
    let run = workspace.destroy();
    run.expect_success();
    assert!(run.warnings().is_empty(), "{}", run.stdout());
    let mut expected: Vec<&str> = [&kept[..], &["quay/mirror", "quay/older"]].concat();
    expected.sort_unstable();
    assert_eq!(repositories(&account), expected);
    let actions: Vec<String> = account.calls().into_iter().map(|call| call.action).collect();
    let position = |action: &str| actions.iter().position(|called| called == action);
    assert!(
        position("DeletePullThroughCacheRule") < position("DeleteRepository"),
        "a pull would have made it again: {actions:?}"
    );
    assert_eq!(account.count("DeleteRepository"), 3);
}

#[test]
fn rule_for_a_longer_prefix_leaves_what_is_of_the_shorter_one() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &deleting("quay/team"));
    make_rule(&account, "quay");
    make_rule(&account, "ROOT");
    make(&account, &["quay/image", "quay/team/image"]);
    workspace.destroy().expect_success();
    assert_eq!(repositories(&account), ["quay/image"]);
}

#[test]
fn rule_for_root_deletes_nothing_and_lists_what_may_be_of_its_making() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&deleting("ROOT"));
    workspace
        .validate()
        .expect_error("Invalid delete_repositories", "delete_repositories")
        .expect_error_count(1);
    // A prefix that is not known before apply is refused then.
    let input = "resource \"terraform_data\" \"prefix\" {\n  input = \"ROOT\"\n}\n";
    workspace
        .config(&format!("{input}{}", deleting("ROOT").replace("\"ROOT\"", "terraform_data.prefix.output")));
    workspace.apply().expect_only_error(&["Invalid delete_repositories"]);
    assert_eq!(rules(&account), []);

    workspace.config(&quay("ROOT"));
    workspace.apply().expect_success();
    make_rule(&account, "quay");
    make(&account, &["library/alpine", "quay/image"]);
    let run = workspace.destroy();
    run.expect_success().expect_warning("Repositories outlive ECR pull through cache rule (ROOT)");
    let told = &run.warnings()[0].detail;
    assert!(told.contains("no other rule and no mirror: 1: library/alpine."), "{told}");
    assert_eq!(repositories(&account), ["library/alpine", "quay/image"]);
    assert_eq!(account.count("DeleteRepository"), 0);
}

#[test]
fn update_delete_repositories_asks_nothing_of_ecr() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &quay("quay"));
    make(&account, &["quay/image"]);
    workspace.config(&deleting("quay"));
    let plan = workspace.plan();
    assert_eq!(plan.actions(RULE), ["update"]);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(account.count("UpdatePullThroughCacheRule"), 0);
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_eq!(repositories(&account), Vec::<String>::new());
}

#[test]
fn replacement_deletes_the_repositories_of_the_old_rule() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &deleting("quay"));
    make(&account, &["quay/image"]);
    workspace.config(&deleting("quay").replace("quay.io", "registry.k8s.io"));
    workspace.apply().expect_success();
    assert_eq!(repositories(&account), Vec::<String>::new());
    assert_eq!(rules(&account)[0].1, "registry.k8s.io");
}

#[test]
fn deletion_that_fails_half_way_is_gone_on_with() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &deleting("quay"));
    make(&account, &["quay/a1", "quay/b2", "quay/c3"]);
    account.inject(Fault::once("ecr", "DeleteRepository", denied()).after(1));
    workspace.destroy().expect_only_error(&[
        "Deleting ECR repository (quay/b2)",
        "The rule is deleted. 2 of its 3 repositories are not. Destroy again to go on.",
    ]);
    assert_eq!((repositories(&account).len(), rules(&account).len()), (2, 0));
    assert_eq!(workspace.state().addresses(), [RULE]);
    workspace.destroy().expect_success();
    assert_eq!(repositories(&account), Vec::<String>::new());
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
}

#[test]
fn rule_that_is_half_deleted_is_made_anew_when_the_configuration_still_has_it() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &deleting("quay"));
    make(&account, &["quay/image"]);
    account.inject(Fault::once("ecr", "DeleteRepository", denied()));
    workspace.destroy().expect_only_error(&["1 of its 1 repositories are not."]);
    let plan = workspace.plan();
    plan.run().expect_warning("ECR pull through cache rule is half deleted");
    assert_eq!(plan.actions(RULE), ["delete", "create"]);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!((repositories(&account).len(), rules(&account).len()), (0, 1));
    workspace.assert_empty_plan();
}

#[test]
fn rule_whose_deletion_is_refused_is_not_taken_for_half_deleted() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &deleting("quay"));
    make(&account, &["quay/image"]);
    account.inject(Fault::once("ecr", "DeletePullThroughCacheRule", denied()));
    workspace.destroy().expect_only_error(&["The rule is still there."]);
    assert_eq!((repositories(&account).len(), account.count("DeleteRepository")), (1, 0));
    workspace.assert_empty_plan();
}

#[test]
fn repositories_that_cannot_be_listed_are_a_warning_and_to_delete_them_an_error() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &quay("quay"));
    make(&account, &["quay/image"]);
    account.inject(Fault::once("ecr", "DescribeRepositories", denied()));
    let told = warning(&workspace.destroy());
    assert!(told.contains("could not be listed") && told.contains("AccessDeniedException"), "{told}");

    workspace.config(&deleting("quay"));
    workspace.apply().expect_success();
    make(&account, &["quay/image-2"]);
    account.inject(Fault::once("ecr", "ListTagsForResource", denied()));
    workspace.destroy().expect_only_error(&["AccessDeniedException", "None of its repositories is."]);
    workspace.destroy().expect_success();
    assert!(!repositories(&account).contains(&"quay/image-2".to_owned()));
}

#[test]
fn repository_that_vanishes_meanwhile_counts_as_deleted() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &deleting("quay"));
    make(&account, &["quay/image"]);
    // It is deleted, the answer is lost, and the SDK asks again.
    account.inject(Fault::once("ecr", "DeleteRepository", FaultKind::CutAfter { bytes: 0 }));
    account.inject(Fault::once("ecr", "ListTagsForResource", FaultKind::NotVisible));
    workspace.destroy().expect_success();
    assert_eq!(account.count("DeleteRepository"), 2);
    assert_eq!(repositories(&account), Vec::<String>::new());
}

#[test]
fn timeout_ends_a_deletion_that_takes_too_long_and_the_next_goes_on() {
    let account = Account::new();
    let timeouts = "\n  timeouts {\n    delete = \"4s\"\n  }\n}\n";
    let mut workspace = Workspace::applied(&account, &deleting("quay").replace("\n}\n", timeouts));
    make(&account, &["quay/image"]);
    // Said to be gone, and found all the same.
    account.inject(Fault::once("ecr", "DeleteRepository", FaultKind::NotVisible));
    workspace
        .destroy()
        .expect_only_error(&["the repositories of the rule are gone", "not over within 4s"])
        .expect_within(Duration::from_secs(60));
    assert_eq!((repositories(&account).len(), rules(&account).len()), (1, 0));
    workspace.destroy().expect_success();
    assert_eq!(repositories(&account), Vec::<String>::new());
}

#[test]
fn interrupt_ends_the_deletion_between_two_repositories() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &deleting("quay"));
    make(&account, &["quay/a1", "quay/b2"]);
    let slow = FaultKind::Latency { milliseconds: 3_000 };
    account.inject(Fault::once("ecr", "DeleteRepository", slow));
    let destroy = workspace.start_destroy();
    account.wait_for_call("DeleteRepository");
    destroy.interrupt();
    destroy.wait().expect_failure().expect_text("1 of its 2 repositories are not.");
    assert_eq!(repositories(&account), ["quay/b2"]);
    workspace.destroy().expect_success();
    assert_eq!(repositories(&account), Vec::<String>::new());
}
