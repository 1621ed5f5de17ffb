//! Many changes in one transaction: the worker makes the first of each kind, the guard itself makes
//! the others where there is nothing to decide, and whatever has more to it is left to the worker.

mod small_transactions;

use steep_ext_tests::{Failure, Group};
use steep_testkit::{Major, on_each_major};

/// Some 20 kB that do not compress: stored out of line.
const BIG: &str = "(select string_agg(md5(i::text || j), '') from generate_series(1, 640) j)";

const FILL: i32 = 1_200;

/// Both nodes do a bit of everything, in transactions of hundreds of rows, on a table of this make.
fn everything(major: Major, nodes: usize, create: &str, columns: &str) -> Result<(), Failure> {
    let group = Group::start(major, nodes)?;
    if nodes > 2 {
        // Two workers that write the same rows in different orders: one of them does it again.
        group.nodes().iter().for_each(|node| node.expect_error("deadlock detected"));
    }
    group.everywhere(create)?;
    group.add_table("t", "")?;
    let row = format!("i, 'n' || i, case when i % 3 = 0 then null else {BIG} end, i % 7");
    let fill = format!("insert into t ({columns}) select {row} from generate_series(1, {FILL}) i");
    group.execute("a", &fill)?;
    group.settle()?;
    for step in [
        // Values out of line stay as they are, are replaced, are made null.
        "update t set name = 'x' || k where k % 5 = 1",
        "update t set big = 'short' where k % 5 = 2",
        "update t set big = null, n = null where k % 5 = 3",
        // And back, twice in one transaction.
        "begin; update t set n = 5 where k % 5 = 3; update t set n = n + k where k % 5 = 3; commit",
        // Keys change; what they leave is taken again.
        "begin; update t set k = k + 100000 where k % 50 = 4; \
         insert into t (k, name) select k - 100000, 'again ' || k from t where k > 100000; commit",
        // The same row is born, changed and gone.
        "begin; insert into t (k, name) select i, 'brief' from generate_series(200001, 200400) i; \
         update t set name = 'briefly' where k > 200000; delete from t where k > 200200; commit",
        "delete from t where k % 5 = 0",
        "begin; savepoint s; delete from t; rollback to s; delete from t where k % 7 = 0; commit",
    ] {
        group.execute("a", step)?;
    }
    group.settle()?;
    // The other node wrote none of these rows: the worker looks at each, in the midst of its own.
    group.execute(
        "b",
        "insert into t (k, name) select i, 'of b' from generate_series(300001, 300300) i",
    )?;
    group.settle()?;
    group.execute("a", "update t set name = name || '!' where k % 2 = 0")?;
    group.execute("b", "update t set n = k % 11 where k % 3 = 0")?;
    group.converge()?;
    group.finish();
    Ok(())
}

const PLAIN: &str = "create table t (k int primary key, name text, big text, n int)";
const ALL: &str = "k, name, big, n";

