//! What each question is answered with, for people and as JSON.

use crate::fake::FakeDaemon;
use crate::fixtures;
use crate::program::{on_record, transcript};
use steep_ipc::Response;

/// Asks for people and with `--json`, each of a daemon of its own.
pub(crate) fn both(name: &str, response: &Response, arguments: &[&str]) {
    on_record!(name, transcript(&FakeDaemon::saying(response.clone()), arguments));
    let json = [arguments, &["--json"]].concat();
    let text = transcript(&FakeDaemon::saying(response.clone()), &json);
    on_record!(format!("{name}.json"), text);
}

#[test]
fn status_of_a_node_that_works() {
    both("status", &Response::Status(fixtures::status()), &["status"]);
}

#[test]
fn status_of_a_database_in_no_group() {
    both("status-fresh", &Response::Status(fixtures::fresh_status()), &["status"]);
}

#[test]
fn status_of_a_daemon_that_has_not_seen_postgresql_yet() {
    both("status-blind", &Response::Status(fixtures::blind_status()), &["status"]);
}

#[test]
fn status_of_a_node_in_trouble() {
    both("status-trouble", &Response::Status(fixtures::troubled_status()), &["status"]);
}

#[test]
fn health_that_is_critical_is_a_no() {
    both("health", &Response::Health(fixtures::healthy()), &["health"]);
    both("health-critical", &Response::Health(fixtures::unhealthy()), &["health"]);
}

#[test]
fn nodes() {
    both("node-list", &Response::Nodes(fixtures::nodes()), &["node", "list"]);
    both("node-list-none", &Response::Nodes(Vec::new()), &["node", "list"]);
    let status = Response::Status(fixtures::troubled_status());
    both("node-status", &status, &["node", "status"]);
    both("node-status-one", &status, &["node", "status", "berlin-1"]);
    both("node-status-unknown", &status, &["node", "status", "paris"]);
}

#[test]
fn commands_that_only_succeed() {
    let done = Response::Message { message: "what was done".into() };
    both("node-pause", &done, &["node", "pause"]);
    both("node-resume", &done, &["node", "resume"]);
    both("node-cancel", &done, &["node", "cancel"]);
    both("sub-enable", &done, &["sub", "enable", "cloud"]);
    both("sub-disable", &done, &["sub", "disable", "cloud"]);
}

#[test]
fn tables() {
    let tables = Response::Tables(fixtures::tables());
    both("table-list", &tables, &["table", "list"]);
    both("table-list-class", &tables, &["table", "list", "--class", "not_replicable"]);
}

#[test]
fn ranges() {
    let status = Response::Ranges(fixtures::ranges());
    both("range-status", &status, &["range", "status"]);
    both("range-status-one", &status, &["range", "status", "orders"]);
    both("range-status-unknown", &status, &["range", "status", "audit.log"]);
    both("range-status-none", &Response::Ranges(Default::default()), &["range", "status"]);
    let grants = Response::RangeGrants(fixtures::grants());
    both("range-history", &grants, &["range", "history"]);
    let some = ["range", "history", "public.orders", "--node", "hq", "--limit", "2"];
    both("range-history-some", &grants, &some);
    let none = Response::RangeGrants(Vec::new());
    both("range-history-none", &none, &["range", "history"]);
    both("range-expand-none", &none, &["range", "expand", "orders", "--ids", "5000"]);
    let one = Response::RangeGrants(fixtures::grants().drain(..1).collect());
    both("range-allocate", &one, &["range", "allocate", "public.orders"]);
    let forced = ["range", "allocate", "public.orders", "--size", "500", "--force"];
    both("range-allocate-forced", &one, &forced);
    both("range-release", &one, &["range", "release", "public.orders", "10001", "--yes"]);
}

#[test]
fn bypasses() {
    let done = Response::Message { message: "what was done".into() };
    both("range-bypass", &done, &["range", "bypass", "--enable", "--yes"]);
    let some = ["range", "bypass", "--enable", "--role", "loader", "--duration", "2h", "--yes"];
    both("range-bypass-some", &done, &some);
    both("range-bypass-disable", &done, &["range", "bypass", "--disable", "--role", "loader"]);
}

#[test]
fn conflicts() {
    let conflicts = Response::Conflicts(fixtures::conflicts());
    both("conflict-list", &conflicts, &["conflict", "list"]);
    let filtered = [
        "conflict",
        "list",
        "--state",
        "pending",
        "--table",
        "public.orders",
        "--type",
        "update-update",
        "--xid",
        "7",
        "--since",
        "2026-01-31T14:00:00Z",
        "--until",
        "2026-01-31T15:00:00+02:00",
        "--before-id",
        "43",
        "--limit",
        "2",
    ];
    both("conflict-list-filter", &conflicts, &filtered);
    both("conflict-list-none", &Response::Conflicts(Vec::new()), &["conflict", "list"]);
    both("conflict-show", &Response::Conflict(fixtures::conflict()), &["conflict", "show", "42"]);
}

#[test]
fn decisions() {
    let resolved = |dry_run| Response::Resolved {
        count: 1,
        dry_run,
        steps: vec!["public.orders (50432): the row of cloud stays".into()],
    };
    let decide = ["conflict", "resolve", "42", "--remote", "--reason", "shipped", "--force"];
    both("conflict-resolve", &resolved(false), &decide);
    let merge = ["conflict", "resolve", "42", "--merged", "{\"a\": 1}", "--dry-run"];
    both("conflict-resolve-merged", &resolved(true), &merge);
    both("conflict-revert", &resolved(false), &["conflict", "revert", "42", "--reason", "wrong"]);
    let bulk = ["conflict", "resolve-bulk", "--local", "--table", "public.orders", "--yes"];
    both("conflict-resolve-bulk", &resolved(false), &bulk);
    let dry = ["conflict", "resolve-bulk", "--remote", "--xid", "7", "--dry-run"];
    both("conflict-resolve-bulk-dry", &resolved(true), &dry);
}

#[test]
fn links() {
    let subscriptions = vec![fixtures::subscription(), fixtures::failing_subscription()];
    both("sub-status", &Response::Subscriptions(subscriptions), &["sub", "status"]);
    let slots = vec![fixtures::slot(), fixtures::idle_slot()];
    both("slot-status", &Response::Slots(slots), &["slot", "status"]);
}

#[test]
fn watching_shows_the_status_so_often() {
    let status = Response::Status(fixtures::status());
    both("watch", &status, &["watch", "--interval", "100ms", "--count", "2"]);
}

#[test]
fn colours_are_for_who_wants_them() {
    let daemon = FakeDaemon::saying(Response::Status(fixtures::troubled_status()));
    let home = tempfile::tempdir().unwrap();
    let status = |variable: &str| {
        let mut command = crate::program::command(home.path());
        command.args(["status", "--socket", daemon.path()]).env(variable, "1");
        crate::program::run(&mut command, &["status"])
    };
    on_record!("status-colours", status("CLICOLOR_FORCE"));
    let plain = status("NO_COLOR");
    assert!(!plain.contains('\x1b'), "{plain}");
}
