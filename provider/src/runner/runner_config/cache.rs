//! `[runners.cache]`: the distributed job cache.

use tf_provider::Schema;
use tf_provider::value::Number;

/// The distributed job cache. With `iam` the manager signs the URLs, so that instances need no permission.
#[derive(Schema, Clone, Debug)]
pub struct Cache {
    /// Where the cache lies: `s3`. Default `s3` where `s3` is given; without both the cache is local.
    pub r#type: Option<String>,
    /// Prefix of all object keys.
    pub path: Option<String>,
    /// Whether runners share the cache. Default false.
    pub shared: Option<bool>,
    /// Largest archive in bytes; 0, the default, means no limit.
    pub max_uploaded_archive_size: Option<Number>,
    /// Whether cache URLs are left out of job logs. Default false.
    pub redact_url: Option<bool>,
    /// The bucket.
    pub s3: Option<S3>,
}

/// The bucket of the cache.
#[derive(Schema, Clone, Debug)]
pub struct S3 {
    /// Host of a store other than AWS's; leave it out for AWS.
    pub server_address: Option<String>,
    /// Bucket.
    pub bucket_name: Option<String>,
    /// Region of the bucket.
    pub bucket_location: Option<String>,
    /// Whether plain HTTP is used. Default false.
    pub insecure: Option<bool>,
    /// How the manager authenticates. Default, and the only one without a secret: `iam`.
    pub authentication_type: Option<String>,
    /// Server-side encryption: `S3`, `KMS`, `DSSE-KMS`. Default: the bucket's.
    pub server_side_encryption: Option<String>,
    /// ARN of the KMS key.
    pub server_side_encryption_key_id: Option<String>,
    /// Whether dual-stack endpoints are used. Default true.
    pub dual_stack: Option<bool>,
    /// Whether the bucket stands in the path instead of the host name.
    pub path_style: Option<bool>,
    /// Whether transfer acceleration is used. Default false.
    pub accelerate: Option<bool>,
    /// ARN of a role that jobs get narrowed credentials of; needed for archives above 5 GB.
    pub role_arn: Option<String>,
    /// Deprecated by GitLab: use `role_arn`.
    pub upload_role_arn: Option<String>,
    /// Role assumptions at once. Default 5.
    pub assume_role_max_concurrency: Option<Number>,
    /// Whether credentials of an assumed role are not cached. Default false.
    pub disable_assume_role_credentials_caching: Option<bool>,
}