on_each_major! {
    fn plain(major: Major) -> Result<(), Failure> {
        everything(major, 2, PLAIN, ALL)
    }

    fn on_three_nodes(major: Major) -> Result<(), Failure> {
        everything(major, 3, PLAIN, ALL)
    }

    fn full_replica_identity(major: Major) -> Result<(), Failure> {
        everything(major, 2, &format!("{PLAIN}; alter table t replica identity full"), ALL)
    }

    fn columns_that_were_dropped_and_added(major: Major) -> Result<(), Failure> {
        let create = "create table t (gone int, k int, name text, also text default 'x', big text); \
            alter table t drop gone, drop also, add primary key (k), add n int default 9";
        everything(major, 2, create, ALL)
    }

    fn secondary_indexes_of_all_sorts(major: Major) -> Result<(), Failure> {
        let create = format!("{PLAIN}; create index on t (n, name); create index on t (lower(name)); \
            create index on t using hash (name); create index on t using brin (n); \
            create unique index on t (k, name); create unique index on t ((k * 2)); \
            create unique index on t (n) where n > 1000000");
        everything(major, 2, &create, ALL)
    }

    fn what_the_table_computes(major: Major) -> Result<(), Failure> {
        let create = "create table t (k int primary key, name text not null, big text, n int, \
            twice int generated always as (k * 2) stored, \
            width int generated always as (length(name)) stored)";
        everything(major, 2, create, ALL)
    }

    fn what_the_table_checks(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", "k int primary key, n int", "")?;
        group.execute("b", "alter table t add constraint low check (n < 5)")?;
        group.expect_complaint("b", "low");
        group.execute("a", "insert into t select i, i from generate_series(1, 9) i")?;
        group.complaint("b", &["violates check constraint", "low"])?;
        assert_eq!(group.value("b", "select count(*) from t")?, "0");
        group.execute("b", "alter table t drop constraint low")?;
        group.converge()?;
        group.execute("b", "alter table t add constraint low check (n < 15)")?;
        group.execute("a", "update t set n = n + 8")?;
        group.complaint("b", &["violates check constraint", "low"])?;
        group.execute("b", "alter table t drop constraint low")?;
        group.converge()?;
        group.finish();
        Ok(())
    }

    fn partitions(major: Major) -> Result<(), Failure> {
        let create = "create table t (k int primary key, name text, big text, n int) partition by hash (k); \
            create table t_0 partition of t for values with (modulus 2, remainder 0); \
            create table t_1 partition of t for values with (modulus 2, remainder 1)";
        everything(major, 2, create, ALL)
    }

    fn a_trigger_of_the_user_sees_every_row(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.everywhere(&format!("{PLAIN}; create table seen (k int, what text)"))?;
        group.add_table("t", "")?;
        group.execute("b", "
            create function see() returns trigger language plpgsql as
              'begin insert into public.seen values (coalesce(new.k, old.k), tg_op); return null; end';
            create trigger see after insert or update or delete on t for each row execute function see();
            alter table t enable replica trigger see")?;
        group.execute("a", "insert into t (k, name) select i, 'x' from generate_series(1, 300) i")?;
        group.execute("a", "update t set name = 'y'")?;
        group.execute("a", "delete from t")?;
        group.converge()?;
        let counts = "select string_agg(what || ' ' || n, ', ' order by what) from (
            select what, count(*) as n from seen group by what) s";
        assert_eq!(group.value("b", counts)?, "DELETE 300, INSERT 300, UPDATE 300");
        group.finish();
        Ok(())
    }

    fn conflicts_in_the_midst_of_it(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        // A trigger, even one that does nothing, leaves every change of `u` to the worker.
        group.everywhere("create function nothing() returns trigger language plpgsql as 'begin return null; end'")?;
        for table in ["t", "u"] {
            group.create_table(table, "k int primary key, v text, x int unique", "")?;
        }
        group.everywhere("create trigger nothing after insert or update or delete on u \
            for each row execute function nothing(); alter table u enable always trigger nothing")?;
        let write = |node: &str, sql: &str| -> Result<(), Failure> {
            ["t", "u"].iter().try_for_each(|table| group.write(node, &sql.replace("{t}", table)).map(drop))
        };
        write("a", "insert into {t} select i, 'base', i from generate_series(1, 600) i")?;
        group.settle()?;
        group.apart()?;
        write("b", "update {t} set v = 'of b' where k % 3 = 0")?;
        write("b", "insert into {t} select 700 + i, 'of b', 700 + i from generate_series(1, 100) i")?;
        write("b", "delete from {t} where k % 60 = 1")?;
        write("a", "update {t} set v = 'of a' where k <= 300")?;
        write("a", "insert into {t} select 700 + i, 'of a', 600 + i from generate_series(51, 200) i")?;
        write("a", "delete from {t} where k between 301 and 400")?;
        write("a", "update {t} set x = -x where k between 401 and 500")?;
        write("b", "update {t} set v = 'newer' where k % 30 = 0")?;
        write("b", "insert into {t} values (9001, 'of b', -402), (9002, 'of b', -404)")?;
        group.meet_in(["a", "b"])?;
        group.converge()?;
        for node in group.names() {
            let rows = |table: &str| group.rows(node, &format!("select k, v, x from {table} order by k"));
            assert_eq!(rows("t")?, rows("u")?, "{node}");
            let log = |table: &str| {
                group.rows(node, &format!(
                    "select conflict_type, pg_conflict, resolution, row_key, local_tuple, remote_tuple
                     from steep_repl.conflict_log where table_name = '{table}' order by row_key, 1, 5, 6"))
            };
            let of_t = log("t")?;
            assert!(of_t.len() > 50, "{node}: {} conflicts", of_t.len());
            assert_eq!(of_t, log("u")?, "{node}");
        }
        group.finish();
        Ok(())
    }

    fn what_cannot_be_read_is_said_with_its_table(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.execute("a", "create domain narrow as int")?;
        group.execute("b", "create domain narrow as int check (value < 5)")?;
        group.create_table("t", "k int primary key, n narrow", "")?;
        group.expect_complaint("b", "narrow");
        group.execute("a", "insert into t select i, i from generate_series(1, 9) i")?;
        let told = group.complaint("b", &["narrow"])?;
        assert!(told.detail.contains("replicated table \"public.t\""), "{told:?}");
        group.execute("b", "alter domain narrow drop constraint narrow_check")?;
        group.converge()?;
        assert_eq!(group.value("b", "select count(*) from t")?, "9");
        group.finish();
        Ok(())
    }

    fn a_column_that_must_not_be_null_here(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", "k int primary key, v text", "")?;
        group.execute("b", "alter table t alter v set not null")?;
        group.expect_complaint("b", "null value");
        group.execute("a", "insert into t select i, nullif(i, 7)::text from generate_series(1, 9) i")?;
        group.complaint("b", &["null value"])?;
        assert_eq!(group.value("b", "select count(*) from t")?, "0");
        group.execute("b", "alter table t alter v drop not null")?;
        group.converge()?;
        group.finish();
        Ok(())
    }
}
