//! PostgreSQL is restarted, and killed.

use steep_ipc::{Level, NodeState, Request};
use steep_testkit::{PgCluster, Stop};

use super::Day;
use crate::seen::{Events, check, two_intervals};
use crate::support::Outcome;

#[test]
fn a_restarted_server_is_missed_and_comes_back_by_itself() -> Outcome {
    goes_and_comes_back(|server| server.stop(Stop::Fast))
}

#[test]
fn a_killed_server_is_missed_and_comes_back_by_itself() -> Outcome {
    goes_and_comes_back(PgCluster::kill9)
}

fn goes_and_comes_back(
    end: impl Fn(&PgCluster) -> Result<(), steep_testkit::ClusterError>,
) -> Outcome {
    let day = Day::begin()?;
    let (a, b) = (&day.pair.a, &day.pair.b);
    for node in ["a", "b"] {
        day.pair.mesh.node(node).expect_peer_loss();
        day.pair.mesh.node(node).expect_log("the database system is");
    }
    let mut events = Events::of(b)?;
    let server = day.pair.mesh.node("b");
    end(server)?;
    let away = b.until("the loss", |status| status.state == NodeState::PostgresAway)?;
    assert!(away < two_intervals(), "b's daemon has missed its server after {away:?}");
    // The first word may be the server's own, that it shuts down.
    b.shows("postgres", Level::Critical, "", "the daemon tries again by itself")?;
    b.until("nobody there", |status| {
        check(status, "postgres").is_some_and(|one| one.message.contains("no connection to"))
    })?;
    events.next("b", "without its PostgreSQL")?;
    assert_eq!(b.get("/ready")?.0, 503);
    assert!(b.metric("steep_repl_postgres_up")? < 0.5);
    assert!(b.told("status")?.1.contains("cannot be reached"));
    // What would change something is refused, with the reason.
    let refused = b.ask(&Request::SubDisable { peer: "a".into() });
    let refused = refused.err().ok_or("it was not refused")?;
    assert!(refused.to_string().contains("no connection"), "{refused}");

    a.until_check("peer:b", Level::Warning)?;
    let (lost, way_out) = ("node b cannot reach its PostgreSQL", "start PostgreSQL of node b");
    a.shows("peer:b", Level::Warning, lost, way_out)?;
    a.until_check("subscription:b", Level::Critical)?;
    let reaches = format!("reaches PostgreSQL of node b (127.0.0.1:{})", server.port());
    let status = a.status()?;
    assert!(status.peers[0].incoming.as_ref().is_some_and(|link| !link.running));
    a.shows("subscription:b", Level::Critical, "no changes of node b arrive", &reaches)?;
    a.until_check("slot:b", Level::Warning)?;
    a.shows("slot:b", Level::Warning, "node b is not connected", "whether node b runs")?;
    day.writer("a").next()?;

    server.start()?;
    let back = b.until("the return", |status| status.state == NodeState::Online)?;
    assert!(back < two_intervals(), "b's daemon was back after {back:?}");
    events.next("b", "b is online")?;
    day.is_well()?;
    assert!(b.metric("steep_repl_postgres_up")? > 0.5);
    day.end()
}
