//! What deletes leave behind, and when they leave nothing.

use steep_ext_tests::{DATABASE, Failure, Group, PATIENCE};
use steep_testkit::{Major, on_each_major};

use super::{everywhere_is, run};

const KEYS: &str = "select coalesce(string_agg(row_key[1], ' ' order by row_key[1]::int), '') from steep_repl.tombstones";

/// A session in replica mode deletes rows, and moves some to other keys, which the other node has
/// changed earlier.
fn deleted_in_replica_mode(group: &Group, table: &str) -> Result<(), Failure> {
    group.execute(
        "a",
        &format!("insert into {table} select i, 'base' from generate_series(1, 4) i"),
    )?;
    group.settle()?;
    group.apart()?;
    group.write("b", &format!("update {table} set v = 'older'"))?;
    let mut session = group.node("a").client(DATABASE);
    run(group, &mut session, "set session_replication_role = replica")?;
    run(group, &mut session, &format!("delete from {table} where id = 1"))?;
    run(group, &mut session, &format!("update {table} set id = 5 where id = 2"))?;
    run(group, &mut session, &format!("update {table} set id = 15 where id = 3"))?;
    group.meet();
    group.converge()?;
    let rows = format!("select string_agg(concat(id, v), ' ' order by id) from {table}");
    everywhere_is(group, &rows, "4older 5base 15base")
}

on_each_major! {
    fn a_long_value_that_an_update_leaves_out_is_found_at_the_tombstone(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", "id int primary key, v text, w text, x int", "")?;
        let noise = "string_agg(md5(i::text), '')";
        group.execute("a", &format!("insert into t select 1, {noise}, {noise}, 0 from generate_series(1, 47) i"))?;
        group.write("a", "update t set w = ''")?;
        group.settle()?;
        // Now the value is out of line on b only, which leaves it out.
        group.execute("a", "vacuum full t")?;
        group.apart()?;
        group.write("a", "delete from t")?;
        group.write("b", "update t set x = 1")?;
        group.meet();
        group.converge()?;
        everywhere_is(&group, "select concat_ws(' ', length(v), length(w), x) from t", "1504 0 1")?;
        group.finish();
        Ok(())
    }

    fn a_value_too_long_for_a_tombstone_waits_for_a_person(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.everywhere("create table t (id int primary key, v text, x int); \
            alter table t alter column v set storage external; \
            insert into t values (1, repeat('x', 17 * 1024 * 1024), 0)")?;
        group.add_table("t", "")?;
        group.settle()?;
        group.apart()?;
        group.write("a", "delete from t")?;
        group.write("b", "update t set x = 1")?;
        group.meet();
        group.quiet_within(PATIENCE)?;
        let pending = "select string_agg(concat_ws(' ', conflict_type, resolution), ', ') from steep_repl.conflict_log";
        assert_eq!(group.value("a", pending)?, "UPDATE-DELETE PENDING");
        assert_eq!(group.value("a", "select count(*) from t")?, "0");
        // The stream goes on.
        group.write("b", "insert into t values (2, '', 0)")?;
        group.quiet_within(PATIENCE)?;
        assert_eq!(group.value("a", "select id from t")?, "2");
        group.finish();
        Ok(())
    }

    fn deletes_of_a_session_in_replica_mode_are_remembered(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", "id int primary key, v text", "")?;
        deleted_in_replica_mode(&group, "t")?;
        group.finish();
        Ok(())
    }

    fn a_savepoint_that_is_rolled_back_leaves_no_tombstone(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", "id int primary key", "")?;
        group.everywhere("create table p (id int primary key) partition by range (id); \
            create table p_1 partition of p for values from (0) to (100)")?;
        group.add_table("p", "")?;
        group.apart()?;
        // Fires after the guard's own: what was deleted by then is recorded already.
        group.everywhere("create function fails() returns trigger language plpgsql as $$ begin \
            if tg_level = 'STATEMENT' or old.id = 2 then raise 'no delete'; end if; return null; end $$")?;
        for (table, level) in [("t", "statement"), ("p", "row")] {
            let keys = format!("{KEYS} where relation = '{table}'::regclass");
            let mut session = group.node("a").client(DATABASE);
            run(&group, &mut session, &format!("insert into {table} select generate_series(1, 20)"))?;
            let fails = format!("create trigger z_fails after delete on {table} for each {level} \
                execute function fails()");
            for (script, left) in [
                ("begin; savepoint s; delete from {t} where id < 3; rollback to s; commit", ""),
                ("begin; savepoint s; delete from {t} where id = 1; savepoint u; delete from {t} where id = 3; \
                  release u; rollback to s; commit", ""),
                ("begin; {fails}; do $$ begin delete from {t} where id < 5; exception when others then null; end $$; \
                  drop trigger z_fails on {t}; commit", ""),
                ("begin; delete from {t} where id = 5; savepoint s; delete from {t} where id = 6; \
                  rollback to s; delete from {t} where id = 7; commit", "5 7"),
                ("begin; savepoint s; delete from {t} where id = 8; savepoint u; delete from {t} where id = 9; \
                  rollback to u; release s; savepoint v; delete from {t} where id = 10; release v; commit", "5 7 8 10"),
                ("begin; delete from {t} where id = 11; rollback", "5 7 8 10"),
            ] {
                run(&group, &mut session, &script.replace("{fails}", &fails).replace("{t}", table))?;
                assert_eq!(group.value("a", &keys)?, left, "{table}: {script}");
            }
            assert_eq!(group.value("a", &format!("select count(*) from {table}"))?, "16");
        }
        group.meet();
        group.converge()?;
        group.finish();
        Ok(())
    }
}
