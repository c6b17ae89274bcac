//! What refers to an image: signatures, attestations, bills of materials.

use oci_copy::{CancellationToken, CopyOptions, Error, Registry, RetryPolicy, Warning, copy_referrers};
use serde_json::Value;
use upstream_registry::{
    Behaviour, Effect, Fault, Image, ImageDigests, Operation, RateLimit, Registry as Double,
};

use crate::support::*;

const SBOM: &str = "application/spdx+json";
const SIGNATURE: &str = "application/vnd.example.signature";

/// Copies what refers to the image, and tells how it ended.
async fn refer(from: &Registry, by: &str, to: &Registry) -> (Report, Result<(), Error>) {
    let mut report = Report::default();
    let (options, cancel) = (CopyOptions::new(), CancellationToken::new());
    let ended =
        copy_referrers(from, ALPINE, &digest(by), to, MIRROR, &options, &(), &cancel, &mut report).await;
    (report, ended)
}

type Report = oci_copy::ReferrersReport;

/// An image of two platforms, at the source and at the destination.
async fn copied(from: &Double, to: &Double) -> ImageDigests {
    let made = from.add(ALPINE, "3.20", &Image::new(&PLATFORMS));
    copy(&anonymous(from), &made.digest, &ecr_client(to)).await.unwrap();
    from.clear_requests();
    to.clear_requests();
    made
}

/// As [`ecr`], without a referrers API.
async fn ecr_without_api() -> Double {
    let builder = Double::builder().behaviour(Behaviour::Ecr).basic_auth("AWS", "ecr-token");
    let double = builder.without_referrers_api().start().await.unwrap();
    double.create_repository(MIRROR);
    double
}

fn list_tag(subject: &str) -> String {
    subject.replacen(':', "-", 1)
}

fn entries(double: &Double, subject: &str) -> Vec<Value> {
    let index = double.manifest_bytes(MIRROR, &list_tag(subject)).expect("a list");
    let index: Value = serde_json::from_slice(&index).unwrap();
    index["manifests"].as_array().unwrap().clone()
}

/// Digests that the destination lists for a subject by its own API.
async fn listed(to: &Double, subject: &str) -> Vec<String> {
    let url = format!("{}/v2/{MIRROR}/referrers/{subject}", to.url());
    let client = reqwest::Client::builder().no_proxy().timeout(std::time::Duration::from_secs(10));
    let request = client.build().unwrap().get(url).basic_auth("AWS", Some("ecr-token"));
    let index: Value = serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap();
    let entries = index["manifests"].as_array().unwrap().iter();
    entries.map(|entry| entry["digest"].as_str().unwrap().to_owned()).collect()
}

fn assert_whole(from: &Double, to: &Double, artifact: &str) {
    let bytes = from.manifest_bytes(ALPINE, artifact).unwrap();
    assert_eq!(to.manifest_bytes(MIRROR, artifact).as_ref(), Some(&bytes), "{artifact}");
    let manifest: Value = serde_json::from_slice(&bytes).unwrap();
    for layer in manifest["layers"].as_array().unwrap() {
        assert!(to.has_blob(MIRROR, layer["digest"].as_str().unwrap()), "{artifact}: {layer}");
    }
}

fn strings(report: &Report) -> Vec<String> {
    let mut stored: Vec<String> = report.stored.iter().map(ToString::to_string).collect();
    stored.sort();
    stored
}

