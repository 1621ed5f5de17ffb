//! Clocks that disagree: causality within the bound, a clear stop beyond it.

use steep_ext_tests::{DATABASE, Failure, Group, json};
use steep_testkit::wait;
use steep_testkit::{Clock, Major, on_each_major};

const COLUMNS: &str = "id int primary key, v text";

/// A row goes round; with every step its version must grow, though the clocks disagree.
fn causality_holds(group: &Group, steps: usize) -> Result<(), Failure> {
    let names = group.names();
    let mut last = group.write(names[0], "insert into t values (1, 'start')")?;
    for step in 0..steps {
        group.converge()?;
        let node = names[step % names.len()];
        let write = group.write(node, &format!("update t set v = '{step}' where id = 1"))?;
        assert!(write.at > last.at, "{write:?} after {last:?}");
        last = write;
    }
    group.converge()?;
    for node in names {
        assert_eq!(group.value(node, "select v from t")?, (steps - 1).to_string());
    }
    group.logged("t", &[])
}

fn skewed(major: Major, offset: f64) -> Result<(), Failure> {
    let builder = Group::builder(major, 2).clock();
    let group = builder.setting("steep_repl.max_clock_skew", "10s").start()?;
    group.create_table("t", COLUMNS, "'last_write_wins', 'exact'")?;
    group.settle()?;
    if offset < 0.0 {
        // If it has beaten before.
        group.node("b").expect_log(STEPPED_BACK);
    }
    set_clock(&group, "b", offset)?;
    causality_holds(&group, 6)?;
    // The clock of b decides who is last: so it is with clocks, but all nodes agree.
    group.apart()?;
    group.write("b", "update t set v = 'b' where id = 1")?;
    group.write("a", "update t set v = 'a' where id = 1")?;
    group.meet();
    group.converge()?;
    let winner = if offset > 0.0 { "b" } else { "a" };
    assert_eq!(group.json_rows("a", "t", "true")?, [json!({ "id": 1, "v": winner })]);
    group.finish();
    Ok(())
}

/// The clock of b is far from that of a in either direction: whoever has the earlier clock stops.
fn beyond(major: Major, offset: f64, stops: &str) -> Result<(), Failure> {
    let group = Group::builder(major, 2).clock().start()?;
    group.create_table("t", COLUMNS, "")?;
    group.execute("a", "insert into t values (1, 'base')")?;
    group.settle()?;
    set_clock(&group, "b", offset)?;
    let other = if stops == "a" { "b" } else { "a" };
    let write = group.write(other, "update t set v = 'from the future' where id = 1")?;
    let from = format!("from_{other}");
    let said = group.complaint(stops, &["steep_repl.max_clock_skew", &from])?;
    let text = format!("{} {}", said.message, said.detail);
    // Both moments are told, as the server writes them.
    let moment = "select to_timestamp(floor({at} / 1000000.0)) at time zone 'UTC'";
    let stamped = group.value("a", &moment.replace("{at}", &write.at.to_string()))?;
    assert!(text.contains(&stamped), "{stamped} is not in {text}");
    assert_eq!(said.sqlstate, "55000", "{said}");
    assert_eq!(group.value(stops, "select v from t")?, "base");
    // The other way round nothing is in the future.
    group.execute(stops, "insert into t values (2, 'from the past')")?;
    group.delivered(stops, other)?;
    assert_eq!(group.value(other, "select v from t where id = 2")?, "from the past");

    // What is stamped in the future has to wait for it, but no longer.
    if offset > 0.0 {
        group.node("b").expect_log(STEPPED_BACK);
    }
    set_clock(&group, "b", 0.0)?;
    group.converge()?;
    assert_eq!(group.value(stops, "select v from t where id = 1")?, "from the future");
    group.finish();
    Ok(())
}

fn set_clock(group: &Group, node: &str, offset: f64) -> Result<(), Failure> {
    group.node(node).set_clock(Clock::Offset(offset)).map_err(Failure::new)
}

