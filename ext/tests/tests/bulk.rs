//! Statements that delete many rows keep their keys in chunks: each key of them still meets what
//! the other node did to its row.

use steep_ext_tests::{Failure, Group};
use steep_testkit::{Major, on_each_major};

/// Far beyond the thousand rows from which on keys are kept in chunks.
const ROWS: i32 = 5_000;

/// The row's number decides what `b` does to it: an update or an insert before the delete, one
/// after it, or nothing.
fn deleted_in_bulk(major: Major, nodes: usize, policy: &str) -> Result<(), Failure> {
    let group = Group::start(major, nodes)?;
    group.create_table("t", "id int primary key, v text, x int unique", policy)?;
    group.execute(
        "a",
        &format!("insert into t select i, 'base', i from generate_series(1, {ROWS}) i"),
    )?;
    group.settle()?;
    group.apart()?;
    group.write("b", "update t set v = 'older' where id % 10 = 1")?;
    group.write("b", "delete from t where id % 10 = 2")?;
    group.write("b", "insert into t select i, 'again', i from generate_series(2, 5000, 10) i")?;
    group.write("a", "delete from t")?;
    group.write("b", "update t set v = 'newer' where id % 10 = 3")?;
    group.write("b", "delete from t where id % 10 = 4")?;
    group.write("b", "insert into t select i, 'newer', i from generate_series(4, 5000, 10) i")?;
    // After the delete, a value that a deleted row of another key held.
    group.write(
        "b",
        "insert into t select 100000 + i, 'other', 100000 + i from generate_series(1, 50) i",
    )?;
    group.meet_in(["a", "b"])?;
    group.converge()?;
    let left = "select string_agg(format('%s %s', v, n), ', ' order by v collate \"C\") \
        from (select v, count(*) as n from t group by v) c";
    for node in group.names() {
        assert_eq!(group.value(node, left)?, format!("newer {}, other 50", ROWS / 5), "{node}");
    }
    // Every update that lost is told once on a, and every one that won.
    let count = |condition: &str| {
        group.value(
            "a",
            &format!(
                "select count(*) || ' ' || count(distinct row_key) \
            from steep_repl.conflict_log where {condition}"
            ),
        )
    };
    let tenth = format!("{0} {0}", ROWS / 10);
    assert_eq!(count("remote_tuple->>'v' = 'older' and resolution = 'KEPT_LOCAL'")?, tenth);
    assert_eq!(count("remote_tuple->>'v' = 'again' and resolution = 'KEPT_LOCAL'")?, tenth);
    group.finish();
    Ok(())
}

on_each_major! {
    fn a_bulk_delete_among_older_and_newer_writes_on_two_nodes(major: Major) -> Result<(), Failure> {
        deleted_in_bulk(major, 2, "")
    }

    fn a_bulk_delete_among_older_and_newer_writes_on_three_nodes(major: Major) -> Result<(), Failure> {
        deleted_in_bulk(major, 3, "")
    }

    fn a_bulk_delete_with_exact_detection(major: Major) -> Result<(), Failure> {
        deleted_in_bulk(major, 2, "'last_write_wins', 'exact'")
    }

    fn bulk_deletes_that_are_rolled_back_leave_nothing(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", "id int primary key, v text", "")?;
        group.everywhere("create table p (id int, v text, primary key (id)) partition by range (id); \
            create table p_1 partition of p for values from (0) to (1000); \
            create table p_2 partition of p for values from (1000) to (100000)")?;
        group.add_table("p", "")?;
        for table in ["t", "p"] {
            group.execute("a", &format!("insert into {table} select i, 'base' from generate_series(1, 2000) i"))?;
        }
        group.settle()?;
        group.apart()?;
        for table in ["t", "p"] {
            group.write("b", &format!("update {table} set v = 'older' where id % 2 = 0"))?;
            // What a takes back must not outlive it: an older write would be refused for it.
            group.execute("a", &format!("begin; savepoint s; delete from {table}; rollback to s; \
                update {table} set id = id + 50000 where id < 100; rollback to s; \
                insert into {table} values (90000, 'kept'); commit; \
                begin; delete from {table}; rollback"))?;
        }
        group.meet();
        group.converge()?;
        for table in ["t", "p"] {
            let left = format!("select count(*) || ' ' || count(*) filter (where v = 'older') from {table}");
            assert_eq!(group.value("a", &left)?, "2001 1000", "{table}");
            group.logged(table, &[])?;
        }
        group.finish();
        Ok(())
    }
}
