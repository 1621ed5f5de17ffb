//! Attempts that do not come to their end.

use steep_testkit::{Hold, Major, Stop, on_each_major};

use crate::all_equal;
use crate::group::{DATABASE, Group, Outcome};
use crate::load::{Load, SCHEMA};

fn group_of_two(major: Major) -> Outcome<Group> {
    let group = Group::start(&[major; 3])?;
    group.execute("a", SCHEMA)?;
    group.execute(
        "a",
        "insert into account select i, 1, repeat('x', 100) from generate_series(3000, 60000) i",
    )?;
    assert!(group.init("a")?.done);
    assert!(group.join("b", "a")?.done);
    Ok(group)
}

/// Nothing of the attempt is left: no slot or role at the members, nothing at all here.
fn nothing_is_left(group: &Group) -> Outcome {
    assert_eq!(group.leftovers("c")?, [].into());
    for (member, other) in [("a", "b"), ("b", "a")] {
        let left = group.leftovers(member)?;
        assert_eq!(left["slots"], format!("steep_repl_{other}"), "{member}: {left:?}");
        assert_eq!(left["subscriptions"], format!("steep_repl_{other}"), "{member}: {left:?}");
        assert_eq!(left["roles"], format!("steep_repl_{other}"), "{member}: {left:?}");
        assert_eq!(group.value(member, "select count(*) from steep_repl.joins")?, "0");
    }
    Ok(())
}

