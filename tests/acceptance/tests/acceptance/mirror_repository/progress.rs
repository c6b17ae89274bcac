//! What the log says of a copy that takes its time.

use acceptance::{Account, Fault, FaultKind, Workspace};
use upstream_registry::Image;

use super::{NAME, REPOSITORY, docker_hub, mirror};

#[test]
fn log_tells_bytes_and_rate_while_a_copy_goes_on_and_bytes_at_its_end() {
    let (account, upstream) = (Account::new(), docker_hub());
    let made = upstream.add(REPOSITORY, "v3", &Image::new(&["linux/amd64"]).layer_size(100_000));
    // Longer than the time between two reports.
    let slow = FaultKind::Latency { milliseconds: 2_000 };
    account.inject(Fault::once("registry", "CompleteBlobUpload", slow));
    let mut workspace = Workspace::new(&account);
    workspace.environment("TF_LOG", "INFO");
    workspace.config(&mirror(&upstream, &["v3"]));
    let run = workspace.apply();
    run.expect_success();
    let lines = |text: &str| -> Vec<&str> {
        let of_copy = |line: &&str| line.contains(text) && line.contains(&format!("repository={NAME}"));
        run.stderr().lines().filter(of_copy).collect()
    };
    let number = |line: &str, name: &str| -> u64 {
        let value = line.split(&format!(" {name}=")).nth(1).unwrap_or_else(|| panic!("no {name} in: {line}"));
        let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or_else(|error| panic!("{error}: {line}"))
    };
    let progress = lines(": copying:");
    assert!(!progress.is_empty(), "no progress in the log: {}", run.stderr());
    for line in &progress {
        let bytes = number(line, "bytes");
        assert!(bytes > 0 && bytes <= made.blob_bytes, "{line}");
        assert!(number(line, "bytes_per_second") > 0, "{line}");
    }
    let ends = lines(": copied:");
    assert_eq!(ends.len(), 1, "{ends:?}");
    assert_eq!(number(ends[0], "bytes"), made.blob_bytes);
}
