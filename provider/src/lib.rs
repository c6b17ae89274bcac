//! The Terraform provider `ecrunner`: autoscaling GitLab runners on AWS that pull from the team's own ECR.
//!
//! `provider` holds the provider block and the register of everything offered; one file per object below `ecr`,
//! `iam`, `ec2`, `runner` and `s3`; `clients` and `diagnostics` are the only places that know how AWS is reached and how its
//! errors are told.

pub mod arn;
pub mod batch;
pub mod clients;
pub mod creating;
pub mod diagnostics;
pub mod ec2;
pub mod ecr;
pub mod functions;
pub mod iam;
pub mod identity;
pub mod listing;
pub mod planned;
pub mod provider;
pub mod registries;
pub mod registry_auth;
pub mod retry;
pub mod runner;
pub mod s3;
pub mod snapshot;
pub mod tags;
