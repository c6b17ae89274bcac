//! Items 13, 20 and 32: calls that are cut short, panic, or carry much.

use std::time::Duration;

use bytes::Bytes;
use tf_provider::proto::tfplugin6::{self as pb, DynamicValue};
use tokio::time::{Instant, timeout};

use crate::support::client::{Presents, ping};
use crate::support::probe::{LIMIT, Probe};

#[tokio::test]
async fn item_13_stop_cuts_running_calls_short_and_service_goes_on() {
    let probe = Probe::by_host().start().await;
    let provider = probe.provider().await;
    // Twice, since a stop must not cancel what begins after it.
    for _ in 0..2 {
        let mut applying = provider.clone();
        let mut apply = tokio::spawn(async move {
            applying.apply_resource_change(pb::apply_resource_change::Request::default()).await
        });
        let deadline = Instant::now() + LIMIT;
        // The first stop may overtake the apply.
        let answer = loop {
            let stopped = provider.clone().stop_provider(pb::stop_provider::Request {}).await.unwrap();
            assert_eq!(stopped.get_ref().error, "");
            match timeout(Duration::from_millis(50), &mut apply).await {
                Ok(answer) => break answer.unwrap().unwrap(),
                Err(_) => assert!(Instant::now() < deadline, "apply went on"),
            }
        };
        assert_eq!(answer.get_ref().new_state.as_ref().unwrap().msgpack, b"\xa7partial".as_slice());
    }
    provider.clone().get_provider_schema(pb::get_provider_schema::Request {}).await.unwrap();
}

#[tokio::test]
async fn item_20_process_outlives_a_panic() {
    let probe = Probe::by_host().start().await;
    let mut provider = probe.provider().await;
    provider.read_data_source(pb::read_data_source::Request::default()).await.unwrap_err();
    provider.get_provider_schema(pb::get_provider_schema::Request {}).await.unwrap();
    ping(probe.connect(Presents::Plaintext).await.unwrap()).await.unwrap();
    let stderr = probe.terminate().await.stderr;
    assert!(stderr.contains("panicked: a bug of the author"), "{stderr}");
}

#[tokio::test]
async fn item_32_values_of_64_mib_pass_in_both_directions() {
    let probe = Probe::by_host().start().await;
    let mut provider = probe.provider().await.max_decoding_message_size(256 << 20);
    for mib in [8, 64] {
        let sent = DynamicValue { msgpack: Bytes::from(vec![b'x'; mib << 20]), json: Bytes::new() };
        let request = pb::read_resource::Request { current_state: Some(sent.clone()), ..Default::default() };
        let answer = provider.read_resource(request).await.unwrap().into_inner();
        assert!(answer.new_state == Some(sent), "{mib} MiB");
    }
}
