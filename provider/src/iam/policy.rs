//! Policy documents: the inline policy made from declared capabilities, and the trust policy of the role.
//!
//! Every action stands here once, under the capability that needs it; nothing is granted that was not declared.
//! Sources: IAM user guide (policy grammar), service authorization reference, GitLab's fleeting-plugin-aws.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tf_provider::Diagnostic;

use super::capability::{CacheBucket, CompleteLifecycle, FleetControl, ImagePull, ReadParameters, Scope};
use super::instance_profile::{InstanceProfile, InstanceProfilePlan};
use crate::arn::Arn;
use crate::planned::known;

mod declared;

pub(super) use declared::Statements;
pub use declared::declared;

/// Most characters that the inline policies of a role may have together, white space not counted (IAM quotas).
const MAX_INLINE_POLICY: usize = 10_240;

/// Everything that an instance may be allowed to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Sessions of Systems Manager.
    pub session_manager: bool,
    /// Images of ECR.
    pub image_pull: Option<ImagePull>,
    /// Worker fleets.
    pub fleet_control: Option<FleetControl>,
    /// SSM parameters to read.
    pub read_parameters: Option<ReadParameters>,
    /// SSM parameters to write.
    pub write_parameters: Option<BTreeSet<String>>,
    /// The job cache.
    pub cache_bucket: Option<CacheBucket>,
    /// S3 objects to read.
    pub read_objects: Option<BTreeSet<String>>,
    /// Log groups to write to.
    pub write_logs: Option<BTreeSet<String>>,
    /// Lifecycle actions to end.
    pub complete_lifecycle: Option<CompleteLifecycle>,
    /// Roles to assume.
    pub assume_roles: Option<BTreeSet<String>>,
}

impl From<&InstanceProfile> for Capabilities {
    fn from(profile: &InstanceProfile) -> Self {
        Capabilities {
            session_manager: profile.session_manager,
            image_pull: profile.image_pull.clone(),
            fleet_control: profile.fleet_control.clone(),
            read_parameters: profile.read_parameters.clone(),
            write_parameters: profile.write_parameters.clone(),
            cache_bucket: profile.cache_bucket.clone(),
            read_objects: profile.read_objects.clone(),
            write_logs: profile.write_logs.clone(),
            complete_lifecycle: profile.complete_lifecycle.clone(),
            assume_roles: profile.assume_roles.clone(),
        }
    }
}

impl Capabilities {
    /// The planned capabilities; `None` while any of them is unknown.
    pub fn planned(plan: &InstanceProfilePlan) -> Option<Self> {
        Some(Capabilities {
            session_manager: *plan.session_manager.known()?,
            image_pull: known(&plan.image_pull)?,
            fleet_control: known(&plan.fleet_control)?,
            read_parameters: known(&plan.read_parameters)?,
            write_parameters: known(&plan.write_parameters)?,
            cache_bucket: known(&plan.cache_bucket)?,
            read_objects: known(&plan.read_objects)?,
            write_logs: known(&plan.write_logs)?,
            complete_lifecycle: known(&plan.complete_lifecycle)?,
            assume_roles: known(&plan.assume_roles)?,
        })
    }

    /// The same capabilities with the ARN in place of each name.
    #[must_use]
    pub fn within(mut self, scope: Scope<'_>) -> Self {
        let parameters = |names: &BTreeSet<String>| scope.arns("ssm", "parameter/", names);
        if let Some(pull) = &mut self.image_pull {
            let repositories = |names: &BTreeSet<String>| scope.arns("ecr", "repository/", names);
            pull.repositories = pull.repositories.as_ref().map(repositories);
            pull.import_repositories = pull.import_repositories.as_ref().map(repositories);
        }
        if let Some(read) = &mut self.read_parameters {
            read.parameters = parameters(&read.parameters);
        }
        self.write_parameters = self.write_parameters.as_ref().map(parameters);
        self.read_objects =
            self.read_objects.map(|objects| objects.iter().map(|object| scope.object_arn(object)).collect());
        self.assume_roles =
            self.assume_roles.map(|roles| roles.iter().map(|role| scope.role_arn(role)).collect());
        // The name of a log group keeps its slash.
        self.write_logs = self.write_logs.map(|names| {
            names
                .iter()
                .flat_map(|name| {
                    let kind = if name.starts_with('/') { "log-group:/" } else { "log-group:" };
                    scope.arns("logs", kind, &BTreeSet::from([name.clone()]))
                })
                .collect()
        });
        self
    }

    /// The policy document, as JSON without white space; `None` when nothing is allowed.
    pub fn document(&self) -> Option<String> {
        let mut statements = Vec::new();
        self.session_manager(&mut statements);
        self.image_pull(&mut statements);
        self.fleet_control(&mut statements);
        self.parameters(&mut statements);
        self.storage(&mut statements);
        self.logs_and_lifecycle(&mut statements);
        if let Some(roles) = &self.assume_roles {
            statements.push(Statement::allow("RoleAssume", &["sts:AssumeRole"], roles.clone()));
        }
        document(statements)
    }

