//! Blobs that mirrors share: mounted where the account has switched it on, else uploaded.

use acceptance::{Account, Fault, FaultKind, Workspace};
use upstream_registry::{ImageDigests, Registry};

use super::{PLATFORMS, REPOSITORY, TYPE, docker_hub};

/// Two mirrors of one image; `arguments` are those of the second.
fn applied(account: &Account, arguments: &str) -> (Registry, ImageDigests) {
    let upstream = docker_hub();
    let made = upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    let source = format!("{}/{REPOSITORY}", upstream.address());
    let mirror = |name: &str, arguments: &str| {
        format!(
            "resource \"{TYPE}\" \"{name}\" {{\n  name = \"mirror/{name}\"\n  source = \"{source}\"\n  \
             image_tags = [\"v3\"]\n{arguments}\n}}\n"
        )
    };
    let mut workspace = Workspace::new(account);
    workspace.config(&format!("{}{}", mirror("one", ""), mirror("two", arguments)));
    workspace.apply().expect_success();
    assert_eq!(account.count("GetAccountSetting"), 1, "asked once for both");
    workspace.assert_empty_plan();
    assert_eq!(account.count("GetAccountSetting"), 1, "not asked where nothing is to be copied");
    for name in ["mirror/one", "mirror/two"] {
        let image = format!("imageDigest={}", made.digest);
        let images = ["ecr", "batch-get-image", "--repository-name", name, "--image-ids", &image];
        assert_eq!(account.aws(&images)["images"][0]["imageId"]["imageDigest"], made.digest.as_str());
    }
    (upstream, made)
}

fn enable(account: &Account) {
    account.aws(&["ecr", "put-account-setting", "--name", "BLOB_MOUNTING", "--value", "ENABLED"]);
}

/// Uploads that were opened in order to mount.
fn mounts(account: &Account) -> usize {
    account.calls().iter().filter(|call| call.path.contains("mount=")).count()
}

#[test]
fn shared_blobs_are_mounted_where_the_account_allows_it() {
    let account = Account::new();
    enable(&account);
    let (_, made) = applied(&account, "");
    assert_eq!(account.count("CompleteBlobUpload"), made.blobs.len(), "each was uploaded once");
    assert_eq!(mounts(&account), made.blobs.len());
}

#[test]
fn shared_blobs_are_uploaded_where_mounting_is_off() {
    let account = Account::new();
    let (_, made) = applied(&account, "");
    assert_eq!(account.count("CompleteBlobUpload"), 2 * made.blobs.len());
    assert_eq!(mounts(&account), 0);
}

#[test]
fn shared_blobs_are_uploaded_by_who_may_not_read_the_setting() {
    let account = Account::new();
    enable(&account);
    account.inject(Fault::once("ecr", "GetAccountSetting", FaultKind::error("AccessDeniedException", "no")));
    let (_, made) = applied(&account, "");
    assert_eq!(account.count("CompleteBlobUpload"), 2 * made.blobs.len());
}

#[test]
fn nothing_is_mounted_between_repositories_of_other_encryption() {
    let account = Account::new();
    enable(&account);
    let (_, made) = applied(&account, "  encryption_configuration = { encryption_type = \"KMS\" }");
    assert_eq!(account.count("CompleteBlobUpload"), 2 * made.blobs.len());
    assert_eq!(mounts(&account), 0);
}
