//! R13: an update that changes the key against an update of the old key.

use steep_ext_tests::{Conflict, Failure, Group, Side, Write, json};
use steep_testkit::{Major, on_each_major};

use crate::updates::row;
use crate::{ORDERS, TABLES, arena};

/// A row under `id` that `a` moves to `id + 1` while `b` updates it where it was.
fn move_and_update(
    group: &Group,
    table: &str,
    id: i32,
    move_is_last: bool,
) -> Result<(Write, Write), Failure> {
    let moving = format!("update {table} set id = {} where id = {id}", id + 1);
    let updating = format!("update {table} set v = 'of b' where id = {id}");
    if move_is_last {
        let update = group.write("b", &updating)?;
        Ok((group.write("a", &moving)?, update))
    } else {
        let moved = group.write("a", &moving)?;
        Ok((moved, group.write("b", &updating)?))
    }
}

/// What a node says of the old key: the move is a delete there, the new key is nobody else's.
fn conflict(
    node: &str,
    table: &str,
    id: i32,
    (moved, updated): (&Write, &Write),
    move_is_last: bool,
    order: [&str; 2],
) -> Conflict {
    let saw_move_first = node == "a" || (node == "c" && order[0] == "a");
    let tuple = row(id, "of b", 0);
    let remote_wins = saw_move_first != move_is_last;
    let conflict = if saw_move_first {
        let local = Side::of(moved, None);
        Conflict::new(node, table, "UPDATE-DELETE", local, (updated, Some(tuple)))
            .pg("update_missing")
    } else {
        let local = Side::of(updated, Some(tuple));
        Conflict::new(node, table, "UPDATE-DELETE", local, (moved, None))
            .pg("delete_origin_differs")
    };
    let conflict = conflict.row_key(json!({ "id": id }));
    if remote_wins { conflict } else { conflict.kept_local() }
}

fn race(major: Major, nodes: usize) -> Result<(), Failure> {
    let group = arena(Group::builder(major, nodes))?;
    for (round, order) in (0..).zip(ORDERS).take(nodes - 1) {
        let ids = [(100 * round, false), (100 * round + 10, true)];
        for (table, _) in TABLES {
            for (id, _) in ids {
                group
                    .execute("a", &format!("insert into {table} (id, v) values ({id}, 'base')"))?;
            }
        }
        group.everywhere("delete from steep_repl.conflict_log")?;
        group.settle()?;
        group.apart()?;
        let mut writes = Vec::new();
        for (table, _) in TABLES {
            for (id, move_is_last) in ids {
                let (moved, updated) = move_and_update(&group, table, id, move_is_last)?;
                writes.push((table, id, move_is_last, moved, updated));
            }
        }
        group.meet_in(order)?;
        group.converge()?;
        for (table, id, move_is_last, ..) in &writes {
            let mut expected = vec![row(id + 1, "base", 0)];
            if !move_is_last {
                expected.insert(0, row(*id, "of b", 0));
            }
            let about = format!("id in ({id}, {})", id + 1);
            for node in group.names() {
                let rows = group.json_rows(node, table, &about)?;
                assert_eq!(rows, expected, "{node} {table} move is last: {move_is_last}");
            }
        }
        for (table, _) in TABLES {
            let of_table = writes.iter().filter(|write| write.0 == table);
            let expected: Vec<_> = of_table
                .flat_map(|(_, id, move_is_last, moved, updated)| {
                    group.names().into_iter().map(|node| {
                        conflict(node, table, *id, (moved, updated), *move_is_last, order)
                    })
                })
                .collect();
            group.logged(table, &expected)?;
        }
    }
    group.finish();
    Ok(())
}

on_each_major! {
    fn r13_a_changed_key_against_an_update_on_two_nodes(major: Major) -> Result<(), Failure> {
        race(major, 2)
    }

    fn r13_a_changed_key_against_an_update_on_three_nodes(major: Major) -> Result<(), Failure> {
        race(major, 3)
    }
}
