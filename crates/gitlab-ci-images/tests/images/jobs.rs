//! Which images a job has: keywords, defaults, `extends`, anchors, references.

use crate::{check, with_variables};

#[test]
fn images_and_services_stand_as_text_or_mapping() {
    check(
        "
build:
  image: golang:1.24
  services:
    - postgres:17
    - name: registry.example.com/docker:dind
      alias: docker
test:
  image:
    name: node:22
    entrypoint: ['']
  services: []
lint:
  image: alpine@sha256:1111111111111111111111111111111111111111111111111111111111111111
",
        &[
            "3 build image golang:1.24",
            "5 build services postgres:17",
            "6 build services registry.example.com/docker:dind",
            "10 test image node:22",
            "@14 lint image alpine@sha256:1111111111111111111111111111111111111111111111111111111111111111",
        ],
    );
}

#[test]
fn default_goes_key_by_key_to_the_jobs_that_lack_the_key() {
    check(
        "
default:
  image: alpine:3.20
  services: [redis:7]
a: { script: x }
b: { script: x, image: busybox:1 }
c: { script: x, services: [] }
d: { script: x, image: null }
e: { script: x, inherit: { default: false } }
f: { script: x, inherit: { default: [image] } }
g: { script: x, inherit: { default: true } }
",
        &[
            "3 a image alpine:3.20",
            "4 a services redis:7",
            "6 b image busybox:1",
            "4 b services redis:7",
            "3 c image alpine:3.20",
            "3 d image alpine:3.20",
            "4 d services redis:7",
            "3 f image alpine:3.20",
            "3 g image alpine:3.20",
            "4 g services redis:7",
        ],
    );
}

#[test]
fn keywords_at_the_top_level_are_defaults_and_no_jobs() {
    check(
        "
image: alpine:3.20
services: [redis:7]
variables: { image: no }
cache: { image: no }
stages: [image]
.hidden: { image: hidden:1 }
pages: { script: x }
",
        &["2 pages image alpine:3.20", "3 pages services redis:7"],
    );
}

#[test]
fn extends_merges_mappings_and_replaces_lists() {
    check(
        "
.base:
  image: { name: alpine:3.20, entrypoint: [''] }
  services: [redis:7]
  variables: { TAG: a, OTHER: o }
.more:
  extends: .base
  image: { name: 'golang:$TAG-$OTHER' }
job:
  extends: .more
  services: ['postgres:$TAG']
  variables: { TAG: b }
two:
  extends: [.more, .base]
  image: { pull_policy: always }
gone:
  extends: .base
  image: null
  services: null
",
        &[
            "8 job image golang:b-o",
            "11 job services postgres:b",
            "3 two image alpine:3.20",
            "4 two services redis:7",
        ],
    );
}

#[test]
fn anchors_and_merge_keys_are_those_of_psych() {
    check(
        "
.a: &a { image: a:1, services: [s:1] }
.b: &b { image: b:1 }
name: &name common:1
below:
  <<: *a
  image: own:1
above:
  image: own:1
  <<: *a
several:
  <<: [*b, *a]
value:
  image: *name
twice:
  image: one:1
  image: two:1
",
        &[
            "7 below image own:1",
            "2 below services s:1",
            "2 above image a:1",
            "2 above services s:1",
            "3 several image b:1",
            "2 several services s:1",
            "4 value image common:1",
            "17 twice image two:1",
        ],
    );
}

#[test]
fn references_lead_through_jobs_and_references() {
    check(
        "
.one: { image: one:1, names: { tool: tool:2 } }
.two:
  extends: .one
  services: [!reference [.three, services], extra:1]
  tools: !reference [.one, names]
.three: { services: [s:1, s:2] }
a: { image: !reference [.two, image], services: !reference [.two, services] }
b: { image: { name: !reference [.two, tools, tool] } }
c: { image: 'x:$TAG', variables: !reference [.vars, variables] }
.vars: { variables: { TAG: '1' } }
",
        &[
            "2 a image one:1",
            "7 a services s:1",
            "7 a services s:2",
            "5 a services extra:1",
            "2 b image tool:2",
            "10 c image x:1",
        ],
    );
}

#[test]
fn what_is_no_name_is_told_as_unresolved() {
    check(
        "a: { image: [x] }\nb: { image: { entrypoint: [x] } }\nc: { services: [{ alias: x }] }\nd: { image: '' }\n",
        &[
            "1 a ? image: it is neither a name nor a mapping with a name",
            "2 b ? image: it is neither a name nor a mapping with a name",
            "3 c ? services: it is neither a name nor a mapping with a name",
            "4 d ? : the name is empty",
        ],
    );
}

#[test]
fn whatever_else_the_language_has_is_passed_over() {
    check(
        "
workflow: { rules: [{ if: '$CI_COMMIT_BRANCH' }] }
a:
  script: [!reference [.missing, script], 'docker run hidden:1']
  image: a:1
  rules: [{ if: $X, when: never }, { when: always }]
  needs: [b]
b: { trigger: group/other, image: none:1 }
c: text
",
        &["5 a image a:1"],
    );
}

#[test]
fn an_empty_file_has_no_images() {
    check("", &[]);
    check("# nothing\n", &[]);
    crate::check_with(&with_variables(&[("X", "1")]), "---\n", &[]);
}
