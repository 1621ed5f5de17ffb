//! What rows hold stays out of the log, and the tables that its lines are about stand in it.

use steep_ipc::{ConflictFilter, ConflictResolve, Level, Request, Response};
use steep_testkit::wait;
use steep_testkit::{Major, on_each_major};

use super::couple::{Couple, DATABASE};
use super::seen::{check, level};
use super::support::{Daemon, Outcome};

/// Stands in every row.
const MARKER: &str = "ulysses";

/// An index that a node builds, and keeps, only while it does not mind what it reads.
const SCHEMA: &str = "
  create table t (id int primary key, n int, v text);
  create function taken(v text) returns text immutable language plpgsql as $$
  begin
    if pg_catalog.current_setting('trial.minds', true) = 'on' then raise 'not to be had: %', v; end if;
    return v;
  end $$;
  create index on t (taken(v));";

/// Lets node `b` mind what it reads, or not.
fn minds(couple: &Couple, setting: &str) -> Outcome {
    let cluster = couple.cluster("b");
    cluster.set_settings(&[("trial.minds", setting)])?;
    cluster.reload()?;
    let sql = "select current_setting('trial.minds')";
    Ok(wait::query_returns(cluster, DATABASE, sql, setting, wait::DEADLINE)?)
}

fn holds(couple: &Couple, node: &str, sql: &str) -> Outcome {
    Ok(wait::query_returns(couple.cluster(node), DATABASE, sql, "t", wait::DEADLINE)?)
}

/// Both nodes write the same row, and neither has seen it of the other.
fn conflict(couple: &Couple) -> Outcome {
    holds(couple, "b", "select count(*) = 1 from t where id = 1")?;
    for (node, peer) in [("a", "b"), ("b", "a")] {
        couple.on(node, &format!("alter subscription steep_repl_{peer} disable"))?;
    }
    for node in ["a", "b"] {
        couple.on(node, &format!("update t set v = '{MARKER} of {node}' where id = 1"))?;
    }
    for (node, peer) in [("a", "b"), ("b", "a")] {
        couple.on(node, &format!("alter subscription steep_repl_{peer} enable"))?;
    }
    let waits = "select count(*) > 0 from steep_repl.conflict_log where resolution = 'PENDING'";
    holds(couple, "a", waits)
}

/// Decides it with a row that the table does not take.
fn decide_wrongly(daemon: &Daemon) -> Outcome {
    let all = ConflictFilter { limit: 10, ..ConflictFilter::default() };
    let Response::Conflicts(found) = daemon.ask(&Request::ConflictList(all))? else {
        return Err("no list".into());
    };
    let decision = ConflictResolve {
        id: found.first().ok_or("no conflict")?.id,
        choice: "merged".into(),
        merged: Some(format!("{{\"id\": 1, \"n\": \"{MARKER}\", \"v\": \"\"}}")),
        reason: None,
        force: false,
        dry_run: false,
    };
    let refused = daemon.ask(&Request::ConflictResolve(decision)).expect_err("no such row");
    let refused = refused.to_string();
    assert!(refused.contains(MARKER), "who asks is told: {refused}");
    Ok(())
}

/// Whether the log has a line with these words that names this table.
fn names_table(daemon: &Daemon, words: &str) -> bool {
    let log = daemon.log();
    let mut lines = log.lines().filter_map(|line| serde_json::from_str(line).ok());
    lines.any(|line: serde_json::Value| {
        line["table"] == "public.t"
            && line["message"].as_str().is_some_and(|said| said.contains(words))
    })
}

on_each_major! {
    fn no_row_is_in_the_log_and_its_lines_name_the_table(major: Major) -> Outcome {
        let couple = Couple::start(
            major,
            // Only then can a daemon read what the server says of a change.
            |builder| builder.setting("logging_collector", "on").setting("log_directory", "log"),
            "  conflicts: {default_strategy: manual}\n",
        )?;
        couple.on("a", SCHEMA)?;
        couple.on("a", &format!("insert into t values (1, 1, '{MARKER}')"))?;
        couple.init()?;

        minds(&couple, "on")?;
        let refused = couple.join().unwrap_err().to_string();
        assert!(refused.contains(MARKER), "who asks is told: {refused}");
        couple.a.logged("pg_restore failed")?;
        couple.b.logged("pg_restore failed")?;
        minds(&couple, "off")?;
        couple.join()?;
        assert!(names_table(&couple.b, "the rows of a table are copied"));

        conflict(&couple)?;
        decide_wrongly(&couple.a)?;
        couple.a.logged("a request failed")?;

        minds(&couple, "on")?;
        couple.on("a", &format!("insert into t values (2, 2, '{MARKER}')"))?;
        couple.b.until("what is in the way", |status| {
            let found = check(status, "subscription:a");
            level(status, "subscription:a") == Some(Level::Critical)
                && found.is_some_and(|check| check.message.contains(MARKER))
        })?;
        couple.b.logged("cannot apply a change")?;
        assert!(names_table(&couple.b, "cannot apply a change"));
        minds(&couple, "off")?;
        holds(&couple, "b", "select count(*) = 2 from t")?;

        couple.on("a", "alter table t disable trigger steep_repl_guard")?;
        couple.a.logged("fires again")?;
        assert!(names_table(&couple.a, "fires again"));
        let removed = couple.a.ask(&Request::TableRemove { tables: vec!["public.t".into()] })?;
        assert!(matches!(removed, Response::Plan(plan) if plan.done));
        for daemon in [&couple.a, &couple.b] {
            assert!(names_table(daemon, "not replicated any more"));
            let log = daemon.log();
            let quoted = log.lines().find(|line| line.contains(MARKER));
            assert_eq!(quoted, None, "a row's data is in the log");
        }
        couple.finish();
        Ok(())
    }
}
