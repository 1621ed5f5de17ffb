//! R2, R3: writes with the same commit timestamp.

use steep_ext_tests::{Failure, Fight, Group, Scene};
use steep_testkit::{Major, on_each_major};

use crate::updates::same_column;
use crate::{ORDERS, Place, TABLES, arena};

/// The nodes' order decides, whoever writes first: each fight of a round has the same winner.
fn ties(first_id: i32, loser: &'static str, winner: &'static str) -> Vec<Fight> {
    let fight = |(table, _)| same_column(Place { table, id: first_id, first: loser, last: winner });
    TABLES.into_iter().map(fight).collect()
}

fn race_of_equals(major: Major, nodes: usize) -> Result<(), Failure> {
    let group = arena(Group::builder(major, nodes).clock())?;
    for (round, order) in (0..).zip(ORDERS).take(nodes - 1) {
        let scene = Scene { is_frozen: true, ..Scene::new(order) };
        // The greater id wins among equal priorities …
        group.fight(&ties(100 * round, "a", "b"), &scene)?;
        // … and the greater priority before that, from the moment it is set.
        group.set_priority("a", 60)?;
        group.fight(&ties(100 * round + 10, "b", "a"), &scene)?;
        group.set_priority("a", 50)?;
    }
    group.finish();
    Ok(())
}

on_each_major! {
    fn r2_equal_timestamps_on_two_nodes(major: Major) -> Result<(), Failure> {
        race_of_equals(major, 2)
    }

    fn r3_equal_timestamps_seen_by_a_third_node_in_both_orders(major: Major) -> Result<(), Failure> {
        race_of_equals(major, 3)
    }

    fn r3_three_writes_with_equal_timestamps(major: Major) -> Result<(), Failure> {
        let group = arena(Group::builder(major, 3).clock().priority("b", 70))?;
        for (table, _) in TABLES {
            group.execute("c", &format!("insert into {table} (id, v) values (1, 'base')"))?;
        }
        group.settle()?;
        group.apart()?;
        group.set_clocks(steep_testkit::Clock::Frozen(std::time::SystemTime::now()))?;
        let mut moments = Vec::new();
        for (table, _) in TABLES {
            for node in group.names() {
                let sql = format!("update {table} set v = 'of {node}' where id = 1");
                moments.push(group.write(node, &sql)?.at);
            }
        }
        group.set_clocks(steep_testkit::Clock::Offset(0.0))?;
        moments.dedup();
        assert_eq!(moments.len(), 1, "{moments:?}");
        group.meet();
        group.converge()?;
        for (table, _) in TABLES {
            assert_eq!(group.value("a", &format!("select v from {table}"))?, "of b");
            // Each node met both other writes, and each of these met another one here.
            for node in group.names() {
                let log = group.conflicts(node, &format!("table_name = '{table}'"))?;
                assert_eq!(log.len(), 2, "{node}: {log:#?}");
                assert!(log.iter().all(|line| line.kind == "UPDATE-UPDATE"), "{log:#?}");
            }
        }
        group.finish();
        Ok(())
    }
}
