//! Databases that join a group, on real servers.

mod certificates;
mod closed;
mod encrypted;
mod exact;
mod fails;
mod group;
mod leaves;
mod limits;
mod load;
mod many;

use std::time::Duration;

use group::{DATABASE, Group, Outcome};
use load::{Load, SCHEMA, TABLES};
use steep_testkit::{Major, on_each_major, wait};

/// How long nodes may take to hold the same rows once nobody writes.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn all_equal(group: &Group, nodes: &[&str]) -> Outcome {
    let clusters: Vec<_> = nodes.iter().map(|node| group.cluster(node)).collect();
    for table in TABLES {
        wait::tables_equal(&clusters, DATABASE, table, PATIENCE)?;
    }
    Ok(())
}

on_each_major! {
    fn a_pair_and_then_a_third_under_load(major: Major) -> Outcome {
        let group = Group::start(&[major; 3])?;
        group.execute("a", SCHEMA)?;
            let plan = group.init("a")?;
            assert!(plan.done, "{plan:?}");
            assert_eq!(plan.tables.iter().filter(|table| table.class == "replicated").count(), 4);
            let plan = group.join("b", "a")?;
            assert!(plan.done, "{plan:?}");
            all_equal(&group, &["a", "b"])?;

            let load = Load::start(&group, &["a", "b"]);
            load.reach(500)?;
            let plan = group.join("c", "a")?;
            assert!(plan.done, "{plan:?}");
            let joined = load.written();
            load.reach(joined + 500)?;
            let (written, longest) = load.stop()?;
            eprintln!("{written} transactions, the longest took {longest:?}");
            assert!(longest < Duration::from_secs(5), "a write took {longest:?}");
            all_equal(&group, &["a", "b", "c"])?;

            // It is a node like the others.
            group.execute("c", "insert into history values ('of c', 1, 1)")?;
            group.execute("b", "insert into history values ('of b', 1, 1)")?;
            all_equal(&group, &["a", "b", "c"])?;
        group.finish();
        Ok(())
    }
}
