//! What a plan can tell: computed attributes, the instances' checksum, and whether the purchase mix changes.

use tf_provider::schema::Convert;
use tf_provider::{ModifyPlan, PlanContext, Value};

use super::{Spot, WorkerFleet, unsendable};
use crate::ec2::launch_template;
use crate::runner::boot::{JobSettings, PullProxy, Setup, worker};

/// What a version of the launch template is made of.
const TEMPLATE_ATTRIBUTES: [&str; 11] = [
    "image_id",
    "instance_types",
    "security_group_ids",
    "instance_profile_arn",
    "root_volume",
    "setup",
    "pull_proxy",
    "instance_tags",
    "detailed_monitoring",
    "user_data_sha256",
    "tags_all",
];

impl ModifyPlan for WorkerFleet {
    fn modify_plan(plan: &mut PlanContext<'_, Self>) {
        if let Some(clients) = plan.client() {
            plan.planned.tags_all = clients.tags.plan(&plan.planned.tags);
        }
        plan.planned.ready_command = Value::Known(worker::ready_command());
        plan.planned.unexpected_settings = Value::Known(Vec::new());
        let jobs = JobSettings::from_plan(&plan.planned.pull_proxy);
        plan.planned.job_volumes = texts(jobs.as_ref().map(|jobs| jobs.volumes.clone()));
        plan.planned.job_environment = texts(jobs.map(|jobs| jobs.environment));
        let setup = Setup::from_plan(&plan.planned.setup);
        let proxy = PullProxy::from_plan(&plan.planned.pull_proxy);
        plan.planned.user_data_sha256 = match (setup, proxy) {
            (Some(setup), Some(proxy)) => match worker::bundle(&setup, proxy.as_ref()).user_data() {
                Ok(data) => Value::Known(data.sha256()),
                Err(error) => {
                    plan.report(unsendable(&error, ""));
                    Value::Unknown
                }
            },
            _ => Value::Unknown,
        };
        let Some(prior) = plan.prior else { return };
        // What is gone comes back under another id.
        if prior.arn.get().is_none() {
            plan.planned.arn = Value::Unknown;
        }
        if prior.launch_template_id.get().is_none() {
            plan.planned.launch_template_id = Value::Unknown;
        }
        let version = prior.launch_template_version.get();
        plan.planned.launch_template_version = launch_template::planned_version(
            version.filter(|_| prior.unexpected_settings.get().is_none_or(Vec::is_empty)),
            &TEMPLATE_ATTRIBUTES,
            &prior.to_raw(),
            &plan.planned.to_raw(),
        );
        refuse_new_purchase_mix(plan, prior);
    }
}

/// Unknown for none.
fn texts(known: Option<Vec<String>>) -> Value<Vec<Value<String>>> {
    known.map_or(Value::Unknown, |texts| Value::Known(texts.into_iter().map(Value::Known).collect()))
}

/// With another purchase mix AWS would replace running instances, and the jobs on them.
fn refuse_new_purchase_mix(plan: &mut PlanContext<'_, WorkerFleet>, prior: &WorkerFleet) {
    let share = |spot: &Spot| (spot.on_demand_base_capacity, spot.on_demand_percentage_above_base);
    let same_spot = match (&prior.spot, &plan.planned.spot) {
        (None, Value::Null) => true,
        (Some(prior), Value::Known(planned)) => {
            planned.on_demand_base_capacity.known().copied() == Some(share(prior).0)
                && planned.on_demand_percentage_above_base.known().copied() == Some(share(prior).1)
        }
        _ => false,
    };
    if !same_spot {
        plan.requires_replace("spot");
    }
    if let (None, Value::Known(types)) = (&prior.spot, &plan.planned.instance_types)
        && (types.len() > 1) != (prior.instance_types.len() > 1)
    {
        plan.requires_replace("instance_types");
    }
}
