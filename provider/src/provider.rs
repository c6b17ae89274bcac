//! The provider block, its configuration, and the register of everything the provider offers.

use std::collections::{BTreeMap, BTreeSet};

use tf_provider::schema::Sensitive;
use tf_provider::{
    Diagnostics, Provider, Registry, Schema, action, data_source, ephemeral_resource, list_resource, resource,
};

use crate::clients::Clients;
use crate::ec2::ami::Ami;
use crate::ec2::runner_network::RunnerNetwork;
use crate::ec2::worker_fleet::WorkerFleet;
use crate::ecr::ci_images::CiImages;
use crate::ecr::docker_hub_rate_limit::DockerHubRateLimit;
use crate::ecr::ecr_authorization::EcrAuthorization;
use crate::ecr::image::Image;
use crate::ecr::mirror_repository::{MirrorRepositories, MirrorRepository};
use crate::ecr::pull_through_cache_rule::{PullThroughCacheRule, PullThroughCacheRules};
use crate::ecr::registry_policy_statement::RegistryPolicyStatement;
use crate::ecr::repository_creation_template::RepositoryCreationTemplate;
use crate::ecr::sync_mirror::SyncMirror;
use crate::ecr::upstream_credential::UpstreamCredential;
use crate::functions;
use crate::iam::instance_profile::{InstanceProfile, InstanceProfiles};
use crate::iam::push_role::PushRole;
use crate::iam::repository_creation_role::RepositoryCreationRole;
use crate::registry_auth::check_address;
use crate::runner::runner_config::RunnerConfig;
use crate::runner::runner_manager::RunnerManager;
use crate::s3::software_object::SoftwareObject;

/// Where Terraform and OpenTofu find the provider.
pub const ADDRESS: &str = "registry.terraform.io/ecrunner/ecrunner";

/// Sets up autoscaling GitLab runners on AWS whose jobs pull Docker Hub's images from the team's own ECR.
///
/// Credentials come from the AWS SDK's default chain: environment, shared configuration files, web identity,
/// container and instance metadata.
#[derive(Schema, Clone, Debug)]
pub struct Ecrunner {
    /// AWS region, such as `eu-central-1`. Default: `AWS_REGION`, then the profile's region.
    pub region: Option<String>,
    /// Profile of the shared configuration and credentials files. Default: `AWS_PROFILE`, then `default`.
    pub profile: Option<String>,
    /// Ids of the accounts that may be worked on. Any other account is refused before anything is read or changed.
    pub allowed_account_ids: Option<BTreeSet<String>>,
    /// A role to assume with the credentials found, before anything else.
    #[tf(block)]
    pub assume_role: Option<AssumeRole>,
    /// Tags that every taggable object gets; an object's own `tags` win.
    #[tf(block)]
    pub default_tags: Option<DefaultTags>,
    /// Tags that others set on our objects and that are left alone.
    #[tf(block)]
    pub ignore_tags: Option<IgnoreTags>,
    /// Other addresses of AWS' services, each as a URL: for emulators, proxies and private endpoints.
    #[tf(block)]
    pub endpoints: Option<Endpoints>,
    /// The GitLab instance that runners belong to.
    #[tf(block)]
    pub gitlab: Option<GitLab>,
    /// Logins of upstream registries, one block for each registry: for mirrors and data sources. A mirror's
    /// `credential_arn` goes before them.
    #[tf(block)]
    pub registry_auth: Vec<RegistryAuth>,
}

/// A role to assume.
#[derive(Schema, Clone, Debug)]
pub struct AssumeRole {
    /// ARN of the role.
    pub role_arn: String,
    /// Name of the session, visible in CloudTrail. Default: `ecrunner`.
    pub session_name: Option<String>,
    /// External id that the role's trust policy demands.
    pub external_id: Option<String>,
}

/// Tags for every taggable object.
#[derive(Schema, Clone, Debug)]
pub struct DefaultTags {
    /// Tags by key.
    pub tags: Option<BTreeMap<String, String>>,
}

