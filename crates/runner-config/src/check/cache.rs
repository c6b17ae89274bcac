//! `[runners.cache]`.

use super::runner::missing;
use super::{Findings, is_blank};
use crate::cache::{Cache, S3};
use crate::path::Path;
use crate::value::{CacheAuthentication, ServerSideEncryption};

/// Largest object that S3 takes in one upload, which is how archives are uploaded without `RoleARN`; in bytes.
const LARGEST_SINGLE_UPLOAD: i64 = 5 * 1024 * 1024 * 1024;

pub(super) fn check(cache: &Cache, path: &Path, findings: &mut Findings) {
    match (cache.r#type, &cache.s3) {
        (Some(_), None) => {
            findings.error(path, "the cache has no bucket", "Add [runners.cache.s3] with BucketName");
        }
        (None, Some(_)) => findings.error(
            &path.attribute("Type"),
            "without a type the bucket is ignored, and the cache stays on the instance",
            "Write \"s3\"",
        ),
        _ => {}
    }
    if cache.max_uploaded_archive_size.is_some_and(|size| size < 0) {
        findings.error(
            &path.attribute("MaxUploadedArchiveSize"),
            "a size cannot be negative",
            "Write a number of bytes, or 0 for no limit",
        );
    }
    let Some(s3) = &cache.s3 else { return };
    check_s3(s3, &path.attribute("s3"), findings);
    if cache.max_uploaded_archive_size.is_some_and(|size| size > LARGEST_SINGLE_UPLOAD)
        && s3.role_arn.is_none()
    {
        findings.warning(
            &path.attribute("MaxUploadedArchiveSize"),
            "archives above 5 GiB cannot be uploaded without RoleARN",
            "Set RoleARN in [runners.cache.s3], or write at most 5368709120",
        );
    }
}

fn check_s3(s3: &S3, path: &Path, findings: &mut Findings) {
    missing(
        s3.bucket_name.as_deref(),
        &path.attribute("BucketName"),
        findings,
        "the cache has no bucket",
        "Write the bucket's name",
    );
    if is_blank(s3.bucket_location.as_deref()) {
        findings.warning(
            &path.attribute("BucketLocation"),
            "without the region the manager has to ask for it, which needs s3:GetBucketLocation",
            "Write the bucket's region",
        );
    }
    if s3.authentication_type == Some(CacheAuthentication::AccessKey) {
        findings.error(
            &path.attribute("AuthenticationType"),
            "access keys are secrets and must not stand in the configuration",
            "Write \"iam\", and give the manager's role the permissions",
        );
    }
    let kms =
        matches!(s3.server_side_encryption, Some(ServerSideEncryption::Kms | ServerSideEncryption::DsseKms));
    if s3.server_side_encryption_key_id.is_some() && !kms {
        findings.error(
            &path.attribute("ServerSideEncryptionKeyID"),
            "a key is used only with the encryption KMS or DSSE-KMS",
            "Set ServerSideEncryption = \"KMS\", or remove the key",
        );
    }
    if s3.upload_role_arn.is_some() {
        findings.warning(&path.attribute("UploadRoleARN"), "this key is deprecated", "Use RoleARN");
    }
    if s3.insecure == Some(true) {
        findings.warning(
            &path.attribute("Insecure"),
            "caches travel unencrypted, and a changed cache is code in the next job",
            "Remove the key",
        );
    }
}