on_each_major! {
    fn a_cancelled_attempt_is_undone_at_every_step(major: Major) -> Outcome {
        let group = group_of_two(major)?;
        // Copied rows that are cut off, and connections that are.
        group.cluster("c").expect_log("");
        for step in 2..=8 {
            let error = group
                .join_with("c", "a", step, Some(&|cancel| cancel.cancel()))
                .err()
                .ok_or_else(|| format!("step {step}: it joined"))?;
            assert!(error.to_string().contains("cancelled"), "step {step}: {error}");
            nothing_is_left(&group)?;
        }
        assert!(group.join("c", "a")?.done);
        all_equal(&group, &["a", "b", "c"])?;
        group.finish();
        Ok(())
    }

    fn a_daemon_that_dies_undoes_or_ends_it_when_it_is_back(major: Major) -> Outcome {
        let group = group_of_two(major)?;
        group.cluster("c").expect_log("");
        for step in 2..=8 {
            assert!(group.join_with("c", "a", step, None)?.is_none(), "step {step}");
            assert!(group.recover("c", "a")?, "step {step}: no record");
            nothing_is_left(&group)?;
        }
        // The last step is carried on.
        assert!(group.join_with("c", "a", 9, None)?.is_none());
        assert!(group.recover("c", "a")?);
        assert!(!group.recover("c", "a")?);
        all_equal(&group, &["a", "b", "c"])?;
        group.execute("c", "insert into history values ('of c', 1, 1)")?;
        all_equal(&group, &["a", "b", "c"])?;
        group.finish();
        Ok(())
    }

    fn a_crash_of_any_server_on_the_way(major: Major) -> Outcome {
        let group = group_of_two(major)?;
        for node in ["a", "b", "c"] {
            group.cluster(node).expect_log("");
        }
        let load = Load::start(&group, &["b"]);
        for (victim, step) in [("a", 3), ("c", 6), ("a", 6), ("a", 7), ("c", 8)] {
            let crash = |_: &_| group.cluster(victim).kill9().expect("it runs");
            let failed = group.join_with("c", "a", step, Some(&crash));
            assert!(failed.is_err(), "{victim} at {step}: {failed:?}");
            group.cluster(victim).start()?;
            // Its own undoing may have met the dead server.
            steep_testkit::wait::until(crate::PATIENCE, "the attempt to be undone", || {
                group.recover("c", "a").map(drop).map_err(steep_testkit::wait::Observed::new)
            })?;
            nothing_is_left(&group).map_err(|error| format!("{victim} at {step}: {error}"))?;
        }
        let (_, _) = load.stop()?;
        assert!(group.join("c", "a")?.done);
        all_equal(&group, &["a", "b", "c"])?;
        group.cluster("c").stop(Stop::Fast)?;
        group.cluster("c").start()?;
        group.execute("b", "insert into history values ('after', 1, 1)")?;
        all_equal(&group, &["a", "b", "c"])?;
        group.finish();
        Ok(())
    }

    fn a_member_that_does_not_answer_is_asked_again(major: Major) -> Outcome {
        let group = group_of_two(major)?;
        group.cluster("c").expect_log("");
        let vanish = |cancel: &tokio_util::sync::CancellationToken| {
            group.silent.lock().expect("no test panics with it").push("b".to_owned());
            cancel.cancel();
        };
        assert!(group.join_with("c", "a", 6, Some(&vanish)).is_err());
        assert!(group.recover("c", "a").is_err());
        assert!(group.leftovers("b")?["slots"].contains("steep_repl_c"));
        group.silent.lock().expect("no test panics with it").clear();
        assert!(group.recover("c", "a")?);
        nothing_is_left(&group)?;
        group.finish();
        Ok(())
    }

    fn a_request_that_comes_after_its_attempt_was_given_up_is_refused(major: Major) -> Outcome {
        let group = Group::start(&[major; 2])?;
        assert!(group.init("a")?.done);
        group.abort_at("a", "b", "first")?;
        let refused = group.prepare_at("a", "b", "first").expect_err("given up").to_string();
        assert!(refused.contains("given up"), "{refused}");
        assert!(!group.leftovers("a")?.contains_key("slots"));
        assert_eq!(group.value("a", "select count(*) from steep_repl.joins")?, "0");
        // Another attempt is another matter.
        group.prepare_at("a", "b", "second")?;
        assert_eq!(group.leftovers("a")?["slots"], "steep_repl_b");
        group.abort_at("a", "b", "second")?;
        assert!(!group.leftovers("a")?.contains_key("slots"));
        group.finish();
        Ok(())
    }

    fn an_attempt_that_is_given_up_while_a_member_prepares_leaves_no_slot(major: Major) -> Outcome {
        let group = Group::start(&[major; 2])?;
        assert!(group.init("a")?.done);
        // The slot may be in the making when it is dropped.
        group.cluster("a").expect_log("terminating connection due to administrator command");
        group.cluster("a").expect_error("replication slot \"steep_repl_b\" does not exist");
        let mut hold = Hold::take(group.cluster("a"), DATABASE, "begin; lock table steep_repl.joins in share mode")?;
        std::thread::scope(|scope| {
            // Nobody waits for its answer, whatever it is.
            scope.spawn(|| group.prepare_at("a", "b", "given up").is_ok());
            hold.waited_for_by(1)?;
            let aborts = scope.spawn(|| {
                group.abort_at("a", "b", "given up").map_err(|error| error.to_string())
            });
            hold.waited_for_by(2)?;
            drop(hold);
            aborts.join().map_err(|_| "a panic")??;
            Ok::<_, Box<dyn std::error::Error>>(())
        })?;
        let left = group.leftovers("a")?;
        assert!(!left.contains_key("slots") && !left.contains_key("roles"), "{left:?}");
        assert_eq!(group.value("a", "select count(*) from steep_repl.joins")?, "0");
        group.finish();
        Ok(())
    }

    fn a_node_that_was_removed_before_it_had_joined_does_not_come_back(major: Major) -> Outcome {
        let group = group_of_two(major)?;
        for node in ["a", "b", "c"] {
            // It comes for changes, and is not known any more.
            group.cluster(node).expect_log("");
        }
        assert!(group.join_with("c", "a", 9, None)?.is_none());
        for member in ["a", "b"] {
            group.forget(member, "c")?;
        }
        assert!(group.recover("c", "a")?);
        nothing_is_left(&group)?;
        for member in ["a", "b"] {
            let status = "select status from steep_repl.nodes where node_id = 'c'";
            assert_eq!(group.value(member, status)?, "removed", "{member}");
        }
        assert!(!group.recover("c", "a")?);
        assert!(group.join("c", "a")?.done);
        all_equal(&group, &["a", "b", "c"])?;
        group.finish();
        Ok(())
    }

    fn giving_up_an_old_attempt_leaves_a_node_that_is_a_member_by_another(major: Major) -> Outcome {
        let group = Group::start(&[major; 2])?;
        group.execute("a", SCHEMA)?;
        assert!(group.init("a")?.done);
        assert!(group.join("b", "a")?.done);
        group.abort_at("a", "b", "old")?;
        assert_eq!(group.leftovers("a")?["slots"], "steep_repl_b");
        group.execute("b", "insert into history values ('of b', 1, 1)")?;
        all_equal(&group, &["a", "b"])?;
        group.finish();
        Ok(())
    }

    fn what_cannot_join_is_refused_and_unchanged(major: Major) -> Outcome {
        let group = Group::start(&[major; 3])?;
        group.execute("a", SCHEMA)?;
        let refused = |node: &str, source: &str, word: &str| -> Outcome {
            let plan = group.join(node, source)?;
            assert!(!plan.done);
            assert!(plan.refusals.iter().any(|refusal| refusal.contains(word)), "{plan:?}");
            Ok(())
        };
        refused("b", "a", "belongs to no group")?;
        assert!(group.init("a")?.done);
        assert!(!group.init("a")?.done);
        refused("a", "a", "is node a already")?;
        group.execute("b", "create table account (id int primary key)")?;
        refused("b", "a", "not empty")?;
        assert_eq!(group.value("b", "select count(*) from pg_extension where extname = 'steep_repl'")?, "0");
        group.execute("b", "drop table account")?;
        // Its owner does not exist at the other node.
        group.execute("a", "create role someone; alter table history owner to someone")?;
        group.cluster("b").expect_log("");
        let error = group.join("b", "a").err().ok_or("it joined")?.to_string();
        assert!(error.contains("role someone"), "{error}");
        assert_eq!(group.leftovers("b")?, [].into());
        group.execute("b", "create role someone")?;
        assert!(group.join("b", "a")?.done);
        all_equal(&group, &["a", "b"])?;
        group.finish();
        Ok(())
    }
}
