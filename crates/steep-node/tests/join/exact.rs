//! Each thing that makes joining exact, in a situation in which it decides.

use std::cell::Cell;

use steep_testkit::{Clock, Hold, Major, on_each_major, wait};

use crate::all_equal;
use crate::group::{DATABASE, Group, Outcome};
use crate::load::{Load, SCHEMA};

/// Nodes a and b, and c, which is yet to join.
fn group_of_two(major: Major) -> Outcome<Group> {
    let group = Group::start(&[major; 3])?;
    group.execute("a", SCHEMA)?;
    assert!(group.init("a")?.done);
    assert!(group.join("b", "a")?.done);
    Ok(group)
}

/// Waits until a query on a node returns `t`.
fn holds(group: &Group, node: &str, sql: &str) -> Outcome {
    Ok(wait::query_returns(group.cluster(node), DATABASE, sql, "t", crate::PATIENCE)?)
}

/// Whether node a has what c waits for before it takes the snapshot.
const IS_PAST_THE_HORIZON: &str = "select exists (
  select from steep_repl.joins j
  join steep_repl.heartbeats h on h.node_id = 'b' and h.beat_at > j.horizon_at + interval '2 seconds'
  join steep_repl.applied_positions p on p.node_id = 'b' and p.generation = j.generation)";

/// When and by which node the row of an account was written, as a node knows it.
const VERSION: &str = "select o.timestamp::text || ' by ' || n.node_id
  from account cross join lateral pg_xact_commit_timestamp_origin(xmin) o
  join steep_repl.origin_nodes() n on n.roident = o.roident where id = 1";

