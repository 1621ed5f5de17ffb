//! More than one that joins.

use steep_testkit::{Major, on_each_major};

use crate::all_equal;
use crate::group::{Group, Outcome};
use crate::load::{Load, SCHEMA};

/// Ends a membership on all sides.
fn part(group: &Group, leaving: &str, others: &[&str]) -> Outcome {
    group.leave(leaving, false)?;
    for other in others {
        group.forget(other, leaving)?;
    }
    group.execute(leaving, "drop table account, history, \"Odd Näme\", leaves")
}

on_each_major! {
    fn two_at_once(major: Major) -> Outcome {
        let group = Group::start(&[major; 4])?;
        group.execute("a", SCHEMA)?;
        assert!(group.init("a")?.done);
        assert!(group.join("b", "a")?.done);
        for node in ["a", "b", "c", "d"] {
            // Whoever has to wait may have begun.
            group.cluster(node).expect_log("");
        }
        for plan in group.join_both(["c", "d"], "a")? {
            assert!(plan.done, "{plan:?}");
        }
        for node in ["a", "b", "c", "d"] {
            group.execute(node, &format!("insert into history values ('of {node}', 1, 1)"))?;
        }
        all_equal(&group, &["a", "b", "c", "d"])?;
        assert_eq!(group.value("d", "select count(*) from history")?, "4");
        group.finish();
        Ok(())
    }

    fn one_of_two_that_ask_at_the_same_moment_has_to_wait(major: Major) -> Outcome {
        let group = Group::start(&[major; 3])?;
        assert!(group.init("a")?.done);
        for round in 0..5 {
            let answers = group.prepare_both(["b", "c"], "a", round)?;
            let prepared: Vec<_> =
                answers.iter().zip(["b", "c"]).filter(|((_, answer), _)| answer.busy.is_empty()).collect();
            let [((join_id, _), node)] = prepared[..] else {
                return Err(format!("round {round}: {answers:?}").into());
            };
            let refused = group.leave("a", false).expect_err("somebody joins").to_string();
            assert!(refused.contains(&format!("node {node} is joining")), "{refused}");
            group.abort_at("a", node, join_id)?;
            let left = group.leftovers("a")?;
            assert!(!left.contains_key("slots") && !left.contains_key("roles"), "{left:?}");
        }
        group.finish();
        Ok(())
    }

    fn twenty_times_in_a_row(major: Major) -> Outcome {
        let group = Group::start(&[major; 2])?;
        group.execute("a", SCHEMA)?;
        assert!(group.init("a")?.done);
        for node in ["a", "b"] {
            // Each parting cuts connections.
            group.cluster(node).expect_log("");
        }
        for round in 0..20 {
            let plan = group.join("b", "a").map_err(|error| format!("round {round}: {error}"))?;
            assert!(plan.done, "round {round}: {plan:?}");
            group.execute("b", &format!("insert into history values ('b{round}', 1, 1)"))?;
            group.execute("a", &format!("insert into history values ('a{round}', 1, 1)"))?;
            all_equal(&group, &["a", "b"])?;
            part(&group, "b", &["a"])?;
        }
        assert_eq!(group.value("a", "select count(*) from history")?, "40");
        let left = group.leftovers("a")?;
        assert!(!left.contains_key("slots") && !left.contains_key("roles"), "{left:?}");
        group.finish();
        Ok(())
    }
}

#[test]
fn from_16_over_17_to_18() -> Outcome {
    let group = Group::start(&[Major::V16, Major::V17, Major::V18])?;
    group.execute("a", SCHEMA)?;
    assert!(group.init("a")?.done);
    assert!(group.join("b", "a")?.done);
    let load = Load::start(&group, &["a", "b"]);
    load.reach(300)?;
    let plan = group.join("c", "b")?;
    assert!(plan.done, "{plan:?}");
    let joined = load.written();
    load.reach(joined + 300)?;
    load.stop()?;
    all_equal(&group, &["a", "b", "c"])?;
    group.execute("c", "update account set note = 'of 18' where id < 100")?;
    all_equal(&group, &["a", "b", "c"])?;
    group.finish();
    Ok(())
}
