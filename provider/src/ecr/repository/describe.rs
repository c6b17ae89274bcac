//! Describing repositories: those that are asked for at the same time in one call.
//! AWS: DescribeRepositories (Amazon ECR API reference).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_ecr::types::Repository;

use crate::batch::Batch;
use crate::clients::Clients;
use crate::diagnostics::Failure;

/// Names that one DescribeRepositories call takes.
const NAMES_PER_CALL: usize = 100;
const NOT_FOUND: &str = "RepositoryNotFoundException";

/// What ECR says about repositories, by name; those that are not there are absent.
type Answers = Arc<BTreeMap<String, Result<Repository, Failure>>>;

/// Brings together who wants to know about repositories at the same time.
#[derive(Debug)]
pub struct Descriptions(Batch<Answers>);

impl Default for Descriptions {
    fn default() -> Self {
        Descriptions(Batch::new(NAMES_PER_CALL))
    }
}

/// What ECR says about the repository called `name`, if there is one.
pub(super) async fn describe(clients: &Clients, name: &str) -> Result<Option<Repository>, Failure> {
    clients
        .descriptions
        .0
        .ask(name, |names| all(clients.ecr.clone(), names))
        .await
        .get(name)
        .cloned()
        .transpose()
}

/// One name that is not there, or that may not be seen, fails the whole call: then the halves are asked for.
async fn all(ecr: aws_sdk_ecr::Client, names: BTreeSet<String>) -> Answers {
    let mut answers = BTreeMap::new();
    let mut calls: Vec<Vec<String>> = vec![names.into_iter().collect()];
    while let Some(mut names) = calls.pop() {
        let sent = ecr.describe_repositories().set_repository_names(Some(names.clone())).send().await;
        match sent.map_err(|error| Failure::of("ECR", &error)) {
            Ok(answer) => {
                let found = answer.repositories.unwrap_or_default().into_iter();
                answers.extend(found.filter_map(|found| Some((found.repository_name.clone()?, Ok(found)))));
            }
            Err(failure) if names.len() > 1 && failure.is(&[NOT_FOUND, "AccessDeniedException"]) => {
                calls.push(names.split_off(names.len() / 2));
                calls.push(names);
            }
            Err(failure) if failure.is(&[NOT_FOUND]) => {}
            Err(failure) => answers.extend(names.into_iter().map(|name| (name, Err(failure.clone())))),
        }
    }
    Arc::new(answers)
}
