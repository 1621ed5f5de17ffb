//! Decisions that hung on when something was written down, or by whom.

use std::time::Instant;

use steep_ext_tests::{DATABASE, Failure, Group, PATIENCE};
use steep_testkit::{Major, on_each_major};

use super::{blocked, comes_to, everywhere_is, run};

const ROWS: &str = "select string_agg(concat(id, v), ' ' order by id) from t";

on_each_major! {
    fn another_worker_learns_of_a_delete_no_later_than_its_tombstone_is_there(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 3)?;
        group.create_table("t", "id int primary key, v text", "")?;
        group.execute("a", "insert into t values (1, 'base'), (100, ''), (300, ''), (301, '')")?;
        group.settle()?;
        // Index entries of tombstones that are gone would make the worker look once more.
        group.execute("c", "vacuum steep_repl.tombstones")?;
        group.cut("a", "b");
        group.cut("b", "a");
        let lock = |id: u32| {
            let mut session = group.node("c").client(DATABASE);
            run(&group, &mut session, &format!("begin; select from t where id = {id} for update"))?;
            Ok::<_, Failure>(session)
        };
        let (mut first, mut second, mut third) = (lock(300)?, lock(100)?, lock(301)?);
        for sql in [
            "update t set v = 'b' where id = 300",
            "insert into t values (200, 'b')",
            "update t set v = 'b' where id = 301",
            "update t set v = 'OLD' where id = 1",
        ] {
            group.write("b", sql)?;
        }
        group.write("a", "delete from t where id = 1; update t set v = 'a' where id = 100")?;
        // The delete has been carried out and not committed; now the other worker inserts.
        blocked(&group, "c", 2)?;
        run(&group, &mut first, "commit")?;
        comes_to(&group, "c", "select count(*) from t where id = 200", 1)?;
        blocked(&group, "c", 2)?;
        run(&group, &mut second, "commit")?;
        comes_to(&group, "c", "select count(*) from t where id = 1", 0)?;
        run(&group, &mut third, "commit")?;
        group.delivered("b", "c")?;
        group.meet();
        group.converge()?;
        everywhere_is(&group, ROWS, "100a 200b 300b 301b")?;
        group.finish();
        Ok(())
    }

    fn a_row_that_lost_for_a_moment_lives_on_in_its_own_transaction(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 3)?;
        group.create_table("t", "id int primary key, v text unique", "")?;
        for (id, order) in [(1, ["a", "b"]), (11, ["b", "a"])] {
            group.settle()?;
            group.apart()?;
            group.write("b", &format!("insert into t values ({id}, 'x{id}'); \
                update t set v = 'y{id}' where id = {id}"))?;
            group.write("a", &format!("insert into t values ({id} + 1, 'x{id}')"))?;
            group.meet_in(order)?;
            group.converge()?;
            everywhere_is(&group, &format!("{ROWS} where id between {id} and {id} + 1"),
                &format!("{id}y{id} {}x{id}", id + 1))?;
        }
        group.finish();
        Ok(())
    }

    fn a_beat_proves_nothing_of_a_savepoint_that_was_open(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", "id int primary key, v text", "'manual'")?;
        group.execute("a", "insert into t values (1, 'base')")?;
        group.settle()?;
        let mut session = group.node("a").client(DATABASE);
        run(&group, &mut session, "begin; select pg_current_xact_id(); \
            savepoint s; update t set v = 'A' where id = 1; release s")?;
        // Snapshots that begin after the savepoint, and do not list it, go round.
        group.echoed()?;
        group.echoed()?;
        group.write("b", "update t set v = 'B' where id = 1")?;
        blocked(&group, "a", 1)?;
        run(&group, &mut session, "commit")?;
        group.quiet_within(PATIENCE)?;
        let pending = "select string_agg(concat_ws(' ', conflict_type, resolution), ', ') from steep_repl.conflict_log";
        everywhere_is(&group, pending, "UPDATE-UPDATE PENDING")?;
        assert_eq!(group.value("a", "select v from t")?, "A");
        assert_eq!(group.value("b", "select v from t")?, "B");
        group.finish();
        Ok(())
    }

    fn rows_older_than_all_timestamps_are_replaced_while_the_horizon_moves(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", "id int primary key, v text", "")?;
        group.execute("a", "insert into t values (1, 'base')")?;
        group.settle()?;
        group.execute("a", "alter database template0 allow_connections true")?;
        let unknown = "select case when pg_xact_commit_timestamp(xmin) is null then 'yes' else 'no' end from t";
        let deadline = Instant::now() + PATIENCE;
        while group.value("a", unknown)? == "no" {
            if Instant::now() > deadline {
                return Err(group.failed("the row keeps its timestamp"));
            }
            // The slot lets go of old rows of the catalog when its reader confirms a later place.
            group.settle()?;
            group.execute("a", "checkpoint")?;
            for database in ["template0", "template1", DATABASE] {
                let mut client = group.node("a").client(database);
                run(&group, &mut client, "vacuum (freeze)")?;
            }
        }
        comes_to(&group, "a", "select (oldest_xid = steep_repl.oldest_commit_timestamp_xid())::text \
            from steep_repl.commit_horizon", "true")?;
        group.delivered("b", "a")?;
        group.write("b", "update t set v = 'b' where id = 1")?;
        group.converge()?;
        everywhere_is(&group, ROWS, "1b")?;
        everywhere_is(&group, "select count(*) from steep_repl.conflict_log where resolution = 'PENDING'", "0")?;
        group.finish();
        Ok(())
    }

    fn a_partition_made_later_is_no_silent_end_of_exact_detection(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.everywhere("create table t (id int primary key, v text) partition by range (id); \
            create table t_1 partition of t for values from (0) to (10)")?;
        group.add_table("t", "'last_write_wins', 'exact'")?;
        group.everywhere("create table t_2 partition of t for values from (10) to (20)")?;
        let policy = |detection| {
            format!("select steep_repl.set_table_policy('t', 'last_write_wins', '{detection}')")
        };
        // Now b sends the old rows of the new partition, and a does not.
        group.execute("b", &policy("exact"))?;
        group.write("a", "insert into t values (11, '')")?;
        group.converge()?;
        group.write("b", "update t set v = 'b' where id = 11")?;
        group.converge()?;
        group.write("a", "update t set v = 'a' where id = 11")?;
        let complaint = group.complaint("b", &["without the old row", "REPLICA IDENTITY FULL"])?;
        assert!(complaint.message.contains("node \"a\""), "{complaint}");
        // As the hint says: b has to take what was sent already by default detection.
        group.execute("b", &policy("default"))?;
        group.converge()?;
        group.everywhere(&policy("exact"))?;
        for (node, v) in [("b", "bb"), ("a", "aa"), ("b", "bbb")] {
            group.write(node, &format!("update t set v = '{v}' where id = 11"))?;
            group.converge()?;
            everywhere_is(&group, ROWS, &format!("11{v}"))?;
        }
        everywhere_is(&group, "select count(*) from steep_repl.conflict_log where resolution = 'PENDING'", "0")?;
        group.finish();
        Ok(())
    }
}
