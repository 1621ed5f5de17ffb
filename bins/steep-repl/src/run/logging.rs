//! The log, on standard error.

use steep_config::{Log, LogFormat, LogLevel};
use tracing_subscriber::EnvFilter;

/// From now on, what happens is logged. Of other people's libraries only warnings.
pub(super) fn init(log: &Log) {
    let level = match log.level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
        _ => "info",
    };
    let others = if level == "error" { "error" } else { "warn" };
    let ours = ["steep_repl", "steep_node", "steep_pg", "steep_ipc_tokio"];
    let ours: Vec<_> = ours.iter().map(|name| format!("{name}={level}")).collect();
    let filter = EnvFilter::new(format!("{others},{}", ours.join(",")));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second call, in a test, changes nothing.
    let _ = match log.format {
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).try_init(),
        _ => builder.with_ansi(false).with_target(false).try_init(),
    };
}
