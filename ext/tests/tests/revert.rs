//! A decision is taken back by a new write of the losing row.

use steep_ext_tests::{
    DATABASE, Outcome, add_peer_b, log_conflict, node_with_table, refusal, row_of,
};
use steep_testkit::{Major, PgCluster, on_each_major};

fn node_with_peer(major: Major) -> Result<PgCluster, Box<dyn std::error::Error>> {
    let cluster = node_with_table(major)?;
    add_peer_b(&cluster)?;
    Ok(cluster)
}

/// Does `sql` as the apply worker of node b's subscription does: with b's commit timestamp.
fn apply_from_b(cluster: &PgCluster, at: &str, sql: &str) -> Outcome {
    let mut client = cluster.client(DATABASE);
    client.batch_execute("do $$ begin perform pg_replication_origin_session_setup('pg_' || oid) from pg_subscription; end $$")?;
    client.batch_execute(&format!(
        "begin; select pg_replication_origin_xact_setup('0/1', '{at}'); {sql}; commit"
    ))?;
    Ok(())
}

const AT_1: &str = "2026-01-01 10:00:01+00";
const APPLIED: &str = r#"{"resolution": "APPLIED_REMOTE", "resolved_by": "last_write_wins", "resolved_at": "2026-01-01 10:00:02+00"}"#;

