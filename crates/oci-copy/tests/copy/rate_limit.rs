//! Limits: those that are waited out, and Docker Hub's, which is not.

use std::time::{Duration, Instant};

use oci_copy::Error;
use upstream_registry::{Fault, Operation, RateLimit, Registry as Double};

use crate::support::*;

#[tokio::test]
async fn retry_after_is_waited_for() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    from.inject(Fault::too_many_requests(Operation::GetManifest, Some(1)).times(1));
    let started = Instant::now();
    copy(&anonymous(&from), &made.digest, &ecr_client(&to)).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(to.tag(MIRROR, "3.20"), Some(made.digest));
}

#[tokio::test]
async fn request_limit_without_retry_after_is_backed_off_from() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    from.inject(Fault::too_many_requests(Operation::GetManifest, None).times(2));
    from.inject(Fault::too_many_requests(Operation::GetBlob, None).times(2));
    to.inject(Fault::too_many_requests(Operation::PutManifest, None).times(2));
    copy(&anonymous(&from), &made.digest, &ecr_client(&to)).await.unwrap();
    assert_eq!(to.tag(MIRROR, "3.20"), Some(made.digest));
}

#[tokio::test]
async fn used_up_pull_limit_fails_at_once_and_says_whose_it_is() {
    let from = Double::builder().rate_limit(RateLimit::docker_hub(2)).start().await.unwrap();
    let to = ecr().await;
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    let source = anonymous(&from);
    let error = copy(&source, &made.digest, &ecr_client(&to)).await.unwrap_err();
    let Error::RateLimited { pull_limit: Some(limit), .. } = &error else { panic!("{error}") };
    assert_eq!((limit.limit, limit.remaining), (Some(2), Some(0)));
    assert_eq!(limit.window, Some(Duration::from_secs(21_600)));
    assert_eq!(limit.source.as_deref(), Some("127.0.0.1"));
    // Index and two children: the third GET was refused and not repeated.
    assert_eq!(from.count("GET", "/manifests/"), 3);
    assert_eq!(to.tag(MIRROR, "3.20"), None);
}

#[tokio::test]
async fn head_and_reading_the_limit_cost_no_pull() {
    let from = Double::builder().rate_limit(RateLimit::docker_hub(100)).start().await.unwrap();
    from.add_image(ALPINE, "3.20", &PLATFORMS);
    let source = anonymous(&from);
    for _ in 0..3 {
        source.head_manifest(ALPINE, &tag("3.20")).await.unwrap().unwrap();
    }
    let left = source.pull_limit(ALPINE, &tag("3.20")).await.unwrap().unwrap();
    assert_eq!(left.remaining, Some(100));
    source.get_manifest(ALPINE, &tag("3.20")).await.unwrap();
    let left = source.pull_limit(ALPINE, &tag("3.20")).await.unwrap().unwrap();
    assert_eq!(left.remaining, Some(99));
}

#[tokio::test]
async fn manifests_are_put_no_faster_than_the_destination_takes_them() {
    let (from, to) = (upstream().await, ecr().await);
    let platforms: Vec<String> = (0..14).map(|number| format!("linux/arch{number}")).collect();
    let platforms: Vec<&str> = platforms.iter().map(String::as_str).collect();
    let made = from.add_image(ALPINE, "3.20", &platforms);
    copy(&anonymous(&from), &made.digest, &ecr_client(&to)).await.unwrap();
    let refused = to.requests().into_iter().filter(|request| request.status == 429).count();
    assert_eq!(refused, 0);
    assert_eq!(to.count("PUT", "/manifests/"), 15);
}
