//! Nodes that leave.

use std::collections::BTreeSet;

use steep_testkit::postgres::error::SqlState;
use steep_testkit::{Hold, Major, on_each_major, wait};

use crate::all_equal;
use crate::group::{DATABASE, Group, Outcome};
use crate::load::{Load, SCHEMA};

on_each_major! {
    fn under_load_and_with_nothing_lost(major: Major) -> Outcome {
        let group = Group::start(&[major; 3])?;
        group.execute("a", SCHEMA)?;
        assert!(group.init("a")?.done);
        assert!(group.join("b", "a")?.done);
        assert!(group.join("c", "a")?.done);
        for node in ["a", "b", "c"] {
            group.cluster(node).expect_log("");
        }
        let last_words = "insert into history select 'last ' || i, 1, 1 from generate_series(1, 20000) i";
        let load = Load::start(&group, &["a", "b"]);
        load.reach(200)?;
        group.execute("c", last_words)?;
        group.leave("c", false)?;
        group.forget("a", "c")?;
        group.forget("b", "c")?;
        let parted = load.written();
        load.reach(parted + 200)?;
        load.stop()?;
        all_equal(&group, &["a", "b"])?;
        let count = "select count(*) from history where id like 'last %'";
        assert_eq!(group.value("a", count)?, "20000");
        // Its rows are its own now, and nothing of the group is left.
        assert_eq!(group.value("c", count)?, "20000");
        let left: BTreeSet<_> = group.leftovers("c")?.into_keys().collect();
        assert_eq!(left, ["tables".to_owned()].into());
        group.execute("c", "insert into account values (-1, 1, 'alone')")?;
        for member in ["a", "b"] {
            let left = group.leftovers(member)?;
            assert!(!left["slots"].contains("_c") && !left["roles"].contains("_c"), "{left:?}");
            assert_eq!(group.value(member, "select status from steep_repl.nodes where node_id = 'c'")?, "removed");
        }
        // Deletes need no confirmation of a node that is gone.
        group.execute("a", "delete from history where id like 'last %'")?;
        all_equal(&group, &["a", "b"])?;
        wait::query_returns(
            group.cluster("a"), DATABASE,
            "select (steep_repl.maintain() is not null or true) and not exists (select from steep_repl.tombstone_chunks)",
            "t", crate::PATIENCE,
        )?;
        group.finish();
        Ok(())
    }

    fn its_clients_write_before_it_hands_over_or_when_it_has_left(major: Major) -> Outcome {
        let group = Group::start(&[major; 2])?;
        group.execute("a", SCHEMA)?;
        assert!(group.init("a")?.done);
        assert!(group.join("b", "a")?.done);
        for node in ["a", "b"] {
            group.cluster(node).expect_log("");
        }
        // It takes long for a to have everything.
        let mut hold = Hold::take(group.cluster("a"), DATABASE, "begin; lock table history in share mode")?;
        group.execute("b", "insert into history values ('before', 1, 1)")?;
        hold.waited_for_by(1)?;
        std::thread::scope(|scope| {
            let leaves = scope.spawn(|| group.leave("b", false).map_err(|error| error.to_string()));
            let closed = "select count(*) > 0 from pg_locks
                where relation = 'account'::regclass and mode = 'ShareRowExclusiveLock' and granted";
            wait::query_returns(group.cluster("b"), DATABASE, closed, "t", crate::PATIENCE)?;
            let mut client = group.cluster("b").try_client(DATABASE)?;
            let write = "insert into account values (-1, 1, 'too late')";
            let waits = client.batch_execute(&format!("set lock_timeout = '200ms'; {write}"));
            assert_eq!(waits.err().and_then(|error| error.code().cloned()), Some(SqlState::LOCK_NOT_AVAILABLE));
            client.batch_execute("select count(*) from account")?;
            drop(hold);
            leaves.join().map_err(|_| "a panic")??;
            Ok::<_, Box<dyn std::error::Error>>(())
        })?;
        group.forget("a", "b")?;
        assert_eq!(group.value("a", "select count(*) from history where id = 'before'")?, "1");
        group.execute("b", "insert into account values (-1, 1, 'alone')")?;
        group.finish();
        Ok(())
    }
}
