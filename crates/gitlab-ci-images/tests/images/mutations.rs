//! Malformed input: whatever bytes come, there is an answer or an error, and soon.

use std::time::{Duration, Instant};

use gitlab_ci_images::{Settings, read_merged};

const SEED: &str = "spec: { inputs: { a: { default: 'x:1' }, b: {} } }
---
include: [{ project: g/p, file: [a.yml] }, x.yml]
default: &d { image: 'alpine:$TAG', services: [redis, { name: \"mysql:${V}\" }] }
variables: { TAG: '3.20', V: { value: $TAG, expand: false } }
.a: &a
  <<: *d
  image: !reference [.b, image]
.b: { extends: .c, image: '$[[ inputs.a | truncate(0,2) ]]' }
.c: { services: [!reference [.a, services], \"y\\u0041\"] }
job:
  extends: [.a, .b]
  parallel: { matrix: [{ TAG: [1, 2], V: [a] }] }
  rules: [{ if: $X, variables: { V: z } }, { when: never }]
  inherit: { default: [image], variables: false }
  script: |
    docker run x
child: { trigger: { include: [{ local: c.yml }, { artifact: z.yml }] } }
";

/// Pieces that mean something to a parser.
const PIECES: [&str; 24] = [
    "\n",
    "\n  ",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "*a",
    "&a ",
    "<<: *d",
    "!reference [job, image]",
    "$",
    "${",
    "$[[ ",
    "]]",
    "\"",
    "'",
    "|\n",
    ">-\n",
    "---\n",
    "\u{feff}",
    "extends: job",
    "\t",
];

/// The same numbers in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).expect("48 bits") % limit.max(1)
    }
}

fn mutate(text: &mut Vec<u8>, numbers: &mut Numbers) {
    let at = numbers.below(text.len());
    match numbers.below(4) {
        0 => text.truncate(text.len() - numbers.below(text.len() / 4)),
        1 => {
            let end = (at + numbers.below(12)).min(text.len());
            text.drain(at.min(end)..end);
        }
        2 => {
            let end = (at + numbers.below(80)).min(text.len());
            let copy = text[at.min(end)..end].to_vec();
            let to = numbers.below(text.len());
            text.splice(to..to, copy);
        }
        _ => {
            let piece = PIECES[numbers.below(PIECES.len())];
            text.splice(at..at, piece.bytes());
        }
    }
}

#[test]
fn mutated_files_never_panic_and_never_last() {
    let settings = Settings::default();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    read_merged(SEED, &settings).expect("the seed is well-formed");
    let (mut answers, mut refusals) = (0, 0);
    for _ in 0..6000 {
        let mut bytes = SEED.as_bytes().to_vec();
        for _ in 0..=numbers.below(6) {
            mutate(&mut bytes, &mut numbers);
        }
        let text = String::from_utf8_lossy(&bytes);
        let began = Instant::now();
        match read_merged(&text, &settings) {
            Ok(_) => answers += 1,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refusals += 1;
            }
        }
        assert!(began.elapsed() < Duration::from_secs(5), "{text}");
    }
    assert!(
        answers > 100 && refusals > 100,
        "{answers} answers, {refusals} refusals: the mutations are no test"
    );
}
