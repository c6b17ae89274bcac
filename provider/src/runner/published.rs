//! The published form of a configuration: gzip, then base64, so that no byte of it means something to SSM.

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::{Compression, GzBuilder};

/// Largest value of a parameter in the standard tier, in characters (SSM API reference, PutParameter).
pub const STANDARD_TIER: usize = 4096;
/// Largest value of a parameter in the advanced tier, in characters.
pub const ADVANCED_TIER: usize = 8192;
/// A configuration is never longer than this, in bytes: what a parameter holds may come from anybody.
const MAX_PLAIN: u64 = 1 << 20;

/// The published form. The same text always gives the same value: there is no time stamp in it.
pub fn encode(text: &str) -> String {
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::best());
    // Writing into memory cannot fail.
    let compressed = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish()).unwrap_or_default();
    BASE64.encode(compressed)
}

/// The text of a published form; `None` when it is none.
pub fn decode(value: &str) -> Option<String> {
    let compressed = BASE64.decode(value.trim()).ok()?;
    let mut text = String::new();
    flate2::read::GzDecoder::new(compressed.as_slice()).take(MAX_PLAIN).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_text_comes_back() {
        let text = "concurrent = 10\n".repeat(500);
        let value = encode(&text);
        assert!(value.len() < 400 && !value.contains("{{"));
        assert_eq!(value, encode(&text));
        assert_eq!(decode(&value).as_deref(), Some(text.as_str()));
        assert_eq!(decode("no base64!"), None);
        assert_eq!(decode("bm8gZ3ppcA=="), None);
    }
}
