//! How a failed expectation reads: blocks of text under a heading each.

use std::fmt::Write;

/// Longest block, in bytes; the end of an output says more than its beginning.
const BLOCK_LIMIT: usize = 12_000;

/// A message of a claim and titled blocks.
pub fn report(claim: &str, blocks: &[(&str, &str)]) -> String {
    let mut text = claim.to_owned();
    for (title, body) in blocks {
        let body = tail(body.trim_end());
        // Writing to a String cannot fail.
        let _ = write!(text, "\n--- {title}\n{}", if body.is_empty() { "(nothing)" } else { body });
    }
    text.push_str("\n---");
    text
}

fn tail(body: &str) -> &str {
    let start = body.len().saturating_sub(BLOCK_LIMIT);
    let start = (start..body.len()).find(|&at| body.is_char_boundary(at)).unwrap_or(start);
    &body[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_shows_blocks_under_their_titles() {
        let text = report("it differs", &[("expected", "a\n"), ("got", "")]);
        assert_eq!(text, "it differs\n--- expected\na\n--- got\n(nothing)\n---");
    }

    #[test]
    fn long_block_keeps_its_end() {
        let text = report("long", &[("output", &format!("{}end", "ä".repeat(BLOCK_LIMIT)))]);
        assert!(text.len() < BLOCK_LIMIT + 100 && text.contains("end"));
    }
}
