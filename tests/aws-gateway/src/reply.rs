//! Answers, and errors in the wire form of each service.
//!
//! Source: AWS protocols awsJson1_1, awsQuery, ec2Query and restXml; OCI distribution-spec, "Error codes".

use axum::body::Body;
use http::{Response, StatusCode, header};
use serde_json::{Value, json};

/// Answer of the gateway or of an emulator.
pub(crate) type Reply = Response<Body>;

/// Error code and message of an AWS service, or of the OCI error list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub(crate) struct ServiceError {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl ServiceError {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { status: 400, code: code.to_owned(), message: message.into() }
    }

    pub(crate) fn with_status(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, ..Self::new(code, message) }
    }

    /// An emulator did not answer, or not as expected: our fault, never the caller's.
    pub(crate) fn server(message: impl Into<String>) -> Self {
        Self::with_status(500, "ServerException", message)
    }
}

/// How a service writes an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Json,
    Query,
    Ec2,
    RestXml,
    Registry,
}

impl Protocol {
    fn of(service: &str) -> Self {
        match service {
            "ec2" => Self::Ec2,
            // Upstream's blob host is object storage too.
            "s3" | "upstream" => Self::RestXml,
            "registry" => Self::Registry,
            "iam" | "sts" | "autoscaling" | "elasticloadbalancing" | "cloudformation" | "rds" => Self::Query,
            _ => Self::Json,
        }
    }
}

/// The error as `service` writes it.
pub(crate) fn error(service: &str, error: &ServiceError) -> Reply {
    let ServiceError { status, code, message } = error;
    let id = request_id();
    let text = escape(message);
    let (media_type, body) = match Protocol::of(service) {
        Protocol::Json => {
            ("application/x-amz-json-1.1", json!({"__type": code, "message": message}).to_string())
        }
        Protocol::Registry => (
            "application/json",
            json!({"errors": [{"code": code, "message": message, "detail": {}}]}).to_string(),
        ),
        Protocol::Query => {
            let fault = if *status < 500 { "Sender" } else { "Receiver" };
            (
                "text/xml",
                format!(
                    "<ErrorResponse><Error><Type>{fault}</Type><Code>{code}</Code><Message>{text}</Message>\
                     </Error><RequestId>{id}</RequestId></ErrorResponse>"
                ),
            )
        }
        Protocol::Ec2 => (
            "text/xml",
            format!(
                "<Response><Errors><Error><Code>{code}</Code><Message>{text}</Message></Error></Errors>\
                 <RequestID>{id}</RequestID></Response>"
            ),
        ),
        Protocol::RestXml => (
            "application/xml",
            format!("<Error><Code>{code}</Code><Message>{text}</Message><RequestId>{id}</RequestId></Error>"),
        ),
    };
    let mut reply = raw(*status, media_type, body);
    if let Ok(value) = id.parse() {
        reply.headers_mut().insert("x-amzn-requestid", value);
    }
    reply
}

/// A successful answer of a JSON service.
pub(crate) fn json(body: &Value) -> Reply {
    let mut reply = raw(200, "application/x-amz-json-1.1", body.to_string());
    if let Ok(value) = request_id().parse() {
        reply.headers_mut().insert("x-amzn-requestid", value);
    }
    reply
}

/// An answer with a complete body.
pub(crate) fn raw(status: u16, media_type: &'static str, body: impl Into<Body>) -> Reply {
    let mut reply = Response::new(body.into());
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    reply.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(media_type));
    reply
}

/// A request id in AWS's shape; unique within the process.
fn request_id() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("00000000-0000-4000-8000-{:012x}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
