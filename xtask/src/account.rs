//! A listing of an AWS account: everything that an example could leave behind.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::aws_cli::AwsCli;

/// One kind of object and the AWS CLI call that lists the identifiers of all of them.
struct Kind {
    name: &'static str,
    command: &'static [&'static str],
    query: &'static str,
}

const KINDS: &[Kind] = &[
    Kind {
        name: "ECR repositories",
        command: &["ecr", "describe-repositories"],
        query: "repositories[].repositoryName",
    },
    Kind {
        name: "pull through cache rules",
        command: &["ecr", "describe-pull-through-cache-rules"],
        query: "pullThroughCacheRules[].ecrRepositoryPrefix",
    },
    Kind {
        name: "repository creation templates",
        command: &["ecr", "describe-repository-creation-templates"],
        query: "repositoryCreationTemplates[].prefix",
    },
    Kind { name: "IAM roles", command: &["iam", "list-roles"], query: "Roles[].RoleName" },
    Kind {
        name: "IAM policies",
        command: &["iam", "list-policies", "--scope", "Local"],
        query: "Policies[].PolicyName",
    },
    Kind {
        name: "instance profiles",
        command: &["iam", "list-instance-profiles"],
        query: "InstanceProfiles[].InstanceProfileName",
    },
    Kind {
        name: "launch templates",
        command: &["ec2", "describe-launch-templates"],
        query: "LaunchTemplates[].LaunchTemplateName",
    },
    Kind {
        name: "Auto Scaling groups",
        command: &["autoscaling", "describe-auto-scaling-groups"],
        query: "AutoScalingGroups[].AutoScalingGroupName",
    },
    Kind {
        name: "instances",
        command: &[
            "ec2",
            "describe-instances",
            "--filters",
            "Name=instance-state-name,Values=pending,running,stopping,stopped",
        ],
        query: "Reservations[].Instances[].InstanceId",
    },
    Kind {
        name: "security groups",
        command: &["ec2", "describe-security-groups"],
        query: "SecurityGroups[].GroupName",
    },
    // The emulator lists AWS' public parameters too, once one of them was read.
    Kind {
        name: "SSM parameters",
        command: &["ssm", "describe-parameters"],
        query: "Parameters[?!starts_with(Name, '/aws/')].Name",
    },
    Kind { name: "log groups", command: &["logs", "describe-log-groups"], query: "logGroups[].logGroupName" },
    Kind { name: "S3 buckets", command: &["s3api", "list-buckets"], query: "Buckets[].Name" },
    Kind { name: "secrets", command: &["secretsmanager", "list-secrets"], query: "SecretList[].Name" },
];

/// What an account holds: identifiers by kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Listing(BTreeMap<&'static str, BTreeSet<String>>);

impl Listing {
    /// Asks AWS for everything.
    pub(crate) fn of(aws: &AwsCli) -> Result<Self> {
        let commands: Vec<Vec<&str>> =
            KINDS.iter().map(|kind| [kind.command, &["--query", kind.query]].concat()).collect();
        let mut listing = BTreeMap::new();
        for (kind, answer) in KINDS.iter().zip(aws.json_all(&commands)?) {
            listing.insert(kind.name, identifiers(answer).with_context(|| format!("listing {}", kind.name))?);
        }
        Ok(Self(listing))
    }

    /// What is in this listing and was not in `before`; kinds with nothing new are left out.
    pub(crate) fn since(&self, before: &Self) -> Listing {
        let new = self.0.iter().filter_map(|(kind, identifiers)| {
            let old = before.0.get(kind);
            let new: BTreeSet<String> = identifiers
                .iter()
                .filter(|identifier| !old.is_some_and(|old| old.contains(*identifier)))
                .cloned()
                .collect();
            (!new.is_empty()).then_some((*kind, new))
        });
        Self(new.collect())
    }

    /// Kinds with their identifiers.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = (&'static str, &BTreeSet<String>)> {
        self.0.iter().map(|(kind, identifiers)| (*kind, identifiers))
    }

    /// Identifiers of one kind.
    pub(crate) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.0.get(kind).into_iter().flatten().map(String::as_str)
    }

    /// How many objects there are.
    pub(crate) fn len(&self) -> usize {
        self.0.values().map(BTreeSet::len).sum()
    }

    /// How many kinds were looked at.
    pub(crate) fn kind_count() -> usize {
        KINDS.len()
    }
}

fn identifiers(answer: Value) -> Result<BTreeSet<String>> {
    match answer {
        Value::Null => Ok(BTreeSet::new()),
        Value::Array(values) => values
            .into_iter()
            .map(|value| match value {
                Value::String(text) => Ok(text),
                other => bail!("expected a name, got {other}"),
            })
            .collect(),
        other => bail!("expected a list, got {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(kind: &'static str, identifiers: &[&str]) -> Listing {
        Listing(BTreeMap::from([(kind, identifiers.iter().map(|&text| text.to_owned()).collect())]))
    }

    #[test]
    fn difference_holds_only_what_is_new() {
        let before = listing("IAM roles", &["a"]);
        let after = listing("IAM roles", &["a", "b"]);
        assert_eq!(after.since(&before), listing("IAM roles", &["b"]));
        assert_eq!(before.since(&after), Listing::default());
        assert_eq!(after.since(&before).len(), 1);
    }

    #[test]
    fn answer_that_is_no_list_of_names_is_an_error() {
        assert_eq!(identifiers(Value::Null).unwrap().len(), 0);
        assert_eq!(identifiers(serde_json::json!(["a", "b"])).unwrap().len(), 2);
        assert!(identifiers(serde_json::json!([null])).is_err());
        assert!(identifiers(serde_json::json!({"a": 1})).is_err());
    }
}
