//! A key that is too small for its table: told early, refused cleanly, and the way out works.

use steep_ipc::Level;
use steep_testkit::Major;
use steep_testkit::wait;

use super::couple::SMALL;
use super::{Inserting, strays};
use crate::couple::{Couple, DATABASE, add, plan, remove};
use crate::seen::check;
use crate::support::Outcome;

#[test]
fn a_small_key_is_told_early_refused_at_its_end_and_goes_on_with_a_larger_type() -> Outcome {
    let couple = Couple::start(Major::V18, |builder| builder, SMALL)?;
    couple.init()?;
    couple.join()?;
    for node in ["a", "b"] {
        couple.on(node, "create table tickets (id smallserial primary key, writer text)")?;
        couple
            .on(node, "insert into tickets (writer) select 'old' from generate_series(1, 24000)")?;
    }
    assert!(plan(&couple.a, &add(&["tickets"]))?.done);
    let a = couple.cluster("a");
    let insert = "insert into tickets (writer) select 'a' from generate_series(1, 100)";
    for _ in 0..5 {
        a.execute(DATABASE, insert)?;
    }
    let (told, _) = couple.a.until_check("ranges", Level::Critical)?;
    assert!(told.message.contains("of 32767 ids are left for all nodes, which last"), "{told:?}");
    assert!(told.hint.is_some_and(|hint| hint.contains("larger type")), "{}", told.message);
    // There is time: it goes on.
    a.execute(DATABASE, insert)?;
    // Some of the ids are kept back, so that the end comes while there is time. What the other node owns is
    // had within a second each time; then nothing is.
    let mut refused = String::new();
    couple.a.until("that no id is left here", |status| {
        if let Err(error) = a.execute(DATABASE, insert) {
            refused = format!("{error:?}");
        }
        let told = check(status, "ranges").map(|check| check.message.as_str());
        told.is_some_and(|told| told.contains("public.tickets: no id is left on this node: "))
    })?;
    assert!(refused.contains("is not node a's to write"), "{refused}");
    assert_eq!(a.value(DATABASE, "select max(id) between 29000 and 31743 from tickets")?, "t");

    // As docs/guide/identity-ranges.md has it.
    wait::tables_equal(&[a, couple.cluster("b")], DATABASE, "tickets", wait::DEADLINE)?;
    assert!(plan(&couple.a, &remove("tickets"))?.done);
    for node in ["a", "b"] {
        couple.on(node, "alter table tickets alter id type bigint")?;
        couple.on(node, "alter sequence tickets_id_seq as bigint")?;
    }
    assert!(plan(&couple.a, &add(&["tickets"]))?.done);
    let (a, b) = (couple.cluster("a"), couple.cluster("b"));
    Inserting::start(&[a, b], "tickets", 300).end()?;
    wait::tables_equal(&[a, b], DATABASE, "tickets", wait::DEADLINE)?;
    for node in [a, b] {
        assert_eq!(node.value(DATABASE, "select count(*) from steep_repl.conflict_log")?, "0");
        assert_eq!(strays(node, "tickets", "a")?, "0");
        assert_eq!(strays(node, "tickets", "b")?, "0");
    }
    couple.a.until_check("ranges", Level::Ok)?;
    couple.finish();
    Ok(())
}