on_each_major! {
    fn an_automatic_decision_for_the_remote_row_is_reverted_to_the_local_one(major: Major) -> Outcome {
        let cluster = node_with_peer(major)?;
        apply_from_b(&cluster, AT_1, "update t set v = 'remote', n = 2")?;
        let conflict = log_conflict(&cluster, APPLIED)?;
        let dry = format!("select steep_repl.revert_resolution({conflict}, p_dry_run => true) is null");
        assert_eq!(cluster.value(DATABASE, &dry)?, "t");
        assert_eq!(row_of(&cluster, 1)?, "remote 2");
        let record = cluster.value(DATABASE, &format!("select steep_repl.revert_resolution({conflict}, 'a mistake')"))?;
        assert_eq!(row_of(&cluster, 1)?, "local 1");
        let entry = |id: &str| cluster.value(DATABASE, &format!("
            select concat_ws(' | ', c.resolution, c.resolved_by, c.note, c.local_tuple ->> 'v', c.remote_tuple ->> 'v', r.resolution, r.reason)
            from steep_repl.conflict_log c left join steep_repl.resolutions r using (resolution_id) where c.id = {id}"));
        assert_eq!(entry(&conflict)?, format!("REVERTED | postgres | APPLIED_REMOTE reverted by conflict {record} | local | remote | REVERTED | a mistake"));
        assert_eq!(entry(&record)?, format!("REVERTED | postgres | revert of conflict {conflict} (APPLIED_REMOTE): a mistake | remote | local | REVERTED | a mistake"));
        let audit = cluster.value(DATABASE, "
            select concat_ws(' ', target_id, actor, old_value ->> 'resolved_by', new_value ->> 'reason', new_value ->> 'entry')
            from steep_repl.audit_log where action = 'conflict.revert'")?;
        assert_eq!(audit, format!("{conflict} postgres last_write_wins a mistake {record}"));
        for id in [&conflict, &record] {
            let again = refusal(&cluster, DATABASE, &format!("select steep_repl.revert_resolution({id})"));
            assert_eq!(again.message, format!("resolution of conflict {id} is already reverted"));
        }
        cluster.finish();
        Ok(())
    }

    fn an_automatic_decision_for_the_local_row_is_reverted_to_the_remote_one(major: Major) -> Outcome {
        let cluster = node_with_peer(major)?;
        cluster.execute(DATABASE, "update t set n = 1")?;
        let written = cluster.value(DATABASE, "select pg_xact_commit_timestamp(xmin) from t")?;
        let conflict = log_conflict(&cluster, &format!(r#"{{"resolution": "KEPT_LOCAL", "local_xact_ts": "{written}"}}"#))?;
        cluster.execute(DATABASE, &format!("select steep_repl.revert_resolution({conflict})"))?;
        assert_eq!(row_of(&cluster, 1)?, "remote 2");
        cluster.finish();
        Ok(())
    }

    fn deleted_sides_are_reverted_too(major: Major) -> Outcome {
        let cluster = node_with_peer(major)?;
        // The remote delete won: the row comes back.
        apply_from_b(&cluster, AT_1, "delete from t where id = 1")?;
        let deleted = r#"{"conflict_type": "UPDATE-DELETE", "remote_tuple": null, "resolution": "APPLIED_REMOTE"}"#;
        let conflict = log_conflict(&cluster, deleted)?;
        cluster.execute(DATABASE, &format!("select steep_repl.revert_resolution({conflict})"))?;
        assert_eq!(row_of(&cluster, 1)?, "local 1");
        // The remote update won over a local delete: the row goes again.
        apply_from_b(&cluster, AT_1, "update t set n = 5")?;
        let revived = r#"{"conflict_type": "UPDATE-DELETE", "local_tuple": null, "resolution": "APPLIED_REMOTE"}"#;
        let conflict = log_conflict(&cluster, revived)?;
        cluster.execute(DATABASE, &format!("select steep_repl.revert_resolution({conflict})"))?;
        assert_eq!(row_of(&cluster, 1)?, "none");
        // It is gone, and the losing side had deleted it as well.
        let conflict = log_conflict(&cluster, revived)?;
        let nothing = refusal(&cluster, DATABASE, &format!("select steep_repl.revert_resolution({conflict}, p_force => true)"));
        assert_eq!(nothing.message, format!("row of conflict {conflict} is already deleted"));
        cluster.finish();
        Ok(())
    }

    fn a_persons_decision_is_reverted_unless_the_row_was_written_since(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        for (fields, id, choice, decided, reverted) in [
            ("{}", 1, "'remote'", "remote 2", "local 1"),
            ("{}", 1, "'merged', '{\"id\": 1, \"v\": \"both\"}'", "both 1", "local 1"),
            ("{}", 1, "'local'", "local 1", "remote 2"),
            (r#"{"conflict_type": "UPDATE-DELETE", "remote_tuple": null}"#, 1, "'remote'", "none", "local 1"),
            (r#"{"conflict_type": "UPDATE-DELETE", "local_tuple": null, "row_key": {"id": 5}, "remote_tuple": {"id": 5, "v": "r5", "n": 0}}"#,
             5, "'local'", "none", "r5 0"),
            (r#"{"conflict_type": "UNIQUE-KEY", "row_key": {"id": 6}, "remote_tuple": {"id": 6, "v": "local", "n": 9}}"#,
             1, "'remote'", "none", "unique"),
        ] {
            cluster.execute(DATABASE, "delete from t; insert into t values (1, 'local', 1)")?;
            let conflict = log_conflict(&cluster, fields)?;
            cluster.execute(DATABASE, &format!("select steep_repl.resolve_conflict({conflict}, {choice})"))?;
            assert_eq!(row_of(&cluster, id)?, decided, "{fields} {choice}");
            let revert = format!("select steep_repl.revert_resolution({conflict})");
            if reverted == "unique" {
                assert_eq!(refusal(&cluster, DATABASE, &revert).code, "23505");
                cluster.execute(DATABASE, "update t set v = 'freed' where id = 6")?;
                cluster.execute(DATABASE, &revert)?;
                assert_eq!(row_of(&cluster, id)?, "local 1");
            } else {
                cluster.execute(DATABASE, &revert)?;
                assert_eq!(row_of(&cluster, id)?, reverted, "{fields} {choice}");
            }
        }
        let conflict = log_conflict(&cluster, r#"{"local_tuple": {"id": 1, "v": "local", "n": 1}}"#)?;
        cluster.execute(DATABASE, &format!("select steep_repl.resolve_conflict({conflict}, 'remote')"))?;
        cluster.execute(DATABASE, "update t set n = n where id = 1")?;
        let changed = refusal(&cluster, DATABASE, &format!("select steep_repl.revert_resolution({conflict})"));
        assert_eq!(changed.message, format!("row was changed after conflict {conflict} was resolved"));
        assert!(changed.hint.contains("p_force"), "{changed:?}");
        assert_eq!(row_of(&cluster, 1)?, "remote 2");
        cluster.execute(DATABASE, &format!("select steep_repl.revert_resolution({conflict}, p_force => true)"))?;
        assert_eq!(row_of(&cluster, 1)?, "local 1");
        cluster.finish();
        Ok(())
    }

    fn a_revert_takes_back_all_that_the_decision_had_settled(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        for _ in 0..3 {
            log_conflict(&cluster, "{}")?;
        }
        let other = log_conflict(&cluster, r#"{"resolution": "APPLIED_REMOTE"}"#)?;
        cluster.execute(DATABASE, "select steep_repl.resolve_conflict(1, 'remote')")?;
        cluster.execute(DATABASE, "select steep_repl.revert_resolution(2)")?;
        let reverted = "select string_agg(id::text, ' ' order by id) from steep_repl.conflict_log where resolution = 'REVERTED'";
        assert_eq!(cluster.value(DATABASE, reverted)?, "1 2 3 5", "not {other}");
        cluster.finish();
        Ok(())
    }

    fn what_cannot_be_reverted_says_why(major: Major) -> Outcome {
        let cluster = node_with_peer(major)?;
        let log = |fields: &str| log_conflict(&cluster, fields);
        let applied = |more: &str| APPLIED.replace('}', &format!(", {more}}}"));
        let pending = log("{}")?;
        let lost = log(&applied(r#""local_tuple": null"#))?;
        let partial = log(&applied(r#""local_tuple": {"id": 1, "v": "local"}"#))?;
        let other_version = log(APPLIED)?;
        let other_node = log(APPLIED)?;
        let absent = log(&applied(r#""row_key": {"id": 9}, "local_tuple": {"id": 9, "v": "x", "n": 1}"#))?;
        apply_from_b(&cluster, AT_1, "update t set n = 1")?;
        cluster.execute(DATABASE, &format!("update steep_repl.conflict_log set remote_origin = 'c' where id = {other_node}"))?;
        for (id, message) in [
            ("999", "conflict 999 does not exist".to_owned()),
            (&pending, format!("conflict {pending} is pending, there is no resolution to revert")),
            (&lost, format!("conflict log does not hold the whole local row of conflict {lost}")),
            (&partial, format!("conflict log does not hold the whole local row of conflict {partial}")),
            (&other_node, format!("row was changed after conflict {other_node} was resolved")),
            (&absent, format!("row was changed after conflict {absent} was resolved")),
        ] {
            let refused = refusal(&cluster, DATABASE, &format!("select steep_repl.revert_resolution({id})"));
            assert_eq!(refused.message, message);
            assert!(!refused.hint.is_empty(), "{id}");
        }
        apply_from_b(&cluster, "2026-01-01 10:00:01.000001+00", "update t set n = 1")?;
        let refused = refusal(&cluster, DATABASE, &format!("select steep_repl.revert_resolution({other_version})"));
        assert_eq!(refused.detail, "The resolution left the version of 2026-01-01 10:00:01+00 by b, now there is one of 2026-01-01 10:00:01.000001+00 by b.");
        assert_eq!(row_of(&cluster, 1)?, "local 1");
        assert_eq!(cluster.value(DATABASE, "select count(*) from steep_repl.resolutions")?, "0");
        cluster.finish();
        Ok(())
    }
}
