//! Nodes that stop for a while, and nodes that leave, with real daemons.

use std::error::Error;

use nix::sys::signal::Signal;
use steep_ipc::{NodeRemove, Plan, Request, Response};
use steep_testkit::Stop;
use steep_testkit::wait::{self, Observed};

use super::support::{Daemon, Outcome};
use super::trio::{DATABASE, Trio, answer};

fn plan(daemon: &Daemon, request: &Request) -> Result<Plan, Box<dyn Error>> {
    match daemon.ask(request)? {
        Response::Plan(plan) => Ok(plan),
        other => Err(format!("{other:?} is no plan").into()),
    }
}

fn remove(from: &Daemon, node: &str, force: bool) -> Result<Plan, Box<dyn Error>> {
    plan(from, &Request::NodeRemove(NodeRemove { node: node.to_owned(), force }))
}

fn insert(trio: &Trio, node: &str, id: &str) -> Outcome {
    trio.cluster(node).execute(DATABASE, &format!("insert into history values ('{id}', 1, 1)"))?;
    Ok(())
}

fn has(trio: &Trio, node: &str, id: &str, expected: &str) -> Outcome {
    let sql = format!("select count(*) from history where id = '{id}'");
    wait::query_returns(trio.cluster(node), DATABASE, &sql, expected, wait::DEADLINE)?;
    Ok(())
}

/// What a node keeps for another one. The number of its origin stays taken: rows have it.
fn ties(trio: &Trio, node: &str, other: &str) -> Result<String, Box<dyn Error>> {
    let sql = format!(
        "select count(*) from (
           select subname from pg_subscription union all select slot_name from pg_replication_slots
           union all select rolname from pg_roles
           union all select subscription from steep_repl.peers) tie (name)
         where name = 'steep_repl_{other}'"
    );
    Ok(trio.cluster(node).value(DATABASE, &sql)?)
}

fn is_forgotten(trio: &Trio, node: &str, other: &str) -> Outcome {
    let what = format!("node {node} without ties to {other}");
    Ok(wait::until(wait::DEADLINE, what, || {
        match ties(trio, node, other).map_err(Observed::new)? {
            none if none == "0" => Ok(()),
            some => Err(Observed::new(some)),
        }
    })?)
}

/// What makes a node one of a group.
const TIES: &str = "
  select (select count(*) from pg_subscription) + (select count(*) from pg_replication_slots)
    + (select count(*) from pg_roles where rolcanlogin and rolname ~ '^steep_repl_')
    + (select count(*) from pg_replication_origin)";

fn is_without_ties(trio: &Trio, node: &str) -> Outcome {
    wait::query_returns(trio.cluster(node), DATABASE, TIES, "0", wait::DEADLINE)?;
    Ok(())
}

fn joined() -> Result<Trio, Box<dyn Error>> {
    let trio = Trio::start()?;
    assert!(answer(trio.adding())?.done);
    trio.is_joined()?;
    Ok(trio)
}

#[test]
fn nodes_pause_drop_a_table_and_leave_while_another_is_away() -> Outcome {
    let mut trio = joined()?;

    // c stops to apply, and nothing is lost.
    trio.c.ask(&Request::Pause)?;
    insert(&trio, "a", "while c rests")?;
    has(&trio, "b", "while c rests", "1")?;
    has(&trio, "c", "while c rests", "0")?;
    trio.c.ask(&Request::Resume)?;
    has(&trio, "c", "while c rests", "1")?;

    // Said once, a table stops to replicate everywhere.
    let drop = Request::TableRemove { tables: vec!["public.account".to_owned()] };
    assert!(plan(&trio.b, &drop)?.done);
    for node in ["a", "b", "c"] {
        let guarded = "select count(*) from pg_trigger where tgrelid = 'account'::regclass
                         and tgname ~ '^steep_repl_'";
        assert_eq!(trio.cluster(node).value(DATABASE, guarded)?, "0", "{node}");
        let sql = format!("update account set note = 'of {node}' where id = 1");
        trio.cluster(node).execute(DATABASE, &sql)?;
        insert(&trio, node, &format!("after {node}"))?;
    }
    for node in ["a", "b", "c"] {
        for other in ["a", "b", "c"] {
            has(&trio, node, &format!("after {other}"), "1")?;
        }
        let note = trio.cluster(node).value(DATABASE, "select note from account where id = 1")?;
        assert_eq!(note, format!("of {node}"));
    }

    // b is told that c has left when it is back.
    insert(&trio, "c", "last of c")?;
    trio.b.signal(Signal::SIGKILL)?;
    trio.b.ended()?;
    let done = remove(&trio.a, "c", false)?;
    assert!(done.done, "{done:?}");
    let told = done.warnings.iter().any(|text| text.starts_with("b: ") && text.contains("back"));
    assert!(told, "{done:?}");
    is_without_ties(&trio, "c")?;
    assert_eq!(ties(&trio, "a", "c")?, "0");
    assert_eq!(ties(&trio, "b", "c")?, "4");
    trio.b.run()?;
    is_forgotten(&trio, "b", "c")?;
    for node in ["a", "b"] {
        has(&trio, node, "last of c", "1")?;
    }
    insert(&trio, "a", "of two")?;
    has(&trio, "b", "of two", "1")?;
    has(&trio, "c", "of two", "0")?;

    // And b leaves by itself.
    insert(&trio, "b", "last of b")?;
    let done = remove(&trio.b, "b", false)?;
    assert!(done.done, "{done:?}");
    has(&trio, "a", "last of b", "1")?;
    is_without_ties(&trio, "b")?;
    is_forgotten(&trio, "a", "b")
}