#[tokio::test]
async fn what_refers_to_index_child_and_signature_arrives_whichever_api_there_is() {
    for (source_api, destination_api) in [(true, true), (true, false), (false, true), (false, false)] {
        let case = format!("API at the source: {source_api}, at the destination: {destination_api}");
        let builder = Double::builder();
        let builder = if source_api { builder } else { builder.without_referrers_api() };
        let from = builder.start().await.unwrap();
        let to = if destination_api { ecr().await } else { ecr_without_api().await };
        let made = copied(&from, &to).await;
        let child = &made.manifests[1];
        let of_index = from.add_referrer(ALPINE, &made.digest, SIGNATURE);
        let of_child = from.add_referrer(ALPINE, child, SBOM);
        let of_sbom = from.add_referrer(ALPINE, &of_child, SIGNATURE);
        let cosign = from.add_cosign(ALPINE, &made.digest, "sig");
        let attested = from.add_cosign(ALPINE, child, "att");
        let (report, ended) = refer(&anonymous(&from), &made.digest, &ecr_client(&to)).await;
        ended.unwrap_or_else(|error| panic!("{case}: {error}"));

        for artifact in [&of_index, &of_child, &of_sbom, &cosign, &attested] {
            assert_whole(&from, &to, artifact);
        }
        let tags = [format!("{}.sig", list_tag(&made.digest)), format!("{}.att", list_tag(child))];
        assert_eq!([to.tag(MIRROR, &tags[0]), to.tag(MIRROR, &tags[1])], [Some(cosign), Some(attested)]);
        let mut expected = vec![of_index.clone(), of_child.clone(), of_sbom.clone()];
        expected.extend(tags);
        let subjects = [(&made.digest, &of_index), (child, &of_child), (&of_child, &of_sbom)];
        for (subject, artifact) in subjects {
            if destination_api {
                assert_eq!(listed(&to, subject).await, [artifact.as_str()], "{case}");
                assert_eq!(to.tag(MIRROR, &list_tag(subject)), None, "{case}: the registry lists it itself");
            } else {
                let entries = entries(&to, subject);
                assert_eq!(entries.len(), 1, "{case}: {entries:?}");
                assert_eq!(entries[0]["digest"], artifact.as_str(), "{case}");
                assert!(entries[0]["artifactType"].is_string(), "{case}: {entries:?}");
                assert!(entries[0]["annotations"]["example.number"].is_string(), "{case}: {entries:?}");
                expected.push(list_tag(subject));
            }
        }
        expected.sort();
        assert_eq!(strings(&report), expected, "{case}");
        assert_eq!((report.manifests_copied, report.warnings.len()), (5, 0), "{case}: {report:?}");
    }
}

#[tokio::test]
async fn second_copy_gets_nothing_from_the_source_and_writes_nothing() {
    for destination_api in [true, false] {
        let from = Double::builder().rate_limit(RateLimit::docker_hub(100)).start().await.unwrap();
        let to = if destination_api { ecr().await } else { ecr_without_api().await };
        let made = copied(&from, &to).await;
        from.add_referrer(ALPINE, &made.digest, SIGNATURE);
        from.add_cosign(ALPINE, &made.digest, "sig");
        let (source, destination) = (anonymous(&from), ecr_client(&to));
        let before = from.pulls();
        let (first, ended) = refer(&source, &made.digest, &destination).await;
        ended.unwrap();
        assert_eq!(from.pulls() - before, 2, "one for each artifact");
        to.clear_requests();
        let (second, ended) = refer(&source, &made.digest, &destination).await;
        ended.unwrap();
        assert_eq!(from.pulls() - before, 2);
        assert_eq!((to.count("PUT", "/"), to.count("POST", "/")), (0, 0));
        let mut there = strings(&second);
        if !destination_api {
            there.push(list_tag(&made.digest));
            there.sort();
        }
        assert_eq!((there, second.manifests_copied), (strings(&first), 0));
    }
}

#[tokio::test]
async fn list_at_the_destination_keeps_what_others_put_into_it() {
    let (from, to) = (upstream().await, ecr_without_api().await);
    let made = copied(&from, &to).await;
    let foreign = to.add_referrer(MIRROR, &made.digest, "application/vnd.example.review");
    let before = entries(&to, &made.digest);
    let ours = from.add_referrer(ALPINE, &made.digest, SIGNATURE);
    refer(&anonymous(&from), &made.digest, &ecr_client(&to)).await.1.unwrap();
    let after = entries(&to, &made.digest);
    assert_eq!((&after[0], after.len()), (&before[0], 2));
    assert_eq!([&after[0]["digest"], &after[1]["digest"]], [foreign.as_str(), ours.as_str()]);
}

