//! Mistakes in the arguments are told before the daemon is asked.

use crate::fake::FakeDaemon;
use crate::program::{on_record, transcript};
use steep_ipc::Response;

#[test]
fn mistakes_are_told_with_what_is_allowed() {
    for (name, arguments) in [
        ("no-such-command", &["statsu"][..]),
        ("no-such-flag", &["status", "--jsno"]),
        ("missing", &["node", "add"]),
        ("no-choice", &["conflict", "resolve", "1"]),
        ("two-choices", &["conflict", "resolve", "1", "--local", "--remote"]),
        ("no-number", &["conflict", "show", "first"]),
        ("no-address", &["node", "add", "http://db2:5433"]),
        ("no-node", &["node", "remove", "-x", "--yes"]),
        ("no-strategy", &["table", "add", "a.b", "--strategy", "newest"]),
        ("no-time", &["conflict", "list", "--since", "yesterday"]),
        ("no-limit", &["conflict", "list", "--limit", "0"]),
        ("no-filter", &["conflict", "resolve-bulk", "--local", "--yes"]),
        ("no-row", &["conflict", "resolve", "1", "--merged", "[1]"]),
        ("no-file", &["conflict", "resolve", "1", "--merged", "@/nowhere/row.json"]),
        ("order-alone", &["table", "add", "a.b", "--node-order", "a"]),
        ("no-bypass", &["range", "bypass"]),
        ("bypass-both", &["range", "bypass", "--enable", "--disable"]),
        ("bypass-no-end", &["range", "bypass", "--disable", "--duration", "1h"]),
        ("bypass-too-long", &["range", "bypass", "--enable", "--duration", "90d"]),
        ("no-range-size", &["range", "allocate", "a.b", "--size", "0"]),
        ("no-interval", &["watch", "--interval", "1ms"]),
    ] {
        let daemon = FakeDaemon::saying(Response::Nodes(Vec::new()));
        let text = transcript(&daemon, arguments);
        assert!(text.contains("--- exit 2\n"), "{text}");
        assert_eq!(daemon.asked(), "");
        // What the system says of a file differs from system to system.
        if name != "no-file" {
            on_record!(format!("usage-{name}"), text);
        }
    }
}
