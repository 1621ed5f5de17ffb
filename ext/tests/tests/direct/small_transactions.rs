//! Transactions of one change each: the guard begins them itself, unless anything that the worker would
//! look at has changed.

use steep_ext_tests::{DATABASE, Failure, Group, PATIENCE};
use steep_testkit::wait::{self, Observed};
use steep_testkit::{Major, on_each_major};

const ROWS: u32 = 400;

const TABLE: &str = "k int primary key, v text, n int";

/// How often the worker has called the guard.
const CALLS: &str = "select coalesce(sum(calls), 0) from pg_stat_user_functions \
    where schemaname = 'steep_repl' and funcname = 'guard'";

/// Runs a statement for each of the rows, in as many transactions.
fn one_by_one(group: &Group, node: &str, statement: &str) -> Result<(), Failure> {
    group.execute(node, &each(statement))
}

fn each(statement: &str) -> String {
    format!("do $$ begin for i in 1 .. {ROWS} loop {statement}; commit; end loop; end $$")
}

/// Two nodes with the table, of which `b` has seen a change of each kind.
fn group_that_has_learnt(major: Major) -> Result<Group, Failure> {
    let group = Group::builder(major, 2).setting("track_functions", "all").start()?;
    group.create_table("t", TABLE, "")?;
    one_by_one(&group, "a", "insert into t values (i, 'v' || i, 0)")?;
    one_by_one(&group, "a", "update t set n = n + 1 where k = i")?;
    group.execute("a", "insert into t values (1001, 'x', 1)")?;
    group.execute("a", "delete from t where k = 1001")?;
    group.settle()?;
    Ok(group)
}

/// Waits until `b` has no apply worker.
fn no_worker(group: &Group) -> Result<(), Failure> {
    let looked = wait::until(PATIENCE, "the apply worker of b to end", || {
        let workers = "select count(*) from pg_stat_subscription where pid is not null";
        let count = group.look("b", workers)?;
        if count == "0" { Ok(()) } else { Err(Observed::new(format!("{count} workers"))) }
    });
    looked.map_err(|error| group.failed(error))
}

