//! What a command gets to know of AWS.

use std::ffi::OsString;
use std::path::Path;

use crate::account::{Account, REGION};

/// Variables of a command that acts in `account`: its credentials, and files below `home` for what the caller keeps in
/// a home directory.
pub(crate) fn account_variables(account: &Account, home: &Path) -> [(&'static str, OsString); 6] {
    [
        ("AWS_ACCESS_KEY_ID", account.id().into()),
        ("AWS_SECRET_ACCESS_KEY", "test".into()),
        ("AWS_REGION", REGION.into()),
        ("AWS_CONFIG_FILE", home.join("aws-config").into()),
        ("AWS_SHARED_CREDENTIALS_FILE", home.join("aws-credentials").into()),
        ("AWS_EC2_METADATA_DISABLED", "true".into()),
    ]
}
