//! One page of a list, and where the next one is (OCI distribution-spec, section "Content Discovery").

use bytes::Bytes;
use http::header::LINK;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::Registry;
use super::call::Call;
use super::pull::MANIFEST_LIMIT;
use crate::auth::Scope;
use crate::connect::Pieces;
use crate::error::Error;
use crate::wire;

/// A page of a list.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) body: Bytes,
    /// Where the next one is, if there is one.
    pub(super) next: Option<Url>,
}

/// Which list is read.
#[derive(Debug)]
pub(super) struct List<'a> {
    /// What its entries are, for messages.
    pub(super) entries: &'static str,
    pub(super) repository: &'a str,
    /// What it is the list of, for messages.
    pub(super) reference: &'a str,
    pub(super) scope: Scope,
    pub(super) headers: HeaderMap,
    /// Follow redirects.
    pub(super) follow: bool,
}

impl Registry {
    /// Reads the page of the list that is at `url`; at most 4 MiB.
    pub(super) async fn page(&self, list: &List<'_>, url: Url) -> Result<Page, Error> {
        let call = Call {
            method: Method::GET,
            url,
            repository: list.repository,
            reference: list.reference,
            scope: list.scope.clone(),
            headers: list.headers.clone(),
            body: Bytes::new(),
            follow: list.follow,
            patience: wire::IDLE_TIMEOUT,
            pieces: Pieces::Any,
        };
        let read = || async {
            let response = self.call(&call).await?;
            if response.status() != StatusCode::OK {
                return Err(self.failed(response, &call).await);
            }
            let (headers, at) = (response.headers().clone(), response.url().clone());
            let subject = self.subject(list.entries, list.repository, "list");
            Ok((headers, at, wire::read(response, MANIFEST_LIMIT, &subject).await?))
        };
        let (headers, at, body) = self.inner.retry.run(list.entries, read).await?;
        let link = headers.get(LINK).and_then(|link| link.to_str().ok()).and_then(next_link);
        let next = match link {
            None => None,
            // The cursor is the registry's own; it is followed as it is, on the same host only.
            Some(link) => {
                let url = self.resolve(&at, link)?;
                if !self.is_endpoint(&url) {
                    return Err(self.protocol(format!("a page of {} on another host", list.entries)));
                }
                Some(url)
            }
        };
        Ok(Page { body, next })
    }
}

/// The target of `<target>; rel="next"`.
fn next_link(link: &str) -> Option<&str> {
    let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    parameters.contains("next").then_some(target)
}
