//! Tables that are added and taken out while something else goes on.

use std::error::Error;

use steep_ipc::Plan;
use steep_testkit::{Major, wait};

use super::couple::{self, Couple, add, plan, remove};
use super::support::Outcome;
use super::trio::{Trio, answer};

const REPLICATED: &str = "select count(*) from steep_repl.replicated_tables where is_active";

#[test]
fn tables_stay_as_they_are_while_a_node_joins() -> Outcome {
    let trio = Trio::start()?;
    let (adding, hold) = trio.adding_until_halfway()?;
    let refused = plan(&trio.b, &remove("public.account"))?;
    for node in ["a", "b", "c"] {
        let said = format!("node {node}: node c joins at the moment: say it again");
        assert!(refused.refusals.iter().any(|text| text.contains(&said)), "{refused:?}");
    }
    assert!(!refused.done && refused.steps.is_empty(), "{refused:?}");
    drop(hold);
    assert!(answer(adding)?.done);
    trio.is_joined()?;
    for node in ["a", "b", "c"] {
        assert_eq!(trio.cluster(node).value(couple::DATABASE, REPLICATED)?, "2", "{node}");
    }
    assert!(plan(&trio.b, &remove("public.account"))?.done);
    for node in ["a", "b", "c"] {
        assert_eq!(trio.cluster(node).value(couple::DATABASE, REPLICATED)?, "1", "{node}");
    }
    Ok(())
}

#[test]
fn what_is_written_while_a_table_is_added_is_seen_and_the_others_take_it_out_again() -> Outcome {
    let couple = Couple::start(Major::V18, |builder| builder, "")?;
    couple.init()?;
    couple.join()?;
    for node in ["a", "b"] {
        couple.on(node, "create table t (id uuid primary key)")?;
    }
    let mut writer = couple.cluster("b").try_client(couple::DATABASE)?;
    writer.batch_execute("begin; insert into t values (gen_random_uuid())")?;
    let refused = std::thread::scope(|scope| {
        let adding = scope.spawn(|| added(&couple).map_err(|error| error.to_string()));
        let waits =
            "select exists (select from pg_locks where relation = 't'::regclass and not granted)";
        wait::query_returns(couple.cluster("b"), couple::DATABASE, waits, "t", wait::DEADLINE)?;
        writer.batch_execute("commit")?;
        Ok::<_, Box<dyn Error>>(adding.join().map_err(|_| "a panic")??)
    })?;
    let differs = refused
        .refusals
        .iter()
        .any(|text| text.contains("node b: its columns, key or rows differ"));
    assert!(differs && !refused.done && refused.steps.is_empty(), "{refused:?}");
    let told = refused
        .warnings
        .iter()
        .any(|text| text.ends_with("node a: it was added, and is taken out again"));
    assert!(told, "{refused:?}");
    for node in ["a", "b"] {
        assert_eq!(couple.cluster(node).value(couple::DATABASE, REPLICATED)?, "0", "{node}");
    }
    couple.on("b", "delete from t")?;
    assert!(added(&couple)?.done);
    couple.finish();
    Ok(())
}

fn added(couple: &Couple) -> Result<Plan, Box<dyn Error>> {
    plan(&couple.a, &add(&["public.t"]))
}
