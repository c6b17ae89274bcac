//! ECR converts an image manifest between Docker's schema 2 and OCI's for who asks by tag and does not name the stored
//! type in `Accept`: its digest is then another. An index, and what is asked for by digest, stays as it is.
//!
//! Source: ECR user guide, "Container image manifest format support in Amazon ECR".
//! Simplification: `*/*` names no type, and does not ask for a conversion either.

use axum::body::{Body, Bytes};
use http::{HeaderMap, HeaderValue, Method, header};

use super::manifests::digest_of;
use crate::reply::{Reply, ServiceError};

/// What Docker's schema 2 calls manifest, config and layer, and what OCI does.
const NAMES: [(&str, &str); 3] = [
    ("application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.image.manifest.v1+json"),
    ("application/vnd.docker.container.image.v1+json", "application/vnd.oci.image.config.v1+json"),
    ("application/vnd.docker.image.rootfs.diff.tar.gzip", "application/vnd.oci.image.layer.v1.tar+gzip"),
];

/// The type to convert a manifest of type `stored` into; `None` where it is answered as it is.
pub(crate) fn wanted(stored: &str, accept: &HeaderMap) -> Option<&'static str> {
    let (docker, oci) = NAMES[0];
    let other = [(docker, oci), (oci, docker)].into_iter().find(|(from, _)| *from == stored)?.1;
    let lines = accept.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
    let accepted: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    (!accepted.contains(&stored) && accepted.contains(&other)).then_some(other)
}

/// The manifest in the type `into`.
fn convert(manifest: &[u8], into: &str) -> String {
    let text = String::from_utf8_lossy(manifest).into_owned();
    NAMES.iter().fold(text, |text, (docker, oci)| {
        let (from, to) = if into == NAMES[0].0 { (oci, docker) } else { (docker, oci) };
        text.replace(&format!("\"{from}\""), &format!("\"{to}\""))
    })
}

/// The answer with the manifest in the type `into`.
pub(crate) fn reply(method: &Method, stored: &Bytes, into: &'static str) -> Result<Reply, ServiceError> {
    let manifest = convert(stored, into);
    let digest = HeaderValue::try_from(digest_of(manifest.as_bytes()))
        .map_err(|_| ServiceError::server("a digest that is no header"))?;
    let length = manifest.len();
    let head = method == Method::HEAD;
    let mut reply = Reply::new(if head { Body::empty() } else { Body::from(manifest) });
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(into));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert("docker-content-digest", digest);
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversion_there_and_back_is_none() {
        let (docker, oci) = NAMES[0];
        let manifest =
            format!("{{\"mediaType\": \"{docker}\", \"config\": {{\"mediaType\": \"{}\"}}}}", NAMES[1].0);
        let converted = convert(manifest.as_bytes(), oci);
        assert!(converted.contains(oci) && converted.contains(NAMES[1].1), "{converted}");
        assert_eq!(convert(converted.as_bytes(), docker), manifest);
    }

    #[test]
    fn only_who_names_the_other_type_alone_is_given_it() {
        let (docker, oci) = NAMES[0];
        let accept = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, text.parse().expect("a header"));
            headers
        };
        assert_eq!(wanted(docker, &accept(oci)), Some(oci));
        assert_eq!(wanted(oci, &accept(&format!("text/plain, {docker}"))), Some(docker));
        assert_eq!(wanted(docker, &accept(&format!("{oci}, {docker}"))), None);
        assert_eq!(wanted(docker, &accept("*/*")), None);
        assert_eq!(wanted("application/vnd.oci.image.index.v1+json", &accept(docker)), None);
    }
}
