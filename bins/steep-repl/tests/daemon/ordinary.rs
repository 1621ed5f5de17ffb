//! What is no trouble is not told as one: a node that joins, and one that leaves.

use steep_ipc::{NodeRemove, NodeState, Request};
use steep_testkit::{Major, PgCluster, on_each_major, wait};

use super::couple::{Couple, DATABASE, plan};
use super::support::{Daemon, Outcome};

/// Lines of a daemon's log that somebody would be woken by.
fn alarms(daemon: &Daemon) -> Vec<String> {
    let is_alarm = |line: &&str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        let message = line["message"].as_str().unwrap_or_default();
        line["level"] == "ERROR" || message.starts_with("critical: ")
    };
    daemon.log().lines().filter(is_alarm).map(str::to_owned).collect()
}

on_each_major! {
    fn a_node_that_joins_and_leaves_wakes_nobody(major: Major) -> Outcome {
        let couple = Couple::start(major, |builder| builder, "")?;
        couple.on("a", "create table t (id int primary key); insert into t select generate_series(1, 1000); analyze t")?;
        couple.init()?;
        for life in ["first", "second"] {
            let planned = couple.add_b(true)?;
            let sizes: Vec<_> = planned.tables.iter().map(|table| (table.estimated_rows, table.bytes)).collect();
            assert_eq!((sizes.as_slice(), planned.done), (&[(1000, 40_960)][..], false), "{planned:?}");
            couple.join()?;
            for daemon in [&couple.a, &couple.b] {
                daemon.until("a node with a peer", |status| {
                    status.state == NodeState::Online && status.peers.len() == 1
                })?;
            }
            let leave = NodeRemove { node: "b".to_owned(), force: false };
            assert!(plan(&couple.a, &Request::NodeRemove(leave))?.done);
            couple.b.until("a database of no group", |status| status.state == NodeState::Uninitialized)?;
            couple.a.until("a node without peers", |status| status.peers.is_empty())?;
            for daemon in [&couple.a, &couple.b] {
                assert_eq!(alarms(daemon), [""; 0], "{life} life");
            }
            // It comes again under its name, and what its heartbeat of the first life says is old.
            couple.on("b", "drop table t")?;
            couple.on("a", "update steep_repl.heartbeats set beat_at = beat_at - interval '1 day' where node_id = 'b'")?;
        }
        couple.finish();
        Ok(())
    }
}

#[test]
fn an_extension_that_is_dropped_under_a_look_is_no_error() -> Outcome {
    let cluster = PgCluster::builder(Major::V18).with_extension().start()?;
    cluster.expect_log("");
    cluster.execute(
        DATABASE,
        "create extension steep_repl; select steep_repl.register_node('a', 'a', '127.0.0.1', 5432, 50);
         select steep_repl.set_node_id('a')",
    )?;
    let daemon = Daemon::start(&cluster)?;
    daemon.until("a node", |status| status.node.as_deref() == Some("a"))?;
    let mut client = cluster.client(DATABASE);
    client.batch_execute("begin; drop extension steep_repl")?;
    let waits = "select count(*) > 0 from pg_stat_activity
                 where application_name = 'steep-repl watch' and wait_event_type = 'Lock'";
    wait::query_returns(&cluster, DATABASE, waits, "t", wait::DEADLINE)?;
    client.batch_execute("commit")?;
    daemon.until("a database of no group", |status| status.state == NodeState::Uninitialized)?;
    assert_eq!(alarms(&daemon), [""; 0]);
    Ok(())
}
