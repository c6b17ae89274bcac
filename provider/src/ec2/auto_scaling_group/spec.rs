//! What an Auto Scaling group is to be, and how the API is told.

use aws_sdk_autoscaling::types;

use crate::tags::{OWN_PREFIX, Tags};

/// What a group starts instances from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// Id of the launch template.
    pub launch_template_id: String,
    /// Number of its version.
    pub version: i64,
    /// A mixed instances policy; without one the template's own type is started, on demand.
    pub mixed: Option<Mixed>,
}

/// A mixed instances policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mixed {
    /// Types of instances, the preferred first.
    pub instance_types: Vec<String>,
    /// On-demand instances before any spot instance.
    pub on_demand_base_capacity: i32,
    /// Share of on-demand instances above those, in percent.
    pub on_demand_percentage_above_base: i32,
    /// How spot capacity is chosen.
    pub spot_allocation_strategy: String,
}

/// Everything about a group except desired capacity, which belongs to whoever scales it.
#[derive(Clone, Debug)]
pub struct GroupSpec {
    /// Name.
    pub name: String,
    /// Fewest instances.
    pub min_size: i32,
    /// Most instances.
    pub max_size: i32,
    /// What instances are started from.
    pub launch: Launch,
    /// Ids of the subnets.
    pub subnet_ids: Vec<String>,
    /// Whether new instances are protected from scale-in.
    pub protected: bool,
    /// Seconds after the start in which a failed health check is ignored.
    pub health_check_grace_period_seconds: i32,
    /// Minimum and maximum healthy percentage; `None` for AWS' own behaviour.
    pub maintenance: Option<(i32, i32)>,
    /// Hooks there from the first launch on; only for create.
    pub lifecycle_hooks: Vec<types::LifecycleHookSpecification>,
    /// Tags of the group.
    pub tags: Tags,
    /// Tags that the launch template gives to instances: those of the group do not override them.
    pub instance_tags: Tags,
}

impl GroupSpec {
    pub(super) fn plain_template(&self) -> Option<types::LaunchTemplateSpecification> {
        self.launch.mixed.is_none().then(|| self.launch.template())
    }

    pub(super) fn mixed_policy(&self) -> Option<types::MixedInstancesPolicy> {
        let mixed = self.launch.mixed.as_ref()?;
        let overrides = mixed.instance_types.iter();
        let overrides = overrides
            .map(|name| types::LaunchTemplateOverrides::builder().instance_type(name).build())
            .collect();
        let distribution = types::InstancesDistribution::builder()
            .on_demand_allocation_strategy("prioritized")
            .on_demand_base_capacity(mixed.on_demand_base_capacity)
            .on_demand_percentage_above_base_capacity(mixed.on_demand_percentage_above_base)
            .spot_allocation_strategy(&mixed.spot_allocation_strategy)
            .build();
        let template = types::LaunchTemplate::builder()
            .launch_template_specification(self.launch.template())
            .set_overrides(Some(overrides))
            .build();
        let policy = types::MixedInstancesPolicy::builder();
        Some(policy.launch_template(template).instances_distribution(distribution).build())
    }

    /// `clear` is what takes a policy away that somebody else set.
    pub(super) fn maintenance_policy(
        &self,
        clear: Option<(i32, i32)>,
    ) -> Option<types::InstanceMaintenancePolicy> {
        self.maintenance.or(clear).map(|(minimum, maximum)| {
            types::InstanceMaintenancePolicy::builder()
                .min_healthy_percentage(minimum)
                .max_healthy_percentage(maximum)
                .build()
        })
    }

    pub(super) fn to_tags(&self, tags: &Tags) -> Vec<types::Tag> {
        // Instances bear no mark of the group's create.
        let propagates = |key: &String, value| {
            !key.starts_with(OWN_PREFIX) && self.instance_tags.get(key).is_none_or(|other| other == value)
        };
        tags.iter().map(|(key, value)| to_tag(&self.name, key, Some(value), propagates(key, value))).collect()
    }
}

impl Launch {
    fn template(&self) -> types::LaunchTemplateSpecification {
        types::LaunchTemplateSpecification::builder()
            .launch_template_id(&self.launch_template_id)
            .version(self.version.to_string())
            .build()
    }
}

pub(super) fn to_tag(group: &str, key: &str, value: Option<&String>, propagates: bool) -> types::Tag {
    types::Tag::builder()
        .resource_type("auto-scaling-group")
        .resource_id(group)
        .key(key)
        .set_value(value.cloned())
        .propagate_at_launch(propagates)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_that_instances_have_otherwise_is_not_propagated() {
        let spec = GroupSpec {
            name: "fleet".to_owned(),
            min_size: 0,
            max_size: 1,
            launch: Launch { launch_template_id: "lt-1".to_owned(), version: 1, mixed: None },
            subnet_ids: Vec::new(),
            protected: true,
            health_check_grace_period_seconds: 300,
            maintenance: None,
            lifecycle_hooks: Vec::new(),
            tags: Tags::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]),
            instance_tags: Tags::from([("a".to_owned(), "other".to_owned())]),
        };
        let propagated: Vec<_> =
            spec.to_tags(&spec.tags).iter().map(|tag| tag.propagate_at_launch()).collect();
        assert_eq!(propagated, [Some(false), Some(true)]);
    }
}
