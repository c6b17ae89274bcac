//! Wire types, clients and servers, generated from `proto/` by the build script.
//!
//! Field meaning stands in the `.proto` files. Bytes are [`bytes::Bytes`], maps are
//! [`std::collections::BTreeMap`]. Clients are generated too, for tests that speak to a provider.

/// Terraform plugin protocol 6.11 (`proto/tfplugin6.proto`).
pub mod tfplugin6 {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::all,
        clippy::allow_attributes_without_reason,
        clippy::cast_lossless,
        clippy::cast_possible_truncation,
        clippy::missing_errors_doc,
        rustdoc::invalid_html_tags,
        reason = "generated code"
    )]
    tonic::include_proto!("tfplugin6");
}

/// Services of the plugin host: shutdown, standard streams, broker (`proto/plugin.proto`).
pub mod plugin {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::all,
        clippy::allow_attributes_without_reason,
        clippy::missing_errors_doc,
        reason = "generated code"
    )]
    tonic::include_proto!("plugin");
}

/// Health checks of gRPC (`proto/health.proto`).
pub mod health {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::all,
        clippy::allow_attributes_without_reason,
        clippy::missing_errors_doc,
        reason = "generated code"
    )]
    tonic::include_proto!("grpc.health.v1");
}
