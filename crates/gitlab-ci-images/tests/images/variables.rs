//! Names with variables in them, and inputs.

use crate::{check, check_with, with_variables};

#[test]
fn nearer_variables_win_and_those_from_outside_win_over_all() {
    let text = "
variables:
  A: global
  B: { value: global, description: of B }
  C: global
  NUMBER: 3.10
job:
  image: x:$A-${B}-$C-$NUMBER
  variables: { B: job, C: job }
";
    check(text, &["8 job image x:global-job-job-3.1"]);
    check_with(&with_variables(&[("C", "outside")]), text, &["8 job image x:global-job-outside-3.1"]);
}

#[test]
fn unknown_variables_leave_a_name_unresolved() {
    check(
        "a: { image: '$CI_REGISTRY_IMAGE/app:1' }\nb: { image: '${TAG:-x}' }\nc: { image: c:1 }\n",
        &[
            "3 c image c:1",
            "1 a ? $CI_REGISTRY_IMAGE/app:1: variable CI_REGISTRY_IMAGE is not known",
            "2 b ? ${TAG:-x}: ${TAG:-x} is no variable: GitLab Runner knows no operators there",
        ],
    );
}

#[test]
fn values_are_expanded_unless_they_say_otherwise() {
    check(
        "
variables:
  NAME: 'app-$TAG'
  RAW: { value: '$TAG', expand: false }
  TAG: '1'
a: { image: 'x:$NAME' }
b: { image: 'x:$RAW' }
c: { image: 'x:$$TAG' }
",
        &["6 a image x:app-1", "7 b image x:1", "8 c image x:1"],
    );
}

#[test]
fn inherit_keeps_global_variables_out() {
    check(
        "
variables: { A: a, B: b }
one: { image: 'x:$A', inherit: { variables: false } }
two: { image: 'x:$A$B', inherit: { variables: [A] } }
three: { image: 'x:$A$B', inherit: { variables: [A, B] } }
",
        &[
            "5 three image x:ab",
            "3 one ? x:$A: variable A is not known",
            "4 two ? x:$A$B: variable B is not known",
        ],
    );
}

#[test]
fn each_combination_of_a_matrix_gives_an_image() {
    check(
        "
job:
  image: $NAME:$TAG
  parallel:
    matrix:
      - NAME: [node, golang]
        TAG: ['1', '2']
      - NAME: python
        TAG: 3.12
plain: { image: 'plain:1', parallel: 5 }
",
        &[
            "3 job image node:1",
            "3 job image node:2",
            "3 job image golang:1",
            "3 job image golang:2",
            "3 job image python:3.12",
            "10 plain image plain:1",
        ],
    );
}

#[test]
fn each_rule_gives_an_image() {
    check(
        "
workflow:
  rules:
    - { if: $A, variables: { SIZE: small } }
    - { if: $B, variables: { SIZE: large } }
all:
  image: $NAME:$SIZE
  rules:
    - { if: $A, variables: { NAME: a } }
    - { if: $B, variables: { NAME: b } }
    - { if: $C, variables: { NAME: c }, when: never }
some:
  image: $NAME:1
  rules:
    - { if: $A, variables: { NAME: a } }
    - { if: $B }
",
        &[
            "7 all image a:small",
            "7 all image a:large",
            "7 all image b:small",
            "7 all image b:large",
            "13 some image a:1",
            "13 some ? $NAME:1: variable NAME is not known",
        ],
    );
}

#[test]
fn inputs_have_their_defaults() {
    check(
        "
spec:
  inputs:
    image: { default: 'alpine:3.20' }
    version: {}
    job: { default: test }
    long: { default: '1.24.5' }
    services: { type: array, default: [redis:7, mysql:9] }
---
'$[[ inputs.job ]]-a':
  image: $[[ inputs.image ]]
  services: $[[ inputs.services ]]
b: { image: 'golang:$[[ inputs.long | truncate(2,4) ]]' }
c: { image: 'node:$[[ inputs.version ]]' }
d: { image: 'node:$[[ inputs.long | unheard_of ]]' }
",
        &[
            "11 test-a image alpine:3.20",
            "8 test-a services redis:7",
            "8 test-a services mysql:9",
            "13 b image golang:24.5",
            "14 c ? node:$[[ inputs.version ]]: inputs.version has no value here",
            "15 d ? node:$[[ inputs.long | unheard_of ]]: inputs.long | unheard_of has no value here",
        ],
    );
}
