//! A `tracing` layer that writes hclog lines.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::mask::masked;
use super::{PROTO_TARGET, SDK_TARGET};

/// Hosts cut lines at 64 KiB, which would spoil the JSON.
const MAX_LINE_BYTES: usize = 60 * 1024;
/// A longer text is cut; even with every byte escaped, one text fits into a line.
const MAX_TEXT_BYTES: usize = 8 * 1024;
/// Hosts insist on exactly six digits of the second.
const TIMESTAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

type Fields = Map<String, Value>;

/// Writes events with the fields of their spans, one line each, in a single write.
pub(super) struct HclogLayer<W> {
    modules: Modules,
    output: Mutex<W>,
}

/// Names of modules in the log.
pub(super) struct Modules {
    /// Local name of the provider.
    pub(super) provider: String,
    /// Crates that belong to the provider.
    pub(super) provider_targets: Vec<String>,
}

impl<W: Write> HclogLayer<W> {
    pub(super) fn new(modules: Modules, output: W) -> Self {
        Self { modules, output: Mutex::new(output) }
    }

    fn write(&self, line: &str) -> io::Result<()> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes())
    }
}

impl<S, W> Layer<S> for HclogLayer<W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: Write + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut visitor = Visitor::default();
            attributes.record(&mut visitor);
            span.extensions_mut().insert(visitor.fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut visitor = Visitor::default();
            values.record(&mut visitor);
            if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
                fields.extend(visitor.fields);
            }
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::new();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(inherited) = span.extensions().get::<Fields>() {
                fields.extend(inherited.clone());
            }
        }
        let mut visitor = Visitor::default();
        event.record(&mut visitor);
        fields.extend(visitor.fields);
        let metadata = event.metadata();
        let line = line(
            *metadata.level(),
            &visitor.message,
            &self.modules.name(metadata.target()),
            OffsetDateTime::now_utc(),
            fields,
        );
        // A host that no longer reads its plugin's log is no reason to fail.
        let _ = self.write(&line);
    }
}

impl Modules {
    fn name(&self, target: &str) -> String {
        if is_within(target, PROTO_TARGET) {
            "sdk.proto".to_owned()
        } else if is_within(target, SDK_TARGET) {
            "sdk".to_owned()
        } else if self.provider_targets.iter().any(|provider| is_within(target, provider)) {
            self.provider.clone()
        } else {
            target.replace("::", ".")
        }
    }
}

