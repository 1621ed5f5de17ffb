//! A node joins a group that inserts, is cut off, and leaves.

use steep_ipc::{NodeRemove, Request, Response};
use steep_testkit::wait;

use super::{Inserting, TABLE, strays};
use crate::couple::add;
use crate::support::Outcome;
use crate::trio::{DATABASE, Trio, answer};

#[test]
fn a_node_joins_a_managed_table_under_load_is_cut_off_and_hands_over_when_it_leaves() -> Outcome {
    let trio = Trio::start()?;
    for node in ["a", "b"] {
        trio.cluster(node).execute(DATABASE, &format!("create table orders ({TABLE})"))?;
    }
    match trio.a.ask(&add(&["public.orders"]))? {
        Response::Plan(plan) => assert!(plan.done, "{plan:?}"),
        other => return Err(format!("{other:?} is no plan").into()),
    }
    let members = [trio.cluster("a"), trio.cluster("b")];
    let inserting = Inserting::start(&members, "orders", 2_000);
    assert!(answer(trio.adding())?.done);
    trio.is_joined()?;
    let all = [members[0], members[1], trio.cluster("c")];
    // It draws at once, with the range that it was given before it was opened.
    Inserting::start(&[trio.cluster("c")], "orders", 100).end()?;
    inserting.end()?;
    wait::tables_equal(&all, DATABASE, "orders", wait::DEADLINE)?;

    // Cut off from both, c goes on from its own blocks, and so do they.
    trio.to_a.cut();
    trio.to_b.cut();
    trio.to_c.cut(steep_testkit::Direction::Both);
    Inserting::start(&all, "orders", 1_500).end()?;
    trio.to_a.heal();
    trio.to_b.heal();
    trio.to_c.heal(steep_testkit::Direction::Both);
    wait::tables_equal(&all, DATABASE, "orders", wait::DEADLINE)?;
    for node in all {
        assert_eq!(node.value(DATABASE, "select count(*) from steep_repl.conflict_log")?, "0");
        for writer in ["a", "b", "c"] {
            assert_eq!(strays(node, "orders", writer)?, "0", "ids of {writer} on {}", node.name());
        }
    }

    // c leaves: what it owned is another's.
    let owned = "select count(*) from (
        select distinct on (halvings, remainder) owner from steep_repl.range_titles
        order by halvings, remainder, generation desc) t where owner = 'c'";
    assert_ne!(trio.cluster("a").value(DATABASE, owned)?, "0", "c was given blocks");
    let leave = Request::NodeRemove(NodeRemove { node: "c".to_owned(), force: false });
    match trio.a.ask(&leave)? {
        Response::Plan(plan) => {
            assert!(plan.done, "{plan:?}");
            assert!(plan.steps.iter().any(|step| step.contains("handed over")), "{plan:?}");
        }
        other => return Err(format!("{other:?} is no plan").into()),
    }
    for node in ["a", "b"] {
        wait::query_returns(trio.cluster(node), DATABASE, owned, "0", wait::DEADLINE)?;
    }
    Inserting::start(&members, "orders", 100).end()?;
    wait::tables_equal(&members, DATABASE, "orders", wait::DEADLINE)?;
    Ok(())
}
