//! Changes that arrive while a session of this node is at the same row: the apply worker waits for
//! it, and then resolves against what the session left.

use steep_ext_tests::{DATABASE, Failure, Group, PATIENCE};
use steep_testkit::postgres::Client;
use steep_testkit::wait::{self, Observed};
use steep_testkit::{Major, on_each_major};

const COLUMNS: &str = "id int primary key, v text, x int unique";

/// What the session does before the change arrives, and what the change is; `{k}` is the key.
const LOCAL: [(&str, &str); 5] = [
    ("update", "update {t} set v = 'local' where id = {k}"),
    (
        "updates",
        "update {t} set v = 'first' where id = {k}; update {t} set v = 'local', x = 1000 + {k} where id = {k}",
    ),
    ("delete", "delete from {t} where id = {k}"),
    ("replace", "delete from {t} where id = {k}; insert into {t} values ({k}, 'local', {k})"),
    ("move", "update {t} set id = {k} + 500 where id = {k}"),
];

const REMOTE: [(&str, &str); 4] = [
    ("update", "update {t} set v = 'remote' where id = {k}"),
    ("unique", "update {t} set v = 'remote', x = 2000 + {k} where id = {k}"),
    ("delete", "delete from {t} where id = {k}"),
    ("move", "update {t} set id = {k} + 700 where id = {k}"),
];

/// Waits until the apply worker of `b` waits for a lock.
fn blocked(group: &Group) -> Result<(), Failure> {
    let sql = "select count(*) from pg_stat_activity \
        where backend_type like 'logical replication%' and wait_event_type = 'Lock'";
    let waited = wait::until(PATIENCE, "the apply worker of b waits for a lock", || {
        let count = group.look("b", sql)?;
        if count == "0" { Err(Observed::new("it does not")) } else { Ok(()) }
    });
    waited.map_err(|error| group.failed(error))
}

fn run(group: &Group, session: &mut Client, sql: &str) -> Result<(), Failure> {
    session.batch_execute(sql).map_err(|error| group.failed(error))
}

/// Every pair of a local and a remote change, with the session committing or rolling back.
fn every_pair(major: Major, policy: &str) -> Result<(), Failure> {
    let group = Group::start(major, 2)?;
    group.create_table("t", COLUMNS, policy)?;
    group.execute("a", "insert into t select i, 'base', i from generate_series(1, 60) i")?;
    group.settle()?;
    let mut session = group.node("b").client(DATABASE);
    let mut key = 0;
    for (_, local) in LOCAL {
        for (_, remote) in REMOTE {
            for end in ["commit", "rollback"] {
                key += 1;
                let of_key = |sql: &str| sql.replace("{t}", "t").replace("{k}", &key.to_string());
                run(&group, &mut session, "begin")?;
                run(&group, &mut session, &of_key(local))?;
                group.write("a", &of_key(remote))?;
                blocked(&group)?;
                run(&group, &mut session, end)?;
                group.converge()?;
            }
        }
    }
    group.finish();
    Ok(())
}

/// Rows of `b` that `a` has not heard of when it inserts the same key, or the same unique value,
/// while a session of `b` is writing them.
fn inserts_of_what_only_b_has(major: Major, remote: &str) -> Result<(), Failure> {
    let group = Group::start(major, 2)?;
    group.create_table("t", COLUMNS, "")?;
    group.settle()?;
    let mut session = group.node("b").client(DATABASE);
    let mut key = 0;
    for (_, local) in LOCAL {
        for end in ["commit", "rollback"] {
            key += 1;
            let of_key = |sql: &str| sql.replace("{t}", "t").replace("{k}", &key.to_string());
            group.hold("b", "a");
            group.write("b", &of_key("insert into t values ({k}, 'base', {k})"))?;
            run(&group, &mut session, "begin")?;
            run(&group, &mut session, &of_key(local))?;
            group.write("a", &of_key(remote))?;
            blocked(&group)?;
            run(&group, &mut session, end)?;
            group.release("b", "a");
            group.converge()?;
        }
    }
    group.finish();
    Ok(())
}

on_each_major! {
    fn rows_that_a_session_is_writing(major: Major) -> Result<(), Failure> {
        every_pair(major, "")
    }

    fn rows_that_a_session_is_writing_with_exact_detection(major: Major) -> Result<(), Failure> {
        every_pair(major, "'last_write_wins', 'exact'")
    }

    fn keys_and_unique_values_that_a_session_is_inserting(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", COLUMNS, "")?;
        group.settle()?;
        let mut session = group.node("b").client(DATABASE);
        for (key, (local, remote), end) in [
            (1, ("({k}, 'local', null)", "({k}, 'remote', null)"), "commit"),
            (2, ("({k}, 'local', null)", "({k}, 'remote', null)"), "rollback"),
            (3, ("({k}, 'local', {k})", "({k} + 100, 'remote', {k})"), "commit"),
            (4, ("({k}, 'local', {k})", "({k} + 100, 'remote', {k})"), "rollback"),
            (5, ("({k}, 'local', {k}), ({k} + 200, 'local', {k} + 200)", "({k}, 'remote', {k} + 200)"), "commit"),
            (6, ("({k}, 'local', {k}), ({k} + 200, 'local', {k} + 200)", "({k}, 'remote', {k} + 200)"), "rollback"),
        ] {
            let of_key = |row: &str| {
                format!("insert into t values {}", row.replace("{k}", &key.to_string()))
            };
            run(&group, &mut session, "begin")?;
            run(&group, &mut session, &of_key(local))?;
            group.write("a", &of_key(remote))?;
            blocked(&group)?;
            run(&group, &mut session, end)?;
            group.converge()?;
        }
        group.finish();
        Ok(())
    }

    fn inserts_of_a_row_that_a_session_is_writing(major: Major) -> Result<(), Failure> {
        inserts_of_what_only_b_has(major, "insert into t values ({k}, 'remote', null)")
    }

    fn inserts_of_a_unique_value_that_a_session_is_writing(major: Major) -> Result<(), Failure> {
        inserts_of_what_only_b_has(major, "insert into t values ({k} + 300, 'remote', {k})")
    }
}
