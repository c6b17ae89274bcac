//! What refers to a manifest: signatures, attestations, bills of materials (OCI distribution-spec, sections "Listing
//! Referrers" and "Referrers Tag Schema"; the tags of cosign).

use futures::{StreamExt, TryStreamExt, stream};
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;

use super::page::List;
use super::{HeadFallback, Registry};
use crate::auth::Scope;
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::error::Error;
use crate::media_type::OCI_INDEX;
use crate::reference::Tag;
use crate::referrers_tag::{cosign_tags, list_tag};

/// Most pages of referrers that are read.
const PAGE_LIMIT: usize = 32;
/// Most referrers of one manifest.
const REFERRER_LIMIT: usize = 1000;

#[derive(Deserialize)]
struct Referrers {
    manifests: Option<Vec<Descriptor>>,
}

impl Registry {
    /// A digest of all that refers to the manifest `subject`: another one as soon as a signature or another artifact is
    /// added, signed anew or removed. Asked for by requests that no registry counts as a pull.
    ///
    /// It covers what the referrers API or the tag of the referrers tag schema names, and the tags of cosign.
    ///
    /// # Errors
    /// Any of [`Error`] but [`Error::NotFound`]: where nothing refers to the manifest it is the digest of no text.
    pub async fn referrers_digest(&self, repository: &str, subject: &Digest) -> Result<Digest, Error> {
        let scope = Scope::pull(repository);
        let [signature, attestation, sbom] = cosign_tags(subject)?;
        let (listed, signature, attestation, sbom) = futures::try_join!(
            self.listed_by_api(repository, subject, &scope),
            self.head_tag(repository, signature, &scope),
            self.head_tag(repository, attestation, &scope),
            self.head_tag(repository, sbom, &scope),
        )?;
        let mut tags = vec![signature, attestation, sbom];
        let mut lines: Vec<String> = Vec::new();
        match listed {
            Some(listed) => lines.extend(listed.iter().map(|entry| entry.digest.to_string())),
            None => tags.push(self.head_tag(repository, list_tag(subject)?, &scope).await?),
        }
        lines.extend(tags.into_iter().flatten().map(|(tag, entry)| format!("{tag} {}", entry.digest)));
        lines.sort();
        lines.dedup();
        Ok(Digest::sha256(lines.join("\n").as_bytes()))
    }

    /// Descriptors of the manifests whose subject is `subject`: by the referrers API, or else by the tag that stands for it.
    pub(crate) async fn referrers_in(
        &self,
        repository: &str,
        subject: &Digest,
        scope: &Scope,
    ) -> Result<Vec<Descriptor>, Error> {
        if let Some(listed) = self.listed_by_api(repository, subject, scope).await? {
            return Ok(listed);
        }
        match self.get_in(repository, &list_tag(subject)?.into(), None, scope).await {
            Ok(index) if index.manifests().len() > REFERRER_LIMIT => Err(self.too_many(repository, subject)),
            Ok(index) => Ok(index.manifests().to_vec()),
            Err(Error::NotFound { .. } | Error::RepositoryNotFound { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// What cosign stored for `subject`: by tag.
    pub(crate) async fn cosign_in(
        &self,
        repository: &str,
        subject: &Digest,
        scope: &Scope,
    ) -> Result<Vec<(Tag, Descriptor)>, Error> {
        let heads = cosign_tags(subject)?.map(|tag| self.head_tag(repository, tag, scope));
        let found: Vec<_> = stream::iter(heads).buffered(3).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// None where the registry has no such API.
    async fn listed_by_api(
        &self,
        repository: &str,
        subject: &Digest,
        scope: &Scope,
    ) -> Result<Option<Vec<Descriptor>>, Error> {
        let shown = subject.to_string();
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(OCI_INDEX));
        let list = List {
            entries: "referrers",
            repository,
            reference: &shown,
            scope: scope.clone(),
            headers,
            follow: true,
        };
        let mut next = Some(self.url(repository, &format!("referrers/{shown}"))?);
        let mut listed = Vec::new();
        for _ in 0..PAGE_LIMIT {
            let Some(url) = next else { return Ok(Some(listed)) };
            let page = match self.page(&list, url).await {
                Ok(page) => page,
                // ECR says 405 to whatever it does not take.
                Err(
                    Error::NotFound { .. }
                    | Error::RepositoryNotFound { .. }
                    | Error::Registry { status: 405, .. },
                ) => return Ok(None),
                Err(error) => return Err(error),
            };
            let index: Referrers = serde_json::from_slice(&page.body)
                .map_err(|error| self.protocol(format!("referrers list: {error}")))?;
            listed.extend(index.manifests.unwrap_or_default());
            if listed.len() > REFERRER_LIMIT {
                break;
            }
            next = page.next;
        }
        Err(self.too_many(repository, subject))
    }

    async fn head_tag(
        &self,
        repository: &str,
        tag: Tag,
        scope: &Scope,
    ) -> Result<Option<(Tag, Descriptor)>, Error> {
        let found = self.head_in(repository, &tag.clone().into(), HeadFallback::Get, scope).await?;
        Ok(found.map(|descriptor| (tag, descriptor)))
    }

    fn too_many(&self, repository: &str, subject: &Digest) -> Error {
        Error::TooComplex(format!(
            "more than {REFERRER_LIMIT} artifacts refer to {subject} in {}/{repository}",
            self.host()
        ))
    }
}
