//! At a terminal: questions, a line that is drawn anew, a screen.

use crate::fake::{FakeDaemon, Script};
use crate::fixtures::{copying, plan, refused_plan, status};
use nix::pty::{Winsize, openpty};
use std::fs::File;
use std::io::{Read, Write};
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use steep_ipc::{Request, Response};

/// How long anything may take here.
const DEADLINE: Duration = Duration::from_secs(20);

/// The program at a terminal of 60 columns and 10 lines.
struct Terminal {
    child: Child,
    keys: File,
    seen: String,
    more: Receiver<String>,
    _home: tempfile::TempDir,
}

impl Terminal {
    fn start(daemon: &FakeDaemon, arguments: &[&str]) -> Self {
        let size = Winsize { ws_row: 10, ws_col: 60, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(&size, None).expect("a terminal");
        let (mut screen, keys) =
            (File::from(pty.master.try_clone().expect("a copy")), File::from(pty.master));
        let home = tempfile::tempdir().expect("a temporary folder");
        let mut command = crate::program::command(home.path());
        command.args(arguments).args(["--socket", daemon.path()]).env("TERM", "xterm");
        command
            .stdin(pty.slave.try_clone().expect("a copy"))
            .stdout(pty.slave.try_clone().expect("a copy"));
        let child = command.stderr(pty.slave).spawn().expect("the program starts");
        // The command holds copies of the terminal's end; without them the screen ends with the child.
        drop(command);
        let (sender, more) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // Linux reports the end of the other side as an error.
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                let _ = sender.send(String::from_utf8_lossy(&bytes[..count]).into_owned());
            }
        });
        Self { child, keys, seen: String::new(), more, _home: home }
    }

    /// Waits until the text has appeared.
    fn wait_for(&mut self, text: &str) {
        let deadline = Instant::now() + DEADLINE;
        while !self.seen.contains(text) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.more.recv_timeout(left) {
                Ok(more) => self.seen.push_str(&more),
                Err(error) => panic!("{text:?} did not appear ({error}): {:?}", self.seen),
            }
        }
    }

    fn type_in(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("an open terminal");
    }

    /// Everything that was shown, and the exit code.
    fn end(mut self) -> (String, Option<i32>) {
        let deadline = Instant::now() + DEADLINE;
        while let Ok(more) =
            self.more.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            self.seen.push_str(&more);
        }
        assert!(Instant::now() < deadline, "the program does not end: {:?}", self.seen);
        (std::mem::take(&mut self.seen), self.child.wait().expect("a child").code())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_no_changes_nothing_and_a_yes_does_it() {
    for (answer, code) in [("n\n", 1), ("\n", 1), ("yes\n", 0)] {
        let daemon = FakeDaemon::saying(Response::Plan(plan(true)));
        let mut terminal = Terminal::start(&daemon, &["node", "remove", "cloud"]);
        terminal.wait_for("Take node cloud out of the group? [y/N] ");
        assert_eq!(daemon.asked(), "");
        terminal.type_in(answer);
        let (seen, exit) = terminal.end();
        assert_eq!(exit, Some(code), "{seen}");
        assert_eq!(daemon.asked().is_empty(), code == 1, "{seen}");
        assert_eq!(seen.contains("nothing was changed"), code == 1, "{seen}");
    }
}

#[test]
fn init_shows_the_plan_before_it_asks() {
    let daemon = FakeDaemon::start(|request, _| match request {
        Request::Init(init) => Response::Plan(plan(!init.dry_run)).into(),
        _ => Response::Plan(refused_plan()).into(),
    });
    let mut terminal = Terminal::start(&daemon, &["init"]);
    terminal.wait_for("Carry it out? [y/N] ");
    assert!(terminal.seen.contains("this is what would be done"), "{}", terminal.seen);
    assert!(daemon.asked().contains("\"dry_run\":true"));
    terminal.type_in("y\n");
    let (seen, exit) = terminal.end();
    assert_eq!(exit, Some(0), "{seen}");
    assert!(daemon.asked().ends_with("\"dry_run\":false}\n"), "{}", daemon.asked());
}

#[test]
fn a_refused_plan_is_not_asked_about() {
    let daemon = FakeDaemon::saying(Response::Plan(refused_plan()));
    let (seen, exit) = Terminal::start(&daemon, &["init"]).end();
    assert_eq!(exit, Some(4), "{seen}");
    assert!(!seen.contains("Carry it out?"), "{seen}");
}

