//! A file fetched at boot, and what its address and checksum may be.

use tf_provider::schema::Invalid;

/// A file fetched at boot, which must have the given checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// `https://…`, or `s3://<bucket>/<key>`, which is read with the instance's role by the AWS CLI.
    pub url: String,
    /// SHA-256, 64 lower case hex digits.
    pub sha256: String,
    /// Absolute path of the file.
    pub path: String,
    /// Mode, such as `0o755`.
    pub mode: u32,
}

/// Checks the address of a download.
///
/// # Errors
/// What is wrong, and what to write instead.
pub fn check_url(text: &str) -> Result<(), Invalid> {
    if is_url(text) {
        return Ok(());
    }
    Err(Invalid::new("must be an address without a login")
        .remedy("Write https://<host>/<path> or s3://<bucket>/<key>."))
}

/// Checks the checksum of a download.
///
/// # Errors
/// What is wrong.
pub fn check_sha256(text: &str) -> Result<(), Invalid> {
    if is_sha256(text) { Ok(()) } else { Err(Invalid::new("must have 64 lower case hex digits")) }
}

/// Also holds back what the shell would take for more than text.
pub(super) fn is_url(text: &str) -> bool {
    if text.contains(['\'', '\\']) || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return false;
    }
    let Ok(url) = url::Url::parse(text) else { return false };
    matches!(url.scheme(), "https" | "s3")
        && url.host_str().is_some_and(|host| !host.is_empty())
        && url.path().len() > 1
        && url.username().is_empty()
        && url.password().is_none()
}

pub(super) fn is_sha256(text: &str) -> bool {
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    text.len() == 64 && text.chars().all(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_or_s3_with_an_object_and_no_login() {
        for good in ["https://example.com/tool", "s3://bucket/tools/tool"] {
            assert_eq!(check_url(good), Ok(()), "{good}");
        }
        for bad in [
            "http://example.com/tool",
            "https://user:word@example.com/tool",
            "https://example.com",
            "https://example.com/'; reboot",
            "file:///etc/passwd",
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_checksum_is_64_lower_case_hex_digits() {
        assert_eq!(check_sha256(&"0f".repeat(32)), Ok(()));
        for bad in ["", "0", &"A".repeat(64), &"0".repeat(65)] {
            assert!(check_sha256(bad).is_err(), "{bad}");
        }
    }
}
