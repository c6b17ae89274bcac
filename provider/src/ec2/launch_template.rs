//! Launch templates of worker fleets and runner managers: what an instance is started from.
//! AWS: CreateLaunchTemplate, CreateLaunchTemplateVersion, ModifyLaunchTemplate, DescribeLaunchTemplates,
//! DescribeLaunchTemplateVersions, DeleteLaunchTemplate (EC2 API reference).
//!
//! Versions never change and are referred to by number: with `$Latest` a plan would be blind and a way back impossible.

use aws_sdk_ec2::types::{self, ResourceType};
use tf_provider::value::RawValue;
use tf_provider::{Diagnostic, Diagnostics, Value};

use super::root_volume::RootVolume;
use crate::clients::Clients;
use crate::diagnostics::Failure;
use crate::runner::boot::{UserData, sha256_of_base64};
use crate::tags::Tags;

const NOT_FOUND: [&str; 3] = [
    "InvalidLaunchTemplateId.NotFound",
    "InvalidLaunchTemplateName.NotFoundException",
    "InvalidLaunchTemplateId.VersionNotFound",
];

/// What a version of a launch template says. All of it is always sent: a version holds nothing else.
#[derive(Clone, Debug)]
pub struct Template {
    /// Id of the image.
    pub image_id: String,
    /// Type of instance; with a mixed instances policy the first of its types.
    pub instance_type: String,
    /// Ids of the security groups.
    pub security_group_ids: Vec<String>,
    /// ARN of the instance profile.
    pub instance_profile_arn: Option<String>,
    /// The root volume, with its size.
    pub root_volume: RootVolume,
    /// Device name of the root volume where `root_volume` names none.
    pub root_device_name: &'static str,
    /// User data.
    pub user_data: UserData,
    /// Whether CloudWatch gets figures each minute.
    pub detailed_monitoring: bool,
    /// Tags of instances, volumes and network interfaces.
    pub instance_tags: Tags,
}

/// What is there of a launch template.
#[derive(Clone, Debug)]
pub struct LaunchTemplate {
    /// Its id, `lt-…`.
    pub id: String,
    /// Number of the newest version.
    pub latest_version: i64,
    /// Its own tags.
    pub tags: Tags,
}

impl Template {
    fn to_data(&self) -> types::RequestLaunchTemplateData {
        let profile = self.instance_profile_arn.as_ref().map(|arn| {
            types::LaunchTemplateIamInstanceProfileSpecificationRequest::builder().arn(arn).build()
        });
        // One hop keeps containers on a bridge away from the instance's credentials. Both are always said: images
        // and account settings have defaults of their own.
        let metadata = types::LaunchTemplateInstanceMetadataOptionsRequest::builder()
            .http_endpoint(types::LaunchTemplateInstanceMetadataEndpointState::Enabled)
            .http_tokens(types::LaunchTemplateHttpTokensState::Required)
            .http_put_response_hop_limit(1)
            .instance_metadata_tags(types::LaunchTemplateInstanceMetadataTagsState::Disabled)
            .build();
        let tagged = [ResourceType::Instance, ResourceType::Volume, ResourceType::NetworkInterface];
        let tagged = tagged.map(|resource_type| {
            types::LaunchTemplateTagSpecificationRequest::builder()
                .resource_type(resource_type)
                .set_tags(Some(to_tags(&self.instance_tags)))
                .build()
        });
        types::RequestLaunchTemplateData::builder()
            .image_id(&self.image_id)
            .instance_type(types::InstanceType::from(self.instance_type.as_str()))
            .set_security_group_ids(Some(self.security_group_ids.clone()))
            .set_iam_instance_profile(profile)
            .block_device_mappings(self.root_volume.to_mapping(self.root_device_name))
            .user_data(self.user_data.base64())
            .monitoring(
                types::LaunchTemplatesMonitoringRequest::builder().enabled(self.detailed_monitoring).build(),
            )
            .instance_initiated_shutdown_behavior(types::ShutdownBehavior::Terminate)
            .metadata_options(metadata)
            .set_tag_specifications(Some(tagged.into()))
            .build()
    }

    /// True when a version says the same, so that no new one is needed.
    pub fn is_said_by(&self, data: &types::ResponseLaunchTemplateData) -> bool {
        let profile = data.iam_instance_profile().and_then(|profile| profile.arn());
        let volume = data.block_device_mappings().first().and_then(|mapping| {
            // Its size is said, so no default is asked for.
            RootVolume::from_mapping(mapping, Some(&self.root_volume), 0, self.root_device_name)
        });
        data.image_id() == Some(&self.image_id)
            && data.instance_type().map(types::InstanceType::as_str) == Some(&self.instance_type)
            && data.security_group_ids() == self.security_group_ids
            && profile == self.instance_profile_arn.as_deref()
            && volume.as_ref() == Some(&self.root_volume)
            && data.user_data().and_then(sha256_of_base64) == Some(self.user_data.sha256())
            && is_monitored(data) == self.detailed_monitoring
            && instance_tags(data) == self.instance_tags
            && unexpected_settings(data).is_empty()
    }
}