on_each_major! {
    fn a_node_behind_within_the_bound(major: Major) -> Result<(), Failure> {
        skewed(major, -5.0)
    }

    fn a_node_ahead_within_the_bound(major: Major) -> Result<(), Failure> {
        skewed(major, 5.0)
    }

    fn beyond_the_bound_apply_stops_and_goes_on_when_the_clock_is_right(major: Major) -> Result<(), Failure> {
        beyond(major, 5.0, "a")
    }

    fn a_node_that_is_behind_by_more_than_the_bound_stops(major: Major) -> Result<(), Failure> {
        beyond(major, -5.0, "b")
    }

    fn one_node_behind_and_one_ahead(major: Major) -> Result<(), Failure> {
        let builder = Group::builder(major, 3).clock();
        let group = builder.setting("steep_repl.max_clock_skew", "15s").start()?;
        group.create_table("t", COLUMNS, "'last_write_wins', 'exact'")?;
        group.settle()?;
        group.node("b").expect_log(STEPPED_BACK);
        set_clock(&group, "b", -5.0)?;
        set_clock(&group, "c", 5.0)?;
        causality_holds(&group, 3)?;
        group.finish();
        Ok(())
    }

    fn the_bound_can_be_widened_without_restart(major: Major) -> Result<(), Failure> {
        let group = Group::builder(major, 2).clock().start()?;
        group.create_table("t", COLUMNS, "")?;
        group.settle()?;
        set_clock(&group, "b", 4.0)?;
        group.execute("b", "insert into t values (1, 'from the future')")?;
        group.complaint("a", &["steep_repl.max_clock_skew", "from_b"])?;
        let settings = [("steep_repl.max_clock_skew", "10s")];
        group.node("a").set_settings(&settings).map_err(Failure::new)?;
        group.node("a").reload().map_err(Failure::new)?;
        group.converge()?;
        assert_eq!(group.value("a", "select v from t")?, "from the future");
        group.finish();
        Ok(())
    }

    fn a_clock_that_steps_back_is_reported(major: Major) -> Result<(), Failure> {
        let builder = Group::builder(major, 2).clock();
        let group = builder.setting("steep_repl.max_clock_skew", "30s").start()?;
        group.create_table("t", COLUMNS, "")?;
        group.settle()?;
        let b = group.node("b");
        b.expect_log(STEPPED_BACK);
        set_clock(&group, "b", -20.0)?;
        let said = wait::log_line(b, STEPPED_BACK, wait::DEADLINE);
        said.map_err(|error| group.failed(error))?;
        let audited = "exists (select from steep_repl.audit_log where action = 'clock.stepped_back')";
        holds(&group, "b", audited)?;
        group.execute("a", "insert into t values (1, 'x')")?;
        group.delivered("b", "a")?;
        set_clock(&group, "b", 0.0)?;
        group.converge()?;
        group.finish();
        Ok(())
    }

    fn a_step_back_does_not_make_a_write_look_as_if_it_had_been_seen(major: Major) -> Result<(), Failure> {
        let builder = Group::builder(major, 3).clock();
        let group = builder.setting("steep_repl.max_clock_skew", "30s").start()?;
        group.create_table("t", COLUMNS, "")?;
        let first = group.write("a", "insert into t values (1, 'first')")?;
        // What b has seen of c is from before the step, and stays so.
        let seen = format!(
            "exists (select from steep_repl.heartbeats where node_id = 'b' and extract(epoch from
               (seen->'c'->>'beat_at')::timestamptz) * 1000000 > {} + 8000000)",
            first.at
        );
        holds(&group, "a", &seen)?;
        group.cut("c", "b");
        group.node("c").expect_log(STEPPED_BACK);
        set_clock(&group, "c", -10.0)?;
        let is_past = format!("extract(epoch from clock_timestamp()) * 1000000 > {}", first.at);
        holds(&group, "c", &is_past)?;
        group.write("c", "update t set v = 'c' where id = 1")?;
        group.execute("c", "select steep_repl.beat()")?;
        group.delivered("c", "a")?;
        // A beat of c that a applied after that write, with a time from before the step, and a later
        // one of b, with which a looks at it.
        holds(
            &group,
            "a",
            "exists (
               select from t
               join steep_repl.applied_beats c on c.node_id = 'c' and c.xid > t.xmin::text::bigint
               join steep_repl.heartbeats b on b.node_id = 'b'
               where c.beat_at < (b.seen->'c'->>'beat_at')::timestamptz
                 and b.beat_at > c.beat_at + interval '11 seconds')",
        )?;
        group.write("b", "update t set v = 'b' where id = 1")?;
        group.delivered("b", "a")?;
        assert_eq!(group.value("a", "select v from t")?, "b");
        let lost = group.conflicts("a", "resolution = 'APPLIED_REMOTE'")?;
        assert_eq!(lost.len(), 1, "{lost:#?}");
        set_clock(&group, "c", 0.0)?;
        group.meet();
        group.converge()?;
        group.finish();
        Ok(())
    }
}

/// Waits until a condition holds on a node.
fn holds(group: &Group, node: &str, condition: &str) -> Result<(), Failure> {
    let sql = format!("select {condition}");
    let waited = wait::query_returns(group.node(node), DATABASE, &sql, "t", wait::DEADLINE);
    waited.map_err(|error| group.failed(error))
}

const STEPPED_BACK: &str = "the clock of this node has stepped back";
