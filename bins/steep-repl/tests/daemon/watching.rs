//! What the daemons of a pair see, tell and put right.

use std::time::Instant;

use steep_ipc::{Level, NodeState, Request, Response};
use steep_ipc_tokio::Client;
use steep_testkit::{Major, on_each_major, wait};

use super::pair::Pair;
use super::seen::{is_well, level, two_intervals};
use super::support::{Outcome, event, runtime};

on_each_major! {
    fn a_healthy_pair_is_shown_from_both_sides(major: Major) -> Outcome {
        let pair = Pair::start(major)?;
        for node in ["a", "b"] {
            pair.on(node, "create table counted (id serial primary key)")?;
            pair.on(node, "select steep_repl.add_table('counted'), steep_repl.manage_ranges('counted', '{a,b}', 0)")?;
        }
        for (daemon, here, there) in [(&pair.a, "a", "b"), (&pair.b, "b", "a")] {
            daemon.until("a healthy pair", is_well)?;
            let status = daemon.status()?;
            assert_eq!(status.node.as_deref(), Some(here));
            let peer = &status.peers[0];
            assert_eq!((peer.node.as_str(), peer.name.as_str()), (there, format!("node {there}").as_str()));
            let incoming = peer.incoming.as_ref().ok_or("no subscription")?;
            assert!(incoming.enabled && incoming.running && incoming.last_error.is_none());
            assert!(incoming.lag_seconds.is_some_and(|lag| lag < 30.0), "{incoming:?}");
            assert!(peer.outgoing.as_ref().is_some_and(|slot| slot.active));
            assert!(peer.clock_offset_ms.is_some_and(|offset| offset.abs() < 30_000));
            assert_eq!(daemon.get("/ready")?.0, 200);
        }
        let Response::Nodes(nodes) = pair.a.ask(&Request::NodeList)? else { return Err("no list".into()) };
        assert_eq!(nodes.iter().map(|node| (node.node.as_str(), node.is_local)).collect::<Vec<_>>(), [("a", true), ("b", false)]);
        assert!(nodes[1].last_seen.is_some());
        pair.fight(1)?;
        let seen = pair.a.until("the conflict", |status| status.pending_conflicts == 1)?;
        assert!(seen < two_intervals(), "the conflict was seen after {seen:?}");
        // A rate needs two looks.
        let metrics = wait::until(wait::DEADLINE, "a rate", || {
            let text = pair.a.get("/metrics").map_err(wait::Observed::new)?.1;
            let has_ranges = text.contains("steep_repl_range_table_seconds_left{");
            if has_ranges && text.contains("received_bytes_per_second{") { Ok(text) } else { Err(wait::Observed::new(text)) }
        })?;
        for metric in steep_node::http::metrics::CATALOG {
            let is_native = metric.name == "steep_repl_postgres_conflicts_total";
            let sample = format!("\n{}{}", metric.name, if metric.labels.is_empty() { " " } else { "{" });
            assert!(metrics.contains(&sample) || (is_native && major < Major::V18), "no sample of {}", metric.name);
        }
        assert!(metrics.contains("steep_repl_conflicts_total{peer=\"b\",type=\"UPDATE-UPDATE\",outcome=\"PENDING\"} 1\n"));
        pair.finish();
        Ok(())
    }

    fn a_disabled_guard_trigger_is_put_right_told_and_recorded(major: Major) -> Outcome {
        let pair = Pair::start(major)?;
        pair.a.until("a healthy pair", is_well)?;
        let runtime = runtime()?;
        let mut client = runtime.block_on(async {
            let mut client = Client::connect(&pair.a.endpoint(), "test").await?;
            client.send(&Request::Subscribe).await?;
            Ok::<_, Box<dyn std::error::Error>>(client)
        })?;
        pair.on("a", "alter table t disable trigger steep_repl_guard")?;
        let repaired = runtime.block_on(async {
            tokio::time::timeout(wait::DEADLINE, event(&mut client, |event| event.kind == "repaired")).await
        })??;
        assert_eq!(repaired.subject, "public.t");
        pair.holds("a", "select tgenabled = 'R' from pg_trigger where tgname = 'steep_repl_guard' and tgrelid = 't'::regclass")?;
        pair.holds("a", "select count(*) = 1 from steep_repl.audit_log where action = 'guard.repair' and target_id = 'public.t'")?;
        pair.a.until("all well again", is_well)?;
        // What cannot be put right without hiding a loss is told.
        pair.on("a", "drop trigger steep_repl_truncate on t")?;
        let began = Instant::now();
        pair.a.until("the missing trigger", |status| level(status, "guard") == Some(Level::Critical))?;
        pair.a.until_health_is(503)?;
        let seen = began.elapsed();
        assert!(seen < two_intervals(), "the missing trigger was seen after {seen:?}");
        pair.finish();
        Ok(())
    }

    fn an_apply_error_is_told_until_it_is_over(major: Major) -> Outcome {
        let pair = Pair::start(major)?;
        pair.b.until("a healthy pair", is_well)?;
        pair.mesh.node("b").expect_log("not today");
        pair.mesh.node("b").expect_log("background worker");
        pair.on("b", "create function refuse() returns trigger language plpgsql as $$ begin raise 'not today'; end $$")?;
        pair.on("b", "create trigger refuse before insert on t for each row execute function refuse()")?;
        pair.on("b", "alter table t enable always trigger refuse")?;
        pair.on("a", "insert into t values (7, 'seven')")?;
        pair.b.until("the error", |status| {
            let incoming = status.peers[0].incoming.as_ref();
            incoming.is_some_and(|one| one.apply_errors > 0 && one.last_error.is_some())
                && level(status, "subscription:a") == Some(Level::Critical)
        })?;
        assert!(pair.b.get("/metrics")?.1.contains("steep_repl_subscription_failing{peer=\"a\"} 1\n"));
        pair.on("b", "drop trigger refuse on t")?;
        pair.b.until("the end of the error", is_well)?;
        pair.holds("b", "select count(*) = 1 from t")?;
        pair.finish();
        Ok(())
    }
}

