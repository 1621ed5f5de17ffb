//! A daemon is killed, and started again.

use nix::sys::signal::Signal;
use steep_ipc::Level;

use super::Day;
use crate::pair::{PEER_INTERVAL, PEER_THRESHOLD};
use crate::seen::{Events, two_intervals};
use crate::support::Outcome;

#[test]
fn a_killed_daemon_is_missed_by_the_other_and_by_nobody_else() -> Outcome {
    let mut day = Day::begin()?;
    let mut events = Events::of(&day.pair.b)?;
    day.pair.a.signal(Signal::SIGKILL)?;
    day.pair.a.ended()?;
    let (_, took) = day.pair.b.until_check("peer:a", Level::Warning)?;
    let most = PEER_INTERVAL * PEER_THRESHOLD + two_intervals();
    assert!(took < most, "b has missed a's daemon after {took:?}");
    let (gone, way_out) = ("no word from the daemon of node a", "that steep-repl runs there");
    day.pair.b.shows("peer:a", Level::Warning, gone, way_out)?;
    day.pair.b.shows("peer:a", Level::Warning, "refused", "replication goes on without it")?;
    events.next("peer:a", "warning: no word")?;
    assert!(!day.pair.b.status()?.peers[0].daemon_reachable);
    assert!(day.pair.b.metric("steep_repl_peer_up{peer=\"a\"}")? < 0.5);
    // Nobody is there to ask, and the program says so.
    let (code, said) = day.pair.a.told("status")?;
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("does not answer"), "{said}");
    day.goes_on()?;

    day.pair.a.run()?;
    events.next("peer:a", "ok: the daemon of node a answers")?;
    day.is_well()?;
    assert!(day.pair.b.metric("steep_repl_peer_up{peer=\"a\"}")? > 0.5);
    day.end()
}
