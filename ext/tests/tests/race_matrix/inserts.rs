//! R7: the same key is inserted on two nodes.

use steep_ext_tests::{Failure, Fight, Group, Move, json};
use steep_testkit::{Major, on_each_major};

use crate::updates::row;
use crate::{ORDERS, Place, TABLES, arena, race};

fn same_key(place: Place) -> Fight {
    let Place { table, id, first, last } = place;
    let insert = |node: &'static str| Move {
        node,
        sql: format!("insert into {table} (id, v, n) values ({id}, 'of {node}', 5)"),
        tuple: Some(row(id, &format!("of {node}"), 5)),
        pg: "insert_exists",
    };
    Fight {
        table,
        base: String::new(),
        loser: insert(first),
        winner: insert(last),
        kind: "INSERT-INSERT",
        key: json!({ "id": id }),
        about: format!("id = {id}"),
        rows: vec![row(id, &format!("of {last}"), 5)],
    }
}

on_each_major! {
    fn r7_insert_insert_on_two_nodes(major: Major) -> Result<(), Failure> {
        race(major, 2, same_key)
    }

    fn r7_insert_insert_on_three_nodes(major: Major) -> Result<(), Failure> {
        race(major, 3, same_key)
    }

    fn r7_the_same_row_inserted_twice_is_no_conflict(major: Major) -> Result<(), Failure> {
        let group = arena(Group::builder(major, 3))?;
        for (id, order) in (1..).zip(ORDERS) {
            group.settle()?;
            group.apart()?;
            for (table, _) in TABLES {
                for node in ["a", "b"] {
                    group.write(node, &format!("insert into {table} (id, v) values ({id}, 'v')"))?;
                }
            }
            group.meet_in(order)?;
            group.converge()?;
        }
        for (table, _) in TABLES {
            assert_eq!(group.value("c", &format!("select count(*) from {table}"))?, "2");
            group.logged(table, &[])?;
        }
        group.finish();
        Ok(())
    }
}
