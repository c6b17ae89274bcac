//! A worker fleet as AWS is sent it, and what AWS reports as state.

use std::collections::BTreeSet;

use aws_sdk_autoscaling::types::{AutoScalingGroup, MixedInstancesPolicy};
use aws_sdk_ec2::types::ResponseLaunchTemplateData;
use tf_provider::Diagnostics;
use tf_provider::schema::Computed;

use super::{Spot, SpotAllocationStrategy, WorkerFleet, unsendable};
use crate::clients::Clients;
use crate::ec2::auto_scaling_group::{self, GroupSpec, Launch, Mixed};
use crate::ec2::launch_template::{self, LaunchTemplate, Template};
use crate::ec2::root_volume::RootVolume;
use crate::runner::boot::{OperatingSystem, sha256_of_base64, worker};
use crate::tags::Tags;

/// Default size of the root volume: images and containers of jobs lie on it.
const ROOT_VOLUME_GIB: i32 = 50;

impl WorkerFleet {
    /// What instances are started from; `tags` are all of the fleet.
    pub(super) fn template(&self, tags: &Tags) -> Result<Template, Diagnostics> {
        let mut instance_tags = Tags::from([("Name".to_owned(), self.name.clone())]);
        instance_tags.extend(tags.clone());
        instance_tags
            .extend(self.instance_tags.iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
        let setup = self.setup.clone().unwrap_or_default();
        let user_data = worker::bundle(&setup, self.pull_proxy.as_ref()).user_data();
        let user_data = user_data.map_err(|error| unsendable(&error, " Nothing was changed."))?;
        Ok(Template {
            image_id: self.image_id.clone(),
            instance_type: self.instance_types.first().cloned().unwrap_or_default(),
            security_group_ids: self.security_group_ids.clone(),
            instance_profile_arn: self.instance_profile_arn.clone(),
            root_volume: self.root_volume.clone().unwrap_or_default().sized(ROOT_VOLUME_GIB),
            root_device_name: self.operating_system().root_device_name(),
            user_data,
            detailed_monitoring: self.detailed_monitoring,
            instance_tags,
        })
    }

    fn operating_system(&self) -> OperatingSystem {
        self.setup.as_ref().map_or(OperatingSystem::AmazonLinux2023, |setup| setup.operating_system)
    }

    pub(super) fn group(
        &self,
        launch_template_id: &str,
        version: i64,
        template: &Template,
        tags: &Tags,
    ) -> GroupSpec {
        let mixed = (self.spot.is_some() || self.instance_types.len() > 1).then(|| {
            let all_on_demand = Spot {
                on_demand_base_capacity: 0,
                on_demand_percentage_above_base: 100,
                allocation_strategy: SpotAllocationStrategy::PriceCapacityOptimized,
            };
            let spot = self.spot.as_ref().unwrap_or(&all_on_demand);
            Mixed {
                instance_types: self.instance_types.clone(),
                on_demand_base_capacity: spot.on_demand_base_capacity,
                on_demand_percentage_above_base: spot.on_demand_percentage_above_base,
                spot_allocation_strategy: spot.allocation_strategy.as_str().to_owned(),
            }
        });
        GroupSpec {
            name: self.name.clone(),
            min_size: 0,
            max_size: self.max_size,
            launch: Launch { launch_template_id: launch_template_id.to_owned(), version, mixed },
            subnet_ids: self.subnet_ids.clone(),
            protected: true,
            health_check_grace_period_seconds: self.health_check_grace_period_seconds,
            maintenance: None,
            lifecycle_hooks: Vec::new(),
            tags: tags.clone(),
            instance_tags: template.instance_tags.clone(),
        }
    }

    /// The fleet as AWS reports it; what is gone has null ids.
    pub(super) fn with(
        mut self,
        clients: &Clients,
        group: Option<&AutoScalingGroup>,
        template: Option<&LaunchTemplate>,
        version: Option<&(i64, ResponseLaunchTemplateData)>,
    ) -> Self {
        let mut unexpected = Vec::new();
        let before = self.tags_all.get().cloned().unwrap_or_default();
        let reported = group.map(auto_scaling_group::tags_of);
        let reported = reported.or_else(|| template.map(|template| template.tags.clone()));
        (self.tags, self.tags_all) = clients.tags.read(reported.unwrap_or_default(), self.tags.as_ref());
        self.set_jobs();
        self.arn = group.and_then(|group| group.auto_scaling_group_arn()).map(str::to_owned).into();
        self.launch_template_id = template.map(|template| template.id.clone()).into();
        self.launch_template_version = Computed::null();
        if let Some((_, data)) = version {
            self.read_template(data, &before);
            unexpected.extend(launch_template::unexpected_settings(data));
        }
        if let Some(group) = group {
            self.read_group(group);
            unexpected.extend(auto_scaling_group::unexpected_settings(group, 0, true));
            let used = auto_scaling_group::launch_of(group).0;
            let number = used.and_then(|used| used.version()).and_then(|version| version.parse::<i64>().ok());
            let foreign = used.and_then(|used| used.launch_template_id())
                != template.map(|template| template.id.as_str());
            match (number, template) {
                (_, None) => {}
                (Some(number), Some(_)) if !foreign => self.launch_template_version = number.into(),
                (_, Some(_)) => unexpected.push("another launch template or version".to_owned()),
            }
        }
        self.unexpected_settings = unexpected.into();
        self
    }

    fn read_template(&mut self, data: &ResponseLaunchTemplateData, tags_before: &Tags) {
        self.image_id = data.image_id().unwrap_or_default().to_owned();
        let first = data.instance_type().map(|name| name.as_str().to_owned());
        self.instance_types = first.into_iter().chain(self.instance_types.drain(..).skip(1)).collect();
        keep_order(&mut self.security_group_ids, data.security_group_ids().to_vec());
        let profile = data.iam_instance_profile();
        self.instance_profile_arn = profile.and_then(|profile| profile.arn()).map(str::to_owned);
        let device = self.operating_system().root_device_name();
        let mapping = data.block_device_mappings().first();
        self.root_volume = mapping.and_then(|mapping| {
            RootVolume::from_mapping(mapping, self.root_volume.as_ref(), ROOT_VOLUME_GIB, device)
        });
        self.detailed_monitoring = launch_template::is_monitored(data);
        self.user_data_sha256 = data.user_data().and_then(sha256_of_base64).into();
        let all = self.tags_all.get().cloned().unwrap_or_default();
        let own = self.instance_tags.as_ref();
        let inherited = |key: &String, value: &String| {
            all.get(key) == Some(value)
                || tags_before.get(key) == Some(value)
                || key == "Name" && *value == self.name
        };
        let tags: Tags = launch_template::instance_tags(data)
            .into_iter()
            .filter(|(key, value)| own.is_some_and(|own| own.contains_key(key)) || !inherited(key, value))
            .collect();
        self.instance_tags = if tags.is_empty() && own.is_none() { None } else { Some(tags) };
    }

    fn read_group(&mut self, group: &AutoScalingGroup) {
        self.max_size = group.max_size().unwrap_or_default();
        self.health_check_grace_period_seconds = group.health_check_grace_period().unwrap_or_default();
        let subnets = group.vpc_zone_identifier().unwrap_or_default().split(',');
        keep_order(&mut self.subnet_ids, subnets.filter(|id| !id.is_empty()).map(str::to_owned).collect());
        match group.mixed_instances_policy() {
            None => {
                self.instance_types.truncate(1);
                self.spot = None;
            }
            Some(policy) => {
                let overrides = policy.launch_template().map(|template| template.overrides());
                let types = overrides.unwrap_or_default().iter();
                self.instance_types =
                    types.filter_map(|entry| entry.instance_type().map(str::to_owned)).collect();
                self.spot = spot_of(policy, self.spot.as_ref());
            }
        }
    }
}

/// Null means all on demand, and stays null where the policy says that.
fn spot_of(policy: &MixedInstancesPolicy, prior: Option<&Spot>) -> Option<Spot> {
    let distribution = policy.instances_distribution();
    let base = distribution.and_then(|shares| shares.on_demand_base_capacity()).unwrap_or(0);
    let above = distribution.and_then(|shares| shares.on_demand_percentage_above_base_capacity());
    let strategy = distribution.and_then(|shares| shares.spot_allocation_strategy());
    let spot = Spot {
        on_demand_base_capacity: base,
        on_demand_percentage_above_base: above.unwrap_or(100),
        allocation_strategy: strategy
            .and_then(|name| name.parse().ok())
            .unwrap_or(SpotAllocationStrategy::LowestPrice),
    };
    if prior.is_none() && spot.on_demand_percentage_above_base == 100 { None } else { Some(spot) }
}

/// AWS' order means nothing where ours is a permutation of it.
fn keep_order(ours: &mut Vec<String>, reported: Vec<String>) {
    let same = ours.len() == reported.len()
        && ours.iter().collect::<BTreeSet<_>>() == reported.iter().collect::<BTreeSet<_>>();
    if !same {
        *ours = reported;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_ours_as_long_as_the_members_are() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut ours = list(&["b", "a"]);
        keep_order(&mut ours, list(&["a", "b"]));
        assert_eq!(ours, list(&["b", "a"]));
        keep_order(&mut ours, list(&["a", "c"]));
        assert_eq!(ours, list(&["a", "c"]));
    }
}