on_each_major! {
    fn the_guard_makes_most_of_them(major: Major) -> Result<(), Failure> {
        let group = group_that_has_learnt(major)?;
        for statement in [
            "insert into t values (1000 + i, 'w' || i, i)",
            "update t set v = v || '!' where k = i",
            "update t set n = null where k = 1000 + i",
            "delete from t where k = 1000 + i",
        ] {
            let calls = |when: &str| {
                // What a worker has counted it tells about once a second, or when it rests.
                group.settle()?;
                let told = group.value("b", CALLS)?;
                told.parse::<u32>().map_err(|error| group.failed(format!("{when}: {error}: {told}")))
            };
            let before = calls("before")?;
            one_by_one(&group, "a", statement)?;
            group.converge()?;
            let made = calls("after")? - before;
            assert!(made < ROWS / 10, "the worker made {made} of {ROWS} changes: {statement}");
        }
        group.finish();
        Ok(())
    }

    fn among_others(major: Major) -> Result<(), Failure> {
        let group = group_that_has_learnt(major)?;
        group.create_table("u", TABLE, "")?;
        // Several tables in a transaction, rows of the other node, keys that move, rows that are missing.
        one_by_one(&group, "a", "insert into u values (i, 'u', 0); update t set n = n + i where k = i")?;
        group.settle()?;
        one_by_one(&group, "b", "update t set v = 'of b' where k = i and i % 3 = 0")?;
        group.settle()?;
        one_by_one(&group, "a", "update t set n = n + 1 where k = i; update u set n = n + 1 where k = i")?;
        group.settle()?;
        group.apart()?;
        one_by_one(&group, "a", "update t set v = 'a' || i where k = i and i % 2 = 0")?;
        one_by_one(&group, "b", "update t set v = 'b' || i where k = i and i % 5 = 0")?;
        one_by_one(&group, "b", "delete from t where k = i and i % 7 = 0")?;
        one_by_one(&group, "a", "update t set k = k + 5000 where k = i and i % 11 = 0")?;
        group.meet();
        group.converge()?;
        group.finish();
        Ok(())
    }

    fn what_is_altered_in_between_counts_from_then_on(major: Major) -> Result<(), Failure> {
        let group = group_that_has_learnt(major)?;
        group.execute("b", "alter table t add constraint low check (n < 100)")?;
        group.expect_complaint("b", "low");
        one_by_one(&group, "a", "update t set n = 100 + i where k = i")?;
        group.complaint("b", &["violates check constraint", "low"])?;
        assert_eq!(group.value("b", "select count(*) from t where n >= 100")?, "0");
        group.execute("b", "alter table t drop constraint low")?;
        group.converge()?;

        group.execute("b", "create table seen (k int);
            create function see() returns trigger language plpgsql as
              'begin insert into public.seen values (new.k); return null; end';
            create trigger see after update on t for each row execute function see();
            alter table t enable replica trigger see")?;
        one_by_one(&group, "a", "update t set n = i where k = i")?;
        group.converge()?;
        assert_eq!(group.value("b", "select count(*) from seen")?, ROWS.to_string());

        // A column in another place here than there.
        group.execute("b", "drop trigger see on t; alter table t drop v, add v text default 'new'")?;
        one_by_one(&group, "a", "update t set v = 'newest', n = -i where k = i")?;
        group.delivered("a", "b")?;
        let newest = "select count(*) from t where v = 'newest' and n = -k";
        assert_eq!(group.value("b", newest)?, ROWS.to_string());
        group.disregard_table("t");
        group.finish();
        Ok(())
    }

    fn rights_that_are_taken_away(major: Major) -> Result<(), Failure> {
        let group = group_that_has_learnt(major)?;
        let subscription = group.value("b", "select quote_ident(subname) from pg_subscription")?;
        group.execute("b", &format!(
            "create role keeper login; grant steep_repl_admin to keeper; \
             grant create on database {DATABASE} to keeper; grant all on t to keeper; \
             grant usage on schema steep_repl to keeper; grant all on all tables in schema steep_repl to keeper; \
             alter subscription {subscription} disable"))?;
        no_worker(&group)?;
        group.execute("b", &format!(
            "alter subscription {subscription} set (password_required = false, run_as_owner = true); \
             grant pg_create_subscription to keeper; \
             alter subscription {subscription} owner to keeper; \
             alter subscription {subscription} enable"))?;
        one_by_one(&group, "a", "update t set n = n + 1 where k = i")?;
        group.settle()?;
        for (taken, given, word) in [
            ("revoke update on t from keeper", "grant update on t to keeper", "permission denied for table t"),
            (
                "alter table t enable row level security",
                "alter table t disable row level security",
                "row-level security",
            ),
        ] {
            group.execute("b", taken)?;
            group.expect_complaint("b", word);
            one_by_one(&group, "a", "update t set n = n + 1000 where k = i")?;
            group.complaint("b", &[word])?;
            assert_eq!(group.value("b", "select count(*) from t where n >= 1000")?, "0", "{taken}");
            group.execute("b", given)?;
            group.settle()?;
            one_by_one(&group, "a", "update t set n = 0 where k = i")?;
            group.settle()?;
        }
        group.converge()?;
        group.finish();
        Ok(())
    }

    fn a_transaction_that_is_to_be_skipped(major: Major) -> Result<(), Failure> {
        let group = group_that_has_learnt(major)?;
        let subscription = group.value("b", "select quote_ident(subname) from pg_subscription")?;
        group.execute("b", "alter table t add constraint low check (n < 500)")?;
        group.expect_complaint("b", "low");
        group.execute("a", "update t set n = 1 where k = 1")?;
        group.execute("a", "update t set n = 777 where k = 2")?;
        group.execute("a", "update t set n = 3 where k = 3")?;
        let told = group.complaint("b", &["violates check constraint", "low"])?;
        let lsn = told.detail.split("finished at ").nth(1).and_then(|rest| rest.split_whitespace().next());
        let Some(lsn) = lsn else { return Err(group.failed(format!("no position in {told:?}"))) };
        // A worker that has begun the transaction already would not skip it.
        group.execute("b", &format!("alter subscription {subscription} disable"))?;
        no_worker(&group)?;
        group.execute("b", &format!("alter subscription {subscription} skip (lsn = '{lsn}')"))?;
        group.execute("b", "alter table t drop constraint low")?;
        group.execute("b", &format!("alter subscription {subscription} enable"))?;
        group.delivered("a", "b")?;
        let rows = "select string_agg(n::text, ' ' order by k) from t where k <= 3";
        assert_eq!(group.value("b", rows)?, "1 1 3");
        group.disregard_table("t");
        group.finish();
        Ok(())
    }

    fn a_subscription_that_is_disabled(major: Major) -> Result<(), Failure> {
        let group = group_that_has_learnt(major)?;
        let subscription = group.value("b", "select quote_ident(subname) from pg_subscription")?;
        let done = || {
            let done = group.value("b", "select sum(abs(n)) from t")?;
            done.parse::<u64>().map_err(|error| group.failed(format!("{error}: {done}")))
        };
        // Many transactions are on their way when the worker has to stop: with the one it is at.
        group.hold("a", "b");
        (0..10).try_for_each(|_| one_by_one(&group, "a", "update t set n = -1 - abs(n) where k = i"))?;
        group.release("a", "b");
        group.execute("b", &format!("alter subscription {subscription} disable"))?;
        let before = done()?;
        no_worker(&group)?;
        let after = done()?;
        assert!(after - before <= 1, "{before} transactions were applied, and then {after}");
        group.execute("b", &format!("alter subscription {subscription} enable"))?;
        group.converge()?;
        group.finish();
        Ok(())
    }
}
