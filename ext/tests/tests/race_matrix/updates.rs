//! R1, R10, R11, R12: the same row is updated on two nodes.

use steep_ext_tests::{Failure, Fight, Group, Json, Move, Scene, json};
use steep_testkit::{Major, on_each_major};

use crate::{ORDERS, Place, TABLES, arena, both_ways, race, race_with};

pub(crate) const UPDATED: &str = "update_origin_differs";

/// A fight of two updates, of which each node makes its own; `set` and `tuple` say what it does.
fn updates(place: Place, set: impl Fn(&str) -> String, tuple: impl Fn(&str) -> Json) -> Fight {
    let Place { table, id, first, last } = place;
    let update = |node: &'static str| Move {
        node,
        sql: format!("update {table} set {} where id = {id}", set(node)),
        tuple: Some(tuple(node)),
        pg: UPDATED,
    };
    Fight {
        table,
        base: format!("insert into {table} (id, v) values ({id}, 'base')"),
        loser: update(first),
        winner: update(last),
        kind: "UPDATE-UPDATE",
        key: json!({ "id": id }),
        about: format!("id = {id}"),
        rows: vec![tuple(last)],
    }
}

pub(crate) fn row(id: i32, v: &str, n: i32) -> Json {
    json!({ "id": id, "v": v, "n": n, "x": null, "y": null })
}

/// R1.
pub(crate) fn same_column(place: Place) -> Fight {
    updates(
        place,
        |node| format!("v = 'of {node}'"),
        |node| row(place.id, &format!("of {node}"), 0),
    )
}

/// R10: the row wins as a whole, and what it displaced is in the log.
fn different_columns(place: Place) -> Fight {
    let set = |node: &str| if node == "a" { "v = 'of a'".to_owned() } else { "n = 7".to_owned() };
    let tuple = |node: &str| {
        if node == "a" { row(place.id, "of a", 0) } else { row(place.id, "base", 7) }
    };
    updates(place, set, tuple)
}

/// R11: one of two increments is lost, and the log has it.
fn increments(place: Place) -> Fight {
    let by = |node: &str| if node == "a" { 1 } else { 10 };
    updates(place, |node| format!("n = n + {}", by(node)), |node| row(place.id, "base", by(node)))
}

on_each_major! {
    fn r1_update_update_on_two_nodes(major: Major) -> Result<(), Failure> {
        race(major, 2, same_column)
    }

    fn r1_update_update_on_three_nodes(major: Major) -> Result<(), Failure> {
        race(major, 3, same_column)
    }

    fn r10_updates_of_different_columns_on_two_nodes(major: Major) -> Result<(), Failure> {
        race(major, 2, different_columns)
    }

    fn r10_updates_of_different_columns_on_three_nodes(major: Major) -> Result<(), Failure> {
        race(major, 3, different_columns)
    }

    fn r11_increments_on_two_nodes(major: Major) -> Result<(), Failure> {
        race(major, 2, increments)
    }

    fn r11_increments_on_three_nodes(major: Major) -> Result<(), Failure> {
        race(major, 3, increments)
    }

    fn r11_equal_increments_are_no_conflict(major: Major) -> Result<(), Failure> {
        let group = arena(Group::builder(major, 3))?;
        for (table, _) in TABLES {
            group.execute("a", &format!("insert into {table} (id, v) values (1, 'base')"))?;
        }
        for order in ORDERS {
            group.settle()?;
            group.apart()?;
            for (table, _) in TABLES {
                for node in ["a", "b"] {
                    group.write(node, &format!("update {table} set n = n + 1 where id = 1"))?;
                }
            }
            group.meet_in(order)?;
            group.converge()?;
        }
        for (table, _) in TABLES {
            assert_eq!(group.value("c", &format!("select n from {table}"))?, "2");
            group.logged(table, &[])?;
        }
        group.finish();
        Ok(())
    }

    fn r12_frozen_after_both_wrote_on_two_nodes(major: Major) -> Result<(), Failure> {
        race_with(major, 2, same_column, true)
    }

    fn r12_frozen_after_both_wrote_on_three_nodes(major: Major) -> Result<(), Failure> {
        race_with(major, 3, same_column, true)
    }

    fn r12_frozen_after_one_delivered_the_row(major: Major) -> Result<(), Failure> {
        let group = arena(Group::builder(major, 3))?;
        for (table, _) in TABLES {
            group.execute("a", &format!("insert into {table} (id, v) values (1, 'base')"))?;
        }
        group.settle()?;
        group.freeze()?;
        // Whatever is older than the oldest row of any database is forgotten.
        for database in ["postgres", "template1"] {
            for node in group.nodes() {
                node.execute(database, "vacuum (freeze)").map_err(Failure::new)?;
            }
        }
        // What is frozen everywhere is written by another node: no conflict.
        for (table, _) in TABLES {
            group.write("b", &format!("update {table} set v = 'later' where id = 1"))?;
        }
        group.settle()?;
        for (table, _) in TABLES {
            assert_eq!(group.value("c", &format!("select v from {table}"))?, "later");
            group.logged(table, &[])?;
        }
        // And two nodes fight over what is frozen.
        group.freeze()?;
        let mut fights = both_ways(same_column, 1);
        fights.iter_mut().for_each(|fight| fight.base.clear());
        for (table, _) in TABLES {
            group.execute("c", &format!("insert into {table} (id, v) values (11, 'base')"))?;
        }
        group.settle()?;
        group.freeze()?;
        group.fight(&fights, &Scene::new(["b", "a"]))?;
        group.finish();
        Ok(())
    }
}
