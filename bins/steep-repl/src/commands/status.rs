//! `steep-repl status`

use std::path::Path;

use steep_ipc::{Exit, Level, NodeState, NodeStatus, Request, Response};

use super::ask::ask;
use crate::error::Error;
use crate::service::{self, Installed};
use crate::{exit_of, say};

pub(super) fn execute(
    config: Option<&Path>,
    level: steep_ipc_tokio::Level,
    json: bool,
) -> Result<Exit, Error> {
    let loaded = super::load(config)?;
    let service = service::installed(level);
    let answer = ask(&loaded.config, &Request::Status);
    let daemon = match answer {
        Ok(Response::Status(status)) => Ok(status),
        Ok(_) => Err(Error::Answer),
        Err(error) => Err(error),
    };
    if json {
        let daemon = daemon.as_ref().ok();
        say(&serde_json::json!({ "service": service.as_str(), "daemon": daemon }).to_string());
    } else {
        tell(service, daemon.as_ref().ok());
    }
    let status = daemon?;
    let is_well = status.state != NodeState::PostgresAway && status.health.status < Level::Critical;
    Ok(exit_of(is_well))
}

fn tell(service: Installed, daemon: Option<&NodeStatus>) {
    say(&format!("service:    {}", service.as_str()));
    let Some(status) = daemon else { return say("daemon:     does not answer") };
    // Since the daemon started PostgreSQL has not been seen.
    let is_unknown = status.state == NodeState::PostgresAway && status.known_at.is_none();
    let or = |none| if is_unknown { "unknown (PostgreSQL is away)" } else { none };
    let version = &status.daemon_version;
    say(&format!("daemon:     {version}, up for {} s", status.uptime_seconds));
    let postgres = status.postgres_version.as_deref().unwrap_or("unknown");
    let reach = match status.state {
        NodeState::PostgresAway => "cannot be reached",
        _ => "connected",
    };
    say(&format!("PostgreSQL: {postgres}, {reach}"));
    let extension = status.extension_version.as_deref().unwrap_or(or("not created"));
    say(&format!("extension:  {extension}"));
    say(&format!("node:       {}", status.node.as_deref().unwrap_or(or("in no group"))));
    for check in status.health.checks.iter().filter(|check| check.level > Level::Ok) {
        say(&format!(
            "{:<11} {}: {}",
            format!("{}:", level(check.level)),
            check.name,
            check.message
        ));
        if let Some(hint) = &check.hint {
            say(&format!("{:<11} {hint}", "hint:"));
        }
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Ok => "ok",
        Level::Warning => "warning",
        Level::Critical => "critical",
    }
}
