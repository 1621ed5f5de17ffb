//! What a delete left behind goes exactly when nothing older can arrive any more.

use steep_ext_tests::{DATABASE, Failure, Group, Outcome, PATIENCE, log_conflict, node_with_table};
use steep_testkit::wait::{self, Observed};
use steep_testkit::{Major, PgCluster, on_each_major};

/// The latest beat that arrived from `node`, which had applied what `seen` shows of others.
fn beat(cluster: &PgCluster, node: &str, seen: &[(&str, &str)]) -> Outcome {
    let seen: Vec<_> = seen
        .iter()
        .map(|(peer, snapshot)| {
            format!(r#""{peer}": {{"beat_at": "2026-01-01", "snapshot": "{snapshot}"}}"#)
        })
        .collect();
    cluster.execute(
        DATABASE,
        &format!(
            "
        insert into steep_repl.heartbeats values ('{node}', now(), '1:1:', '{{{}}}')
        on conflict (node_id) do update set seen = excluded.seen",
            seen.join(", ")
        ),
    )?;
    Ok(())
}

fn bury(cluster: &PgCluster, writer: &str, xids: &[u64]) -> Outcome {
    for xid in xids {
        cluster.execute(DATABASE, &format!("insert into steep_repl.tombstones (relation, key_hash, row_key, writer_node, writer_xid)
            values ('t'::regclass, {xid}, array['{xid}'], {writer}, {xid})"))?;
    }
    Ok(())
}

/// Prunes, and says which transactions' tombstones are left.
fn left(cluster: &PgCluster) -> Result<String, steep_testkit::ClusterError> {
    cluster.execute(DATABASE, "select steep_repl.prune_tombstones()")?;
    cluster.value(DATABASE, "select coalesce(string_agg(concat(writer_node, writer_xid), ' ' order by writer_node, writer_xid), '') from steep_repl.tombstones")
}

/// Keys that a node remembers as deleted: one by one, and in chunks.
const BURIED: &str = "select concat_ws(' ', (select count(*) from steep_repl.tombstones), \
    (select coalesce(sum(key_count), 0) from steep_repl.tombstone_chunks))";

/// Waits until `sql` is true on a node, for as many beats as it takes.
fn comes_true(group: &Group, node: &str, sql: &str) -> Result<(), Failure> {
    let waited = wait::until(PATIENCE, format!("{sql} on {node}"), || {
        let seen = group.look(node, sql)?;
        if seen == "t" { Ok(()) } else { Err(Observed::new(seen)) }
    });
    waited.map_err(|error| group.failed(error))
}

/// All nodes have the machine's clock.
fn now(group: &Group) -> Result<String, Failure> {
    group.value("a", "select clock_timestamp()")
}

/// Waits until `viewer` has applied a beat of `witness` that knows of a beat that `source` has made
/// since then, as the nodes make them by themselves.
fn vouched(
    group: &Group,
    viewer: &str,
    [witness, source]: [&str; 2],
    since: &str,
) -> Result<(), Failure> {
    let beat = if witness == source {
        "h.beat_at".to_owned()
    } else {
        format!("(h.seen -> '{source}' ->> 'beat_at')::timestamptz")
    };
    comes_true(
        group,
        viewer,
        &format!(
            "select coalesce(bool_or({beat} > '{since}'), false) from steep_repl.heartbeats h \
         where h.node_id = '{witness}'"
        ),
    )
}

/// Lets a node clean up, and says what it then remembers.
fn maintained(group: &Group, node: &str) -> Result<String, Failure> {
    // An apply worker may be at it.
    comes_true(group, node, "select steep_repl.maintain()")?;
    group.value(node, BURIED)
}

/// Waits until a node, which cleans up with every look, remembers nothing any more.
fn forgets(group: &Group, node: &str) -> Result<(), Failure> {
    let waited = wait::until(PATIENCE, format!("nothing is remembered on {node}"), || {
        group.look(node, "select steep_repl.maintain()")?;
        let left = group.look(node, BURIED)?;
        if left == "0 0" { Ok(()) } else { Err(Observed::new(left)) }
    });
    waited.map_err(|error| group.failed(error))
}

on_each_major! {
    fn tombstones_outlast_a_peers_absence_and_no_more(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 3)?;
        group.create_table("t", "id int primary key, v text", "")?;
        group.execute("a", "insert into t select i, 'base' from generate_series(1, 2000) i")?;
        group.settle()?;
        for node in ["a", "b"] {
            group.cut(node, "c");
            group.cut("c", node);
        }
        // Older than the deletes, and nobody knows of it yet.
        group.write("c", "update t set v = 'c' where id <= 20")?;
        group.write("a", "delete from t where id <= 10")?;
        group.write("b", "delete from t where id between 11 and 20")?;
        // A bulk delete is in chunks where it was made.
        group.write("a", "delete from t where id > 20 and id <= 1500")?;
        let since = now(&group)?;
        for (viewer, other) in [("a", "b"), ("b", "a")] {
            vouched(&group, viewer, [other, other], &since)?;
            vouched(&group, viewer, [other, viewer], &since)?;
        }
        let (on_a, on_b) = ("20 1480", "1500 0");
        assert_eq!(maintained(&group, "a")?, on_a, "c has not seen the deletes");
        assert_eq!(maintained(&group, "b")?, on_b, "c has not seen the deletes");
        assert_eq!(maintained(&group, "c")?, "0 0", "c has deleted nothing");

        // Node c hears of them, but not from b that b has, too; the others do not hear from c.
        group.heal("a", "c");
        group.delivered("a", "c")?;
        vouched(&group, "c", ["a", "a"], &now(&group)?)?;
        assert_eq!(maintained(&group, "c")?, "1490 0", "b may not have seen the deletes of a");
        assert_eq!(maintained(&group, "a")?, on_a, "c has said nothing");
        // Now c does, to one of them.
        group.heal("c", "a");
        group.delivered("c", "a")?;
        vouched(&group, "a", ["c", "a"], &now(&group)?)?;
        // The deletes of b are unknown to c, and node a has those of its own from everybody.
        assert_eq!(maintained(&group, "a")?, "10 0", "c has not seen those of b");
        assert_eq!(maintained(&group, "b")?, on_b, "b has heard nothing of c");

        group.meet();
        group.converge()?;
        for node in group.names() {
            forgets(&group, node)?;
            let left = group.value(node, "select concat_ws(' ', count(*), min(id), min(v)) from t")?;
            assert_eq!(left, "500 1501 base", "{node}");
        }
        group.finish();
        Ok(())
    }

    fn apply_workers_clean_up_by_themselves(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 3)?;
        group.create_table("t", "id int primary key, v text", "")?;
        group.execute("a", "insert into t select i, 'base' from generate_series(1, 2000) i")?;
        group.settle()?;
        // Kept while the link is cut, so that the node is seen to have some.
        group.cut("b", "c");
        group.write("a", "delete from t where id <= 1500")?;
        group.delivered("a", "c")?;
        assert_eq!(group.value("c", BURIED)?, "1500 0");
        group.meet();
        // Twice a minute, and not before the beats.
        let patience = 3 * PATIENCE;
        for node in group.names() {
            let clean = wait::query_returns(group.node(node), DATABASE, BURIED, "0 0", patience);
            clean.map_err(|error| group.failed(error))?;
        }
        group.finish();
        Ok(())
    }

    fn a_tombstone_goes_when_every_other_node_has_seen_it(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        // Node b deleted in its transactions 10 to 30: node c has to confirm, b itself need not.
        bury(&cluster, "'b'", &[10, 20, 25, 30])?;
        let all = "b10 b20 b25 b30";
        assert_eq!(left(&cluster)?, all, "no beat of c");
        beat(&cluster, "b", &[("a", "99:99:"), ("b", "99:99:")])?;
        assert_eq!(left(&cluster)?, all, "no beat of c");
        beat(&cluster, "c", &[("a", "99:99:")])?;
        assert_eq!(left(&cluster)?, all, "c has seen nothing of b");
        beat(&cluster, "c", &[("b", "10:10:")])?;
        assert_eq!(left(&cluster)?, all, "10 had not ended");
        beat(&cluster, "c", &[("b", "20:30:20,27")])?;
        assert_eq!(left(&cluster)?, "b20 b30", "20 was running, 30 had not begun");
        beat(&cluster, "c", &[("b", "31:31:")])?;
        assert_eq!(left(&cluster)?, "");
        cluster.finish();
        Ok(())
    }

    fn this_nodes_own_need_all_the_others(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        bury(&cluster, "null", &[10, 4_294_967_306])?;
        beat(&cluster, "b", &[("a", "4294967307:4294967307:")])?;
        assert_eq!(left(&cluster)?, "10 4294967306", "c is silent");
        beat(&cluster, "c", &[("a", "11:11:")])?;
        assert_eq!(left(&cluster)?, "4294967306", "the epoch counts");
        cluster.execute(DATABASE, "insert into steep_repl.nodes (node_id, node_name, host, status) values ('d', 'D', 'h', 'joining')")?;
        beat(&cluster, "c", &[("a", "4294967307:4294967307:")])?;
        assert_eq!(left(&cluster)?, "4294967306", "d joins");
        cluster.execute(DATABASE, "update steep_repl.nodes set status = 'removed' where node_id = 'd'")?;
        assert_eq!(left(&cluster)?, "", "d is no more");
        cluster.finish();
        Ok(())
    }

    fn with_two_nodes_the_writer_has_seen_its_own(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        cluster.execute(DATABASE, "delete from steep_repl.nodes where node_id = 'c'")?;
        bury(&cluster, "'b'", &[10])?;
        bury(&cluster, "null", &[20])?;
        bury(&cluster, "'x'", &[30])?;
        assert_eq!(left(&cluster)?, "x30 20", "b needs nobody's word; an unknown writer has none");
        cluster.finish();
        Ok(())
    }

    fn many_tombstones_go_in_one_call_and_those_in_use_stay(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        cluster.execute(DATABASE, "insert into steep_repl.tombstones (relation, key_hash, row_key, writer_node, writer_xid)
            select 't'::regclass, i, array[i::text, repeat('x', 200)], 'b', 10 + i % 3 from generate_series(1, 60000) i")?;
        beat(&cluster, "c", &[("b", "11:11:")])?;
        let mut user = cluster.client(DATABASE);
        let mut user = user.transaction()?;
        user.batch_execute("select from steep_repl.tombstones where key_hash = 3 for update")?;
        assert_eq!(cluster.value(DATABASE, "select steep_repl.prune_tombstones()")?, "19999");
        user.commit()?;
        assert_eq!(cluster.value(DATABASE, "select steep_repl.prune_tombstones()")?, "1");
        assert_eq!(cluster.value(DATABASE, "select count(*) from steep_repl.tombstones")?, "40000");
        cluster.finish();
        Ok(())
    }

    fn decisions_stay_until_all_have_them_and_their_entry_is_gone(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        let deleted = r#"{"conflict_type": "UPDATE-DELETE", "local_tuple": null, "row_key": {"id": 5}, "remote_tuple": {"id": 5, "v": "r", "n": 0}}"#;
        let conflict = log_conflict(&cluster, deleted)?;
        cluster.execute(DATABASE, &format!("select steep_repl.resolve_conflict({conflict}, 'local')"))?;
        cluster.execute(DATABASE, "insert into steep_repl.retractions (node_id, table_schema, table_name, row_key, version_at, version_node)
            values ('b', 'public', 't', '{7}', now(), 'c')")?;
        let prune = || cluster.value(DATABASE, "select steep_repl.prune_decisions()");
        let held = || cluster.value(DATABASE, "
            select concat_ws(' ', (select count(*) from steep_repl.resolutions), (select string_agg(node_id, '' order by 1) from steep_repl.retractions))");
        let written: u64 = cluster.value(DATABASE, "select xmin from steep_repl.resolutions")?.parse()?;
        assert_eq!(prune()?, "0");
        for node in ["b", "c"] {
            beat(&cluster, node, &[("a", &format!("{written}:{written}:"))])?;
        }
        assert_eq!(prune()?, "0");
        let seen = format!("{0}:{0}:", written + 1);
        beat(&cluster, "b", &[("a", &seen)])?;
        assert_eq!((prune()?.as_str(), held()?.as_str()), ("0", "1 ab"), "c has not seen it");
        beat(&cluster, "c", &[("a", &seen)])?;
        assert_eq!((prune()?.as_str(), held()?.as_str()), ("1", "1 b"), "the other node's retraction is its own");
        cluster.execute(DATABASE, "update steep_repl.resolutions set resolved_at = '2025-01-01'")?;
        let again: u64 = cluster.value(DATABASE, "select xmin from steep_repl.resolutions")?.parse()?;
        for node in ["b", "c"] {
            beat(&cluster, node, &[("a", &format!("{0}:{0}:", again + 1))])?;
        }
        assert_eq!(prune()?, "0", "its entry can be reverted");
        cluster.execute(DATABASE, "update steep_repl.conflict_log set detected_at = '2025-01-01', resolved_at = '2025-01-01'; select steep_repl.prune_conflict_log()")?;
        assert_eq!((prune()?.as_str(), held()?.as_str()), ("1", "0 b"));
        cluster.finish();
        Ok(())
    }
}
