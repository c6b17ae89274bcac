//! `moved` blocks: templates that hashicorp/aws made.

use std::collections::BTreeSet;
use std::str::FromStr;

use serde::Deserialize;
use tf_provider::schema::Json;
use tf_provider::{Diagnostic, Diagnostics, MoveState, Mover};

use super::RepositoryCreationTemplate;
use crate::ecr::repository_settings::EncryptionConfiguration;
use crate::tags::Tags;

/// What is needed of a template's state in hashicorp/aws, `aws_ecr_repository_creation_template`.
#[derive(Deserialize)]
struct AwsTemplate {
    prefix: String,
    applied_for: Vec<String>,
    custom_role_arn: Option<String>,
    description: Option<String>,
    #[serde(default)]
    encryption_configuration: Vec<AwsEncryption>,
    image_tag_mutability: String,
    #[serde(default)]
    image_tag_mutability_exclusion_filter: Vec<AwsFilter>,
    lifecycle_policy: Option<String>,
    repository_policy: Option<String>,
    resource_tags: Option<Tags>,
    registry_id: Option<String>,
}

#[derive(Deserialize)]
struct AwsEncryption {
    encryption_type: String,
    kms_key: Option<String>,
}

#[derive(Deserialize)]
struct AwsFilter {
    filter: String,
}

impl MoveState for RepositoryCreationTemplate {
    fn movers() -> Vec<Mover<Self>> {
        vec![Mover::new(
            "hashicorp/aws",
            "aws_ecr_repository_creation_template",
            |template: AwsTemplate, _| RepositoryCreationTemplate::try_from(template),
        )]
    }
}

impl TryFrom<AwsTemplate> for RepositoryCreationTemplate {
    type Error = Diagnostics;

    fn try_from(template: AwsTemplate) -> Result<Self, Diagnostics> {
        // The SDK that wrote the state has no null for texts.
        let text = |text: Option<String>| text.filter(|text| !text.is_empty());
        let encryption = template.encryption_configuration.into_iter().next().and_then(|encryption| {
            EncryptionConfiguration::read(
                &encryption.encryption_type,
                text(encryption.kms_key).as_deref(),
                None,
            )
        });
        let filters = template.image_tag_mutability_exclusion_filter.into_iter().map(|filter| filter.filter);
        let filters: BTreeSet<String> = filters.collect();
        Ok(RepositoryCreationTemplate {
            prefix: template.prefix,
            applied_for: template
                .applied_for
                .iter()
                .map(|occasion| value("applied_for", occasion))
                .collect::<Result<_, _>>()?,
            description: text(template.description),
            image_tag_mutability: value("image_tag_mutability", &template.image_tag_mutability)?,
            image_tag_mutability_exclusion_filters: (!filters.is_empty()).then_some(filters),
            encryption_configuration: encryption,
            lifecycle_policy: text(template.lifecycle_policy).map(Json::new),
            repository_policy: text(template.repository_policy).map(Json::new),
            resource_tags: template.resource_tags.filter(|tags| !tags.is_empty()),
            custom_role_arn: text(template.custom_role_arn),
            registry_id: text(template.registry_id).into(),
        })
    }
}

/// One of a fixed set of texts.
fn value<T: FromStr>(name: &str, text: &str) -> Result<T, Diagnostics> {
    text.parse().map_err(|_| {
        Diagnostic::error(
            "Moving an ECR repository creation template",
            format!("The stored {name} is \"{text}\", which this version does not know. Remove the moved block, and import the template instead."),
        )
        .into()
    })
}
