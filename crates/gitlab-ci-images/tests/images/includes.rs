//! Includes, and child pipelines.

use std::fs;

use gitlab_ci_images::{Error, Report, Settings, read_files};
use tempfile::TempDir;

use crate::{lines, strings};

/// A repository with these files, of which the first is the beginning.
fn repository(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
    }
    directory
}

fn read_in(directory: &TempDir, includes: &[(&str, &str)]) -> Result<Report, Error> {
    let settings = Settings {
        root: directory.path().to_owned(),
        variables: strings(&[("KNOWN", "known")]),
        includes: strings(includes),
    };
    read_files(&[directory.path().join(".gitlab-ci.yml")], &settings)
}

#[track_caller]
fn found(files: &[(&str, &str)], includes: &[(&str, &str)]) -> Vec<String> {
    lines(&read_in(&repository(files), includes).expect("files that can be read"))
}

#[track_caller]
fn refused(files: &[(&str, &str)]) -> String {
    let directory = repository(files);
    read_in(&directory, &[]).expect_err("files that are refused").to_string()
}

#[test]
fn local_includes_are_merged_below_the_file_that_includes_them() {
    let files = [
        (".gitlab-ci.yml", "include: [/ci/a.yml, { local: ci/b.yml }]\njob: { image: 'x:$TAG' }\n"),
        (
            "ci/a.yml",
            "variables: { TAG: a }\nfrom-a: { image: a:1 }\njob: { image: lost:1, services: [s:1] }\n",
        ),
        ("ci/b.yml", "include: ci/c.yml\nvariables: { TAG: b }\n"),
        ("ci/c.yml", "variables: { TAG: c }\nfrom-c: { extends: .later }\n.later: { image: c:1 }\n"),
    ];
    assert_eq!(
        found(&files, &[]),
        ["2 from-a image a:1", "2 job image x:b", "3 job services s:1", "3 from-c image c:1"]
    );
}

#[test]
fn places_name_the_file_of_the_name() {
    let files = [(".gitlab-ci.yml", "include: ci/a.yml\n"), ("ci/a.yml", "a:\n  image: a:1\n")];
    let report = read_in(&repository(&files), &[]).unwrap();
    assert_eq!(report.images[0].place.to_string(), "ci/a.yml:2");
}

#[test]
fn patterns_find_files_in_order() {
    let files = [
        (".gitlab-ci.yml", "include: [{ local: 'ci/*.yml' }, 'more/**.yml', '$KNOWN/*.yml']\n"),
        ("ci/b.yml", "b: { image: b:1 }\n"),
        ("ci/a.yml", "a: { image: a:1 }\n"),
        ("ci/deep/no.yml", "no: { image: no:1 }\n"),
        ("more/deep/c.yml", "c: { image: c:1 }\n"),
        ("known/d.yml", "d: { image: d:1 }\n"),
    ];
    assert_eq!(found(&files, &[]), ["1 a image a:1", "1 b image b:1", "1 c image c:1", "1 d image d:1"]);
}

#[test]
fn inputs_come_from_the_include() {
    let files = [
        (".gitlab-ci.yml", "include:\n  - { local: a.yml, inputs: { tag: 2, job: y } }\n"),
        (
            "a.yml",
            "spec: { inputs: { tag: { default: 1 }, job: {} } }\n---\n'$[[ inputs.job ]]': { image: 'x:$[[ inputs.tag ]]' }\n",
        ),
    ];
    assert_eq!(found(&files, &[]), ["3 y image x:2"]);
}

#[test]
fn other_includes_are_unresolved_until_they_are_given() {
    let files = [(
        ".gitlab-ci.yml",
        "include:
  - { project: group/ci, ref: main, file: [/a.yml, b.yml] }
  - https://example.com/ci.yml
  - { template: Jobs/Build.gitlab-ci.yml }
  - { component: $CI_SERVER_FQDN/group/comp@1.0 }
  - { local: '$WHERE.yml' }
  - { remote: 'https://$HOST/ci.yml' }
job: { extends: .theirs }
own: { image: own:1 }
",
    )];
    assert_eq!(
        found(&files, &[]),
        [
            "9 own image own:1",
            "2 - ? group/ci:/a.yml: the file /a.yml of the project group/ci was not given",
            "2 - ? group/ci:b.yml: the file b.yml of the project group/ci was not given",
            "3 - ? https://example.com/ci.yml: the remote file https://example.com/ci.yml was not given",
            "4 - ? Jobs/Build.gitlab-ci.yml: GitLab's template Jobs/Build.gitlab-ci.yml was not given",
            "5 - ? $CI_SERVER_FQDN/group/comp@1.0: the component $CI_SERVER_FQDN/group/comp@1.0 was not given",
            "6 - ? $WHERE.yml: variable WHERE is not known",
            "7 - ? https://$HOST/ci.yml: variable HOST is not known",
            "8 job ? extends .theirs: it is in none of the files, and may be in an include that was not given",
        ]
    );
    let given = [
        ("group/ci:/a.yml", "a: { image: a:1 }\ninclude: /nested.yml\n"),
        ("group/ci@main:b.yml", "b: { image: b:1 }\n"),
        ("group/ci:/nested.yml", ".theirs: { image: nested:1 }\n"),
        ("https://example.com/ci.yml", "include: other.yml\n"),
        ("Jobs/Build.gitlab-ci.yml", "t: { image: t:1 }\n"),
        ("$CI_SERVER_FQDN/group/comp@1.0", "spec: {}\n---\nc: { image: c:1 }\n"),
    ];
    assert_eq!(
        found(&files, &given),
        [
            "1 a image a:1",
            "1 b image b:1",
            "1 t image t:1",
            "3 c image c:1",
            "1 job image nested:1",
            "9 own image own:1",
            "1 - ? other.yml: the file other.yml of another repository was not given",
            "6 - ? $WHERE.yml: variable WHERE is not known",
            "7 - ? https://$HOST/ci.yml: variable HOST is not known",
        ]
    );
}

