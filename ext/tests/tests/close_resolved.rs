//! A decision made on another node closes this node's entries, as seen from here.

use steep_ext_tests::{DATABASE, Outcome, log_conflict, node_with_table};
use steep_testkit::{Major, PgCluster, on_each_major};

/// Node b decided a conflict in which it held its own row of 10:00:01 and a's of 10:00:00 arrived.
fn decision_of_b(
    cluster: &PgCluster,
    resolution: &str,
    row_key: &str,
    pair: [(&str, &str); 2],
) -> Outcome {
    let [(local, local_at), (remote, remote_at)] = pair;
    cluster.execute(DATABASE, &format!("
        begin; set local session_replication_role = replica; set local search_path = '';
        insert into steep_repl.resolutions (node_id, conflict_id, table_schema, table_name, row_key, resolution,
          local_origin, local_xact_ts, remote_origin, remote_xact_ts, resolved_by)
        values ('b', 77, 'public', 't', '{row_key}', '{resolution}', '{local}', '{local_at}', '{remote}', '{remote_at}', 'eve');
        commit"))?;
    Ok(())
}

const A: (&str, &str) = ("a", "2026-01-01 10:00:00+00");
const B: (&str, &str) = ("b", "2026-01-01 10:00:01+00");

fn state(cluster: &PgCluster, id: &str) -> Result<String, steep_testkit::ClusterError> {
    cluster.value(DATABASE, &format!("
        select concat_ws(' ', c.resolution, c.resolved_by, r.conflict_id)
        from steep_repl.conflict_log c left join steep_repl.resolutions r using (resolution_id) where c.id = {id}"))
}

on_each_major! {
    fn the_direction_is_turned_where_the_sides_are_swapped(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        for (resolution, pair, expected) in [
            ("KEPT_LOCAL", [B, A], "APPLIED_REMOTE eve 77"),
            ("APPLIED_REMOTE", [B, A], "KEPT_LOCAL eve 77"),
            ("MERGED", [B, A], "MERGED eve 77"),
            // A third node met the same two versions in the same order as this one.
            ("KEPT_LOCAL", [A, B], "KEPT_LOCAL eve 77"),
            ("APPLIED_REMOTE", [A, B], "APPLIED_REMOTE eve 77"),
        ] {
            let conflict = log_conflict(&cluster, "{}")?;
            decision_of_b(&cluster, resolution, r#"{"id": 1}"#, pair)?;
            assert_eq!(state(&cluster, &conflict)?, expected, "{resolution} {pair:?}");
        }
        assert_eq!(cluster.value(DATABASE, "select count(*) from steep_repl.resolutions")?, "5");
        let audited = "select count(*) from steep_repl.audit_log where action = 'conflict.close' and new_value ->> 'resolved_by' = 'eve'";
        assert_eq!(cluster.value(DATABASE, audited)?, "5");
        cluster.finish();
        Ok(())
    }

    fn only_what_the_decision_is_about_is_closed(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        let open = [
            r#"{"row_key": {"id": 2}}"#,
            r#"{"table_name": "u"}"#,
            r#"{"remote_xact_ts": "2026-01-01 10:00:02+00"}"#,
            r#"{"local_xact_ts": "2026-01-01 10:00:00.000001+00"}"#,
            r#"{"remote_origin": "c"}"#,
            r#"{"local_xact_ts": null, "local_origin": null, "remote_xact_ts": null, "remote_origin": null}"#,
        ].map(|fields| log_conflict(&cluster, fields));
        let closed = [
            "{}",
            r#"{"remote_xact_ts": "2026-01-01 10:00:00.5+00"}"#,
            r#"{"local_xact_ts": null, "local_origin": null}"#,
        ].map(|fields| log_conflict(&cluster, fields));
        let decided = log_conflict(&cluster, r#"{"resolution": "KEPT_LOCAL", "resolved_by": "node_priority"}"#)?;
        decision_of_b(&cluster, "KEPT_LOCAL", r#"{"id": 1}"#, [B, A])?;
        for id in open {
            assert_eq!(state(&cluster, &id?)?, "PENDING");
        }
        for id in closed {
            assert_eq!(state(&cluster, &id?)?, "APPLIED_REMOTE eve 77");
        }
        assert_eq!(state(&cluster, &decided)?, "KEPT_LOCAL node_priority");
        cluster.finish();
        Ok(())
    }

    fn a_revert_marks_the_decided_entries(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        let decided = log_conflict(&cluster, r#"{"resolution": "KEPT_LOCAL", "resolved_by": "node_priority"}"#)?;
        let other = log_conflict(&cluster, r#"{"resolution": "KEPT_LOCAL", "remote_xact_ts": "2026-01-01 10:00:02+00"}"#)?;
        let pending = log_conflict(&cluster, "{}")?;
        decision_of_b(&cluster, "REVERTED", r#"{"id": 1}"#, [B, A])?;
        assert_eq!(state(&cluster, &decided)?, "REVERTED eve 77");
        assert_eq!(state(&cluster, &other)?, "KEPT_LOCAL");
        assert_eq!(state(&cluster, &pending)?, "PENDING");
        cluster.finish();
        Ok(())
    }

    fn the_write_that_follows_is_let_through_and_a_local_decision_is_no_trigger(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        let enabled = "select tgenabled from pg_trigger where tgrelid = 'steep_repl.resolutions'::regclass and tgname = 'close_resolved'";
        assert_eq!(cluster.value(DATABASE, enabled)?, "R");
        let calls = "select prosrc ~ 'steep_repl.allow_resolved_write\\(\\)' and prosecdef from pg_proc where oid = 'steep_repl.close_resolved'::regproc";
        assert_eq!(cluster.value(DATABASE, calls)?, "t");
        cluster.finish();
        Ok(())
    }

    fn a_contest_for_a_unique_value_is_known_by_either_key(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        // Here row 1 stands and 6 is to be let in; on node b it is the other way round.
        let unique = r#"{"conflict_type": "UNIQUE-KEY", "row_key": {"id": 6}, "remote_tuple": {"id": 6, "v": "local", "n": 9}}"#;
        let contest = log_conflict(&cluster, unique)?;
        let update = log_conflict(&cluster, &unique.replace("UNIQUE-KEY", "UPDATE-UPDATE"))?;
        decision_of_b(&cluster, "KEPT_LOCAL", r#"{"id": 2}"#, [B, A])?;
        assert_eq!(state(&cluster, &contest)?, "PENDING");
        decision_of_b(&cluster, "KEPT_LOCAL", r#"{"id": 1}"#, [B, A])?;
        assert_eq!(state(&cluster, &contest)?, "APPLIED_REMOTE eve 77");
        assert_eq!(state(&cluster, &update)?, "PENDING");
        cluster.finish();
        Ok(())
    }

    fn a_key_in_another_time_zone_is_the_same_key(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        cluster.execute(DATABASE, "create table times (at timestamptz primary key, v text); select steep_repl.add_table('times')")?;
        let fields = |hour: &str| format!(r#"{{"table_name": "times", "row_key": {{"at": "2026-01-01T{hour}:00:00+00:00"}},
            "local_tuple": {{"at": "2026-01-01T{hour}:00:00+00:00", "v": "x"}}, "remote_tuple": {{"at": "2026-01-01T{hour}:00:00+00:00", "v": "y"}}}}"#);
        let (noon, one) = (log_conflict(&cluster, &fields("12"))?, log_conflict(&cluster, &fields("13"))?);
        cluster.execute(DATABASE, "
            begin; set local session_replication_role = replica; set local timezone = 'Asia/Tokyo';
            insert into steep_repl.resolutions (node_id, conflict_id, table_schema, table_name, row_key, resolution,
              local_origin, local_xact_ts, remote_origin, remote_xact_ts, resolved_by)
            values ('b', 77, 'public', 'times', '{\"at\": \"2026-01-01T22:00:00+09:00\"}', 'MERGED',
              'b', '2026-01-01 10:00:01+00', 'a', '2026-01-01 10:00:00+00', 'eve'); commit")?;
        assert_eq!(state(&cluster, &noon)?, "PENDING");
        assert_eq!(state(&cluster, &one)?, "MERGED eve 77");
        // And a session elsewhere still finds the row as it was logged.
        cluster.execute(DATABASE, &format!("insert into times values ('2026-01-01 12:00+00', 'x');
            set timezone = 'Asia/Tokyo'; select steep_repl.resolve_conflict({noon}, 'remote')"))?;
        assert_eq!(cluster.value(DATABASE, "select v from times")?, "y");
        cluster.finish();
        Ok(())
    }
}
