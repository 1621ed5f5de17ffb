//! Columns that PostgreSQL 18 computes when they are read, beside those that it stores.
//!
//! Before 18 there are none, and nothing to test.

use steep_ext_tests::{DATABASE, Failure, Group, json, refusal};
use steep_testkit::{Major, on_each_major};

use crate::shape::{Shape, survives_generated};

const PLAIN: Shape = Shape {
    table: "t",
    create: "create table {t} (v int generated always as (k * 2) virtual, k int primary key, who text, \
        u text generated always as (upper(who)) virtual not null)",
    insert: "insert into {t} (k, who) values ({n}, '{who}')",
    update: "update {t} set who = '{who}' where k = {n}",
    delete: "delete from {t} where k = {n}",
    about: "k = {n}",
};

/// The course of [`survives_generated`], on 18.
fn survives(major: Major, shape: &Shape) -> Result<(), Failure> {
    if major < Major::V18 { Ok(()) } else { survives_generated(major, shape) }
}

on_each_major! {
    fn plain(major: Major) -> Result<(), Failure> {
        survives(major, &PLAIN)
    }

    fn stored_ones_beside_them(major: Major) -> Result<(), Failure> {
        survives(major, &Shape {
            create: "create table {t} (v int generated always as (k * 2), k int primary key, \
                s text generated always as (who || '/' || k) stored unique, who text, \
                w text generated always as (lower(who)) virtual check (w = lower(w)))",
            ..PLAIN
        })
    }

    fn a_unique_column_beside_them(major: Major) -> Result<(), Failure> {
        survives(major, &Shape {
            create: "create table {t} (k int primary key, v int generated always as (k * 2) virtual, \
                who text, n int unique, unique (n, who)); create unique index on {t} ((n + 1)) where n > 0",
            insert: "insert into {t} (k, who, n) values ({n}, '{who}', {n} * 10)",
            ..PLAIN
        })
    }

    fn of_dropped_and_added_columns(major: Major) -> Result<(), Failure> {
        survives(major, &Shape {
            create: "create table {t} (x_{node} int, k int, y int, who text); \
                alter table {t} drop x_{node}, add primary key (k), drop y; \
                alter table {t} add v text generated always as ('<' || who || '>') virtual, add n int default 3",
            update: "update {t} set who = '{who}', n = n + 1 where k = {n}",
            ..PLAIN
        })
    }

    fn of_partitions(major: Major) -> Result<(), Failure> {
        survives(major, &Shape {
            create: "create table {t} (k int primary key, who text, \
                    v int generated always as (k * 2) virtual) partition by range (k); \
                create table {t}_1 (v int generated always as (k * 3) virtual, who text, k int not null); \
                alter table {t} attach partition {t}_1 for values from (0) to (5); \
                create table {t}_2 partition of {t} for values from (5) to (100)",
            ..PLAIN
        })
    }

    fn many_rows_in_one_transaction(major: Major) -> Result<(), Failure> {
        if major < Major::V18 {
            return Ok(());
        }
        let group = Group::start(major, 2)?;
        group.create_table("t", "k int primary key, v int generated always as (n * 2) virtual not null, \
            n int not null, name text, w text generated always as (name || n)", "")?;
        for sql in [
            "insert into t (k, n, name) select i, i, 'n' || i from generate_series(1, 1200) i",
            "update t set n = n + 1 where k % 2 = 0",
            "begin; update t set name = 'x' where k % 3 = 0; update t set n = n * 2 where k % 3 = 0; commit",
            "begin; update t set k = k + 10000 where k % 50 = 4; \
             insert into t (k, n) select k - 10000, 0 from t where k > 10000; commit",
            "delete from t where k % 5 = 0",
        ] {
            group.execute("a", sql)?;
        }
        group.settle()?;
        group.execute("b", "update t set n = n + 5 where k % 7 = 0; delete from t where k % 11 = 0")?;
        group.converge()?;
        let right = "select count(*) > 500 and bool_and(v = n * 2 and w is not distinct from name || n) from t";
        for node in group.names() {
            assert_eq!(group.value(node, right)?, "t");
        }
        group.logged("t", &[])?;
        group.finish();
        Ok(())
    }

    fn the_log_has_what_is_stored(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        let and_virtual = if major < Major::V18 { "" } else { ", v int generated always as (1 / n) virtual" };
        group.create_table("t", &format!("k int primary key, n int, u int unique, \
            s int generated always as (n + 1) stored{and_virtual}"), "")?;
        group.execute("a", "insert into t (k, n) values (1, 5), (5, 5)")?;
        group.settle()?;
        group.apart()?;
        // Nobody can read the virtual column of the rows that lose: 1 / 0.
        group.write("a", "update t set n = 0 where k = 1")?;
        group.write("a", "insert into t (k, n) values (2, 0)")?;
        group.write("a", "insert into t (k, n, u) values (3, 0, 9)")?;
        group.write("a", "delete from t where k = 5")?;
        group.write("b", "update t set n = 7 where k = 1")?;
        group.write("b", "insert into t (k, n) values (2, 8)")?;
        group.write("b", "insert into t (k, n, u) values (4, 8, 9)")?;
        group.write("b", "update t set n = 6 where k = 5")?;
        group.meet();
        group.converge()?;
        let row = |k: i32, n: i32, u: Option<i32>| Some(json!({ "k": k, "n": n, "u": u, "s": n + 1 }));
        for node in group.names() {
            let log = group.conflicts(node, "table_name = 't'")?;
            assert_eq!(log.len(), 4, "{log:#?}");
            for line in log {
                let (older, newer) = match line.kind.as_str() {
                    "UPDATE-UPDATE" => (row(1, 0, None), row(1, 7, None)),
                    "INSERT-INSERT" => (row(2, 0, None), row(2, 8, None)),
                    "UNIQUE-KEY" => (row(3, 0, Some(9)), row(4, 8, Some(9))),
                    _ => (None, row(5, 6, None)),
                };
                let sides = if node == "a" { (older, newer) } else { (newer, older) };
                assert_eq!((line.local.tuple, line.remote.tuple), sides, "{node}: {}", line.kind);
            }
        }
        group.finish();
        Ok(())
    }

    fn a_person_decides(major: Major) -> Result<(), Failure> {
        if major < Major::V18 {
            return Ok(());
        }
        // Manual decisions need exact detection, which such tables cannot have; any may be taken back.
        let group = Group::start(major, 2)?;
        group.create_table("t", "k int primary key, who text, v text generated always as (upper(who)) virtual", "")?;
        group.execute("a", "insert into t (k, who) values (1, 'base')")?;
        group.settle()?;
        group.apart()?;
        group.write("a", "update t set who = 'a' where k = 1")?;
        group.write("b", "update t set who = 'b' where k = 1")?;
        group.meet();
        group.converge()?;
        let log = group.conflicts("b", "true")?;
        assert_eq!(log.len(), 1, "{log:#?}");
        let sides = (Some(json!({ "k": 1, "who": "b" })), Some(json!({ "k": 1, "who": "a" })));
        assert_eq!((&log[0].local.tuple, &log[0].remote.tuple), (&sides.0, &sides.1));
        group.execute("b", "select steep_repl.revert_resolution(id) from steep_repl.conflict_log")?;
        group.converge()?;
        for node in group.names() {
            assert_eq!(group.value(node, "select who || v from t")?, "aA");
        }
        group.finish();
        Ok(())
    }

    fn exact_detection_is_refused_for_them(major: Major) -> Result<(), Failure> {
        if major < Major::V18 {
            return Ok(());
        }
        let group = Group::start(major, 2)?;
        group.everywhere("create table t (k int primary key, v int generated always as (k * 2) virtual); \
            alter table t replica identity full")?;
        let a = group.node("a");
        let refused = refusal(a, DATABASE, "select steep_repl.add_table('t', 'node_priority')");
        assert!(refused.message.ends_with("cannot be found exactly: it has generated columns"), "{refused:?}");
        // With default detection the table gets the replica identity of its key.
        group.add_table("t", "")?;
        group.execute("a", "insert into t values (1); update t set k = 2")?;
        group.converge()?;

        // One that comes later is PostgreSQL's own to refuse, on the node that writes; nothing is sent.
        group.create_table("late", "k int primary key, n int", "'manual'")?;
        group.execute("a", "insert into late values (1, 1)")?;
        group.settle()?;
        group.everywhere("alter table late add v int generated always as (k * 2)")?;
        let update = "update late set n = 2";
        let refused = refusal(a, DATABASE, update);
        assert_eq!(refused.code, "42P10", "{refused:?}");
        assert!(refused.detail.contains("unpublished generated column"), "{refused:?}");
        group.everywhere("select steep_repl.set_table_policy('late', 'last_write_wins')")?;
        group.execute("a", update)?;
        group.converge()?;
        group.finish();
        Ok(())
    }
}
