//! Limits that servers have for their applications.

use std::cell::Cell;

use steep_testkit::{Major, on_each_major, wait};

use crate::all_equal;
use crate::group::{DATABASE, Group, Outcome};
use crate::load::SCHEMA;

/// Whether the session whose snapshot is copied, and the one that reads by it, have outlived the limits.
const ARE_OLD: &str = "
  select count(*) = 2 from pg_stat_activity
  where state = 'idle in transaction' and state_change < clock_timestamp() - interval '3 seconds'";

on_each_major! {
    fn how_long_a_session_may_idle_does_not_end_a_join(major: Major) -> Outcome {
        let group = Group::start_with(&[major; 2], |builder| {
            let limits = ["idle_in_transaction_session_timeout", "idle_session_timeout"];
            let builder = limits.iter().fold(builder, |builder, limit| builder.setting(limit, "2s"));
            if major == Major::V16 { builder } else { builder.setting("transaction_timeout", "2s") }
        })?;
        group.execute("a", SCHEMA)?;
        assert!(group.init("a")?.done);
        let done = Cell::new(None);
        let look = || wait::query_returns(group.cluster("a"), DATABASE, ARE_OLD, "t", crate::PATIENCE);
        let plan = group.join_with("b", "a", 7, Some(&|_| done.set(Some(look()))))?;
        done.take().ok_or("it did not copy")??;
        assert!(plan.is_some_and(|plan| plan.done));
        group.execute("b", "insert into history values ('of b', 1, 1)")?;
        all_equal(&group, &["a", "b"])?;
        group.finish();
        Ok(())
    }

    fn a_slot_that_a_server_gives_up_during_the_copy_ends_the_join(major: Major) -> Outcome {
        let group = Group::start(&[major; 2])?;
        group.execute("a", SCHEMA)?;
        assert!(group.init("a")?.done);
        let done = Cell::new(None);
        let lose = || -> Outcome {
            group.execute("a", "alter system set max_slot_wal_keep_size = '1MB'")?;
            group.execute("a", "select pg_reload_conf()")?;
            for _ in 0..3 {
                group.execute("a", "select pg_logical_emit_message(false, 'test', repeat('x', 1000000))")?;
                group.execute("a", "select pg_switch_wal()")?;
            }
            group.execute("a", "checkpoint")?;
            let status = "select wal_status from pg_replication_slots";
            Ok(wait::query_returns(group.cluster("a"), DATABASE, status, "lost", crate::PATIENCE)?)
        };
        let failed = group.join_with("b", "a", 7, Some(&|_| done.set(Some(lose()))));
        done.take().ok_or("it did not copy")??;
        let said = failed.err().ok_or("it joined")?.to_string();
        for word in ["slot steep_repl_b on node a was lost", "max_slot_wal_keep_size"] {
            assert!(said.contains(word), "{said}");
        }
        assert_eq!(group.leftovers("b")?, [].into());
        assert!(!group.leftovers("a")?.contains_key("slots"));
        group.execute("a", "alter system reset max_slot_wal_keep_size")?;
        group.execute("a", "select pg_reload_conf()")?;
        assert!(group.join("b", "a")?.done);
        all_equal(&group, &["a", "b"])?;
        group.finish();
        Ok(())
    }
}
