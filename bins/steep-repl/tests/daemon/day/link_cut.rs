//! The link by which one node gets the changes of the other is cut for a while.

use std::error::Error;
use std::time::{Duration, Instant};

use steep_ipc::{Level, NodeState, SlotStatus, SubscriptionStatus};
use steep_testkit::wait::{self, Observed};

use super::Day;
use crate::seen::{level, two_intervals};
use crate::support::{Daemon, Outcome};

/// Minutes in life. After this time all that happens in minutes has happened many times here: the
/// worker tries to connect again every 200 ms, heartbeats are due as often, and the daemon looks
/// twice a second. The limits on silence, of 30 s and 2 min, have tests of their own.
const OUTAGE: Duration = Duration::from_secs(45);

#[test]
fn a_cut_link_is_told_on_both_sides_and_catches_up() -> Outcome {
    let day = Day::begin()?;
    let (a, b) = (&day.pair.a, &day.pair.b);
    let before = outgoing(a)?;
    day.pair.mesh.cut("a", "b");
    let cut = Instant::now();
    let first = b.until("the loss", |status| level(status, "subscription:a") > Some(Level::Ok))?;
    assert!(first < two_intervals(), "b has missed the link after {first:?}");

    // Here: nothing arrives, and it is no change that cannot be applied.
    b.until_check("subscription:a", Level::Critical)?;
    let reaches =
        format!("reaches PostgreSQL of node a (127.0.0.1:{})", day.pair.mesh.node("a").port());
    b.shows("subscription:a", Level::Critical, "no changes of node a arrive", &reaches)?;
    b.shows("subscription:a", Level::Critical, "_a", "node a keeps its changes until then")?;
    let link = incoming(b)?;
    assert!(link.enabled && !link.running && link.last_error.is_none(), "{link:?}");
    assert_eq!(b.status()?.state, NodeState::Online);
    assert!(b.metric("steep_repl_subscription_running{peer=\"a\"}")? < 0.5);
    assert!(b.metric("steep_repl_subscription_failing{peer=\"a\"}")? < 0.5);
    // There: WAL is kept.
    a.until_check("slot:b", Level::Warning)?;
    a.shows("slot:b", Level::Warning, "of WAL are kept", "whether node b runs")?;
    assert!(a.metric("steep_repl_slot_active{slot=\"steep_repl_b\",peer=\"b\"}")? < 0.5);
    // The daemons reach each other, and the other way is open.
    assert_eq!(level(&b.status()?, "peer:a"), Some(Level::Ok));
    assert_eq!(level(&a.status()?, "peer:b"), Some(Level::Ok));
    day.arrives("b", "a")?;

    let early = (lag(b)?, outgoing(a)?);
    std::thread::sleep(OUTAGE.saturating_sub(cut.elapsed()));
    let late = (lag(b)?, outgoing(a)?);
    assert!(late.0 > early.0 + 10.0, "lag of {} s, then of {} s", early.0, late.0);
    assert!(late.0 > OUTAGE.as_secs_f64() - two_intervals().as_secs_f64(), "lag of {} s", late.0);
    assert!(b.metric("steep_repl_link_lag_seconds{peer=\"a\",direction=\"incoming\"}")? > early.0);
    let (early, late) = (early.1, late.1);
    assert!(before.retained_bytes < late.retained_bytes, "{before:?}, then {late:?}");
    assert!(early.lag_bytes < late.lag_bytes, "{early:?}, then {late:?}");
    assert!(late.retained_bytes >= late.lag_bytes && !late.active, "{late:?}");
    let kept = a.metric("steep_repl_slot_retained_bytes{slot=\"steep_repl_b\",peer=\"b\"}")?;
    assert!(kept > 100_000.0, "{kept} bytes are said to be kept");
    let newest = day.writer("a").newest();
    day.pair.holds("b", &format!("select max(n) < {newest} from writes where node = 'a'"))?;
    day.arrives("b", "a")?;

    day.pair.mesh.heal("a", "b");
    let there = format!("select count(*) = 1 from writes where node = 'a' and n = {newest}");
    day.pair.holds("b", &there)?;
    day.is_well()?;
    wait::until(wait::DEADLINE, "no more WAL to be sent than before", || {
        let slot = outgoing(a).map_err(Observed::new)?;
        let is_sent = slot.active && slot.lag_bytes < late.lag_bytes / 2;
        if is_sent { Ok(()) } else { Err(Observed::new(format!("{slot:?}"))) }
    })?;
    b.until("the end of the lag", |status| {
        let link = status.peers[0].incoming.as_ref();
        link.and_then(|link| link.lag_seconds).is_some_and(|lag| lag < 5.0)
    })?;
    day.end()
}

fn incoming(daemon: &Daemon) -> Result<SubscriptionStatus, Box<dyn Error>> {
    let status = daemon.status()?;
    Ok(status.peers[0].incoming.clone().ok_or("no subscription")?)
}

fn outgoing(daemon: &Daemon) -> Result<SlotStatus, Box<dyn Error>> {
    let status = daemon.status()?;
    Ok(status.peers[0].outgoing.clone().ok_or("no slot")?)
}

fn lag(daemon: &Daemon) -> Result<f64, Box<dyn Error>> {
    Ok(incoming(daemon)?.lag_seconds.ok_or("no lag is known")?)
}