on_each_major! {
    fn a_write_that_comes_late_loses_against_copied_rows_too(major: Major) -> Outcome {
        let group = group_of_two(major)?;
        group.cluster("b").expect_peer_loss();
        // While c waits, it is not polled: what happens here happens before its snapshot.
        let apart = || -> Outcome {
            holds(&group, "a", IS_PAST_THE_HORIZON)?;
            group.execute("a", "alter subscription steep_repl_b disable")?;
            holds(&group, "a", "select not exists (select from pg_stat_subscription where subname = 'steep_repl_b' and pid is not null)")?;
            group.execute("b", "update account set note = 'early' where id in (1, 2)")?;
            group.execute("a", "update account set note = 'late' where id = 1; delete from account where id = 2")
        };
        let done = Cell::new(None);
        let plan = group.join_with("c", "a", 3, Some(&|_| done.set(Some(apart()))))?;
        done.take().ok_or("it did not wait")??;
        assert!(plan.is_some_and(|plan| plan.done));
        // b's writes have reached c, and have not reached a.
        wait::subscription_caught_up(group.cluster("b"), "steep_repl_c", crate::PATIENCE)?;
        assert_eq!(group.value("c", "select note from account where id = 1")?, "late");
        assert_eq!(group.value("c", "select count(*) from account where id = 2")?, "0");
        assert_eq!(group.value("c", VERSION)?, group.value("a", VERSION)?);
        group.execute("a", "alter subscription steep_repl_b enable")?;
        all_equal(&group, &["a", "b", "c"])?;
        group.finish();
        Ok(())
    }

    fn changes_that_are_in_the_copy_do_not_come_again(major: Major) -> Outcome {
        let group = group_of_two(major)?;
        let mut hold = Hold::take(group.cluster("a"), DATABASE, "begin; lock table steep_repl.joins in share mode")?;
        std::thread::scope(|scope| {
            let joins = scope.spawn(|| {
                group.join("c", "a").map(|plan| plan.done).map_err(|error| error.to_string())
            });
            // b keeps WAL for c by now. What it writes is in that and in the copy.
            hold.waited_for_by(1)?;
            group.execute("b", "insert into account values (-1, 0, 'of b'); update account set note = 'of b' where id = 1")?;
            holds(&group, "a", "select count(*) = 2 from account where note = 'of b'")?;
            group.execute("a", "update account set note = 'of a' where id = -1; delete from account where id = 1")?;
            drop(hold);
            assert!(joins.join().map_err(|_| "a panic")??);
            Ok::<_, Box<dyn std::error::Error>>(())
        })?;
        wait::subscription_caught_up(group.cluster("b"), "steep_repl_c", crate::PATIENCE)?;
        assert_eq!(group.value("c", "select note from account where id = -1")?, "of a");
        all_equal(&group, &["a", "b", "c"])?;
        group.finish();
        Ok(())
    }

    fn the_snapshot_is_not_taken_before_the_others_are_well_past_the_horizon(major: Major) -> Outcome {
        let group = group_of_two(major)?;
        let is_past = Cell::new(None);
        let look = || group.value("a", IS_PAST_THE_HORIZON);
        let plan = group.join_with("c", "a", 4, Some(&|_| is_past.set(Some(look()))))?;
        assert!(plan.is_some_and(|plan| plan.done));
        assert_eq!(is_past.take().ok_or("it took no snapshot")??, "t");
        group.finish();
        Ok(())
    }

    fn sequences_go_on_and_the_writers_origins_are_gone(major: Major) -> Outcome {
        let group = Group::start(&[major; 2])?;
        group.execute("a", SCHEMA)?;
        group.execute("a", "create sequence called; create sequence \"Sét\"; create sequence untouched start 5")?;
        group.execute("a", "select nextval('called') from generate_series(1, 40); select setval('\"Sét\"', 700, false)")?;
        assert!(group.init("a")?.done);
        assert!(group.join("b", "a")?.done);
        for (sequence, next) in [("called", "41"), ("\"Sét\"", "700"), ("untouched", "5")] {
            assert_eq!(group.value("b", &format!("select nextval('{sequence}')"))?, next, "{sequence}");
        }
        assert_eq!(group.leftovers("b")?.get("origins"), None);
        group.finish();
        Ok(())
    }

    fn a_node_whose_clock_is_behind_waits_until_it_has_passed_the_copy(major: Major) -> Outcome {
        let group = Group::start_with(&[major; 2], |builder| {
            builder.clock(Clock::Offset(0.0)).setting("steep_repl.max_clock_skew", "30s")
        })?;
        group.execute("a", SCHEMA)?;
        assert!(group.init("a")?.done);
        group.cluster("b").set_clock(Clock::Offset(-15.0))?;
        let load = Load::start(&group, &["a"]);
        // Rows that were written while it joins keep the time of a.
        let look = || group.value("b", "select max(pg_xact_commit_timestamp(xmin)) < clock_timestamp() from account");
        let is_past = Cell::new(None);
        let plan = group.join_with("b", "a", 9, Some(&|_| is_past.set(Some(look()))))?;
        assert!(plan.is_some_and(|plan| plan.done));
        assert_eq!(is_past.take().ok_or("it was not tied")??, "t");
        load.stop()?;
        // A server does not stop before the others have what it wrote.
        group.cluster("b").set_clock(Clock::Offset(0.0))?;
        all_equal(&group, &["a", "b"])?;
        group.finish();
        Ok(())
    }

    fn a_node_whose_clock_is_ahead_catches_up_all_the_same(major: Major) -> Outcome {
        let group = Group::start_with(&[major; 2], |builder| {
            builder.clock(Clock::Offset(0.0)).setting("steep_repl.max_clock_skew", "30s")
        })?;
        group.execute("a", SCHEMA)?;
        assert!(group.init("a")?.done);
        // At the end, when it is set right.
        group.cluster("b").expect_log("the clock of this node has stepped back");
        group.cluster("b").set_clock(Clock::Offset(15.0))?;
        assert!(group.join("b", "a")?.done);
        group.cluster("b").set_clock(Clock::Offset(0.0))?;
        all_equal(&group, &["a", "b"])?;
        group.finish();
        Ok(())
    }
}
