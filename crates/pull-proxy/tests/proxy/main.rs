//! The daemon as a process, between doubles of ECR, of Docker Hub, and clients of all sorts.

#![allow(clippy::unwrap_used, reason = "tests, also outside of test functions")]

mod gateway;
mod support;

mod blobs;
mod client_headers;
mod clients;
mod configuration;
mod credentials;
mod dashboard;
mod failures;
mod manifests;
mod names;
mod operations;
mod push;
mod redirects;
mod units;
