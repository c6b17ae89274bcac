//! Limits: those that are waited out, and Docker Hub's, which is not.

use std::time::{Duration, Instant};

use oci_copy::Error;
use upstream_registry::{Effect, Fault, Operation, RateLimit, Registry as Double};

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

/// What Docker Hub says to who pulls too much.
fn used_up(retry_after: Option<u64>) -> Fault {
    let message = "You have reached your unauthenticated pull rate limit.".to_owned();
    let (code, retry_after) = ("TOOMANYREQUESTS".to_owned(), retry_after.map(|seconds| seconds.to_string()));
    Fault::new(Operation::GetManifest, Effect::Answer { status: 429, code, message, retry_after })
}

#[tokio::test]
async fn copy_that_the_pull_limit_does_not_allow_pulls_the_index_alone() {
    for (allowed, pulls) in [(0, 0), (2, 1), (3, 3)] {
        let from = Double::builder().rate_limit(RateLimit::docker_hub(allowed)).start().await.unwrap();
        let to = ecr().await;
        let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
        let copied = copy(&anonymous(&from), &made.digest, &ecr_client(&to)).await;
        assert_eq!(from.count("GET", "/manifests/"), pulls, "{allowed} are allowed");
        if allowed == 3 {
            copied.unwrap();
            assert_eq!(to.tag(MIRROR, "3.20"), Some(made.digest));
            continue;
        }
        let Error::PullLimitTooLow { needed, limit, .. } = copied.unwrap_err() else { panic!("{allowed}") };
        assert_eq!((needed, limit.remaining), if allowed == 0 { (1, Some(0)) } else { (2, Some(1)) });
        assert_eq!((limit.limit, limit.window), (Some(allowed), Some(Duration::from_secs(21_600))));
        assert_eq!(limit.source.as_deref(), Some("127.0.0.1"));
        assert_eq!(to.tag(MIRROR, "3.20"), None);
    }
}

#[tokio::test]
async fn what_the_destination_has_needs_nothing_of_the_pull_limit() {
    let from = Double::builder().rate_limit(RateLimit::docker_hub(3)).start().await.unwrap();
    let to = ecr().await;
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    copy(&anonymous(&from), &made.digest, &ecr_client(&to)).await.unwrap();
    let again = copy(&anonymous(&from), &made.digest, &ecr_client(&to)).await.unwrap();
    assert_eq!(
        (again.manifests_copied, from.pulls()),
        (0, 3),
        "the limit is used up, and it does not matter"
    );
}

#[tokio::test]
async fn after_a_used_up_pull_limit_nobody_pulls() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    from.inject(used_up(None).times(1));
    let source = anonymous(&from);
    for _ in 0..3 {
        let error = copy(&source, &made.digest, &ecr_client(&to)).await.unwrap_err();
        assert!(matches!(&error, Error::RateLimited { pull_limit: Some(_), .. }), "{error}");
        assert_eq!(from.count("GET", "/manifests/"), 1);
    }
    // Another login, or another process, has a limit of its own.
    copy(&anonymous(&from), &made.digest, &ecr_client(&to)).await.unwrap();
}

#[tokio::test]
async fn all_wait_for_a_pull_limit_that_comes_back_in_minutes() {
    let (from, to) = (upstream().await, ecr().await);
    let (first, second) =
        (from.add_image(ALPINE, "3.20", &PLATFORMS), from.add_image(ALPINE, "3", &["linux/s390x"]));
    from.inject(used_up(Some(1)).times(1));
    let (source, destination, started) = (anonymous(&from), ecr_client(&to), Instant::now());
    let other = async {
        while from.count("GET", "/manifests/") == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let before = started.elapsed();
        copy(&source, &second.digest, &destination).await.unwrap();
        (before, started.elapsed())
    };
    let both = async { tokio::join!(copy(&source, &first.digest, &destination), other) };
    let (copied, (before, after)) = tokio::time::timeout(Duration::from_secs(30), both).await.unwrap();
    copied.unwrap();
    assert!(after >= Duration::from_secs(1), "it began after {before:?} and ended after {after:?}");
    let refused = from.requests().into_iter().filter(|request| request.status == 429).count();
    assert_eq!(refused, 1, "nobody else tried");
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
