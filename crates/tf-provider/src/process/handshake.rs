//! The handshake of go-plugin: what the host says by environment variables, and the one line it gets back.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Protocol version of the handshake line itself.
const CORE_PROTOCOL: u32 = 1;
/// The one Terraform plugin protocol served here.
pub(super) const APP_PROTOCOL: u32 = 6;

const COOKIE_NAME: &str = "TF_PLUGIN_MAGIC_COOKIE";
/// Proves no identity, only that a host of Terraform plugins started this process.
const COOKIE_VALUE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// What the host wants, read from its environment variables.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Host {
    /// Whether the host speaks [`APP_PROTOCOL`].
    ///
    /// If not, it is answered all the same: it knows best how to tell the user.
    pub(super) offers_protocol: bool,
    /// PEM of the certificate that the host will present; its presence makes mutual TLS mandatory.
    pub(super) client_certificate: Option<String>,
    pub(super) socket: SocketPlace,
    /// Hosts that know connection multiplexing expect an answer to it; old ones must not get one.
    pub(super) asks_multiplex: bool,
}

/// Where the socket goes and who may use it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SocketPlace {
    /// None means the directory for temporary files.
    pub(super) directory: Option<PathBuf>,
    /// Name or number of the group that may connect beside the owner.
    pub(super) group: Option<String>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum HandshakeError {
    /// Nobody who knows the protocol started this process.
    #[error("{COOKIE_NAME} is missing or wrong")]
    NoCookie,
    #[error("{0} is not UTF-8")]
    NotUtf8(&'static str),
}

impl Host {
    /// Reads the variables through `get`, normally [`std::env::var_os`].
    pub(super) fn read(get: impl Fn(&str) -> Option<OsString>) -> Result<Self, HandshakeError> {
        if get(COOKIE_NAME).is_none_or(|value| value != COOKIE_VALUE) {
            return Err(HandshakeError::NoCookie);
        }
        let text = |name: &'static str| match get(name).map(OsString::into_string) {
            None => Ok(None),
            Some(Ok(value)) => Ok(Some(value)),
            Some(Err(_)) => Err(HandshakeError::NotUtf8(name)),
        };
        let versions = get("PLUGIN_PROTOCOL_VERSIONS").unwrap_or_default();
        Ok(Self {
            offers_protocol: offers(&versions.to_string_lossy(), APP_PROTOCOL),
            client_certificate: text("PLUGIN_CLIENT_CERT")?,
            socket: SocketPlace::read(&get),
            asks_multiplex: get("PLUGIN_MULTIPLEX_GRPC").is_some(),
        })
    }
}

impl SocketPlace {
    /// Reads the variables through `get`; an empty one counts as unset.
    pub(super) fn read(get: impl Fn(&str) -> Option<OsString>) -> Self {
        let filled = |name| get(name).filter(|value| !value.is_empty());
        Self {
            directory: filled("PLUGIN_UNIX_SOCKET_DIR").map(PathBuf::from),
            group: filled("PLUGIN_UNIX_SOCKET_GROUP").map(|group| group.to_string_lossy().into_owned()),
        }
    }
}

/// Whether a comma list in any order, possibly with junk in it, holds `version`.
fn offers(versions: &str, version: u32) -> bool {
    versions.split(',').any(|entry| entry.trim().parse() == Ok(version))
}

/// The handshake line, with its line end.
///
/// `server_certificate` is DER and absent without TLS.
pub(super) fn line(socket: &Path, server_certificate: Option<&[u8]>, asks_multiplex: bool) -> String {
    let certificate = server_certificate.map(|der| STANDARD_NO_PAD.encode(der)).unwrap_or_default();
    let multiplex = if asks_multiplex { "|false" } else { "" };
    format!("{CORE_PROTOCOL}|{APP_PROTOCOL}|unix|{}|grpc|{certificate}{multiplex}\n", socket.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(variables: &[(&str, &str)]) -> Result<Host, HandshakeError> {
        Host::read(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn missing_and_wrong_cookie_are_told_apart_from_a_host() {
        assert_eq!(host(&[]), Err(HandshakeError::NoCookie));
        assert_eq!(host(&[(COOKIE_NAME, "d602")]), Err(HandshakeError::NoCookie));
        assert!(host(&[(COOKIE_NAME, COOKIE_VALUE)]).is_ok());
    }

    #[test]
    fn version_list_is_read_in_any_order_and_with_junk() {
        for list in ["6", "6,5", "5,6", "4,5,6,7", "x,,6 ,-1,99999999999"] {
            assert!(offers(list, 6), "{list}");
        }
        for list in ["", "5", "66", "6x", "0x6"] {
            assert!(!offers(list, 6), "{list}");
        }
    }

    #[test]
    fn empty_socket_variables_count_as_unset() {
        let place = SocketPlace::read(|_| Some(OsString::new()));
        assert_eq!(place, SocketPlace::default());
    }

    #[test]
    fn line_without_tls_keeps_the_empty_sixth_field() {
        assert_eq!(line(Path::new("/tmp/x"), None, false), "1|6|unix|/tmp/x|grpc|\n");
    }

    #[test]
    fn certificate_has_no_padding_and_multiplex_is_refused_when_asked_for() {
        assert_eq!(
            line(Path::new("/s"), Some(&[0xfb, 0xff, 0xfe, 0x01]), true),
            "1|6|unix|/s|grpc|+//+AQ|false\n"
        );
    }
}
