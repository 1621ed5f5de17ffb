//! A delete that arrives before the insert it follows, at the very moment when the insert is
//! applied: neither worker finds what the other one does.

use steep_ext_tests::{DATABASE, Failure, Group, PATIENCE};
use steep_testkit::wait::{self, Observed};
use steep_testkit::{Major, on_each_major, postgres};

/// Holds the apply workers of a node between the guard's decision and the write of the row.
const PAUSE: &str = "
    create function pause() returns trigger language plpgsql as
      'begin perform pg_advisory_xact_lock_shared(42); return new; end';
    create trigger zz_pause before insert on t for each row execute function pause();
    alter table t enable replica trigger zz_pause";

fn becomes(group: &Group, node: &str, sql: &str, expected: &str) -> Result<(), Failure> {
    let waited = wait::until(PATIENCE, format!("{expected} as {sql} on {node}"), || {
        let value = group.look(node, sql)?;
        if value == expected { Ok(()) } else { Err(Observed::new(value)) }
    });
    waited.map_err(|error| group.failed(error))
}

/// Holds them after a row is in the table and before it is in the index of its key, which is the
/// second one of the table. The guard has asked the first one for the row's value before.
const PAUSE_IN_AN_INDEX: &str = "
    create sequence looks;
    create function pause(id int) returns int language plpgsql immutable as
      'begin if id = 1 and pg_catalog.nextval(''public.looks'') = 2 then
         perform pg_advisory_xact_lock_shared(42);
       end if; return id; end';
    create table t (id int not null, v text);
    create unique index on t (pause(id));
    alter table t add primary key (id)";

/// `b` inserts a row, `a` deletes it; at `c` the insert is decided, the delete is applied, and only
/// then the row is written.
fn deleted_before_it_is_written(major: Major, create: &str) -> Result<(), Failure> {
    let group = Group::start(major, 3)?;
    group.everywhere(create)?;
    group.add_table("t", "")?;
    group.settle()?;
    group.execute("c", PAUSE)?;
    overtakes(group, "insert into t values (1, 'of b')")
}

/// Row 1 is inserted by `b`, and deleted by `a` while `c` is about to write it.
fn overtakes(group: Group, insert: &str) -> Result<(), Failure> {
    let mut holder = group.node("c").client(DATABASE);
    let hold = |holder: &mut postgres::Client, sql: &str| {
        holder.batch_execute(sql).map_err(|error| group.failed(error))
    };
    hold(&mut holder, "select pg_advisory_lock(42)")?;
    group.execute("b", insert)?;
    becomes(&group, "a", "select count(*) from t where id = 1", "1")?;
    let waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted";
    becomes(&group, "c", waiting, "1")?;
    group.execute("a", "delete from t where id = 1")?;
    becomes(&group, "c", "select count(*) from steep_repl.tombstones", "1")?;
    hold(&mut holder, "select pg_advisory_unlock(42)")?;
    group.converge()?;
    for node in group.names() {
        assert_eq!(group.value(node, "select count(*) from t where id = 1")?, "0", "{node}");
    }
    group.finish();
    Ok(())
}

on_each_major! {
    fn a_delete_meets_an_insert_that_is_being_written(major: Major) -> Result<(), Failure> {
        deleted_before_it_is_written(major, "create table t (id int primary key, v text)")
    }

    fn a_delete_meets_a_row_that_the_guard_writes_itself(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 3)?;
        for node in ["a", "b"] {
            group.execute(node, "create table t (id int primary key, v text)")?;
        }
        group.execute("c", PAUSE_IN_AN_INDEX)?;
        group.add_table("t", "")?;
        group.settle()?;
        // The first row of a transaction is the worker's.
        overtakes(group, "insert into t values (0, 'before it'), (1, 'of b')")
    }

    fn a_delete_meets_an_insert_into_a_partition(major: Major) -> Result<(), Failure> {
        deleted_before_it_is_written(major, "
            create table t (id int primary key, v text) partition by range (id);
            create table t_0 partition of t for values from (minvalue) to (0);
            create table t_1 partition of t for values from (0) to (maxvalue)")
    }
}
