//! Apply workers and servers that die when all of a transaction is decided, logged and written, and
//! nothing of it committed: afterwards each of it is there once.

use steep_ext_tests::{DATABASE, Failure, Group, PATIENCE};
use steep_testkit::wait::{self, Observed};
use steep_testkit::{Hold, Major, on_each_major};

/// How it ends.
#[derive(Debug, Clone, Copy)]
enum Death {
    /// The worker is asked to go (SIGTERM) and does so in good order; the server stays.
    WorkerTerminated,
    /// The worker is killed (SIGKILL): its server ends all other processes and recovers.
    #[cfg(unix)]
    WorkerKilled,
    /// The server is killed with all its processes.
    ServerKilled,
}

/// The last row of each transaction goes into this table, where apply workers can be held up.
const GATE: &str = "
    create table gate (name text primary key);
    create function pass() returns trigger language plpgsql as
      'begin perform pg_catalog.pg_advisory_xact_lock_shared(42); return new; end';
    create trigger aa_pass before insert on gate for each row execute function pass();
    alter table gate enable replica trigger aa_pass";

/// The worker that is held up, if one is.
const HELD_UP: &str = "select coalesce(min(l.pid), 0) from pg_locks l \
    join pg_stat_activity a on a.pid = l.pid and a.backend_type like 'logical replication%' \
    where l.locktype = 'advisory' and not l.granted";

/// Entries of the log that have been written, committed or not.
const NUMBERED: &str =
    "select case when is_called then last_value else 0 end from steep_repl.conflict_log_id_seq";

const LOGGED: &str = "select count(*) from steep_repl.conflict_log";

fn hold(group: &Group, node: &str) -> Result<Hold, Failure> {
    let held = Hold::take(group.node(node), DATABASE, "select pg_advisory_lock(42)");
    held.map_err(|error| group.failed(error))
}

/// Waits until an apply worker of a node is held up that is not this one.
fn held_up(group: &Group, node: &str, other_than: &str) -> Result<String, Failure> {
    let waited = wait::until(PATIENCE, format!("a worker of {node} that is held up"), || {
        let pid = group.look(node, HELD_UP)?;
        if pid == "0" || pid == other_than { Err(Observed::new(pid)) } else { Ok(pid) }
    });
    waited.map_err(|error| group.failed(error))
}

/// Ends the worker of a node that is held up, and what holds it up.
fn die(group: &Group, node: &str, holder: Hold, death: Death) -> Result<(), Failure> {
    let worker = held_up(group, node, "0")?;
    for each in group.nodes() {
        each.expect_peer_loss();
    }
    match death {
        Death::WorkerTerminated => {
            group.node(node).expect_log(
                "terminating logical replication (apply )?worker due to administrator command",
            );
            group.execute(node, &format!("select pg_terminate_backend({worker})"))?;
            // The next one comes just as far, and is ended there, too.
            let worker = held_up(group, node, &worker)?;
            group.execute(node, &format!("select pg_terminate_backend({worker})"))?;
            held_up(group, node, &worker)?;
        }
        #[cfg(unix)]
        Death::WorkerKilled => {
            for each in group.nodes() {
                each.expect_log("because of crash of another server process");
                each.expect_log("^the database system is (in recovery mode|not yet accepting)");
                each.expect_log("^the database system is starting up");
            }
            kill(group, &worker)?;
            // Nobody but the holder has had the lock for himself.
            let is_held = "select count(*) from pg_locks where locktype = 'advisory' and granted \
                and mode = 'ExclusiveLock'";
            let gone = wait::query_returns(group.node(node), DATABASE, is_held, 0, PATIENCE);
            gone.map_err(|error| group.failed(error))?;
            group.forget_session(node);
        }
        Death::ServerKilled => group.crash(node)?,
    }
    drop(holder);
    Ok(())
}

#[cfg(unix)]
fn kill(group: &Group, pid: &str) -> Result<(), Failure> {
    let killed = std::process::Command::new("kill").args(["-KILL", pid]).status();
    match killed {
        Ok(status) if status.success() => Ok(()),
        failed => Err(group.failed(format!("{pid} was not killed: {failed:?}"))),
    }
}

/// What the two do in one transaction each: two updates of the same rows, an insert of the same
/// key, a delete of a row that the other one updates, and a unique value.
fn work(node: &str) -> String {
    let (third, key) = if node == "a" {
        ("update t set who = 'a' where id = 3", 1)
    } else {
        ("delete from t where id = 3", -1)
    };
    format!(
        "update t set who = '{node}' where id <= 2; insert into t values (10, '{node}'); {third}; \
         insert into u values ({key}, '{node}', 7); insert into gate values ('{node}')"
    )
}

