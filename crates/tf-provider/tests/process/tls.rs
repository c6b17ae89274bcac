//! Items 6 to 9: who is let in.

use std::time::Duration;

use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{ServerName, UnixTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::support::certificates::Identity;
use crate::support::client::{Presents, TLS_VERSIONS};
use crate::support::probe::{LIMIT, Probe};

#[tokio::test]
async fn item_06_host_certificates_of_every_curve_are_accepted_over_tls_12_and_13() {
    for algorithm in [&PKCS_ECDSA_P521_SHA512, &PKCS_ECDSA_P384_SHA384, &PKCS_ECDSA_P256_SHA256] {
        let host = Identity::host(algorithm);
        let probe = Probe::by_host_with(&host).start().await;
        for version in TLS_VERSIONS {
            let served = probe.serves(Presents::Certificate(&host), version).await;
            assert!(served.is_ok(), "{algorithm:?}, {version:?}: {served:?}");
        }
    }
}

#[tokio::test]
async fn item_07_connections_without_the_pinned_certificate_are_refused() {
    let host = Identity::host(&PKCS_ECDSA_P521_SHA512);
    let same_name = Identity::host(&PKCS_ECDSA_P521_SHA512);
    let other_curve = Identity::host(&PKCS_ECDSA_P256_SHA256);
    let stolen = host.stolen_by(&same_name);
    let probe = Probe::by_host_with(&host).start().await;
    for version in TLS_VERSIONS {
        for (intruder, presents) in [
            ("no certificate", Presents::Nothing),
            ("foreign certificate of the same name", Presents::Certificate(&same_name)),
            ("foreign certificate of another curve", Presents::Certificate(&other_curve)),
            ("the host's certificate with another key", Presents::Certificate(&stolen)),
            ("plaintext", Presents::Plaintext),
        ] {
            assert!(probe.serves(presents, version).await.is_err(), "{intruder} over {version:?}");
        }
        // The refusals are about the intruders: the host is still served.
        probe.serves(Presents::Certificate(&host), version).await.unwrap();
    }
}

#[tokio::test]
async fn item_07_tls_11_is_refused() {
    let probe = Probe::by_host_with(&Identity::host(&PKCS_ECDSA_P521_SHA512)).start().await;
    // version 3.2, random, no session, two suites of that time, no compression
    let body = [[3, 2].as_slice(), &[7; 32], &[0], &[0, 4, 0xc0, 0x13, 0, 0x2f], &[1, 0]].concat();
    let body_length = u8::try_from(body.len()).unwrap();
    let hello = [[0x16, 3, 1, 0, body_length + 4, 1, 0, 0, body_length].as_slice(), &body].concat();
    let mut stream = UnixStream::connect(probe.socket()).await.unwrap();
    stream.write_all(&hello).await.unwrap();
    let mut answer = Vec::new();
    timeout(LIMIT, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    let (alert, fatal) = (0x15, 2);
    assert_eq!((answer.first(), answer.get(5)), (Some(&alert), Some(&fatal)), "{answer:?}");
}

#[tokio::test]
async fn item_07_unreadable_client_certificate_opens_nothing() {
    let cut = Identity::host(&PKCS_ECDSA_P521_SHA512).pem.replace("-----END", "-----");
    for pem in ["", "junk", cut.as_str()] {
        let outcome = Probe::by_host().env("PLUGIN_CLIENT_CERT", pem).outcome().await;
        assert_eq!((outcome.status.code(), outcome.stdout.as_str(), outcome.files), (Some(1), "", 0));
        assert!(outcome.stderr.contains("PLUGIN_CLIENT_CERT"), "{}", outcome.stderr);
    }
}

#[tokio::test]
async fn item_08_server_certificate_is_for_localhost_fresh_and_long_lived() {
    let host = Identity::host(&PKCS_ECDSA_P521_SHA512);
    let one = Probe::by_host_with(&host).start().await.certificate();
    let other = Probe::by_host_with(&host).start().await.certificate();
    assert_ne!(one, other);

    let mut roots = RootCertStore::empty();
    roots.add(one.clone()).unwrap();
    let provider = aws_lc_rs::default_provider().into();
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build().unwrap();
    let check = |name: &'static str, time| {
        verifier.verify_server_cert(&one, &[], &ServerName::try_from(name).unwrap(), &[], time).is_ok()
    };
    let year = Duration::from_secs(365 * 24 * 3600);
    let next_year = UnixTime::since_unix_epoch(Duration::from_secs(UnixTime::now().as_secs()) + year);
    assert!(check("localhost", UnixTime::now()));
    assert!(check("localhost", next_year));
    assert!(!check("example.org", UnixTime::now()));
}

#[tokio::test]
async fn item_09_garbage_and_silence_do_not_stop_service() {
    let host = Identity::host(&PKCS_ECDSA_P521_SHA512);
    let probe = Probe::by_host_with(&host).start().await;
    let _silent = UnixStream::connect(probe.socket()).await.unwrap();
    for number in 0..20 {
        let mut stream = UnixStream::connect(probe.socket()).await.unwrap();
        // The other side may hang up before everything is written.
        let _ = stream.write_all(&[number; 5000]).await;
    }
    probe.serves(Presents::Certificate(&host), TLS_VERSIONS[1]).await.unwrap();
}

#[tokio::test]
async fn item_09_garbage_and_silence_do_not_stop_plaintext_service() {
    let probe = Probe::by_host().start().await;
    let _silent = UnixStream::connect(probe.socket()).await.unwrap();
    for number in 0..20 {
        let mut stream = UnixStream::connect(probe.socket()).await.unwrap();
        let _ = stream.write_all(&[number; 5000]).await;
    }
    probe.serves(Presents::Plaintext, TLS_VERSIONS[1]).await.unwrap();
}
