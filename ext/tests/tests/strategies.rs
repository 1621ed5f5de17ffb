//! What each strategy makes of concurrent writes, and that none of them minds sequential ones.

use steep_ext_tests::{Conflict, Failure, Fight, Group, Move, Scene, Side, json};
use steep_testkit::{Major, on_each_major};

const COLUMNS: &str = "id int primary key, v text";

const STRATEGIES: [&str; 6] = [
    "last_write_wins",
    "first_write_wins",
    "node_priority",
    "keep_local",
    "apply_remote",
    "manual",
];

/// Two updates of row `id`, made in the order of the nodes, of which the one of `winner` stays.
fn updates(id: i32, winner: &'static str, order: [&'static str; 2]) -> Fight {
    let update = |node: &'static str| Move {
        node,
        sql: format!("update t set v = '{node}' where id = {id}"),
        tuple: Some(json!({ "id": id, "v": node })),
        pg: "update_origin_differs",
    };
    let loser = if winner == "a" { "b" } else { "a" };
    // A fight lets the loser write first; where the first one wins, the two trade places below.
    assert!(order.contains(&winner));
    Fight {
        table: "t",
        base: format!("insert into t values ({id}, 'base')"),
        loser: update(loser),
        winner: update(winner),
        kind: "UPDATE-UPDATE",
        key: json!({ "id": id }),
        about: format!("id = {id}"),
        rows: vec![json!({ "id": id, "v": winner })],
    }
}

fn group_with(major: Major, nodes: usize, policy: &str) -> Result<Group, Failure> {
    let group = Group::builder(major, nodes).priority("a", 60).start()?;
    group.create_table("t", COLUMNS, policy)?;
    Ok(group)
}

/// The rows of a fight under a strategy by which every node may end with another one.
fn part(group: &Group, first_id: i32) -> Result<[steep_ext_tests::Write; 2], Failure> {
    group.execute("a", &format!("insert into t values ({first_id}, 'base')"))?;
    group.settle()?;
    group.apart()?;
    let write =
        |node: &str| group.write(node, &format!("update t set v = '{node}' where id = {first_id}"));
    let writes = [write("a")?, write("b")?];
    group.meet();
    group.quiet_within(steep_ext_tests::PATIENCE)?;
    Ok(writes)
}

fn v(group: &Group, node: &str, id: i32) -> Result<String, Failure> {
    group.value(node, &format!("select v from t where id = {id}"))
}

