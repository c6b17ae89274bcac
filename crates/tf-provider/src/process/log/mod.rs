//! Logs for the host: one JSON object per line on standard error, in the form of hclog.
//!
//! Authors use `tracing` as anywhere else. Nothing below a warning is written unless one of these is set
//! to `trace`, `debug`, `info`, `warn`, `error` or `off`:
//!
//! | events of | first of |
//! |---|---|
//! | the provider | `TF_LOG_PROVIDER_<NAME>`, `TF_LOG_PROVIDER`, `TF_LOG` |
//! | this SDK | `TF_LOG_SDK`, `TF_LOG_PROVIDER`, `TF_LOG` |
//! | protocol calls ([`PROTO_TARGET`]) | `TF_LOG_SDK_PROTO`, and then as the SDK |
//!
//! Other crates never log below a warning: what HTTP and TLS libraries trace may hold credentials.

mod layer;
mod levels;
mod mask;

use std::io;
use std::panic;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

pub use self::mask::mask;

use self::layer::{HclogLayer, Modules};
use self::levels::Levels;
use super::ProcessOptions;

/// Target of events about protocol calls; the log shows it as the module `sdk.proto`.
pub const PROTO_TARGET: &str = "tf_provider::proto";

/// Target of everything else in this crate, which is the crate's name.
const SDK_TARGET: &str = "tf_provider";

/// Sends the events of this process to standard error, panics among them.
pub(super) fn install(options: &ProcessOptions) {
    let levels = Levels::read(|name| std::env::var(name).ok(), options.local_name());
    let modules =
        Modules { provider: options.local_name().to_owned(), provider_targets: provider_targets(options) };
    let targets = filter(&levels, &modules.provider_targets);
    let layer = HclogLayer::new(modules, io::stderr()).with_filter(targets);
    // A second logger exists only where an author installed one on purpose; that one stays.
    if tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).is_ok() {
        panic::set_hook(Box::new(log_panic));
    }
}

fn provider_targets(options: &ProcessOptions) -> Vec<String> {
    let binary = options.name.replace('-', "_");
    options.log_targets.iter().map(|&target| target.to_owned()).chain([binary]).collect()
}

fn filter(levels: &Levels, provider_targets: &[String]) -> Targets {
    let others = levels.provider.min(LevelFilter::WARN);
    Targets::new()
        .with_default(others)
        .with_target(SDK_TARGET, levels.sdk)
        .with_target(PROTO_TARGET, levels.proto)
        .with_targets(provider_targets.iter().map(|target| (target.clone(), levels.provider)))
}

/// A panic becomes one log line; the plain text of the default hook would arrive in pieces.
fn log_panic(info: &panic::PanicHookInfo<'_>) {
    let message = info.payload_as_str().unwrap_or("no message");
    let location = info.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(location, "panicked: {message}");
}
