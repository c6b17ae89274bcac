//! `[runners.cache]`: the distributed job cache.

use crate::section::section;
use crate::value::{CacheAuthentication, CacheType, ServerSideEncryption};

section! {
    /// `[runners.cache]`.
    #[derive(Default)]
    pub struct Cache {
        /// Where the cache lies. Without it the cache is local.
        r#type as "Type": Option<CacheType>,
        /// Prefix of all object keys.
        path as "Path": Option<String>,
        /// Whether runners share the cache. Default false.
        shared as "Shared": Option<bool>,
        /// Largest archive in bytes; 0, the default, means no limit.
        max_uploaded_archive_size as "MaxUploadedArchiveSize": Option<i64>,
        /// Whether cache URLs are left out of job logs. Default false.
        redact_url as "RedactURL": Option<bool>,
        /// The bucket.
        s3: Option<S3>,
    }
    refused {
        "gcs" => "only S3 caches are part of this model",
        "azure" => "only S3 caches are part of this model",
    }
}

section! {
    /// `[runners.cache.s3]`. With `iam` the manager signs the URLs, so that instances need no permission.
    #[derive(Default)]
    pub struct S3 {
        /// Host of a store other than AWS's; leave it out for AWS.
        server_address as "ServerAddress": Option<String>,
        /// Bucket.
        bucket_name as "BucketName": Option<String>,
        /// Region of the bucket.
        bucket_location as "BucketLocation": Option<String>,
        /// Whether plain HTTP is used. Default false.
        insecure as "Insecure": Option<bool>,
        /// How the manager authenticates. Default `iam`.
        authentication_type as "AuthenticationType": Option<CacheAuthentication>,
        /// Server-side encryption. Default: the bucket's.
        server_side_encryption as "ServerSideEncryption": Option<ServerSideEncryption>,
        /// ARN of the KMS key.
        server_side_encryption_key_id as "ServerSideEncryptionKeyID": Option<String>,
        /// Whether dual-stack endpoints are used. Default true.
        dual_stack as "DualStack": Option<bool>,
        /// Whether the bucket stands in the path instead of the host name.
        path_style as "PathStyle": Option<bool>,
        /// Whether transfer acceleration is used. Default false.
        accelerate as "Accelerate": Option<bool>,
        /// ARN of a role that jobs get narrowed credentials of; needed for archives above 5 GB.
        role_arn as "RoleARN": Option<String>,
        /// Deprecated: use `RoleARN`.
        upload_role_arn as "UploadRoleARN": Option<String>,
        /// Role assumptions at once. Default 5.
        assume_role_max_concurrency as "AssumeRoleMaxConcurrency": Option<u32>,
        /// Whether credentials of an assumed role are not cached. Default false.
        disable_assume_role_credentials_caching as "DisableAssumeRoleCredentialsCaching": Option<bool>,
    }
    refused {
        "AccessKey" => "a secret must not stand in the configuration; use AuthenticationType `iam`",
        "SecretKey" => "a secret must not stand in the configuration; use AuthenticationType `iam`",
        "SessionToken" => "a secret must not stand in the configuration; use AuthenticationType `iam`",
    }
}