#[test]
fn a_disabled_subscription_pauses_one_side_and_warns_the_other() -> Outcome {
    let pair = Pair::start(Major::V18)?;
    pair.a.until("a healthy pair", is_well)?;
    pair.b.until("a healthy pair", is_well)?;
    let nobody = pair.a.ask(&Request::SubDisable { peer: "nobody".into() }).unwrap_err();
    assert!(nobody.to_string().contains("no subscription to a node \"nobody\""), "{nobody}");
    pair.a.ask(&Request::SubDisable { peer: "b".into() })?;
    // The daemon has looked before it answered.
    let status = pair.a.status()?;
    assert_eq!(status.state, NodeState::Paused);
    assert_eq!(level(&status, "subscription:b"), Some(Level::Warning));
    pair.b.until("the idle slot", |status| level(status, "slot:a") == Some(Level::Warning))?;
    pair.holds("a", "select count(*) = 1 from steep_repl.audit_log where action = 'subscription.disable' and new_value ? 'os_user'")?;
    // While it is disabled, its options are put right.
    pair.on("a", "alter subscription steep_repl_b set (origin = any)")?;
    pair.holds("a", "select suborigin = 'none' from pg_subscription")?;
    pair.holds(
        "a",
        "select count(*) = 1 from steep_repl.audit_log where action = 'subscription.repair'",
    )?;
    pair.a.ask(&Request::SubEnable { peer: "b".into() })?;
    pair.a.until("all well again", is_well)?;
    // While it is enabled they are only told.
    pair.on("a", "alter subscription steep_repl_b set (disable_on_error = true)")?;
    let seen = pair.a.until("the altered option", |status| {
        level(status, "subscription:b") == Some(Level::Critical)
    })?;
    assert!(seen < two_intervals(), "the altered option was seen after {seen:?}");
    pair.finish();
    Ok(())
}

#[test]
fn a_peer_whose_daemon_or_server_is_away_is_told() -> Outcome {
    let mut pair = Pair::start(Major::V18)?;
    pair.a.until("a healthy pair", is_well)?;
    pair.b.signal(nix::sys::signal::Signal::SIGTERM)?;
    assert!(pair.b.ended()?.success());
    pair.a.until("the missing daemon", |status| {
        level(status, "peer:b") == Some(Level::Warning) && !status.peers[0].daemon_reachable
    })?;
    pair.b.run()?;
    pair.a.until("all well again", is_well)?;
    for node in ["a", "b"] {
        pair.mesh.node(node).expect_peer_loss();
        pair.mesh.node(node).expect_log("the database system is");
    }
    pair.mesh.node("b").kill9()?;
    pair.a.until("the missing server", |status| {
        level(status, "subscription:b") == Some(Level::Critical)
            && level(status, "peer:b") == Some(Level::Warning)
            && level(status, "slot:b") == Some(Level::Warning)
    })?;
    pair.mesh.node("b").start()?;
    pair.a.until("all well again", is_well)?;
    pair.b.until("all well again", is_well)?;
    pair.finish();
    Ok(())
}