#[tokio::test]
async fn artifact_that_is_there_but_not_in_the_list_comes_into_it() {
    let (from, to) = (upstream().await, ecr_without_api().await);
    let made = copied(&from, &to).await;
    let artifact = from.add_referrer(ALPINE, &made.digest, SIGNATURE);
    // The list is the last to be written: the copy ends before.
    let broken = Effect::Answer {
        status: 500,
        code: "UNKNOWN".to_owned(),
        message: "unknown error".to_owned(),
        retry_after: None,
    };
    to.inject(Fault::new(Operation::PutManifest, broken).skip(1));
    let once = client(&to)
        .credentials(oci_copy::Credentials::basic("AWS", "ecr-token"))
        .retry(RetryPolicy::default().with_attempts(1))
        .build()
        .unwrap();
    let (report, ended) = refer(&anonymous(&from), &made.digest, &once).await;
    assert!(matches!(ended, Err(Error::Registry { status: 500, .. })), "{ended:?}");
    assert_eq!(strings(&report), [artifact.as_str()], "what came so far is told");
    assert_eq!(to.tag(MIRROR, &list_tag(&made.digest)), None);
    to.clear_faults();
    refer(&anonymous(&from), &made.digest, &once).await.1.unwrap();
    assert_eq!(entries(&to, &made.digest)[0]["digest"], artifact.as_str());
}

#[tokio::test]
async fn long_lists_are_read_page_by_page_and_endless_ones_are_not() {
    for (page_size, referrers, complete) in [(2, 5, true), (1, 32, false)] {
        let from = Double::builder().page_size(page_size).start().await.unwrap();
        let to = ecr().await;
        let made = copied(&from, &to).await;
        for _ in 0..referrers {
            from.add_referrer(ALPINE, &made.manifests[0], SIGNATURE);
        }
        if !complete {
            from.add_referrer(ALPINE, &made.manifests[0], SIGNATURE);
        }
        let (report, ended) = refer(&anonymous(&from), &made.digest, &ecr_client(&to)).await;
        if complete {
            ended.unwrap();
            assert_eq!((report.stored.len(), listed(&to, &made.manifests[0]).await.len()), (5, 5));
        } else {
            assert!(matches!(ended, Err(Error::TooComplex(_))), "{ended:?}");
        }
    }
}

#[tokio::test]
async fn artifact_that_the_destination_refuses_is_a_warning_and_the_others_come() {
    let (from, to) = (upstream().await, ecr().await);
    let made = copied(&from, &to).await;
    let refused = from.add_referrer(ALPINE, &made.digest, "application/vnd.example.bundle+json;version=0.3");
    let taken = from.add_referrer(ALPINE, &made.digest, SIGNATURE);
    let (report, ended) = refer(&anonymous(&from), &made.digest, &ecr_client(&to)).await;
    ended.unwrap();
    assert_eq!(strings(&report), [taken.as_str()]);
    let [Warning::ReferrerRefused { subject, artifact, reason }] = report.warnings.as_slice() else {
        panic!("{report:?}")
    };
    assert_eq!((subject.to_string(), artifact), (made.digest.clone(), &refused));
    assert!(reason.contains("405") && reason.contains("UNSUPPORTED"), "{reason}");
    assert_eq!(listed(&to, &made.digest).await, [taken]);
}

#[tokio::test]
async fn artifact_that_the_source_lists_and_does_not_have_is_a_warning() {
    let from = Double::builder().without_referrers_api().start().await.unwrap();
    let to = ecr().await;
    let made = copied(&from, &to).await;
    let gone = from.add_referrer(ALPINE, &made.digest, SBOM);
    let kept = from.add_referrer(ALPINE, &made.digest, SIGNATURE);
    from.delete_manifest(ALPINE, &gone);
    let (report, ended) = refer(&anonymous(&from), &made.digest, &ecr_client(&to)).await;
    ended.unwrap();
    assert_eq!(strings(&report), [kept.as_str()]);
    assert!(
        matches!(&report.warnings[..], [Warning::ReferrerRefused { artifact, .. }] if *artifact == gone),
        "{report:?}"
    );
}

#[tokio::test]
async fn signature_made_anew_takes_the_tag_unless_the_destination_lets_it_not_move() {
    for immutable in [false, true] {
        let (from, to) = (upstream().await, ecr().await);
        let made = copied(&from, &to).await;
        let first = from.add_cosign(ALPINE, &made.digest, "sig");
        let tag = format!("{}.sig", list_tag(&made.digest));
        let (source, destination) = (anonymous(&from), ecr_client(&to));
        if immutable {
            to.make_tags_immutable(MIRROR);
        }
        refer(&source, &made.digest, &destination).await.1.unwrap();
        assert_eq!(to.tag(MIRROR, &tag).as_ref(), Some(&first));
        let again = from.add_cosign(ALPINE, &made.digest, "sig");
        let (report, ended) = refer(&source, &made.digest, &destination).await;
        ended.unwrap();
        let expected = if immutable { &first } else { &again };
        assert_eq!(to.tag(MIRROR, &tag).as_ref(), Some(expected));
        let warned = Warning::ReferrerTagImmutable { tag: tag.clone() };
        assert_eq!(report.warnings, if immutable { vec![warned] } else { vec![] });
    }
}

