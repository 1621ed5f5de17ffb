//! Servers and apply workers that die in the middle of resolving: nothing is lost, nothing is
//! done twice.

use steep_ext_tests::{Failure, Group, PATIENCE};
use steep_testkit::wait::{self, Observed};
use steep_testkit::{Major, on_each_major};

/// Conflicts of each kind in the stream.
const ROWS: usize = 400;

/// Two nodes with a stream of conflicts before them: updates of the same rows, inserts of the same
/// keys, unique values, and deletes of rows that the other one updates. Each is a transaction.
fn stream_of_conflicts(major: Major) -> Result<Group, Failure> {
    let group = Group::start(major, 2)?;
    group.create_table("t", "id int primary key, who text", "")?;
    group.create_table("u", "id int primary key, who text, x int unique", "")?;
    group.execute(
        "a",
        &format!("insert into t select i, 'base' from generate_series(1, {}) i", 2 * ROWS),
    )?;
    group.settle()?;
    group.apart()?;
    for node in ["a", "b"] {
        let key = if node == "a" { "i" } else { "-i" };
        group.execute(
            node,
            &format!(
                "create procedure public.work() language plpgsql as $$ begin \
             for i in 1 .. {ROWS} loop \
                update public.t set who = '{node}' where id = i; commit; \
                insert into public.t values (10000 + i, '{node}'); commit; \
                insert into public.u values ({key}, '{node}', i); commit; \
                if '{node}' = 'b' then delete from public.t where id = {ROWS} + i; \
                else update public.t set who = 'a' where id = {ROWS} + i; end if; commit; \
             end loop; end $$"
            ),
        )?;
        group.execute(node, "call public.work()")?;
    }
    for node in group.nodes() {
        node.expect_peer_loss();
        node.expect_log(
            "terminating logical replication (apply )?worker due to administrator command",
        );
    }
    Ok(group)
}

/// Waits until a node has logged this many conflicts.
fn progressed(group: &Group, node: &str, count: usize) -> Result<(), Failure> {
    let sql = "select count(*) from steep_repl.conflict_log";
    let waited = wait::until(PATIENCE, format!("{count} conflicts logged on {node}"), || {
        let seen = group.look(node, sql)?;
        if seen.parse().is_ok_and(|seen: usize| seen >= count) {
            Ok(())
        } else {
            Err(Observed::new(seen))
        }
    });
    waited.map_err(|error| group.failed(error))
}

/// `b` wrote all its rows after `a` did, so it wins every conflict; each is in either log once.
fn all_is_well(group: &Group) -> Result<(), Failure> {
    group.converge()?;
    let t = "select count(*) || ' ' || count(*) filter (where who = 'b') from t";
    assert_eq!(group.value("a", t)?, format!("{} {}", 2 * ROWS, 2 * ROWS));
    let u = "select count(*) || ' ' || count(*) filter (where who = 'b') from u";
    assert_eq!(group.value("a", u)?, format!("{ROWS} {ROWS}"));
    let by_kind = "select string_agg(format('%s %s of %s', conflict_type, n, k), ', ' \
        order by conflict_type collate \"C\") from (select conflict_type, count(*) as n, \
        count(distinct row_key) as k from steep_repl.conflict_log group by 1) c";
    let expected: Vec<_> = ["INSERT-INSERT", "UNIQUE-KEY", "UPDATE-DELETE", "UPDATE-UPDATE"]
        .iter()
        .map(|kind| format!("{kind} {ROWS} of {ROWS}"))
        .collect();
    for node in group.names() {
        assert_eq!(group.value(node, by_kind)?, expected.join(", "), "{node}");
        let resolution = if node == "a" { "APPLIED_REMOTE" } else { "KEPT_LOCAL" };
        let others = group.conflicts(node, &format!("resolution <> '{resolution}'"))?;
        assert!(others.is_empty(), "{node}: {others:#?}");
    }
    Ok(())
}

on_each_major! {
    fn nothing_dies(major: Major) -> Result<(), Failure> {
        let group = stream_of_conflicts(major)?;
        group.meet();
        all_is_well(&group)?;
        group.finish();
        Ok(())
    }

    fn servers_are_killed(major: Major) -> Result<(), Failure> {
        let group = stream_of_conflicts(major)?;
        group.meet();
        for (kill, node) in (1..).zip(["a", "b", "a", "b"]) {
            progressed(&group, node, kill * ROWS / 3)?;
            group.crash(node)?;
        }
        all_is_well(&group)?;
        group.finish();
        Ok(())
    }

    fn apply_workers_are_terminated(major: Major) -> Result<(), Failure> {
        let group = stream_of_conflicts(major)?;
        group.meet();
        let terminate = "select count(pg_terminate_backend(pid)) from pg_stat_subscription \
            where pid is not null";
        for kill in 1..=8 {
            for node in ["a", "b"] {
                progressed(&group, node, kill * ROWS / 4)?;
                group.execute(node, terminate)?;
            }
        }
        all_is_well(&group)?;
        group.finish();
        Ok(())
    }

    fn the_publisher_is_killed_with_its_tombstones(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", "id int primary key, who text", "")?;
        group.execute("a", "insert into t select i, 'base' from generate_series(1, 500) i")?;
        group.settle()?;
        group.apart()?;
        group.write("b", "update t set who = 'b' where id <= 250")?;
        group.write("a", "delete from t")?;
        group.write("b", "update t set who = 'b' where id > 250")?;
        group.crash("a")?;
        group.meet();
        group.converge()?;
        assert_eq!(group.value("a", "select count(*) || ' ' || min(id) from t")?, "250 251");
        for node in group.names() {
            let logged = group.value(node, "select count(*) from steep_repl.conflict_log")?;
            assert_eq!(logged, "500", "{node}");
        }
        group.finish();
        Ok(())
    }
}
