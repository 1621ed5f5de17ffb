//! What changed from one status to the next.

use std::collections::BTreeMap;

use steep_ipc::{Check, Event, Level, NodeStatus};

/// What changed from one status to the next, in the order of the checks. From nothing to a first
/// status, only what is not well is told.
pub(super) fn between(before: Option<&NodeStatus>, now: &NodeStatus) -> Vec<Event> {
    let mut events = Vec::new();
    let at = &now.health.checked_at;
    let subject = now.node.as_deref().unwrap_or("this node");
    if before.is_some_and(|before| before.state != now.state) {
        let state = state_name(now);
        let message = format!("{subject} is {state}");
        events.push(event(at, "state_changed", subject, message));
    }
    let known: BTreeMap<_, _> = before
        .iter()
        .flat_map(|before| &before.health.checks)
        .map(|check| (check.name.as_str(), check.level))
        .collect();
    for check in &now.health.checks {
        if known.get(check.name.as_str()).copied().unwrap_or(Level::Ok) != check.level {
            events.push(event(at, "check_changed", &check.name, told(check)));
        }
    }
    events
}

/// An event of this moment.
pub(super) fn event(at: &str, kind: &str, subject: &str, message: String) -> Event {
    Event { at: at.to_owned(), kind: kind.to_owned(), subject: subject.to_owned(), message }
}

fn told(check: &Check) -> String {
    let level = match check.level {
        Level::Ok => "ok",
        Level::Warning => "warning",
        Level::Critical => "critical",
    };
    format!("{level}: {}", check.message)
}

fn state_name(status: &NodeStatus) -> &'static str {
    use steep_ipc::NodeState;
    match status.state {
        NodeState::PostgresAway => "without its PostgreSQL",
        NodeState::Uninitialized => "in no group",
        NodeState::Joining => "joining",
        NodeState::Online => "online",
        NodeState::Paused => "paused",
        NodeState::Leaving => "leaving",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use steep_ipc::{Health, NodeState};

    fn status(state: NodeState, levels: &[(&str, Level)]) -> NodeStatus {
        let check = |(name, level): &(&str, Level)| Check {
            name: (*name).to_owned(),
            level: *level,
            message: "so".to_owned(),
            hint: None,
        };
        NodeStatus {
            node: Some("a".into()),
            state,
            daemon_version: "0.1.0".into(),
            extension_version: None,
            postgres_version: None,
            known_at: None,
            uptime_seconds: 0,
            peers: Vec::new(),
            replicated_tables: 0,
            pending_conflicts: 0,
            health: Health {
                status: Level::Ok,
                node: None,
                checked_at: "now".into(),
                checks: levels.iter().map(check).collect(),
            },
            job: None,
        }
    }

    fn kinds(before: Option<&NodeStatus>, now: &NodeStatus) -> Vec<(String, String)> {
        between(before, now).into_iter().map(|event| (event.kind, event.subject)).collect()
    }

    #[test]
    fn only_changes_are_told() {
        let well = status(NodeState::Online, &[("postgres", Level::Ok)]);
        let away = status(NodeState::PostgresAway, &[("postgres", Level::Critical)]);
        assert_eq!(kinds(None, &well), []);
        assert_eq!(kinds(Some(&well), &well), []);
        let both = [
            ("state_changed".to_owned(), "a".to_owned()),
            ("check_changed".to_owned(), "postgres".to_owned()),
        ];
        assert_eq!(kinds(Some(&well), &away), both);
        assert_eq!(kinds(Some(&away), &well), both);
        assert_eq!(kinds(None, &away), [("check_changed".to_owned(), "postgres".to_owned())]);
    }
}
