//! Who calls, and what: the credential scope of a request's signature.
//!
//! Source: AWS Signature Version 4, "Credential=<key>/<date>/<region>/<service>/aws4_request", in the
//! `Authorization` header or percent-encoded as `X-Amz-Credential` in the query of a presigned URL.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::request::Parts;

use crate::DEFAULT_ACCOUNT;
use crate::session_policy::SessionPolicy;

/// The credential scope of one request, with the account its access key belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) access_key: String,
    pub(crate) account: String,
    pub(crate) region: String,
    /// Signing name: `ecr`, `ec2`, `autoscaling`, `iam`, …
    pub(crate) service: String,
    /// The role's session that the access key, or the registry's token, was issued for.
    pub(crate) session: Option<Arc<Session>>,
}

/// A role's session, as AssumeRole began it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) account: String,
    /// `arn:aws:sts::<account>:assumed-role/<role>/<session>`
    pub(crate) arn: String,
    pub(crate) policy: Option<SessionPolicy>,
    /// By the gateway's clock, since the Unix epoch.
    pub(crate) expires: Duration,
}

/// Account and region: the key of all state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Scope {
    pub(crate) account: String,
    pub(crate) region: String,
}

impl Scope {
    /// Host of this account's private registry.
    pub(crate) fn registry_host(&self) -> String {
        let suffix = if self.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        format!("{}.dkr.ecr.{}.{suffix}", self.account, self.region)
    }
}

impl Caller {
    pub(crate) fn scope(&self) -> Scope {
        Scope { account: self.account.clone(), region: self.region.clone() }
    }
}

/// Temporary access keys and the session that each was issued for.
#[derive(Debug, Default)]
pub(crate) struct IssuedKeys(Mutex<HashMap<String, Arc<Session>>>);

impl IssuedKeys {
    /// Learns a session from the XML answer of AssumeRole or AssumeRoleWithWebIdentity.
    pub(crate) fn observe(&self, answer: &str, policy: Option<SessionPolicy>, expires: Duration) {
        let key = element(answer, "AccessKeyId");
        let arn = element(answer, "AssumedRoleUser").and_then(|user| element(user, "Arn"));
        let account = arn.and_then(|arn| arn.split(':').nth(4));
        if let (Some(key), Some(arn), Some(account)) = (key, arn, account) {
            let session = Session { account: account.to_owned(), arn: arn.to_owned(), policy, expires };
            self.lock().insert(key.to_owned(), Arc::new(session));
        }
    }

    /// The session that a key was issued for.
    pub(crate) fn session(&self, access_key: &str) -> Option<Arc<Session>> {
        self.lock().get(access_key).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the credential scope; `None` when the request carries no signature.
    pub(crate) fn caller(&self, parts: &Parts) -> Option<Caller> {
        let credential = credential_of_header(parts).or_else(|| credential_of_query(parts))?;
        let mut pieces = credential.rsplit('/');
        if pieces.next()? != "aws4_request" {
            return None;
        }
        let service = pieces.next()?.to_owned();
        let region = pieces.next()?.to_owned();
        let _date = pieces.next()?;
        let access_key = pieces.next()?.to_owned();
        let session = self.session(&access_key);
        let account = match &session {
            Some(session) => session.account.clone(),
            None if is_account(&access_key) => access_key.clone(),
            None => DEFAULT_ACCOUNT.to_owned(),
        };
        Some(Caller { access_key, account, region, service, session })
    }
}

/// Whether `text` is an AWS account id.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn credential_of_header(parts: &Parts) -> Option<String> {
    let header = parts.headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let rest = header.strip_prefix("AWS4-HMAC-SHA256")?;
    rest.split(',').find_map(|part| part.trim().strip_prefix("Credential=")).map(str::to_owned)
}

fn credential_of_query(parts: &Parts) -> Option<String> {
    url::form_urlencoded::parse(parts.uri.query()?.as_bytes())
        .find(|(name, _)| name == "X-Amz-Credential")
        .map(|(_, value)| value.into_owned())
}

/// Text of the first element `name`. The emulators' answers have no attributes on the elements read here.
pub(crate) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let start = xml.find(&format!("<{name}>"))? + name.len() + 2;
    let end = xml[start..].find(&format!("</{name}>"))?;
    Some(xml[start..start + end].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(uri: &str, authorization: Option<&str>) -> Parts {
        let mut request = http::Request::builder().uri(uri);
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        request.body(()).unwrap().into_parts().0
    }

    const HEADER: &str = "AWS4-HMAC-SHA256 Credential=111122223333/20260101/eu-central-1/ecr/aws4_request, \
                          SignedHeaders=host, Signature=0";

    #[test]
    fn header_gives_account_region_and_service() {
        let caller = IssuedKeys::default().caller(&parts("/", Some(HEADER))).unwrap();
        assert_eq!((caller.account.as_str(), caller.region.as_str()), ("111122223333", "eu-central-1"));
        assert_eq!(caller.service, "ecr");
    }

    #[test]
    fn presigned_query_gives_the_scope() {
        let uri = "/b/k?X-Amz-Credential=111122223333%2F20260101%2Feu-west-1%2Fs3%2Faws4_request";
        let caller = IssuedKeys::default().caller(&parts(uri, None)).unwrap();
        assert_eq!((caller.region.as_str(), caller.service.as_str()), ("eu-west-1", "s3"));
    }

    #[test]
    fn request_without_signature_has_no_caller() {
        assert_eq!(IssuedKeys::default().caller(&parts("/", None)), None);
        assert_eq!(IssuedKeys::default().caller(&parts("/", Some("Basic QVdTOng="))), None);
    }

    #[test]
    fn assumed_role_key_belongs_to_the_account_of_the_role() {
        let keys = IssuedKeys::default();
        keys.observe(
            "<AssumeRoleResult><Credentials><AccessKeyId>ASIAX</AccessKeyId></Credentials><AssumedRoleUser>\
             <Arn>arn:aws:sts::444455556666:assumed-role/r/s</Arn></AssumedRoleUser></AssumeRoleResult>",
            None,
            Duration::MAX,
        );
        let caller = keys.caller(&parts("/", Some(&HEADER.replace("111122223333", "ASIAX")))).unwrap();
        assert_eq!(caller.account, "444455556666");
        assert_eq!(caller.session.unwrap().arn, "arn:aws:sts::444455556666:assumed-role/r/s");
        let unknown = keys.caller(&parts("/", Some(&HEADER.replace("111122223333", "AKIAY")))).unwrap();
        assert_eq!(unknown.account, DEFAULT_ACCOUNT);
    }
}
