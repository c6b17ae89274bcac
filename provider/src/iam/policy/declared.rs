//! The way back: from a policy document to the capabilities that made it, for import.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{Capabilities, is_same};
use crate::iam::capability::{CacheBucket, CompleteLifecycle, FleetControl, ImagePull, ReadParameters};

/// The capabilities from which [`Capabilities::document`] makes `document`; `None` when there are none such, because
/// somebody else wrote it or changed it.
pub fn declared(document: &str) -> Option<Capabilities> {
    let statements = Statements::of(document)?;
    let capabilities = Capabilities {
        session_manager: statements.find("SessionManager").is_some(),
        image_pull: statements.image_pull(),
        fleet_control: statements.fleet_control(),
        read_parameters: statements.read_parameters(),
        write_parameters: statements.resources("ParameterWrite"),
        cache_bucket: statements.cache_bucket(),
        read_objects: statements.resources("ObjectRead"),
        write_logs: statements.write_logs(),
        complete_lifecycle: statements
            .resources("LifecycleComplete")
            .map(|fleet_arns| CompleteLifecycle { fleet_arns }),
        assume_roles: statements.resources("RoleAssume"),
    };
    // What was read is only a guess until it makes the very same document.
    let made = capabilities.document()?;
    is_same(&made, document).then_some(capabilities)
}

/// The statements of a policy document.
pub(in crate::iam) struct Statements(Vec<Json>);

impl Statements {
    /// `None` for what is no document with a list of statements.
    pub(in crate::iam) fn of(document: &str) -> Option<Self> {
        let mut document: Json = serde_json::from_str(document).ok()?;
        match document["Statement"].take() {
            Json::Array(statements) => Some(Statements(statements)),
            _ => None,
        }
    }

    fn find(&self, sid: &str) -> Option<&Json> {
        self.0.iter().find(|statement| statement["Sid"] == sid)
    }

    /// The resources of the statement with this Sid.
    pub(in crate::iam) fn resources(&self, sid: &str) -> Option<BTreeSet<String>> {
        let resources = self.find(sid)?["Resource"].as_array()?.iter();
        resources.map(|resource| resource.as_str().map(str::to_owned)).collect()
    }

    fn only_resource(&self, sid: &str) -> Option<String> {
        self.resources(sid)?.pop_first()
    }

    fn image_pull(&self) -> Option<ImagePull> {
        let import_repositories = self.resources("ImageImport");
        let mut repositories = self.resources("ImagePull")?;
        // What is imported is pulled as well, and stands in both statements.
        repositories
            .retain(|arn| import_repositories.as_ref().is_none_or(|imported| !imported.contains(arn)));
        let repositories = Some(repositories).filter(|repositories| !repositories.is_empty());
        Some(ImagePull { repositories, import_repositories })
    }

    fn fleet_control(&self) -> Option<FleetControl> {
        let fleet_arns = self.resources("FleetControl")?;
        let condition = &self.find("FleetConnect")?["Condition"]["StringEquals"];
        let os_user = condition["ec2:osuser"][0].as_str()?.to_owned();
        Some(FleetControl { fleet_arns, os_user })
    }

    fn read_parameters(&self) -> Option<ReadParameters> {
        let parameters = self.resources("ParameterRead")?;
        Some(ReadParameters { parameters, kms_key_arns: self.resources("ParameterDecrypt") })
    }

    fn cache_bucket(&self) -> Option<CacheBucket> {
        let objects = self.only_resource("CacheObjects")?;
        let (bucket_arn, keys) = objects.split_once('/')?;
        let prefix = keys.strip_suffix('*')?.trim_end_matches('/');
        Some(CacheBucket {
            bucket_arn: bucket_arn.to_owned(),
            prefix: (!prefix.is_empty()).then(|| prefix.to_owned()),
            kms_key_arn: self.only_resource("CacheKey"),
        })
    }

    fn write_logs(&self) -> Option<BTreeSet<String>> {
        let groups = self.resources("LogWrite")?;
        Some(groups.iter().map(|arn| arn.trim_end_matches(":*").to_owned()).collect())
    }
}
