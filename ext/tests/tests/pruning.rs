//! What a delete left behind goes exactly when nothing older can arrive any more.

use steep_ext_tests::{DATABASE, Outcome, log_conflict, node_with_table};
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

on_each_major! {
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