#[test]
fn a_node_that_is_gone_for_good_is_removed_by_force_only() -> Outcome {
    let mut trio = joined()?;
    insert(&trio, "c", "sent")?;
    has(&trio, "a", "sent", "1")?;
    has(&trio, "b", "sent", "1")?;
    trio.c.signal(Signal::SIGKILL)?;
    trio.c.ended()?;
    trio.cluster("c").stop(Stop::Immediate)?;

    let said = remove(&trio.a, "c", false).expect_err("it cannot hand over").to_string();
    assert!(said.contains("node c"), "{said}");
    let listed = "select status from steep_repl.nodes where node_id = 'c'";
    assert_ne!(trio.cluster("a").value(DATABASE, listed)?, "removed");
    insert(&trio, "a", "still three")?;
    has(&trio, "b", "still three", "1")?;

    let done = remove(&trio.a, "c", true)?;
    assert!(done.done, "{done:?}");
    assert!(done.warnings.iter().any(|text| text.starts_with("c: ")), "{done:?}");
    for node in ["a", "b"] {
        is_forgotten(&trio, node, "c")?;
    }
    // It comes back, and is told there to leave as well: nothing is left to be said to the others.
    trio.cluster("c").start()?;
    trio.c.run()?;
    trio.c.until("its database", |status| status.node.as_deref() == Some("c"))?;
    let done = remove(&trio.c, "c", true)?;
    assert!(done.done && done.warnings.is_empty(), "{done:?}");
    assert!(
        done.steps.iter().any(|step| step == "a: it has forgotten this node before"),
        "{done:?}"
    );
    for (from, to) in [("a", "b"), ("b", "a")] {
        let id = format!("from {from}");
        insert(&trio, from, &id)?;
        has(&trio, to, &id, "1")?;
    }
    let said = remove(&trio.a, "x", true).expect_err("nobody knows it").to_string();
    assert!(said.contains("x is not a member"), "{said}");
    Ok(())
}

#[test]
fn what_was_to_be_forgotten_of_a_node_is_not_its_next_membership() -> Outcome {
    let trio = Trio::start()?;
    let (adding, hold) = trio.adding_until_halfway()?;
    // As if a had been away when c was removed, and had forgotten it since. What is to be forgotten of x
    // comes after it.
    let late = "insert into steep_repl.coordinator_state (key, value)
                select 'forget:' || n || ':a', jsonb_build_object('node', n, 'member', 'a')
                from unnest('{c,x}'::text[]) n";
    trio.cluster("b").execute(DATABASE, late)?;
    let left = "select string_agg(key, ' ') from steep_repl.coordinator_state where starts_with(key, 'forget:')";
    wait::query_returns(trio.cluster("b"), DATABASE, left, "forget:c:a", wait::DEADLINE)?;
    drop(hold);
    assert!(answer(adding)?.done);
    trio.is_joined()?;
    let none = left.replace("string_agg(key, ' ')", "count(*)");
    wait::query_returns(trio.cluster("b"), DATABASE, &none, "0", wait::DEADLINE)?;
    assert_eq!(ties(&trio, "a", "c")?, "4");
    insert(&trio, "c", "of c")?;
    has(&trio, "a", "of c", "1")
}
