//! The race matrix: two nodes write without knowing of each other, in every way and order; all
//! nodes end with the same rows, and the conflict logs say what happened, and nothing else.

mod deletes;
mod inserts;
mod keys;
mod ties;
mod unique;
mod updates;

use steep_ext_tests::{Failure, Fight, Group, GroupBuilder, Scene};
use steep_testkit::Major;

/// One table for each way of telling concurrent writes from sequential ones.
const TABLES: [(&str, &str); 2] = [("by_beats", ""), ("exact", "'last_write_wins', 'exact'")];

const COLUMNS: &str = "id int primary key, v text not null, n int not null default 0, \
    x text unique, y text unique";

/// In which orders a third node may hear of the writes of two.
const ORDERS: [[&str; 2]; 2] = [["a", "b"], ["b", "a"]];

/// Makes the fight for a key in a table, with the node that writes first and the one that writes
/// last.
type Make = fn(Place) -> Fight;

/// Where a fight takes place, and between whom.
#[derive(Debug, Clone, Copy)]
struct Place {
    table: &'static str,
    id: i32,
    first: &'static str,
    last: &'static str,
}

fn arena(builder: GroupBuilder) -> Result<Group, Failure> {
    let group = builder.start()?;
    for (table, policy) in TABLES {
        group.create_table(table, COLUMNS, policy)?;
    }
    Ok(group)
}

/// The fights in both tables, each won once by either node, with ids from `first_id`.
fn both_ways(make: Make, first_id: i32) -> Vec<Fight> {
    let mut places = Vec::new();
    for (table, _) in TABLES {
        for (id, first, last) in [(first_id, "a", "b"), (first_id + 10, "b", "a")] {
            places.push(Place { table, id, first, last });
        }
    }
    places.into_iter().map(make).collect()
}

/// Lets two nodes fight, and on three nodes the third watch in either order.
fn race(major: Major, nodes: usize, make: Make) -> Result<(), Failure> {
    race_with(major, nodes, make, false)
}

fn race_with(major: Major, nodes: usize, make: Make, freezes: bool) -> Result<(), Failure> {
    let group = arena(Group::builder(major, nodes))?;
    for (round, order) in (0..).zip(ORDERS).take(nodes - 1) {
        let fights = both_ways(make, 100 * round);
        group.fight(&fights, &Scene { freezes, ..Scene::new(order) })?;
    }
    group.finish();
    Ok(())
}
