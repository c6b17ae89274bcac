//! Cloud-init user data: one `#cloud-config` document, written as JSON, which is YAML too, so that no quoting can go
//! wrong; compressed only where it would not fit otherwise, so that small ones stay readable in EC2's console.

use std::fmt;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, GzBuilder};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::SCRIPT_DIRECTORY;
use super::bundle::{BootError, Bundle, BundleFile};

/// Most bytes of user data, before base64. Source: Amazon EC2 User Guide, "Run commands when you launch an instance".
pub const USER_DATA_LIMIT: usize = 16_384;

/// User data ready to be sent. `Debug` shows its size only.
#[derive(Clone, PartialEq, Eq)]
pub struct UserData {
    plain: String,
    sent: Vec<u8>,
}

impl fmt::Debug for UserData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserData({} bytes)", self.sent.len())
    }
}

impl UserData {
    /// The document before compression.
    pub fn plain(&self) -> &str {
        &self.plain
    }

    /// Bytes that count against [`USER_DATA_LIMIT`]: after compression, before base64.
    pub fn size(&self) -> usize {
        self.sent.len()
    }

    /// What EC2's API wants.
    pub fn base64(&self) -> String {
        STANDARD.encode(&self.sent)
    }

    /// SHA-256 of the document before compression, in hex: another compressor does not change it.
    pub fn sha256(&self) -> String {
        sha256(self.plain.as_bytes())
    }
}

/// SHA-256, in hex, of what user data in base64 says after decompression; `None` when it is not of that form.
pub fn sha256_of_base64(base64: &str) -> Option<String> {
    use std::io::Read as _;

    let sent = STANDARD.decode(base64).ok()?;
    if !sent.starts_with(&[0x1f, 0x8b]) {
        return Some(sha256(&sent));
    }
    // Somebody else's user data may be a compression bomb.
    let mut plain = Vec::new();
    let limit = 64 * USER_DATA_LIMIT as u64;
    flate2::read::GzDecoder::new(sent.as_slice()).take(limit).read_to_end(&mut plain).ok()?;
    Some(sha256(&plain))
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The keys of `#cloud-config` that we use. Source: cloud-init documentation, "Module reference".
#[derive(Serialize)]
struct CloudConfig<'a> {
    write_files: Vec<WriteFile<'a>>,
    runcmd: [[String; 1]; 1],
}

#[derive(Serialize)]
struct WriteFile<'a> {
    path: &'a str,
    permissions: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
    content: String,
}

pub(super) fn render(bundle: &Bundle, script: &str) -> Result<UserData, BootError> {
    let script =
        BundleFile { path: format!("{SCRIPT_DIRECTORY}/boot"), mode: 0o755, content: script.to_owned() };
    let runcmd = [[script.path.clone()]];
    let files: Vec<&BundleFile> = bundle.files.iter().chain([&script]).collect();
    let config = CloudConfig { write_files: files.iter().map(|file| write_file(file)).collect(), runcmd };
    let json = serde_json::to_string_pretty(&config)
        .map_err(|_| BootError::Invalid { place: "the bundle".to_owned(), problem: "has no JSON form" })?;
    let plain = format!("#cloud-config\n{json}\n");
    let sent = if plain.len() <= USER_DATA_LIMIT { plain.clone().into_bytes() } else { compress(&plain) };
    if sent.len() > USER_DATA_LIMIT {
        let mut largest: Vec<_> = files.iter().map(|file| (file.path.clone(), file.content.len())).collect();
        largest.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        largest.truncate(3);
        return Err(BootError::TooLarge {
            sent: sent.len(),
            plain: plain.len(),
            limit: USER_DATA_LIMIT,
            largest,
        });
    }
    Ok(UserData { plain, sent })
}

fn write_file(file: &BundleFile) -> WriteFile<'_> {
    // YAML takes fewer characters than JSON, and no control character but these.
    let plain = file.content.chars().all(|c| c == '\n' || c == '\t' || (' '..='\u{7e}').contains(&c));
    let (encoding, content) =
        if plain { (None, file.content.clone()) } else { (Some("b64"), STANDARD.encode(&file.content)) };
    WriteFile { path: &file.path, permissions: format!("{:04o}", file.mode), encoding, content }
}

/// Without a time or a name in it: the same text gives the same bytes.
fn compress(text: &str) -> Vec<u8> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    // Writing to memory cannot fail; were it to, the size check of an empty result would not pass unseen.
    match encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish()) {
        Ok(bytes) => bytes,
        Err(_) => text.as_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::boot::OperatingSystem;

    fn with_file(content: &str) -> Result<UserData, BootError> {
        Bundle::new(OperatingSystem::Ubuntu2404).file("/etc/large", 0o644, content).user_data()
    }

    /// Text that does not compress well.
    fn noise(bytes: usize) -> String {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'!' + (state >> 24) as u8 % 90)
        };
        (0..bytes).map(|_| next()).collect()
    }

    #[test]
    fn what_fits_is_sent_readable_and_what_does_not_is_compressed() {
        let small = with_file("x").unwrap();
        assert_eq!(small.size(), small.plain().len());
        let large = with_file(&"line\n".repeat(10_000)).unwrap();
        assert!(large.plain().len() > USER_DATA_LIMIT && large.size() < USER_DATA_LIMIT);
        assert_eq!(large, with_file(&"line\n".repeat(10_000)).unwrap());
        for data in [small, large] {
            assert_eq!(sha256_of_base64(&data.base64()), Some(data.sha256()));
        }
    }

    #[test]
    fn too_much_is_refused_with_sizes_and_the_largest_part() {
        let error = with_file(&noise(40_000)).expect_err("accepted");
        let BootError::TooLarge { sent, plain, limit, largest } = &error else { panic!("{error}") };
        assert!(*sent > USER_DATA_LIMIT && *plain > 40_000 && *limit == 16_384);
        assert_eq!(largest[0], ("/etc/large".to_owned(), 40_000));
        assert!(error.to_string().contains("/etc/large with 40000 bytes"), "{error}");
    }

    #[test]
    fn the_limit_itself_is_allowed() {
        let empty = with_file("").unwrap().size();
        let full = with_file(&noise(USER_DATA_LIMIT).replace(['"', '\\'], "x")[..USER_DATA_LIMIT - empty]);
        assert_eq!(full.unwrap().size(), USER_DATA_LIMIT);
    }

    #[test]
    fn characters_that_yaml_refuses_travel_as_base64() {
        for content in ["\u{7f}", "\u{1}", "\r\n", "\u{e4}"] {
            let data = with_file(content).unwrap();
            assert!(data.plain().contains("\"encoding\": \"b64\""), "{content:?}");
        }
        assert!(!with_file("a\n\tb ~").unwrap().plain().contains("encoding"));
    }

    #[test]
    fn foreign_user_data_that_is_not_base64_has_no_checksum() {
        assert_eq!(sha256_of_base64("%"), None);
    }
}
