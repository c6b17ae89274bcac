//! SHA-256 digests: in hex in keys and state, in base64 in S3's headers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// Hex digits of a digest.
const HEX_DIGITS: usize = 64;

/// The SHA-256 of some content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digest([u8; 32]);

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Digest(bytes)
    }
}

impl Digest {
    /// Of 64 lower-case hex digits.
    pub(super) fn of_hex(text: &str) -> Option<Self> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != HEX_DIGITS || !text.bytes().all(is_hex) {
            return None;
        }
        let mut bytes = [0; 32];
        for (position, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * position..2 * position + 2)?, 16).ok()?;
        }
        Some(Digest(bytes))
    }

    /// Of S3's form. That of an object which was uploaded in parts, whose checksum is not of its content, is none.
    pub(super) fn of_base64(text: &str) -> Option<Self> {
        BASE64.decode(text).ok()?.try_into().ok().map(Digest)
    }

    pub(super) fn hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(super) fn base64(self) -> String {
        BASE64.encode(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_the_same_in_each_form() {
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let digest = Digest::of_hex(hex).expect("a digest");
        assert_eq!(digest.hex(), hex);
        assert_eq!(digest.base64(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(Digest::of_base64(&digest.base64()), Some(digest));
    }

    #[test]
    fn what_is_no_digest_of_the_whole_content_is_none() {
        for text in ["", "e3b0", &"g".repeat(64), &"E".repeat(64), &"0".repeat(65), &"ä".repeat(32)] {
            assert_eq!(Digest::of_hex(text), None, "{text}");
        }
        for text in ["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=-2", "AAAA", "no base64"] {
            assert_eq!(Digest::of_base64(text), None, "{text}");
        }
    }
}
