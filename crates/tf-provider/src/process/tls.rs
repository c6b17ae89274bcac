//! Mutual TLS with the host: its certificate is pinned, ours goes into the handshake line.
//!
//! The host's certificate is a self-signed P-521 authority that it also presents as its own.
//! Chain validation refuses an authority in that place, so nothing is validated here but identity:
//! the certificate presented must be, byte for byte, the one announced in the environment, and the
//! handshake must be signed with its key.

use std::sync::Arc;

use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, ParsedCertificate};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme};
use time::{Duration, OffsetDateTime};
use tokio_rustls::TlsAcceptor;

/// The name that hosts verify.
const SERVER_NAME: &str = "localhost";
/// Hosts with a clock behind ours must accept the certificate too.
const CLOCK_SKEW: Duration = Duration::days(1);
/// Beyond any apply; the key lives only as long as the process.
const VALIDITY: Duration = Duration::days(30 * 365);

/// The server side of mutual TLS, made afresh for each process.
pub(super) struct Tls {
    pub(super) acceptor: TlsAcceptor,
    /// DER of the certificate that the host is told to expect.
    pub(super) certificate: CertificateDer<'static>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    #[error("PLUGIN_CLIENT_CERT is not a PEM certificate")]
    UnreadableClientCertificate,
    #[error("making the certificate of the server")]
    ServerCertificate(#[from] rcgen::Error),
    #[error("configuring TLS")]
    Config(#[from] rustls::Error),
}

impl Tls {
    /// Accepts only connections with the certificate in `client_pem`.
    pub(super) fn new(client_pem: &str) -> Result<Self, TlsError> {
        // Named explicitly: with two providers in one binary the default of rustls panics.
        let provider = Arc::new(aws_lc_rs::default_provider());
        let pinned = read_certificate(client_pem)?;
        let (certificate, key) = server_certificate()?;
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(Arc::new(PinnedClient { pinned, provider }))
            .with_single_cert(vec![certificate.clone()], key)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        // One host, one connection: resumption would only add a second way in.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate })
    }
}

fn read_certificate(pem: &str) -> Result<CertificateDer<'static>, TlsError> {
    let der =
        CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| TlsError::UnreadableClientCertificate)?;
    // Well-formed PEM may hold anything; a pin on something unusable would refuse the host much later.
    ParsedCertificate::try_from(&der).map_err(|_| TlsError::UnreadableClientCertificate)?;
    Ok(der)
}

fn server_certificate() -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new([SERVER_NAME.to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, SERVER_NAME);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let now = OffsetDateTime::now_utc();
    params.not_before = now - CLOCK_SKEW;
    params.not_after = now + VALIDITY;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.into(), PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
}

/// Lets in who owns the key of one known certificate, and nobody else.
#[derive(Debug)]
struct PinnedClient {
    pinned: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for PinnedClient {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // No hint: a client that holds a single certificate then sends it whatever its issuer.
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if end_entity.as_ref() == self.pinned.as_ref() {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::UnknownIssuer.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_certificates_differ_and_outlive_any_apply() {
        let (one, _) = server_certificate().unwrap();
        let (other, _) = server_certificate().unwrap();
        assert_ne!(one, other);
        assert!(ParsedCertificate::try_from(&one).is_ok());
    }

    #[test]
    fn unreadable_client_certificates_are_errors() {
        let junk_inside = "-----BEGIN CERTIFICATE-----\nAAECAwQ=\n-----END CERTIFICATE-----\n";
        for pem in ["", "junk", junk_inside, "-----BEGIN CERTIFICATE-----\n"] {
            assert!(matches!(Tls::new(pem), Err(TlsError::UnreadableClientCertificate)), "{pem:?}");
        }
    }

    #[test]
    fn clients_with_p521_keys_can_be_verified() {
        let schemes = aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes();
        assert!(schemes.contains(&SignatureScheme::ECDSA_NISTP521_SHA512));
    }
}