/// Whether CloudWatch gets figures each minute.
pub fn is_monitored(data: &types::ResponseLaunchTemplateData) -> bool {
    data.monitoring().and_then(|monitoring| monitoring.enabled()).unwrap_or_default()
}

/// What differs from a template's fixed settings in a version, each as a short text; empty when nothing does.
pub fn unexpected_settings(data: &types::ResponseLaunchTemplateData) -> Vec<String> {
    let metadata = data.metadata_options();
    let tokens = metadata.and_then(|options| options.http_tokens());
    let hops = metadata.and_then(|options| options.http_put_response_hop_limit());
    let mut unexpected = Vec::new();
    if tokens != Some(&types::LaunchTemplateHttpTokensState::Required) {
        unexpected.push("launch template: metadata without tokens".to_owned());
    }
    if hops != Some(1) {
        let hops = hops.map_or("not set".to_owned(), |hops| hops.to_string());
        unexpected.push(format!("launch template: metadata hop limit {hops}"));
    }
    unexpected
}

/// Tags that instances get by a version.
pub fn instance_tags(data: &types::ResponseLaunchTemplateData) -> Tags {
    let specifications = data.tag_specifications().iter();
    let of_instances =
        specifications.filter(|tagged| tagged.resource_type() == Some(&ResourceType::Instance));
    from_tags(of_instances.flat_map(|tagged| tagged.tags()))
}

/// The planned number of the version in use: the prior one while none of the attributes that `template_attributes` names
/// changes. `prior_version` is `None` where a new version is made in any case.
pub fn planned_version(
    prior_version: Option<&i64>,
    template_attributes: &[&str],
    prior: &RawValue,
    planned: &RawValue,
) -> Value<i64> {
    let same = template_attributes.iter().all(|name| prior.get(name) == planned.get(name));
    prior_version.filter(|_| same).map_or(Value::Unknown, |version| Value::Known(*version))
}

/// The launch template of this name, if there is one.
///
/// # Errors
/// EC2 refuses or does not answer.
pub async fn find(clients: &Clients, name: &str) -> Result<Option<LaunchTemplate>, Diagnostics> {
    match clients.ec2.describe_launch_templates().launch_template_names(name).send().await {
        Ok(answer) => Ok(answer.launch_templates().iter().find_map(|template| {
            Some(LaunchTemplate {
                id: template.launch_template_id()?.to_owned(),
                latest_version: template.latest_version_number()?,
                tags: from_tags(template.tags()),
            })
        })),
        Err(error) => {
            let failure = Failure::of("EC2", &error);
            if failure.is(&NOT_FOUND) {
                return Ok(None);
            }
            Err(failure.report(format!("Reading EC2 launch template ({name})"), "", ""))
        }
    }
}

/// Number and data of one version, a number or `$Latest` or `$Default`; `None` when there is none such.
///
/// # Errors
/// EC2 refuses or does not answer.
pub async fn find_version(
    clients: &Clients,
    id: &str,
    version: &str,
) -> Result<Option<(i64, types::ResponseLaunchTemplateData)>, Diagnostics> {
    let call = clients.ec2.describe_launch_template_versions().launch_template_id(id).versions(version);
    match call.send().await {
        Ok(answer) => Ok(answer
            .launch_template_versions()
            .first()
            .and_then(|version| Some((version.version_number()?, version.launch_template_data()?.clone())))),
        Err(error) => {
            let failure = Failure::of("EC2", &error);
            if failure.is(&NOT_FOUND) {
                return Ok(None);
            }
            Err(failure.report(format!("Reading EC2 launch template version ({id}, {version})"), "", ""))
        }
    }
}

