//! Arguments that are refused before anything is asked of AWS: summary and attribute of each.

use acceptance::{Account, Workspace};

use super::{key, role, template};

/// Validates each of `wrong`, of which nothing but `attribute` is at fault.
fn refuse(attribute: &str, wrong: &[&str]) {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    for arguments in wrong {
        workspace.config(&template("docker-hub", arguments));
        workspace.validate().expect_error(&format!("Invalid {attribute}"), attribute).expect_error_count(1);
    }
    assert_eq!(account.calls().len(), 0, "validation asks nobody");
}

#[test]
fn invalid_prefix() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    for wrong in ["", "Docker", "docker-hub/", "docker//hub", &"a".repeat(257)] {
        workspace.config(&template(wrong, ""));
        workspace.validate().expect_error("Invalid prefix", "prefix").expect_error_count(1);
    }
}

#[test]
fn invalid_applied_for() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    for wrong in ["[]", "[\"SOMETIMES\"]"] {
        workspace.config(&template("docker-hub", "").replace("[\"PULL_THROUGH_CACHE\"]", wrong));
        workspace.validate().expect_error("Invalid applied_for", "applied_for").expect_error_count(1);
    }
}

#[test]
fn invalid_texts() {
    refuse("description", &["  description = \"\""]);
    refuse("image_tag_mutability", &["  image_tag_mutability = \"SOMETIMES\""]);
}

#[test]
fn invalid_exclusion_filters() {
    let attribute = "image_tag_mutability_exclusion_filters";
    let with = |filters: &str| {
        format!("  image_tag_mutability = \"MUTABLE_WITH_EXCLUSION\"\n  {attribute} = {filters}")
    };
    refuse(
        attribute,
        &[
            &with("[]"),
            &with("[\"a/b\"]"),
            &with("[\"*a*b*\"]"),
            &with("[\"1\", \"2\", \"3\", \"4\", \"5\", \"6\"]"),
            &format!("  {attribute} = [\"latest\"]"),
        ],
    );
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&template("docker-hub", "  image_tag_mutability = \"IMMUTABLE_WITH_EXCLUSION\""));
    // The argument is not there to be underlined.
    workspace.validate().expect_error(&format!("Invalid {attribute}"), None).expect_error_count(1);
}

#[test]
fn invalid_policies() {
    for attribute in ["lifecycle_policy", "repository_policy"] {
        refuse(
            attribute,
            &[
                &format!("  {attribute} = \"\""),
                &format!("  {attribute} = \"{{\""),
                &format!("  {attribute} = \"[]\""),
                &format!("  {attribute} = jsonencode({{}})"),
            ],
        );
    }
    refuse(
        "repository_policy",
        &["  repository_policy = jsonencode({ Statement = [{ Effect = \"Allow\", Resource = \"*\" }] })"],
    );
}

#[test]
fn invalid_custom_role_arn() {
    refuse("custom_role_arn", &["  custom_role_arn = \"role\""]);
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&template("docker-hub", "  custom_role_arn = \"arn:aws:iam::999999999999:role/r\""));
    workspace.run_plan(&[]).expect_error("Invalid custom_role_arn", "custom_role_arn").expect_error_count(1);
}

#[test]
fn tags_and_kms_demand_a_role() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let tags = "  resource_tags = { team = \"ci\" }";
    let kms = "  encryption_configuration = { encryption_type = \"KMS\" }";
    for (attribute, arguments) in [("resource_tags", tags), ("encryption_configuration", kms)] {
        workspace.config(&template("docker-hub", arguments));
        workspace.validate().expect_error("Missing custom_role_arn", attribute).expect_error_count(1);
        let with_role = format!("{arguments}\n  custom_role_arn = \"{}\"", role(&account));
        workspace.config(&template("docker-hub", &with_role));
        workspace.validate().expect_success();
    }
    workspace.config(&template("docker-hub", "  resource_tags = {}"));
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
}

#[test]
fn invalid_kms_key() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let with = |kind: &str, key: &str| {
        let encryption =
            format!("  encryption_configuration = {{ encryption_type = \"{kind}\", kms_key = \"{key}\" }}");
        template("docker-hub", &format!("{encryption}\n  custom_role_arn = \"{}\"", role(&account)))
    };
    for (kind, key) in [("KMS", "alias/ecr"), ("AES256", key(&account).as_str())] {
        workspace.config(&with(kind, key));
        // Terraform underlines the attribute as a whole.
        workspace
            .validate()
            .expect_error("Invalid kms_key", "encryption_configuration")
            .expect_error_count(1);
    }
    workspace.config(&with("KMS", &key(&account).replace("eu-central-1", "eu-west-1")));
    workspace
        .run_plan(&[])
        .expect_error("Invalid kms_key", "encryption_configuration")
        .expect_text("eu-west-1")
        .expect_error_count(1);
}