    /// The SSM agent's rights without those to read parameters, which AmazonSSMManagedInstanceCore contains: with
    /// them a worker could read the runner's token.
    fn session_manager(&self, statements: &mut Vec<Statement>) {
        if self.session_manager {
            statements.push(Statement::allow(
                "SessionManager",
                &[
                    "ssm:UpdateInstanceInformation",
                    "ssmmessages:CreateControlChannel",
                    "ssmmessages:CreateDataChannel",
                    "ssmmessages:OpenControlChannel",
                    "ssmmessages:OpenDataChannel",
                ],
                ["*".to_owned()],
            ));
        }
    }

    fn image_pull(&self, statements: &mut Vec<Statement>) {
        let Some(pull) = &self.image_pull else { return };
        let pulled = pull.pulled();
        if pulled.is_empty() {
            return;
        }
        // The login has no resource.
        statements.push(Statement::allow("EcrLogin", &["ecr:GetAuthorizationToken"], ["*".to_owned()]));
        statements.push(Statement::allow(
            "ImagePull",
            &["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            pulled,
        ));
        statements.push(Statement::allow(
            "ImageImport",
            &["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"],
            pull.import_repositories.clone().unwrap_or_default(),
        ));
    }

    /// What the fleeting plugin calls. Groups and instances are described without a resource: EC2 knows none there.
    fn fleet_control(&self, statements: &mut Vec<Statement>) {
        let Some(control) = self.fleet_control.as_ref().filter(|control| !control.fleet_arns.is_empty())
        else {
            return;
        };
        statements.push(Statement::allow(
            "FleetDescribe",
            &["autoscaling:DescribeAutoScalingGroups", "ec2:DescribeInstances"],
            ["*".to_owned()],
        ));
        statements.push(Statement::allow(
            "FleetControl",
            &["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
            control.fleet_arns.clone(),
        ));
        let groups = || control.fleet_arns.iter().filter_map(|arn| Arn::parse(arn));
        let instances: BTreeSet<String> = groups()
            .map(|group| format!("arn:{}:ec2:{}:{}:instance/*", group.partition, group.region, group.account))
            .collect();
        let names = groups().filter_map(|group| group.group_name()).map(str::to_owned).collect();
        statements.push(
            Statement::allow("FleetConnect", &["ec2-instance-connect:SendSSHPublicKey"], instances)
                .when("StringEquals", "aws:ResourceTag/aws:autoscaling:groupName", names)
                .when("StringEquals", "ec2:osuser", vec![control.os_user.clone()]),
        );
    }

    fn parameters(&self, statements: &mut Vec<Statement>) {
        if let Some(read) = &self.read_parameters {
            statements.push(Statement::allow(
                "ParameterRead",
                &["ssm:GetParameter"],
                read.parameters.clone(),
            ));
            // Nothing to decrypt without a parameter; the condition would be an empty list.
            let keys = read.kms_key_arns.clone().filter(|_| !read.parameters.is_empty());
            statements.push(
                Statement::allow("ParameterDecrypt", &["kms:Decrypt"], keys.unwrap_or_default()).when(
                    "StringLike",
                    "kms:EncryptionContext:PARAMETER_ARN",
                    read.parameters.iter().cloned().collect(),
                ),
            );
        }
        if let Some(write) = &self.write_parameters {
            statements.push(Statement::allow("ParameterWrite", &["ssm:PutParameter"], write.clone()));
        }
    }

    fn storage(&self, statements: &mut Vec<Statement>) {
        if let Some(cache) = &self.cache_bucket {
            let prefix = cache.prefix.as_deref().unwrap_or_default().trim_end_matches('/');
            // With its slash, since `team` is not `team-b`.
            let keys = if prefix.is_empty() { "*".to_owned() } else { format!("{prefix}/*") };
            let objects = format!("{}/{keys}", cache.bucket_arn);
            statements.push(Statement::allow(
                "CacheObjects",
                &["s3:GetObject", "s3:PutObject"],
                [objects.clone()],
            ));
            if prefix.is_empty() {
                // Without it S3 answers 403 instead of 404 for a key that is not there. Who shares the bucket with
                // others by prefix does without, since a GetObject carries no prefix to narrow it by.
                statements.push(Statement::allow(
                    "CacheList",
                    &["s3:ListBucket"],
                    [cache.bucket_arn.clone()],
                ));
            }
            if let Some(key) = &cache.kms_key_arn {
                statements.push(
                    Statement::allow("CacheKey", &["kms:Decrypt", "kms:GenerateDataKey"], [key.clone()])
                        // The bucket stands there when it has a bucket key, else the object.
                        .when(
                            "StringLike",
                            "kms:EncryptionContext:aws:s3:arn",
                            vec![cache.bucket_arn.clone(), objects],
                        ),
                );
            }
        }
        if let Some(objects) = &self.read_objects {
            statements.push(Statement::allow("ObjectRead", &["s3:GetObject"], objects.clone()));
        }
    }

    fn logs_and_lifecycle(&self, statements: &mut Vec<Statement>) {
        if let Some(groups) = &self.write_logs {
            // Policies name a log group and its streams by the form that ends in `:*`.
            let groups = groups.iter().map(|arn| format!("{}:*", arn.trim_end_matches(":*")));
            statements.push(Statement::allow(
                "LogWrite",
                &["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                groups.collect::<BTreeSet<_>>(),
            ));
        }
        if let Some(lifecycle) = &self.complete_lifecycle {
            statements.push(Statement::allow(
                "LifecycleComplete",
                &["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"],
                lifecycle.fleet_arns.clone(),
            ));
        }
    }
}

/// Characters that count against IAM's quota.
fn size(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

/// The fault of a policy that IAM would not take; `policy` names it, and `remedy` says how it gets smaller.
pub(super) fn check_size(document: &str, policy: &str, remedy: &str) -> Option<Diagnostic> {
    let size = size(document);
    (size > MAX_INLINE_POLICY).then(|| {
        let detail = format!("{policy} has {size} characters; IAM allows {MAX_INLINE_POLICY}. {remedy}");
        Diagnostic::error("Policy is too large", detail)
    })
}

/// The policy with these statements, as JSON without white space; `None` when nothing is allowed.
pub(super) fn document(mut statements: Vec<Statement>) -> Option<String> {
    // An empty list of resources is refused by IAM; a statement for nothing allows nothing.
    statements.retain(|statement| !statement.resource.is_empty());
    (!statements.is_empty()).then(|| Document { version: VERSION, statement: statements }.to_json())
}

/// The trust policy: these principals of a `kind` such as `Service`, and nobody else, may assume the role.
pub fn trust_document(kind: &str, principals: &[impl AsRef<str>]) -> String {
    let principals: Vec<&str> = principals.iter().map(AsRef::as_ref).collect();
    serde_json::json!({
        "Version": VERSION,
        "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {kind: principals}}],
    })
    .to_string()
}

/// EC2 as a principal.
pub fn ec2_principal(partition: &str) -> String {
    format!("ec2.{}", service_principal_suffix(partition))
}

/// What EC2's service principal ends in. It is not the partition's DNS suffix everywhere: in the European Sovereign
/// Cloud, IAM refuses `ec2.amazonaws.eu` and takes the commercial name.
fn service_principal_suffix(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "amazonaws.com.cn",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        _ => "amazonaws.com",
    }
}

/// True when both documents say the same: order within lists, white space, and one value beside a list of one do not
/// matter to IAM.
pub fn is_same(one: &str, other: &str) -> bool {
    let parse = |text| serde_json::from_str::<serde_json::Value>(text).map(canonical);
    match (parse(one), parse(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

fn canonical(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Json::Array(elements) => {
            let mut elements: Vec<Json> = elements.into_iter().map(canonical).collect();
            elements.sort_by_key(Json::to_string);
            match elements.len() {
                1 => elements.remove(0),
                _ => Json::Array(elements),
            }
        }
        Json::Object(members) => {
            // Members sorted, whichever map the build gives serde_json.
            let sorted: BTreeMap<_, _> =
                members.into_iter().map(|(name, value)| (name, canonical(value))).collect();
            Json::Object(sorted.into_iter().collect())
        }
        other => other,
    }
}

/// Version of the policy language.
pub const VERSION: &str = "2012-10-17";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    version: &'static str,
    statement: Vec<Statement>,
}

/// A statement that allows or denies something.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Statement {
    sid: &'static str,
    effect: &'static str,
    action: &'static [&'static str],
    resource: BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: BTreeMap<&'static str, BTreeMap<&'static str, Vec<String>>>,
}

impl Statement {
    pub(super) fn allow(
        sid: &'static str,
        action: &'static [&'static str],
        resource: impl IntoIterator<Item = String>,
    ) -> Self {
        let (resource, condition) = (resource.into_iter().collect(), BTreeMap::new());
        Statement { sid, effect: "Allow", action, resource, condition }
    }

    pub(super) fn deny(
        sid: &'static str,
        action: &'static [&'static str],
        resource: impl IntoIterator<Item = String>,
    ) -> Self {
        Statement { effect: "Deny", ..Statement::allow(sid, action, resource) }
    }

    fn when(mut self, operator: &'static str, key: &'static str, values: Vec<String>) -> Self {
        self.condition.entry(operator).or_default().insert(key, values);
        self
    }
}

impl Document {
    fn to_json(&self) -> String {
        // Strings, lists and maps with string keys always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