/// Tags that are left alone.
#[derive(Schema, Clone, Debug)]
pub struct IgnoreTags {
    /// Keys to leave alone.
    pub keys: Option<BTreeSet<String>>,
    /// Prefixes of keys to leave alone.
    pub key_prefixes: Option<BTreeSet<String>>,
}

/// Addresses of services.
#[derive(Schema, Clone, Debug, Default)]
pub struct Endpoints {
    /// EC2 Auto Scaling.
    pub autoscaling: Option<String>,
    /// EC2.
    pub ec2: Option<String>,
    /// ECR's API.
    pub ecr: Option<String>,
    /// IAM.
    pub iam: Option<String>,
    /// CloudWatch Logs.
    pub logs: Option<String>,
    /// The registry itself, where images are pushed to and pulled from. Plain HTTP only on a loopback address.
    pub registry: Option<String>,
    /// Resource Groups Tagging API.
    pub resourcegroupstaggingapi: Option<String>,
    /// S3.
    pub s3: Option<String>,
    /// Secrets Manager.
    pub secretsmanager: Option<String>,
    /// Systems Manager.
    pub ssm: Option<String>,
    /// Security Token Service.
    pub sts: Option<String>,
}

/// The GitLab instance.
#[derive(Schema, Clone, Debug)]
pub struct GitLab {
    /// Address of the instance, with a path if it has one. Default: `https://gitlab.com`.
    pub url: Option<String>,
    /// Token with the scopes `create_runner` and `manage_runner`. May come from an ephemeral resource.
    pub token: Option<Sensitive<String>>,
    /// File with PEM certificates to trust besides the system's.
    pub ca_file: Option<String>,
}

/// The login of an upstream registry. It is in no state and no plan where its values come from ephemeral variables or
/// resources.
#[derive(Schema, Clone, Debug)]
pub struct RegistryAuth {
    /// The registry, with its port if it has one, such as `docker.io` or `ghcr.io`. Not the account's own ECR, where the
    /// provider logs in by itself.
    #[tf(validate(text(check_address)))]
    pub address: String,
    /// User name.
    pub username: String,
    /// Password or access token.
    pub password: Sensitive<String>,
}

impl Provider for Ecrunner {
    type Client = Clients;

    const NAME: &'static str = "ecrunner";

    fn register() -> Registry<Clients> {
        Registry::new()
            .resource(resource!(InstanceProfile))
            .resource(resource!(RunnerManager))
            .resource(resource!(RunnerNetwork))
            .resource(resource!(WorkerFleet))
            .resource(resource!(MirrorRepository))
            .resource(resource!(PullThroughCacheRule))
            .resource(resource!(PushRole))
            .resource(resource!(RegistryPolicyStatement))
            .resource(resource!(RepositoryCreationRole))
            .resource(resource!(RepositoryCreationTemplate))
            .resource(resource!(SoftwareObject))
            .resource(resource!(UpstreamCredential))
            .data_source(data_source!(Ami))
            .data_source(data_source!(CiImages))
            .data_source(data_source!(DockerHubRateLimit))
            .data_source(data_source!(Image))
            .data_source(data_source!(RunnerConfig))
            .ephemeral_resource(ephemeral_resource!(EcrAuthorization))
            .list_resource(list_resource!(InstanceProfiles))
            .list_resource(list_resource!(MirrorRepositories))
            .list_resource(list_resource!(PullThroughCacheRules))
            .action(action!(SyncMirror))
            .function(functions::docker_auth_config())
            .function(functions::mirror_image())
            .function(functions::parse_image())
    }

    async fn configure(
        config: EcrunnerPlan,
        _diagnostics: &mut Diagnostics,
    ) -> Result<Option<Clients>, Diagnostics> {
        Clients::connect(config).await
    }

    fn validate(config: &EcrunnerPlan, diagnostics: &mut Diagnostics) {
        crate::clients::validate(config, diagnostics);
        crate::registry_auth::validate(config, diagnostics);
    }
}
