//! A daemon that is away, of another release, or no daemon at all.

use crate::fake::{FakeDaemon, endpoint_in};
use crate::fixtures;
use crate::program::{command, on_record, run};
use steep_ipc::Response;

fn ask(path: &str) -> String {
    let home = tempfile::tempdir().expect("a temporary folder");
    let text = run(command(home.path()).args(["status", "--socket", path]), &["status"]);
    text.replace(path, "[SOCKET]")
}

#[test]
fn a_daemon_that_is_away_is_unreachable_with_the_way_to_start_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    on_record!("away", ask(&endpoint_in(&folder)));
}

#[test]
fn the_endpoint_comes_from_the_configuration() {
    let daemon = FakeDaemon::saying(Response::Status(fixtures::status()));
    let home = tempfile::tempdir().expect("a temporary folder");
    let mut command = command(home.path());
    command.arg("status").env("STEEP_REPLICATION__IPC__PATH", daemon.path());
    let text = run(&mut command, &["status"]);
    assert!(text.contains("--- exit 0"), "{text}");
}

#[test]
fn a_watch_that_finds_no_daemon_ends() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (home, path) = (tempfile::tempdir().expect("a temporary folder"), endpoint_in(&folder));
    let text = run(command(home.path()).args(["watch", "--socket", &path]), &["watch"]);
    assert!(text.contains("--- exit 3"), "{text}");
}

#[test]
fn a_watch_tells_of_a_look_that_failed_and_goes_on() {
    use crate::fake::Script;
    for (name, json) in [("watch-trouble", None), ("watch-trouble.json", Some("--json"))] {
        let daemon = FakeDaemon::start(|_, number| match number {
            2 => Script::from(steep_ipc::Failure::transient("PostgreSQL is away")),
            _ => Response::Status(fixtures::fresh_status()).into(),
        });
        let arguments = ["watch", "--interval", "100ms", "--count", "3"];
        let arguments: Vec<_> = arguments.into_iter().chain(json).collect();
        on_record!(name, crate::program::transcript(&daemon, &arguments));
    }
}

/// A server that says `bytes` to whoever comes.
#[cfg(unix)]
fn saying(bytes: Vec<u8>, test: impl FnOnce(&str)) {
    use std::io::{Read, Write};
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = endpoint_in(&folder);
    let listener = std::os::unix::net::UnixListener::bind(&path).expect("a free path");
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        stream.write_all(&bytes).expect("a client that reads");
        stream.shutdown(std::net::Shutdown::Write).expect("an open stream");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    test(&path);
    server.join().expect("a server that does not panic");
}

#[test]
#[cfg(unix)]
fn a_daemon_of_another_release_says_so() {
    use steep_ipc::{Failure, MAX_REPLY, Reply, encode};
    let refusal =
        Failure::operator("the client speaks version 1 of the protocol, the daemon version 2")
            .with_hint("use a client and a daemon of the same release; the client is older");
    let frame = encode(&Reply::Failed(refusal), MAX_REPLY).unwrap();
    saying(frame, |path| on_record!("other-release", ask(path)));
}

#[test]
#[cfg(unix)]
fn what_is_no_daemon_is_told() {
    let garbage = b"HTTP/1.1 400 Bad Request\r\n\r\n\x1b[2J".to_vec();
    saying(garbage, |path| on_record!("no-daemon", ask(path)));
    saying(Vec::new(), |path| on_record!("hangs-up", ask(path)));
}
