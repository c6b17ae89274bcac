//! The calls about ephemeral resources.

use std::time::SystemTime;

use bytes::Bytes;
use serde_json::Value;
use tf_provider::proto::tfplugin6 as pb;

use super::answer::{Opened, Renewed};
use super::diagnostic::Diagnostics;
use super::{Server, answer, capabilities};

impl Server {
    /// ValidateEphemeralResourceConfig.
    pub async fn validate_ephemeral(&self, type_name: &str, config: Value) -> Diagnostics {
        let shape = self.schemas.ephemeral(type_name);
        let request = pb::validate_ephemeral_resource_config::Request {
            type_name: type_name.to_owned(),
            config: shape.sent(&shape.config(&config)),
        };
        let response = self.client().validate_ephemeral_resource_config(request).await;
        Diagnostics::from(answer("ValidateEphemeralResourceConfig", response).diagnostics)
    }

    /// OpenEphemeralResource.
    pub async fn open_ephemeral(&self, type_name: &str, config: Value) -> Opened {
        let shape = self.schemas.ephemeral(type_name);
        let request = pb::open_ephemeral_resource::Request {
            type_name: type_name.to_owned(),
            config: shape.sent(&shape.config(&config)),
            client_capabilities: capabilities(),
        };
        let response = answer("OpenEphemeralResource", self.client().open_ephemeral_resource(request).await);
        Opened {
            value: shape.told(response.result),
            renew_at: response.renew_at.map(time),
            private: response.private,
            diagnostics: Diagnostics::from(response.diagnostics),
        }
    }

    /// RenewEphemeralResource, with what opening or the last renewal left.
    pub async fn renew_ephemeral(&self, type_name: &str, private: Option<Bytes>) -> Renewed {
        let request = pb::renew_ephemeral_resource::Request { type_name: type_name.to_owned(), private };
        let response = self.client().renew_ephemeral_resource(request).await;
        let response = answer("RenewEphemeralResource", response);
        Renewed {
            renew_at: response.renew_at.map(time),
            private: response.private,
            diagnostics: Diagnostics::from(response.diagnostics),
        }
    }

    /// CloseEphemeralResource, with what opening left.
    pub async fn close_ephemeral(&self, type_name: &str, private: Option<Bytes>) -> Diagnostics {
        let request = pb::close_ephemeral_resource::Request { type_name: type_name.to_owned(), private };
        let response = self.client().close_ephemeral_resource(request).await;
        Diagnostics::from(answer("CloseEphemeralResource", response).diagnostics)
    }
}

fn time(timestamp: prost_types::Timestamp) -> SystemTime {
    match SystemTime::try_from(timestamp) {
        Ok(time) => time,
        Err(error) => panic!("a time to renew at that is none: {error}"),
    }
}
