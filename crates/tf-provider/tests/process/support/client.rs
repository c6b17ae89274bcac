//! A host's side of the connection.

use anyhow::{Context as _, Result};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};
use tf_provider::proto::health::health_check_response::ServingStatus;
use tf_provider::proto::health::{HealthCheckRequest, health_client::HealthClient};
use tf_provider::proto::tfplugin6::provider_client::ProviderClient;
use tokio::time::timeout;
use tonic::transport::Channel;

use super::certificates::Identity;
use super::connection::{channel, client_config};
use super::probe::{LIMIT, Running};

/// Both TLS versions that hosts use.
pub(crate) const TLS_VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// What a client presents of itself.
#[derive(Clone, Copy)]
pub(crate) enum Presents<'a> {
    Plaintext,
    /// TLS, but no certificate.
    Nothing,
    Certificate(&'a Identity),
}

impl Running {
    /// Connects as the host would, with the latest TLS.
    pub(crate) async fn connect(&self, presents: Presents<'_>) -> Result<Channel> {
        self.connect_over(presents, &TLS13).await
    }

    /// Connects with one TLS version.
    pub(crate) async fn connect_over(
        &self,
        presents: Presents<'_>,
        version: &'static SupportedProtocolVersion,
    ) -> Result<Channel> {
        let tls = match presents {
            Presents::Plaintext => None,
            Presents::Nothing => Some(client_config(self.certificate(), None, version)),
            Presents::Certificate(identity) => {
                Some(client_config(self.certificate(), Some(identity), version))
            }
        };
        channel(self.socket(), tls).await
    }

    /// A client of the provider, for tests of processes without TLS.
    pub(crate) async fn provider(&self) -> ProviderClient<Channel> {
        ProviderClient::new(self.connect(Presents::Plaintext).await.unwrap())
    }

    /// Whether a client that presents this is served.
    pub(crate) async fn serves(
        &self,
        presents: Presents<'_>,
        version: &'static SupportedProtocolVersion,
    ) -> Result<()> {
        // With TLS 1.3 a client hears of its refusal only after its side of the handshake.
        ping(self.connect_over(presents, version).await?).await
    }
}

/// Checks the health of the plugin, as go-plugin's Ping does.
pub(crate) async fn ping(channel: Channel) -> Result<()> {
    let request = HealthCheckRequest { service: "plugin".into() };
    let answer = timeout(LIMIT, HealthClient::new(channel).check(request)).await.context("no answer")??;
    anyhow::ensure!(answer.get_ref().status == i32::from(ServingStatus::Serving));
    Ok(())
}
