//! ECR's authorization tokens, and the signed paths of blobs.
//! AWS: GetAuthorizationToken (ECR API reference).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::gateway::Shared;
use crate::identity::{Caller, Scope, Session};
use crate::reply::ServiceError;

/// Signs what the gateway gives out and wants to know again; made anew by each process.
pub(crate) struct TokenKey([u8; 32]);

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TokenKey(..)")
    }
}

impl TokenKey {
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self(key))
    }

    /// `<claims>.<mac>`, both base64 for URLs.
    pub(crate) fn seal(&self, claims: &Value) -> Result<String, ServiceError> {
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        let mac = self.mac(&claims)?.finalize().into_bytes();
        Ok(format!("{claims}.{}", URL_SAFE_NO_PAD.encode(mac)))
    }

    /// The claims of a token that this key sealed.
    pub(crate) fn open(&self, token: &str) -> Option<Value> {
        let (claims, mac) = token.split_once('.')?;
        self.mac(claims).ok()?.verify_slice(&URL_SAFE_NO_PAD.decode(mac).ok()?).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }

    fn mac(&self, text: &str) -> Result<Hmac<Sha256>, ServiceError> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0)
            .map_err(|error| ServiceError::server(format!("token key: {error}")))?;
        mac.update(text.as_bytes());
        Ok(mac)
    }
}

/// What a valid token says.
#[derive(Debug)]
pub(crate) struct Claims {
    pub(crate) scope: Scope,
    /// The session of whose credentials it was asked for.
    pub(crate) session: Option<Arc<Session>>,
    /// By the gateway's clock.
    pub(crate) expired: bool,
}

/// Answers GetAuthorizationToken.
pub(crate) fn issue(shared: &Shared, caller: &Caller) -> Result<Value, ServiceError> {
    let scope = caller.scope();
    let expires = (shared.clock.now() + shared.token_validity).as_secs_f64();
    let key = caller.session.as_ref().map(|_| &caller.access_key);
    let claims =
        json!({"account": scope.account, "region": scope.region, "expires": expires, "session": key});
    let password = shared.token_key.seal(&claims)?;
    Ok(json!({"authorizationData": [{
        "authorizationToken": STANDARD.encode(format!("AWS:{password}")),
        "expiresAt": expires,
        "proxyEndpoint": format!("https://{}", scope.registry_host()),
    }]}))
}

/// Reads an `Authorization: Basic` header; `None` when it is no token of ours.
pub(crate) fn read(shared: &Shared, header: &str) -> Option<Claims> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let claims = shared.token_key.open(decoded.strip_prefix("AWS:")?)?;
    let now = shared.clock.now();
    let session = match claims["session"].as_str() {
        Some(key) => Some(shared.keys.session(key)?),
        None => None,
    };
    let ended = session.as_ref().is_some_and(|session| session.expires <= now);
    Some(Claims {
        scope: Scope {
            account: claims["account"].as_str()?.to_owned(),
            region: claims["region"].as_str()?.to_owned(),
        },
        session,
        expired: ended || claims["expires"].as_f64()? <= now.as_secs_f64(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_of_another_key_or_with_other_claims_is_refused() {
        let (key, other) = (TokenKey::random().unwrap(), TokenKey::random().unwrap());
        let token = key.seal(&json!({"account": "1"})).unwrap();
        assert_eq!(key.open(&token).unwrap()["account"], "1");
        assert_eq!(other.open(&token), None);
        let (_, mac) = token.split_once('.').unwrap();
        let forged = format!("{}.{mac}", URL_SAFE_NO_PAD.encode(r#"{"account":"2"}"#));
        assert_eq!(key.open(&forged), None);
    }
}
