//! R4, R5, R6: a row is deleted on one node and written on another.

use steep_ext_tests::{Conflict, Failure, Fight, Group, Move, Side, json};
use steep_testkit::{Major, on_each_major};

use crate::updates::row;
use crate::{Place, TABLES, arena, race};

fn delete(place: Place, node: &'static str) -> Move {
    let Place { table, id, .. } = place;
    let sql = format!("delete from {table} where id = {id}");
    Move { node, sql, tuple: None, pg: "delete_origin_differs" }
}

fn update(place: Place, node: &'static str) -> Move {
    let Place { table, id, .. } = place;
    let sql = format!("update {table} set v = 'of {node}' where id = {id}");
    let tuple = Some(row(id, &format!("of {node}"), 3));
    Move { node, sql, tuple, pg: "update_missing" }
}

fn fight(place: Place, loser: Move, winner: Move) -> Fight {
    let Place { table, id, .. } = place;
    Fight {
        table,
        base: format!("insert into {table} (id, v, n) values ({id}, 'base', 3)"),
        rows: winner.tuple.clone().into_iter().collect(),
        loser,
        winner,
        kind: "UPDATE-DELETE",
        key: json!({ "id": id }),
        about: format!("id = {id}"),
    }
}

/// R4: the update brings the row back, whole.
fn update_wins(place: Place) -> Fight {
    fight(place, delete(place, place.first), update(place, place.last))
}

/// R5: the delete stays, and the update is in the log.
fn delete_wins(place: Place) -> Fight {
    fight(place, update(place, place.first), delete(place, place.last))
}

on_each_major! {
    fn r4_a_delete_older_than_the_update_on_two_nodes(major: Major) -> Result<(), Failure> {
        race(major, 2, update_wins)
    }

    fn r4_a_delete_older_than_the_update_on_three_nodes(major: Major) -> Result<(), Failure> {
        race(major, 3, update_wins)
    }

    fn r5_a_delete_newer_than_the_update_on_two_nodes(major: Major) -> Result<(), Failure> {
        race(major, 2, delete_wins)
    }

    fn r5_a_delete_newer_than_the_update_on_three_nodes(major: Major) -> Result<(), Failure> {
        race(major, 3, delete_wins)
    }

    fn r5_two_deletes_are_no_conflict(major: Major) -> Result<(), Failure> {
        let group = arena(Group::builder(major, 3))?;
        for (table, _) in TABLES {
            group.execute("c", &format!("insert into {table} (id, v) values (1, 'base')"))?;
        }
        group.settle()?;
        group.apart()?;
        for (table, _) in TABLES {
            for node in ["a", "b"] {
                group.write(node, &format!("delete from {table}"))?;
            }
        }
        group.meet();
        group.converge()?;
        for (table, _) in TABLES {
            assert_eq!(group.value("c", &format!("select count(*) from {table}"))?, "0");
            group.logged(table, &[])?;
        }
        group.finish();
        Ok(())
    }

    fn r6_delete_and_insert_again_seen_out_of_order(major: Major) -> Result<(), Failure> {
        let group = arena(Group::builder(major, 3))?;
        for (table, _) in TABLES {
            group.execute("a", &format!("insert into {table} (id, v) values (1, 'base')"))?;
        }
        group.settle()?;
        group.cut("a", "c");
        group.hold("b", "c");
        let mut deletes = Vec::new();
        for (table, _) in TABLES {
            deletes.push(group.write("a", &format!("delete from {table} where id = 1"))?);
        }
        group.delivered("a", "b")?;
        let mut inserts = Vec::new();
        for (table, _) in TABLES {
            let sql = format!("insert into {table} (id, v) values (1, 'again')");
            inserts.push(group.write("b", &sql)?);
        }
        // c hears of the new row while it still has the old one, and of the delete only then.
        group.release("b", "c");
        group.delivered("b", "c")?;
        for (table, _) in TABLES {
            assert_eq!(group.value("c", &format!("select v from {table}"))?, "again");
        }
        group.meet();
        group.converge()?;
        for ((table, _), (delete, insert)) in TABLES.into_iter().zip(deletes.iter().zip(&inserts)) {
            let rows = vec![row(1, "again", 0)];
            for node in group.names() {
                assert_eq!(group.json_rows(node, table, "true")?, rows, "{node} {table}");
            }
            // The delete came late, and c cannot know that it was no surprise to b: one line that
            // costs nothing. So may a, whose beats have not told that b knew of the delete.
            let kept = Side::of(insert, Some(row(1, "again", 0)));
            let late = Conflict::new("c", table, "UPDATE-DELETE", kept, (delete, None))
                .pg("delete_origin_differs").kept_local().row_key(json!({ "id": 1 }));
            let again = Side::of(delete, None);
            let over = Conflict::new("a", table, "INSERT-DELETE", again,
                (insert, Some(row(1, "again", 0)))).row_key(json!({ "id": 1 }));
            group.logged_with(table, &[], &[late, over])?;
        }
        group.finish();
        Ok(())
    }
}
