//! Writes that knew of each other are no conflicts.

use steep_ext_tests::{Failure, Group, PATIENCE};
use steep_testkit::wait::{self, Observed};
use steep_testkit::{Major, on_each_major};

const COLUMNS: &str = "id int primary key, step int not null, who text";

/// Waits until the row of a node has had this step, which is the last one that was made.
fn arrived(group: &Group, node: &str, table: &str, step: usize) -> Result<(), Failure> {
    let sql = format!("select step from {table} where id = 1");
    let what = format!("step {step} on {node}");
    let waited = wait::until(PATIENCE, what, || {
        let seen = group.look(node, &sql)?;
        if seen == step.to_string() { Ok(()) } else { Err(Observed::new(seen)) }
    });
    waited.map_err(|error| group.failed(error))
}

/// Nodes take turns: each makes its step as soon as it has the one before.
fn take_turns(
    group: &Group,
    table: &str,
    steps: usize,
    mut between: impl FnMut() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let names = group.names();
    group.write("a", &format!("insert into {table} values (1, 0, 'a')"))?;
    for step in 1..=steps {
        let node = names[step % names.len()];
        arrived(group, node, table, step - 1)?;
        between()?;
        // A step on anything but its predecessor would show as a step too few.
        group.write(
            node,
            &format!("update {table} set step = step + 1, who = '{node}' where id = 1"),
        )?;
    }
    group.converge()?;
    for node in names {
        arrived(group, node, table, steps)?;
    }
    Ok(())
}

on_each_major! {
    fn exact_detection_is_silent_over_a_thousand_steps(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", COLUMNS, "'last_write_wins', 'exact'")?;
        take_turns(&group, "t", 1_000, || Ok(()))?;
        group.logged("t", &[])?;
        group.finish();
        Ok(())
    }

    fn default_detection_is_right_at_full_speed(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", COLUMNS, "")?;
        take_turns(&group, "t", 1_000, || Ok(()))?;
        // It may have logged what no heartbeat had proved yet, but never in the wrong direction.
        for node in group.names() {
            let kept = group.conflicts(node, "resolution <> 'APPLIED_REMOTE'")?;
            assert!(kept.is_empty(), "{kept:#?}");
        }
        group.finish();
        Ok(())
    }

    fn default_detection_is_silent_once_heartbeats_have_passed(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", COLUMNS, "")?;
        take_turns(&group, "t", 30, || group.settle())?;
        group.logged("t", &[])?;
        group.finish();
        Ok(())
    }

    fn default_detection_is_silent_on_three_nodes(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 3)?;
        group.create_table("t", COLUMNS, "")?;
        take_turns(&group, "t", 31, || group.settle())?;
        group.logged("t", &[])?;
        group.finish();
        Ok(())
    }

    fn exact_detection_is_silent_on_three_nodes(major: Major) -> Result<(), Failure> {
        // Without waiting for the third node a change could overtake the one it was made over.
        let group = Group::start(major, 3)?;
        group.create_table("t", COLUMNS, "'last_write_wins', 'exact'")?;
        take_turns(&group, "t", 60, || group.converge())?;
        group.logged("t", &[])?;
        group.finish();
        Ok(())
    }

    fn deleted_and_inserted_again_by_turns(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        for (table, policy) in [("t", ""), ("e", "'last_write_wins', 'exact'")] {
            group.create_table(table, COLUMNS, policy)?;
            for step in 0..20 {
                let node = group.names()[step % 2];
                group.write(node, &format!("insert into {table} values (1, {step}, '{node}')"))?;
                group.settle()?;
                let node = group.names()[(step / 2) % 2];
                group.write(node, &format!("delete from {table}"))?;
                group.settle()?;
            }
            group.logged(table, &[])?;
        }
        group.finish();
        Ok(())
    }

    fn unique_values_handed_on_are_no_conflict(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", "id int primary key, x text unique", "")?;
        group.execute("a", "insert into t values (0, 'token')")?;
        for id in 1..=10 {
            group.settle()?;
            let node = group.names()[id % 2];
            group.write(node, &format!("delete from t where id = {}; \
                insert into t values ({id}, 'token')", id - 1))?;
        }
        group.settle()?;
        // The same in one statement, through a state that cannot be checked at its end only.
        group.write("b", "update t set id = 11 where id = 10")?;
        group.settle()?;
        assert_eq!(group.value("a", "select id from t")?, "11");
        group.logged("t", &[])?;
        group.finish();
        Ok(())
    }
}