#[test]
fn circles_of_files_are_named() {
    let files = [
        (".gitlab-ci.yml", "\ninclude: a.yml\n"),
        ("a.yml", "include:\n  - b.yml\n"),
        ("b.yml", "\n\ninclude: /a.yml\n"),
    ];
    assert_eq!(refused(&files), "b.yml:3: files include each other in a circle: a.yml -> b.yml -> a.yml");
    let itself = [(".gitlab-ci.yml", "include: .gitlab-ci.yml\n")];
    assert_eq!(
        refused(&itself),
        ".gitlab-ci.yml:1: files include each other in a circle: .gitlab-ci.yml -> .gitlab-ci.yml"
    );
}

#[test]
fn nothing_outside_of_the_repository_is_read() {
    for path in ["../a.yml", "/ci/../../a.yml", "..\\a.yml"] {
        let error = refused(&[(".gitlab-ci.yml", &format!("include: '{path}'\n"))]);
        assert_eq!(
            error,
            format!(".gitlab-ci.yml:1: the local include {path:?} leads out of the repository")
        );
    }
    assert_eq!(
        refused(&[(".gitlab-ci.yml", "include: secrets.env\n")]),
        ".gitlab-ci.yml:1: the local include \"secrets.env\" does not end in .yml or .yaml"
    );
    assert_eq!(
        refused(&[(".gitlab-ci.yml", "x: {}\ninclude: gone.yml\n")]),
        ".gitlab-ci.yml:2: the local include \"gone.yml\" has no file"
    );
    let conditional = [(".gitlab-ci.yml", "include: { local: gone.yml, rules: [{ exists: [x] }] }\n")];
    assert_eq!(
        found(&conditional, &[]),
        ["1 - ? gone.yml: the file does not exist, and rules decide whether it is included"]
    );
}

#[cfg(unix)]
#[test]
fn symbolic_links_do_not_lead_out() {
    use std::os::unix::fs::symlink;

    let outside = repository(&[("a.yml", "a: { image: outside:1 }\n")]);
    let inside =
        repository(&[(".gitlab-ci.yml", "include: link/a.yml\n"), ("ci/b.yml", "b: { image: b:1 }\n")]);
    symlink(outside.path(), inside.path().join("link")).unwrap();
    symlink(inside.path(), inside.path().join("ci/round")).unwrap();
    let error = read_in(&inside, &[]).unwrap_err();
    assert!(matches!(error, Error::IncludeOutside { .. }), "{error}");
    fs::write(inside.path().join(".gitlab-ci.yml"), "include: 'link/*.yml'\n").unwrap();
    let error = read_in(&inside, &[]).unwrap_err();
    assert!(matches!(error, Error::IncludeMissing { .. }), "{error}");
    fs::write(inside.path().join(".gitlab-ci.yml"), "include: 'ci/**.yml'\n").unwrap();
    assert_eq!(lines(&read_in(&inside, &[]).unwrap()), ["1 b image b:1"]);
}

#[test]
fn one_file_may_come_often_and_150_are_the_limit() {
    let includes = |count: usize| format!("include: [{}]\n", vec!["a.yml"; count].join(", "));
    let files =
        |text: &str| read_in(&repository(&[(".gitlab-ci.yml", text), ("a.yml", "a: { image: a:1 }\n")]), &[]);
    assert_eq!(lines(&files(&includes(150)).unwrap()), ["1 a image a:1"]);
    let error = files(&includes(151)).unwrap_err();
    assert!(matches!(error, Error::TooManyIncludes { limit: 150, .. }), "{error}");
}

#[test]
fn child_pipelines_are_read_with_the_variables_they_are_given() {
    let files = [
        (
            ".gitlab-ci.yml",
            "default: { image: parent:1 }
variables: { A: a }
start: { trigger: { include: child.yml }, variables: { B: b } }
made: { trigger: { include: [{ artifact: made.yml, job: x }] } }
loop: { trigger: { include: .gitlab-ci.yml } }
",
        ),
        ("child.yml", "variables: { B: lost }\nchild: { image: 'x:$A$B' }\nbare: { script: x }\n"),
    ];
    assert_eq!(
        found(&files, &[]),
        ["2 child image x:ab", "4 - ? made.yml: the file made.yml, which a job makes, was not given",]
    );
}

#[test]
fn root_has_to_be_there_and_files_too() {
    let directory = repository(&[("a.txt", "")]);
    let settings = Settings { root: directory.path().to_owned(), ..Settings::default() };
    let error = read_files(&[directory.path().join("none.yml")], &settings).unwrap_err();
    assert!(error.to_string().contains("none.yml: "), "{error}");
    let error = read_files(&[directory.path().to_owned()], &settings).unwrap_err();
    assert!(error.to_string().ends_with(": is no file"), "{error}");
    let settings = Settings { root: directory.path().join("none"), ..Settings::default() };
    let error = read_files(&[], &settings).unwrap_err();
    assert!(error.to_string().contains("none: "), "{error}");
}
