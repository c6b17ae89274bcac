//! Copies between registry doubles: one file per theme.

#![allow(clippy::unwrap_used, reason = "tests, also outside of test functions")]

mod auth;
mod clients;
mod credentials_stay_home;
mod destination;
mod digest_survives;
mod each_request;
mod encrypted;
mod environment;
mod expiry;
mod faults;
mod mounts;
mod platforms;
mod rate_limit;
mod read;
mod read_through;
mod references;
mod referrers;
mod resume;
mod streaming;
mod support;
