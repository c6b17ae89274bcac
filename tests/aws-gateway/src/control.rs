//! Control over HTTP, for tests in another process: `/_gateway/calls`, `/_gateway/faults`, `/_gateway/clock`.
//!
//! - `GET /_gateway/calls?account=A` answers the list of [`crate::Call`].
//! - `POST /_gateway/faults?account=A` takes a [`Fault`]; `GET` lists those not used up, `DELETE` drops them.
//! - `POST /_gateway/clock` takes `{"advance_seconds": N}`.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::request::Parts;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::gateway::Shared;
use crate::reply::{self, Reply};

#[derive(Deserialize)]
struct Advance {
    advance_seconds: u64,
}

pub(crate) fn handle(shared: &Shared, parts: &Parts, body: &Bytes) -> Reply {
    let account = parts.uri.query().and_then(|query| {
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "account")
            .map(|(_, value)| value.into_owned())
    });
    match (&parts.method, parts.uri.path(), account) {
        (&Method::GET, "/_gateway/ready", _) => reply::raw(200, "application/json", "{}"),
        (&Method::GET, "/_gateway/calls", Some(account)) => answer(&shared.calls.of(&account)),
        (&Method::GET, "/_gateway/faults", Some(account)) => answer(&shared.faults.of(&account)),
        (&Method::DELETE, "/_gateway/faults", Some(account)) => {
            shared.faults.clear(&account);
            reply::raw(200, "application/json", "{}")
        }
        (&Method::POST, "/_gateway/faults", Some(account)) => match serde_json::from_slice::<Fault>(body) {
            Ok(fault) => {
                shared.faults.inject(&account, fault);
                reply::raw(200, "application/json", "{}")
            }
            Err(error) => refuse(400, &error.to_string()),
        },
        (&Method::POST, "/_gateway/clock", _) => match serde_json::from_slice::<Advance>(body) {
            Ok(advance) => {
                shared.clock.advance(Duration::from_secs(advance.advance_seconds));
                reply::raw(200, "application/json", "{}")
            }
            Err(error) => refuse(400, &error.to_string()),
        },
        (_, "/_gateway/calls" | "/_gateway/faults", None) => {
            refuse(400, "the query parameter account is missing")
        }
        _ => refuse(404, "no such control path or method"),
    }
}

fn answer<T: Serialize>(value: &T) -> Reply {
    match serde_json::to_string(value) {
        Ok(text) => reply::raw(200, "application/json", text),
        Err(error) => refuse(500, &error.to_string()),
    }
}

fn refuse(status: u16, message: &str) -> Reply {
    reply::raw(status, "application/json", serde_json::json!({"message": message}).to_string())
}