on_each_major! {
    fn node_priority_on_two_nodes(major: Major) -> Result<(), Failure> {
        let group = group_with(major, 2, "'node_priority'")?;
        let scene = Scene { strategy: "node_priority", ..Scene::new(["a", "b"]) };
        // The winner writes last here …
        group.fight(&[updates(1, "a", ["b", "a"])], &scene)?;
        // … and the order of the nodes may be said for one table.
        group.everywhere("select steep_repl.set_table_policy('t', 'node_priority', \
            p_node_order => array['b', 'a'])")?;
        group.fight(&[updates(2, "b", ["a", "b"])], &scene)?;
        group.finish();
        Ok(())
    }

    fn node_priority_lets_an_older_write_win(major: Major) -> Result<(), Failure> {
        for nodes in [2, 3] {
            let group = group_with(major, nodes, "'node_priority'")?;
            group.execute("a", "insert into t values (1, 'base')")?;
            group.settle()?;
            group.apart()?;
            let older = group.write("a", "update t set v = 'a' where id = 1")?;
            let newer = group.write("b", "update t set v = 'b' where id = 1")?;
            group.meet_in(["b", "a"])?;
            group.converge()?;
            assert_eq!(v(&group, "b", 1)?, "a");
            let tuple = |node: &str| Some(json!({ "id": 1, "v": node }));
            let expected: Vec<_> = group.names().into_iter().map(|node| {
                let (local, remote) = if node == "a" { (&older, &newer) } else { (&newer, &older) };
                let line = Conflict::new(node, "t", "UPDATE-UPDATE",
                    Side::of(local, tuple(&local.node)), (remote, tuple(&remote.node)))
                    .pg("update_origin_differs").strategy("node_priority")
                    .row_key(json!({ "id": 1 }));
                if node == "a" { line.kept_local() } else { line }
            }).collect();
            group.logged("t", &expected)?;
            group.finish();
        }
        Ok(())
    }

    fn first_write_wins_on_two_and_three_nodes(major: Major) -> Result<(), Failure> {
        for nodes in [2, 3] {
            let group = group_with(major, nodes, "'first_write_wins'")?;
            for (id, first, order) in [(1, "a", ["a", "b"]), (2, "b", ["a", "b"])] {
                let second = if first == "a" { "b" } else { "a" };
                group.execute("a", &format!("insert into t values ({id}, 'base')"))?;
                group.settle()?;
                group.apart()?;
                for node in [first, second] {
                    group.write(node, &format!("update t set v = '{node}' where id = {id}"))?;
                }
                group.meet_in(order)?;
                group.converge()?;
                assert_eq!(v(&group, "b", id)?, first);
            }
            for node in group.names() {
                let log = group.conflicts(node, "strategy = 'first_write_wins'")?;
                assert_eq!(log.len(), 2, "{log:#?}");
            }
            group.finish();
        }
        Ok(())
    }

    fn keep_local_keeps_and_apply_remote_takes(major: Major) -> Result<(), Failure> {
        for (strategy, on_a, resolution) in
            [("keep_local", "a", "KEPT_LOCAL"), ("apply_remote", "b", "APPLIED_REMOTE")]
        {
            let group = group_with(major, 2, &format!("'{strategy}'"))?;
            group.disregard_table("t");
            part(&group, 1)?;
            let on_b = if on_a == "a" { "b" } else { "a" };
            assert_eq!((v(&group, "a", 1)?.as_str(), v(&group, "b", 1)?.as_str()), (on_a, on_b));
            for node in group.names() {
                let log = group.conflicts(node, "true")?;
                assert_eq!(log.len(), 1, "{log:#?}");
                assert_eq!((log[0].resolution.as_str(), log[0].strategy.as_str()),
                    (resolution, strategy));
            }
            group.finish();
        }
        Ok(())
    }

    fn manual_leaves_a_pending_conflict_on_each_node_that_saw_it(major: Major) -> Result<(), Failure> {
        let group = group_with(major, 3, "'manual'")?;
        group.disregard_table("t");
        let writes = part(&group, 1)?;
        let tuple = |node: &str| Some(json!({ "id": 1, "v": node }));
        assert_eq!((v(&group, "a", 1)?, v(&group, "b", 1)?), ("a".to_owned(), "b".to_owned()));
        let seen_by_c = v(&group, "c", 1)?;
        let mut expected = Vec::new();
        for (node, held) in [("a", "a"), ("b", "b"), ("c", seen_by_c.as_str())] {
            let (local, remote) =
                if held == "a" { (&writes[0], &writes[1]) } else { (&writes[1], &writes[0]) };
            let line = Conflict::new(node, "t", "UPDATE-UPDATE",
                Side::of(local, tuple(&local.node)), (remote, tuple(&remote.node)));
            expected.push(line.pg("update_origin_differs").strategy("manual").pending()
                .row_key(json!({ "id": 1 })));
        }
        group.logged("t", &expected)?;
        group.finish();
        Ok(())
    }

    fn every_strategy_accepts_sequential_writes(major: Major) -> Result<(), Failure> {
        let group = Group::builder(major, 3).priority("a", 60).start()?;
        for strategy in STRATEGIES {
            group.create_table(strategy, COLUMNS, &format!("'{strategy}', 'exact'"))?;
        }
        for strategy in STRATEGIES {
            group.write("a", &format!("insert into {strategy} values (1, 'base'), (2, 'base')"))?;
        }
        for (step, node) in ["b", "c", "a", "b", "c", "b", "a"].into_iter().enumerate() {
            group.converge()?;
            for strategy in STRATEGIES {
                group.write(node, &format!(
                    "update {strategy} set v = '{step} {node}' where id = 1"
                ))?;
            }
            group.converge()?;
            for strategy in STRATEGIES {
                for viewer in group.names() {
                    let value = group.value(viewer, &format!("select v from {strategy} where id = 1"))?;
                    assert_eq!(value, format!("{step} {node}"), "{strategy} on {viewer}");
                }
            }
        }
        // A delete, and an insert of the same key elsewhere. Nothing but a heartbeat can tell that
        // the insert knew of the delete.
        for strategy in STRATEGIES {
            group.write("c", &format!("delete from {strategy} where id = 2"))?;
        }
        group.settle()?;
        for strategy in STRATEGIES {
            group.write("b", &format!("insert into {strategy} values (2, 'again')"))?;
        }
        group.converge()?;
        for strategy in STRATEGIES {
            for node in group.names() {
                let value = group.value(node, &format!("select v from {strategy} where id = 2"))?;
                assert_eq!(value, "again", "{strategy} on {node}");
            }
            group.logged(strategy, &[])?;
        }
        group.finish();
        Ok(())
    }

    fn a_policy_takes_effect_without_restart(major: Major) -> Result<(), Failure> {
        let group = group_with(major, 2, "")?;
        let worker = "select pid from pg_stat_subscription where relid is null";
        for (id, policy, winner) in [
            (1, "'first_write_wins'", "a"),
            (2, "'last_write_wins'", "b"),
            (3, "'node_priority'", "a"),
            (4, "'last_write_wins', 'exact'", "b"),
        ] {
            group.everywhere(&format!("select steep_repl.set_table_policy('t', {policy})"))?;
            let row = format!("insert into t values ({id}, 'base')");
            group.execute("a", &row)?;
            group.settle()?;
            // Held, not cut: the workers stay the same.
            let workers = (group.value("a", worker)?, group.value("b", worker)?);
            group.hold("a", "b");
            group.hold("b", "a");
            for node in ["a", "b"] {
                group.write(node, &format!("update t set v = '{node}' where id = {id}"))?;
            }
            group.meet();
            group.converge()?;
            assert_eq!(v(&group, "a", id)?, winner, "{policy}");
            assert_eq!(workers, (group.value("a", worker)?, group.value("b", worker)?));
        }
        let audited = "select count(*) from steep_repl.audit_log where action = 'table.policy'";
        assert_eq!(group.value("a", audited)?, "4");
        group.finish();
        Ok(())
    }
}