/// Both nodes meet the conflicts of the other's transaction, and die over it one after the other.
fn over_conflicts(major: Major, death: Death) -> Result<(), Failure> {
    let group = Group::start(major, 2)?;
    group.create_table("t", "id int primary key, who text", "")?;
    group.create_table("u", "id int primary key, who text, x int unique", "")?;
    group.everywhere(GATE)?;
    group.add_table("gate", "")?;
    group.execute("a", "insert into t values (1, 'base'), (2, 'base'), (3, 'base')")?;
    group.settle()?;
    group.apart()?;
    for node in ["a", "b"] {
        group.write(node, &work(node))?;
    }
    let (holder_a, holder_b) = (hold(&group, "a")?, hold(&group, "b")?);
    group.meet();
    for node in ["a", "b"] {
        held_up(&group, node, "0")?;
        let counts = (group.value(node, NUMBERED)?, group.value(node, LOGGED)?);
        assert_eq!(counts, ("5".to_owned(), "0".to_owned()), "written and logged on {node}");
    }
    die(&group, "a", holder_a, death)?;
    die(&group, "b", holder_b, death)?;
    group.converge()?;
    for node in ["a", "b"] {
        let rows = "select string_agg(concat_ws(' ', id, who), ', ' order by id) \
            from (select id, who from t union all select id, who from u) r";
        assert_eq!(group.value(node, rows)?, "-1 b, 1 b, 2 b, 10 b", "{node}");
        assert_eq!(group.value(node, "select count(*) from gate")?, "2", "{node}");
        // Node b wrote later and wins.
        let how = if node == "a" { "APPLIED_REMOTE" } else { "KEPT_LOCAL" };
        let log = "select string_agg(concat_ws(' ', row_key ->> 'id', conflict_type, resolution), \
            ', ' order by table_name, (row_key ->> 'id')::int) from steep_repl.conflict_log";
        let expected = format!(
            "1 UPDATE-UPDATE {how}, 2 UPDATE-UPDATE {how}, 3 UPDATE-DELETE {how}, \
             10 INSERT-INSERT {how}, 1 UNIQUE-KEY {how}"
        );
        assert_eq!(group.value(node, log)?, expected, "{node}");
    }
    group.finish();
    Ok(())
}

/// A person decides two conflicts in one transaction, and the node that is to carry that out dies
/// over it.
fn over_a_resolution(major: Major, death: Death) -> Result<(), Failure> {
    let group = Group::start(major, 2)?;
    group.create_table("t", "id int primary key, who text", "'manual'")?;
    group.everywhere(GATE)?;
    group.add_table("gate", "")?;
    group.execute("a", "insert into t values (1, 'base'), (2, 'base')")?;
    group.settle()?;
    group.apart()?;
    for node in ["a", "b"] {
        group.write(node, &format!("update t set who = '{node}'"))?;
    }
    group.meet();
    group.quiet_within(PATIENCE)?;
    // Else the decisions would be logged over the rows that b still holds.
    group.echoed()?;
    let entries = "select string_agg(concat_ws(' ', c.row_key ->> 'id', c.resolution, \
        c.resolved_by, r.reason), ', ' order by c.row_key ->> 'id') \
        from steep_repl.conflict_log c left join steep_repl.resolutions r using (resolution_id)";
    let rows = "select string_agg(concat_ws(' ', id, who), ', ' order by id) from t";
    let counts = "select concat_ws(' ', (select count(*) from steep_repl.resolutions), \
        (select count(*) from steep_repl.audit_log where action = 'conflict.close'), \
        (select count(*) from gate))";
    for node in ["a", "b"] {
        assert_eq!(group.value(node, entries)?, "1 PENDING, 2 PENDING", "{node}");
    }
    let holder = hold(&group, "b")?;
    let entry =
        |row| format!("(select id from steep_repl.conflict_log where row_key ->> 'id' = '{row}')");
    group.execute(
        "a",
        &format!(
            "select steep_repl.resolve_conflict({}, 'local', p_reason => 'a'); \
         select steep_repl.resolve_conflict({}, 'merged', '{{\"id\": 2, \"who\": \"both\"}}'); \
         insert into gate values ('a')",
            entry(1),
            entry(2)
        ),
    )?;
    let worker = held_up(&group, "b", "0")?;
    // A worker keeps the locks of what it has written until it commits.
    let written = format!(
        "select string_agg(relation::regclass::text, ' ' order by relation::regclass::text) from pg_locks \
         where pid = {worker} and mode = 'RowExclusiveLock' and relation in ('t'::regclass, \
            'steep_repl.resolutions'::regclass, 'steep_repl.conflict_log'::regclass)"
    );
    let all = "steep_repl.conflict_log steep_repl.resolutions t";
    assert_eq!(group.value("b", &written)?, all);
    assert_eq!(group.value("b", entries)?, "1 PENDING, 2 PENDING");
    assert_eq!(
        (group.value("b", rows)?, group.value("b", counts)?),
        ("1 b, 2 b".into(), "0 0 0".into())
    );
    die(&group, "b", holder, death)?;
    group.converge()?;
    for (node, how, closed) in [("a", "KEPT_LOCAL", 0), ("b", "APPLIED_REMOTE", 2)] {
        let expected = format!("1 {how} postgres a, 2 MERGED postgres");
        assert_eq!(group.value(node, entries)?, expected, "{node}");
        assert_eq!(group.value(node, rows)?, "1 a, 2 both", "{node}");
        assert_eq!(group.value(node, counts)?, format!("2 {closed} 1"), "{node}");
    }
    group.finish();
    Ok(())
}

on_each_major! {
    fn a_worker_is_terminated_over_conflicts(major: Major) -> Result<(), Failure> {
        over_conflicts(major, Death::WorkerTerminated)
    }

    #[cfg(unix)]
    fn a_worker_is_killed_over_conflicts(major: Major) -> Result<(), Failure> {
        over_conflicts(major, Death::WorkerKilled)
    }

    fn a_server_is_killed_over_conflicts(major: Major) -> Result<(), Failure> {
        over_conflicts(major, Death::ServerKilled)
    }

    fn a_worker_is_terminated_over_a_resolution(major: Major) -> Result<(), Failure> {
        over_a_resolution(major, Death::WorkerTerminated)
    }

    #[cfg(unix)]
    fn a_worker_is_killed_over_a_resolution(major: Major) -> Result<(), Failure> {
        over_a_resolution(major, Death::WorkerKilled)
    }

    fn a_server_is_killed_over_a_resolution(major: Major) -> Result<(), Failure> {
        over_a_resolution(major, Death::ServerKilled)
    }
}