#[tokio::test]
async fn damaged_artifact_is_an_error_and_is_not_stored() {
    for operation in [Operation::GetManifest, Operation::GetBlob] {
        let (from, to) = (upstream().await, ecr().await);
        let made = copied(&from, &to).await;
        let artifact = from.add_referrer(ALPINE, &made.digest, SIGNATURE);
        from.inject(Fault::new(operation, Effect::Corrupt));
        let (report, ended) = refer(&anonymous(&from), &made.digest, &ecr_client(&to)).await;
        assert!(matches!(ended, Err(Error::DigestMismatch { .. })), "{operation:?}: {ended:?}");
        assert_eq!(report.stored, []);
        assert_eq!(to.manifest_bytes(MIRROR, &artifact), None);
        from.clear_faults();
        refer(&anonymous(&from), &made.digest, &ecr_client(&to)).await.1.unwrap();
        assert_whole(&from, &to, &artifact);
    }
}

#[tokio::test]
async fn chain_of_referrers_ends_at_the_third() {
    let (from, to) = (upstream().await, ecr().await);
    let made = copied(&from, &to).await;
    let mut chain = vec![made.digest.clone()];
    for _ in 0..4 {
        chain.push(from.add_referrer(ALPINE, chain.last().unwrap(), SIGNATURE));
    }
    let (report, ended) = refer(&anonymous(&from), &made.digest, &ecr_client(&to)).await;
    ended.unwrap();
    assert_eq!(report.manifests_copied, 3);
    assert!(to.manifest_bytes(MIRROR, &chain[3]).is_some());
    assert!(to.manifest_bytes(MIRROR, &chain[4]).is_none());
}

#[tokio::test]
async fn artifact_that_is_an_index_arrives_with_its_children() {
    let (from, to) = (upstream().await, ecr().await);
    let made = copied(&from, &to).await;
    let child = from.add_referrer(ALPINE, &made.manifests[0], SBOM);
    let bytes = from.manifest_bytes(ALPINE, &child).unwrap();
    let media_type = "application/vnd.oci.image.index.v1+json";
    let index = serde_json::json!({
        "schemaVersion": 2, "mediaType": media_type, "artifactType": SBOM,
        "manifests": [{"mediaType": from.manifest_media_type(ALPINE, &child), "digest": child, "size": bytes.len()}],
        "subject": {"mediaType": media_type, "digest": made.digest, "size": 2},
    });
    let index = from.add_manifest(ALPINE, None, media_type, index.to_string());
    refer(&anonymous(&from), &made.digest, &ecr_client(&to)).await.1.unwrap();
    assert_whole(&from, &to, &child);
    assert_eq!(listed(&to, &made.digest).await, [index]);
}

#[tokio::test]
async fn digest_of_all_referrers_changes_with_each_of_them_and_costs_no_pull() {
    for api in [true, false] {
        let builder = Double::builder().rate_limit(RateLimit::docker_hub(100));
        let builder = if api { builder } else { builder.without_referrers_api() };
        let from = builder.start().await.unwrap();
        let made = from.add(ALPINE, "3.20", &Image::new(&PLATFORMS));
        let source = anonymous(&from);
        let subject = digest(&made.digest);
        let mut told = vec![source.referrers_digest(ALPINE, &subject).await.unwrap()];
        assert_eq!(told[0], oci_copy::Digest::sha256(b""), "nothing refers to it");
        from.add_referrer(ALPINE, &made.digest, SIGNATURE);
        told.push(source.referrers_digest(ALPINE, &subject).await.unwrap());
        for suffix in ["sig", "att", "sbom", "sig"] {
            from.add_cosign(ALPINE, &made.digest, suffix);
            told.push(source.referrers_digest(ALPINE, &subject).await.unwrap());
        }
        from.add_referrer(ALPINE, &made.manifests[0], SIGNATURE);
        assert_eq!(source.referrers_digest(ALPINE, &subject).await.unwrap(), told[5], "of this image alone");
        told.sort();
        told.dedup();
        assert_eq!((told.len(), from.pulls()), (6, 0), "API: {api}");
    }
}
