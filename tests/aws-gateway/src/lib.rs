//! One address in front of two AWS emulators, for tests and the demo.
//!
//! The provider, the AWS CLI and the tests talk to a [`Gateway`]. It reads service, region and account from
//! the credential scope of the request's signature and routes to the emulator that is closer to AWS for that
//! service: ECR (with its registry) and S3 to ministack, everything else to moto. What neither has, it
//! answers itself: pull through cache rules, repository creation templates, the pull-through itself, and the
//! strictness of ECR's `/v2/`. It records every call, and injects faults on demand.
//!
//! Simplifications, all deliberate:
//! - A signature is **not verified**; only its credential scope is read. A request without one is refused with
//!   403 in the service's own form.
//! - An access key of 12 digits is the account. A key issued by AssumeRole belongs to the role's account. Every
//!   other key belongs to [`DEFAULT_ACCOUNT`].
//! - IAM policies are not evaluated, but for the session policy of AssumeRole, for ECR and its registry.
//! - A registry token ends with the session that asked for it. Whether ECR's does is not documented.
//! - A repository whose name has a part `blobs`, `manifests` or `tags` is out of reach below `/v2/` (ministack).
//! - A pull-through import is finished before the first answer. Where ECR sends the client of a first pull to
//!   upstream for its blobs, the gateway does so on demand ([`GatewayBuilder::first_pull_redirects`]).
//!
//! What ECR's `/v2/` does otherwise than the specification, and the test that fails when our client no longer minds it
//! (`gateway` is `tests/gateway` here, `copy` is `crates/oci-copy/tests/copy`, the rest is `tests/acceptance`):
//!
//! | ECR | our way round it | test |
//! |---|---|---|
//! | a pull-through imports by tag alone, a digest first is 404 | HEAD by tag, then copy by that digest | gateway `oci_copy::image_of_a_pull_through_is_found_by_tag_copied_by_digest_and_never_by_digest_first` |
//! | the first blobs come from upstream's host | redirects are followed without Authorization | the same; with skopeo and dockerd `client_pulls` |
//! | a signed address takes no Authorization and no HEAD | neither is sent there | the same; copy `credentials_stay_home::stores_that_refuse_a_second_authorization_work` |
//! | no digest header on GET | the body is hashed | the same; copy `resume::second_copy_copies_nothing_and_costs_no_pull` |
//! | PATCH is 201 with a stuck `Range`, uploads cannot be read, a restart is 416, a small part is refused | one PUT, and a new POST after any failure | gateway `oci_copy::upload_is_one_put_and_after_a_failure_a_new_post`; copy `resume::connection_cut_in_the_middle_of_a_blob_is_made_good_within_the_same_copy` |
//! | a refused mount is 202 | its upload is gone on with | gateway `oci_copy::upload_is_one_put_and_after_a_failure_a_new_post`; copy `destination::blobs_are_mounted_where_the_registry_allows_it` |
//! | a manifest is converted for who does not name its type | all four types are named in `Accept` | gateway `oci_copy::manifest_is_never_converted_for_us` |
//! | TAG_INVALID for an immutable tag, with an equal digest too | HEAD first, and no PUT when equal | gateway, the first; copy `destination::immutable_tag_is_kept_when_equal_and_an_error_when_not` |
//! | `n` above 1000 is 405, `Link` is opaque, tags are unsorted | `n=1000`, and the link as it is | gateway `oci_copy::tags_are_read_over_all_pages_by_the_links_alone` |
//! | a blob of no bytes is refused | an error that says so | gateway `oci_copy::blob_of_no_bytes_is_refused_with_its_digest`; copy `destination::blob_of_no_bytes_is_named_where_the_registry_refuses_it` |
//! | 400 for a token of another region | an image of another region's registry is refused before it is asked | `image::ecr_of_another_account_or_region_is_refused_before_it_is_asked` |
//! | 429 above ten PutImage in a second | eight in a second for each registry | gateway `oci_copy::manifests_are_put_no_faster_than_ecr_takes_them`; copy `rate_limit` |
//!
//! Reading order: [`Emulators`] (the children), [`Gateway`] (the listener), `dispatch` (one request's way), `ecr`
//! (API actions), `registry` (`/v2/`),
//! `moto` (corrections of the other services).

mod calls;
mod clock;
mod control;
mod dispatch;
mod ecr;
mod emulators;
mod fault;
mod forward;
mod gateway;
mod identity;
mod moto;
mod registry;
mod reply;
mod session_policy;
mod store;
mod sts;
mod tagging;
mod upstreams;

pub use calls::Call;
pub use clock::Clock;
pub use emulators::{Emulators, EmulatorsError};
pub use fault::{Fault, FaultKind};
pub use gateway::{Gateway, GatewayBuilder, GatewayError};

/// Account of an access key that is neither 12 digits nor issued by AssumeRole.
pub const DEFAULT_ACCOUNT: &str = "123456789012";