/// Whether `target` is `module` or inside it.
fn is_within(target: &str, module: &str) -> bool {
    target.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// One line of log with its line end; fields that do not fit are left out.
fn line(level: Level, message: &str, module: &str, now: OffsetDateTime, mut fields: Fields) -> String {
    let mut basic = Fields::new();
    // Hosts panic if one of these is no string.
    basic.insert("@level".into(), level.as_str().to_lowercase().into());
    basic.insert("@message".into(), text(message));
    basic.insert("@module".into(), text(module));
    // A time can be formatted unless its year has five digits.
    basic.insert("@timestamp".into(), now.format(TIMESTAMP).unwrap_or_default().into());
    fields.extend(basic.clone());
    let mut line = Value::Object(fields).to_string();
    if line.len() >= MAX_LINE_BYTES {
        basic.insert("fields_dropped_bytes".into(), line.len().into());
        line = Value::Object(basic).to_string();
    }
    line.push('\n');
    line
}

/// A string without secrets and of bounded length.
fn text(value: &str) -> Value {
    let masked = masked(value);
    if masked.len() <= MAX_TEXT_BYTES {
        return masked.into();
    }
    let kept = &masked[..masked.floor_char_boundary(MAX_TEXT_BYTES)];
    format!("{kept}… ({} bytes more)", masked.len() - kept.len()).into()
}

/// Collects the message and the other fields.
#[derive(Default)]
struct Visitor {
    message: String,
    fields: Fields,
}

impl Visitor {
    fn insert(&mut self, field: &Field, value: Value) {
        // Keys with an at sign are the host's.
        self.fields.insert(field.name().trim_start_matches('@').to_owned(), value);
    }
}

impl Visit for Visitor {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.insert(field, text(&format!("{value:?}")));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.insert(field, text(value));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Output(Arc<Mutex<Vec<u8>>>);

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines that `log` leads to.
    fn lines(log: impl FnOnce()) -> Vec<Fields> {
        let output = Output::default();
        let modules = Modules { provider: "cloud".into(), provider_targets: vec!["cloud_api".into()] };
        let layer = HclogLayer::new(modules, output.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let bytes = output.0.lock().unwrap().clone();
        let lines: Vec<_> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
        assert!(lines.iter().all(|line| line.len() <= 64 * 1024));
        lines.into_iter().map(|line| serde_json::from_slice(line).unwrap()).collect()
    }

    #[test]
    fn event_carries_level_message_module_and_fields() {
        let lines =
            lines(|| tracing::info!(target: "cloud_api::vm", count = 3, ok = true, name = "x", "hello"));
        assert_eq!(lines[0]["@level"], "info");
        assert_eq!(lines[0]["@message"], "hello");
        assert_eq!(lines[0]["@module"], "cloud");
        assert_eq!(
            (&lines[0]["count"], &lines[0]["ok"], &lines[0]["name"]),
            (&3.into(), &true.into(), &"x".into())
        );
    }

    #[test]
    fn timestamp_has_six_digits_of_the_second() {
        let now = OffsetDateTime::from_unix_timestamp(0).unwrap();
        let line = line(Level::INFO, "", "", now, Fields::new());
        assert!(line.contains(r#""@timestamp":"1970-01-01T00:00:00.000000Z""#), "{line}");
    }

    #[test]
    fn fields_named_like_the_hosts_own_leave_them_strings() {
        let lines = lines(|| tracing::warn!({ "@level" = 1, "@timestamp" = 2, message = 5 }, "real"));
        for key in ["@level", "@message", "@timestamp", "@module"] {
            assert!(lines[0][key].is_string(), "{key}: {lines:?}");
        }
    }

    #[test]
    fn fields_of_enclosing_spans_are_inherited() {
        let lines = lines(|| {
            let outer = tracing::info_span!(
                "rpc",
                tf_rpc = "ReadResource",
                tf_req_id = 1,
                late = tracing::field::Empty
            );
            let _outer = outer.enter();
            outer.record("late", "value");
            let _inner = tracing::info_span!("step", tf_req_id = 2).entered();
            tracing::info!("inside");
        });
        assert_eq!(lines[0]["tf_rpc"], "ReadResource");
        assert_eq!(lines[0]["tf_req_id"], 2);
        assert_eq!(lines[0]["late"], "value");
    }

    #[test]
    fn long_texts_are_cut_and_lines_stay_short() {
        let long = "\u{1}".repeat(100_000);
        let lines = lines(|| {
            tracing::info!("{long}");
            tracing::info!(a = long, b = long, "many");
        });
        assert!(lines[0]["@message"].as_str().unwrap().ends_with("bytes more)"));
        assert_eq!(lines[1]["@message"], "many");
        assert!(lines[1].contains_key("fields_dropped_bytes"));
    }

    #[test]
    fn secrets_are_masked_in_message_fields_and_spans() {
        super::super::mask("layer-test-secret");
        let lines = lines(|| {
            let _span = tracing::info_span!("s", token = "layer-test-secret").entered();
            tracing::info!(header = ?Some("layer-test-secret"), "got layer-test-secret");
        });
        assert!(!format!("{lines:?}").contains("layer-test-secret"), "{lines:?}");
        assert_eq!(lines[0]["@message"], "got ***");
    }

    #[test]
    fn module_names_stop_at_path_borders() {
        let modules = Modules { provider: "cloud".into(), provider_targets: vec!["cloud_api".into()] };
        assert_eq!(modules.name("tf_provider::proto"), "sdk.proto");
        assert_eq!(modules.name("tf_provider::process::tls"), "sdk");
        assert_eq!(modules.name("cloud_api_mock::x"), "cloud_api_mock.x");
    }
}
