//! R8, R9: rows with different keys want the same unique value.

use steep_ext_tests::{Conflict, Failure, Fight, Group, Json, Move, Side, json};
use steep_testkit::{Major, on_each_major};

use crate::{ORDERS, Place, TABLES, arena, race};

fn row(id: i32, v: &str, x: &str, y: Option<&str>) -> Json {
    json!({ "id": id, "v": v, "n": 0, "x": x, "y": y })
}

/// R8 with inserts: node `a` takes the id, node `b` the next one.
fn inserts(place: Place) -> Fight {
    let Place { table, id, first, last } = place;
    let id_of = |node: &str| if node == "a" { id } else { id + 1 };
    let value = format!("x{id}");
    let insert = |node: &'static str| Move {
        node,
        sql: format!(
            "insert into {table} (id, v, x) values ({}, '{node}', '{value}')",
            id_of(node)
        ),
        tuple: Some(row(id_of(node), node, &value, None)),
        pg: "insert_exists",
    };
    Fight {
        table,
        base: String::new(),
        loser: insert(first),
        winner: insert(last),
        kind: "UNIQUE-KEY",
        key: json!({ "id": id_of(first) }),
        about: format!("x = '{value}' or id in ({id}, {})", id + 1),
        rows: vec![row(id_of(last), last, &value, None)],
    }
}

/// R8 with updates: both rows were there before.
fn updates(place: Place) -> Fight {
    let Place { table, id, first, last } = place;
    let id_of = |node: &str| if node == "a" { id } else { id + 1 };
    let value = format!("x{id}");
    let update = |node: &'static str| Move {
        node,
        sql: format!("update {table} set v = '{node}', x = '{value}' where id = {}", id_of(node)),
        tuple: Some(row(id_of(node), node, &value, None)),
        pg: "update_exists",
    };
    Fight {
        table,
        base: format!("insert into {table} (id, v) values ({id}, 'base'), ({}, 'base')", id + 1),
        loser: update(first),
        winner: update(last),
        kind: "UNIQUE-KEY",
        key: json!({ "id": id_of(first) }),
        about: format!("x = '{value}' or id in ({id}, {})", id + 1),
        rows: vec![row(id_of(last), last, &value, None)],
    }
}

/// What R9 is about: two rows of `a`, and one of `b` that wants a value of each.
struct Triangle {
    table: &'static str,
    id: i32,
    rows: [Json; 3],
}

impl Triangle {
    fn new(table: &'static str, id: i32) -> Self {
        let value = |what: &str| format!("{what}{id}");
        let (p, q, r, s) = (value("p"), value("q"), value("r"), value("s"));
        let rows = [
            row(id, "one", &p, Some(&q)),
            row(id + 1, "two", &r, Some(&s)),
            row(id + 2, "three", &p, Some(&s)),
        ];
        Self { table, id, rows }
    }

    fn insert(&self, which: usize) -> String {
        let text = self.rows[which].to_string();
        format!(
            "insert into {0} select * from jsonb_populate_record(null::{0}, '{text}')",
            self.table
        )
    }

    fn about(&self) -> String {
        format!("id between {} and {}", self.id, self.id + 2)
    }

    fn key(&self, which: usize) -> Json {
        json!({ "id": self.rows[which]["id"] })
    }
}

on_each_major! {
    fn r8_inserts_of_one_unique_value_on_two_nodes(major: Major) -> Result<(), Failure> {
        race(major, 2, inserts)
    }

    fn r8_inserts_of_one_unique_value_on_three_nodes(major: Major) -> Result<(), Failure> {
        race(major, 3, inserts)
    }

    fn r8_updates_to_one_unique_value_on_two_nodes(major: Major) -> Result<(), Failure> {
        race(major, 2, updates)
    }

    fn r8_updates_to_one_unique_value_on_three_nodes(major: Major) -> Result<(), Failure> {
        race(major, 3, updates)
    }

    fn r9_the_newest_row_wins_against_two(major: Major) -> Result<(), Failure> {
        let group = arena(Group::builder(major, 3))?;
        for (round, order) in (0..).zip(ORDERS) {
            group.everywhere("delete from steep_repl.conflict_log")?;
            group.settle()?;
            group.apart()?;
            let mut writes = Vec::new();
            for (table, _) in TABLES {
                let triangle = Triangle::new(table, 100 * round);
                let old = [0, 1].map(|which| group.write("a", &triangle.insert(which)));
                let [one, two] = old;
                writes.push((one?, two?, group.write("b", &triangle.insert(2))?, triangle));
            }
            group.meet_in(order)?;
            group.converge()?;
            for (one, two, three, triangle) in &writes {
                let survivor = vec![triangle.rows[2].clone()];
                for node in group.names() {
                    assert_eq!(group.json_rows(node, triangle.table, &triangle.about())?, survivor);
                }
                let mut expected = Vec::new();
                for (which, old) in [(0, one), (1, two)] {
                    let tuples = (triangle.rows[which].clone(), triangle.rows[2].clone());
                    for node in group.names() {
                        let saw_old_first = node == "a" || (node == "c" && order[0] == "a");
                        let conflict = if saw_old_first {
                            let local = Side::of(old, Some(tuples.0.clone()));
                            let remote = (three, Some(tuples.1.clone()));
                            Conflict::new(node, triangle.table, "UNIQUE-KEY", local, remote)
                                .pg("multiple_unique_conflicts")
                        } else {
                            let local = Side::of(three, Some(tuples.1.clone()));
                            let remote = (old, Some(tuples.0.clone()));
                            Conflict::new(node, triangle.table, "UNIQUE-KEY", local, remote)
                                .pg("insert_exists")
                                .kept_local()
                        };
                        expected.push(conflict.row_key(triangle.key(which)));
                    }
                }
                group.logged(triangle.table, &expected)?;
            }
        }
        group.finish();
        Ok(())
    }

    fn r9_two_newer_rows_win_against_one(major: Major) -> Result<(), Failure> {
        let group = arena(Group::builder(major, 3))?;
        for (round, order) in (0..).zip(ORDERS) {
            group.settle()?;
            group.apart()?;
            let triangles = TABLES.map(|(table, _)| Triangle::new(table, 100 * round));
            for triangle in &triangles {
                group.write("b", &triangle.insert(2))?;
                group.write("a", &triangle.insert(0))?;
                group.write("a", &triangle.insert(1))?;
            }
            group.meet_in(order)?;
            group.converge()?;
            for triangle in &triangles {
                let survivors = triangle.rows[..2].to_vec();
                for node in group.names() {
                    assert_eq!(group.json_rows(node, triangle.table, &triangle.about())?, survivors);
                }
                let lost = format!("row_key = '{}' and table_name = '{}'",
                    triangle.key(2), triangle.table);
                for node in group.names() {
                    let log = group.conflicts(node, &lost)?;
                    assert!(!log.is_empty(), "{node} does not say what became of the third row");
                    assert!(log.iter().all(|line| line.kind == "UNIQUE-KEY"), "{log:#?}");
                }
            }
        }
        group.finish();
        Ok(())
    }
}