#[test]
fn a_bulk_decision_says_how_many_before_it_asks() {
    let daemon =
        FakeDaemon::saying(Response::Resolved { count: 4711, dry_run: true, steps: vec![] });
    let arguments = ["conflict", "resolve-bulk", "--remote", "--table", "public.orders"];
    let mut terminal = Terminal::start(&daemon, &arguments);
    terminal.wait_for("Decide 4,711 conflicts: the remote rows stay? [y/N] ");
    terminal.type_in("n\n");
    let (seen, exit) = terminal.end();
    assert_eq!(exit, Some(1), "{seen}");
    assert!(!daemon.asked().contains("\"dry_run\":false"), "{}", daemon.asked());
}

#[test]
fn progress_is_one_line_that_is_drawn_anew_and_goes_away() {
    let daemon = FakeDaemon::saying(Script {
        progress: vec![copying("public.orders", 4), copying("public.a_table_with_a_long_name", 5)],
        answer: Ok(Response::Plan(plan(true))),
    });
    let (seen, exit) = Terminal::start(&daemon, &["node", "add", "db2"]).end();
    assert_eq!(exit, Some(0), "{seen}");
    let lines: Vec<&str> = seen.split("\r\x1b[2K").collect();
    assert!(lines.len() > 2, "{seen:?}");
    assert!(lines[1].starts_with("[3/7] copying data: public.orders, "), "{seen:?}");
    assert!(lines[1].contains("MB/s, ") && lines[1].ends_with(" left"), "{seen:?}");
    // Whatever was drawn fits, and nothing of it is left before the plan.
    for line in &lines[1..lines.len() - 1] {
        assert!(line.chars().count() < 60 && !line.contains('\n'), "{line:?}");
    }
    assert!(lines[lines.len() - 1].starts_with("\x1b[1mDone"), "{seen:?}");
}

#[test]
fn watch_draws_one_screen_and_ends_by_ctrl_c() {
    let daemon = FakeDaemon::saying(Response::Status(status()));
    let mut terminal = Terminal::start(&daemon, &["watch", "--interval", "100ms"]);
    terminal.wait_for("Ctrl-C ends");
    terminal.seen.clear();
    terminal.wait_for("\x1b[H\x1b[J");
    terminal.wait_for("Ctrl-C ends");
    let pid = nix::unistd::Pid::from_raw(terminal.child.id().try_into().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    let (seen, exit) = terminal.end();
    assert_eq!(exit, Some(0), "{seen}");
    assert!(seen.ends_with("\x1b[?25h\x1b[?1049l"), "the cursor is back: {seen:?}");
    let frame = seen.split("\x1b[H\x1b[J").nth(1).unwrap();
    assert!(frame.lines().count() <= 10, "{frame:?}");
}

#[test]
fn watch_waits_for_a_daemon_that_is_restarted() {
    let mut daemon = FakeDaemon::saying(Response::Status(status()));
    let mut terminal = Terminal::start(&daemon, &["watch", "--interval", "100ms"]);
    terminal.wait_for("Ctrl-C ends");
    daemon.stop();
    terminal.wait_for("no answer:");
    daemon.go_on();
    terminal.seen.clear();
    terminal.wait_for("Ctrl-C ends");
}

#[test]
fn a_command_that_is_interrupted_says_how_it_goes_on() {
    use std::sync::{Arc, Condvar, Mutex};
    // The daemon answers when the test is over.
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let held = Arc::clone(&gate);
    let daemon = FakeDaemon::start(move |_, _| {
        let open = held.0.lock().expect("the gate");
        let open = held.1.wait_timeout_while(open, DEADLINE, |open| !*open).expect("the gate");
        drop(open);
        Response::Plan(plan(true)).into()
    });
    let terminal = Terminal::start(&daemon, &["node", "add", "db2"]);
    let deadline = Instant::now() + DEADLINE;
    while daemon.asked().is_empty() {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
    let pid = nix::unistd::Pid::from_raw(terminal.child.id().try_into().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    let (seen, exit) = terminal.end();
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    assert_eq!(exit, Some(1), "{seen}");
    assert!(seen.contains("interrupted") && seen.contains("node cancel"), "{seen}");
}