/// Creates a launch template with its first version. The caller has looked whether the name is free.
///
/// # Errors
/// EC2 refuses or does not answer; nothing was created then.
pub async fn create(
    clients: &Clients,
    name: &str,
    template: &Template,
    tags: &Tags,
) -> Result<LaunchTemplate, Diagnostics> {
    let tagged = (!tags.is_empty()).then(|| {
        types::TagSpecification::builder()
            .resource_type(ResourceType::LaunchTemplate)
            .set_tags(Some(to_tags(tags)))
            .build()
    });
    let summary = format!("Creating EC2 launch template ({name})");
    let call = clients.ec2.create_launch_template().launch_template_name(name);
    let call = call.launch_template_data(template.to_data());
    let answer = call.set_tag_specifications(tagged.map(|tagged| vec![tagged])).send().await;
    let answer = answer
        .map_err(|error| Failure::of("EC2", &error).report(&summary, "The template was not created.", ""))?;
    log_warning(name, answer.warning());
    let created = answer.launch_template();
    let Some(id) = created.and_then(|created| created.launch_template_id()) else {
        let detail = "EC2 did not answer the new template's id. Delete the template, and apply again.";
        return Err(Diagnostic::error(summary, detail).into());
    };
    let latest_version = created.and_then(|created| created.latest_version_number()).unwrap_or(1);
    Ok(LaunchTemplate { id: id.to_owned(), latest_version, tags: tags.clone() })
}

/// Adds a version, and answers its number.
///
/// # Errors
/// EC2 refuses or does not answer; what uses the template is unchanged then.
pub async fn create_version(clients: &Clients, id: &str, template: &Template) -> Result<i64, Diagnostics> {
    let summary = format!("Creating EC2 launch template version ({id})");
    let call = clients.ec2.create_launch_template_version().launch_template_id(id);
    let answer = call.launch_template_data(template.to_data()).send().await;
    let answer = answer.map_err(|error| {
        Failure::of("EC2", &error).report(
            &summary,
            "Instances start from the previous version as before.",
            "",
        )
    })?;
    log_warning(id, answer.warning());
    answer.launch_template_version().and_then(|version| version.version_number()).ok_or_else(|| {
        Diagnostic::error(summary, "EC2 did not answer the new version's number. Apply again.").into()
    })
}

/// Makes `version` the one that is taken where none is named, such as for an instance started by hand.
///
/// # Errors
/// EC2 refuses or does not answer.
pub async fn set_default_version(clients: &Clients, id: &str, version: i64) -> Result<(), Diagnostics> {
    let call = clients.ec2.modify_launch_template().launch_template_id(id);
    match call.default_version(version.to_string()).send().await {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::of("EC2", &error).report(
            format!("Updating EC2 launch template ({id})"),
            "The new version exists, and is not the default one.",
            "",
        )),
    }
}

/// Makes the tags of the template itself those wanted; tags of AWS and ignored ones are left alone.
///
/// # Errors
/// EC2 refuses or does not answer.
pub async fn change_tags(
    clients: &Clients,
    id: &str,
    actual: &Tags,
    wanted: &Tags,
) -> Result<(), Diagnostics> {
    let (set, removed) = clients.tags.changes(actual, wanted);
    let failed = |failure: &Failure| failure.report(format!("Tagging EC2 launch template ({id})"), "", "");
    if !removed.is_empty() {
        let tags = removed.into_iter().map(|key| types::Tag::builder().key(key).build()).collect();
        let call = clients.ec2.delete_tags().resources(id).set_tags(Some(tags));
        call.send().await.map_err(|error| failed(&Failure::of("EC2", &error)))?;
    }
    if !set.is_empty() {
        let call = clients.ec2.create_tags().resources(id).set_tags(Some(to_tags(&set)));
        call.send().await.map_err(|error| failed(&Failure::of("EC2", &error)))?;
    }
    Ok(())
}

/// Deletes the launch template of this name with all versions. One that is gone counts as deleted.
///
/// # Errors
/// EC2 refuses or does not answer.
pub async fn delete(clients: &Clients, name: &str) -> Result<(), Diagnostics> {
    match clients.ec2.delete_launch_template().launch_template_name(name).send().await {
        Ok(_) => Ok(()),
        Err(error) => {
            let failure = Failure::of("EC2", &error);
            if failure.is(&NOT_FOUND) {
                return Ok(());
            }
            let summary = format!("Deleting EC2 launch template ({name})");
            Err(failure.report(summary, "The template is still there.", ""))
        }
    }
}

/// EC2 checks only in part, and takes what it doubts: the first launch shows whether it was right.
fn log_warning(template: &str, warning: Option<&types::ValidationWarning>) {
    for error in warning.map(|warning| warning.errors()).unwrap_or_default() {
        tracing::warn!(
            template,
            code = error.code(),
            message = error.message(),
            "EC2 doubts the launch template"
        );
    }
}

fn to_tags(tags: &Tags) -> Vec<types::Tag> {
    tags.iter().map(|(key, value)| types::Tag::builder().key(key).value(value).build()).collect()
}

fn from_tags<'a>(tags: impl IntoIterator<Item = &'a types::Tag>) -> Tags {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    tags.into_iter().map(|tag| (text(tag.key()), text(tag.value()))).collect()
}
