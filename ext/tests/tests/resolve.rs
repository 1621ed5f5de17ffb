//! A person decides a pending conflict, once, for all nodes.

use steep_ext_tests::{DATABASE, Outcome, log_conflict, node_with_table, refusal, row_of};
use steep_testkit::{Major, PgCluster, on_each_major};

const DELETED_HERE: &str = r#"{"conflict_type": "UPDATE-DELETE", "local_tuple": null, "row_key": {"id": 5},
    "remote_tuple": {"id": 5, "v": "remote", "n": 2}}"#;
const DELETED_THERE: &str = r#"{"conflict_type": "UPDATE-DELETE", "remote_tuple": null}"#;
/// Rows 1 and 6 want the same value of `t.v`.
const UNIQUE: &str = r#"{"conflict_type": "UNIQUE-KEY", "row_key": {"id": 6}, "remote_tuple": {"id": 6, "v": "local", "n": 9}}"#;

/// What a decision must never touch unless it is made.
fn everything(cluster: &PgCluster) -> Result<Vec<Vec<Option<String>>>, Box<dyn std::error::Error>> {
    Ok(cluster.query(
        DATABASE,
        "
        select 't', t::text || xmin from t
        union all select 'log', c::text from steep_repl.conflict_log c
        union all select 'resolutions', r::text from steep_repl.resolutions r
        union all select 'retractions', r::text from steep_repl.retractions r
        union all select 'audit', a::text from steep_repl.audit_log a
        union all select 'counters', k::text from steep_repl.conflict_counters k order by 1, 2",
    )?)
}

on_each_major! {
    fn each_side_can_be_chosen(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        for (fields, resolution, tuple, id, left, logged, retracted) in [
            ("{}", "local", "null", 1, "local 1", "KEPT_LOCAL", ""),
            ("{}", "KEPT_LOCAL", "null", 1, "local 1", "KEPT_LOCAL", ""),
            ("{}", "remote", "null", 1, "remote 2", "APPLIED_REMOTE", ""),
            ("{}", "APPLIED_REMOTE", "null", 1, "remote 2", "APPLIED_REMOTE", ""),
            ("{}", "merged", r#"'{"id": 1, "v": "both"}'"#, 1, "both 1", "MERGED", ""),
            ("{}", "MERGED", r#"'{"id": 1, "v": null, "n": 7}'"#, 1, "7", "MERGED", ""),
            (DELETED_THERE, "local", "null", 1, "local 1", "KEPT_LOCAL", ""),
            (DELETED_THERE, "remote", "null", 1, "none", "APPLIED_REMOTE", ""),
            (DELETED_HERE, "local", "null", 5, "none", "KEPT_LOCAL", "{5} b 2026-01-01 10:00:01+00"),
            (DELETED_HERE, "remote", "null", 5, "remote 2", "APPLIED_REMOTE", ""),
            (DELETED_HERE, "merged", r#"'{"id": 5, "v": "back"}'"#, 5, "back 0", "MERGED", ""),
        ] {
            let mut client = cluster.client(DATABASE);
            client.batch_execute("truncate steep_repl.retractions")?;
            client.batch_execute("drop trigger steep_repl_truncate on t; truncate t; insert into t values (1, 'local', 1);
                create trigger steep_repl_truncate before truncate on t execute function steep_repl.refuse_truncate()")?;
            let before = cluster.value(DATABASE, "select coalesce(max(xmin::text::bigint), 0) from t where id = 1")?;
            let conflict = log_conflict(&cluster, fields)?;
            let what = format!("{fields} {resolution}");
            let done = cluster.value(DATABASE, &format!(
                "select steep_repl.resolve_conflict({conflict}, '{resolution}', {tuple}, 'because')"))?;
            assert_eq!(done, "t", "{what}");
            assert_eq!(row_of(&cluster, id)?, left, "{what}");
            // Local, too, is a new write: it must win everywhere.
            if left != "none" {
                let newer = format!("select xmin::text::bigint > {before} from t where id = {id}");
                assert_eq!(cluster.value(DATABASE, &newer)?, "t", "{what}");
            }
            let entry = cluster.value(DATABASE, &format!("
                select concat_ws(' ', c.resolution, c.resolved_by, c.resolved_at is not null,
                  r.resolution, r.node_id, r.conflict_id = c.id, r.row_key = c.row_key, r.reason, r.local_xact_ts < r.remote_xact_ts)
                from steep_repl.conflict_log c join steep_repl.resolutions r using (resolution_id) where c.id = {conflict}"))?;
            assert_eq!(entry, format!("{logged} postgres t {logged} a t t because t"), "{what}");
            let audit = cluster.value(DATABASE, &format!("
                select concat_ws(' ', actor, old_value ->> 'resolution', new_value ->> 'resolution', new_value ->> 'reason')
                from steep_repl.audit_log where action = 'conflict.resolve' and target_id = '{conflict}'"))?;
            assert_eq!(audit, format!("postgres PENDING {logged} because"), "{what}");
            let withdrawn = "select coalesce(string_agg(concat_ws(' ', row_key, version_node, version_at), ','), '') from steep_repl.retractions";
            assert_eq!(cluster.value(DATABASE, withdrawn)?, retracted, "{what}");
        }
        cluster.finish();
        Ok(())
    }

    fn a_decision_is_published_before_the_write_that_carries_it_out(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        cluster.value(DATABASE, "select pg_create_logical_replication_slot('s', 'test_decoding')")?;
        let conflict = log_conflict(&cluster, UNIQUE)?;
        cluster.execute(DATABASE, &format!("select steep_repl.resolve_conflict({conflict}, 'remote')"))?;
        let order = cluster.value(DATABASE, "
            select string_agg(substring(data from '^table ([a-z_.]+: [A-Z]+)'), ', ' order by n)
            from pg_logical_slot_get_changes('s', null, null) with ordinality as c (lsn, xid, data, n)
            where data ~ '^table (public.t|steep_repl.(resolutions|retractions)):'")?;
        assert_eq!(order, "steep_repl.resolutions: INSERT, public.t: DELETE, public.t: INSERT");
        cluster.execute(DATABASE, "select pg_drop_replication_slot('s')")?;
        cluster.finish();
        Ok(())
    }

    fn what_cannot_be_decided_is_refused_and_changes_nothing(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        let open = log_conflict(&cluster, "{}")?;
        let closed = log_conflict(&cluster, r#"{"resolution": "KEPT_LOCAL", "resolved_by": "last_write_wins",
            "resolved_at": "2026-01-01 10:00:02+00"}"#)?;
        let unknown = log_conflict(&cluster, r#"{"table_name": "gone"}"#)?;
        let changed = log_conflict(&cluster, r#"{"local_tuple": {"id": 1, "v": "other", "n": 1}}"#)?;
        let deleted = log_conflict(&cluster, DELETED_HERE)?;
        cluster.execute(DATABASE, "insert into t values (5, 'again')")?;
        let before = everything(&cluster)?;
        for (call, code, message) in [
            ("999, 'local'".to_owned(), "P0002", "conflict 999 does not exist".to_owned()),
            ("null, 'local'".to_owned(), "P0002", "conflict null does not exist".to_owned()),
            (format!("{closed}, 'local'"), "55000", format!("conflict {closed} is already resolved: KEPT_LOCAL")),
            (format!("{open}, 'theirs'"), "22023", "resolution \"theirs\" does not exist".to_owned()),
            (format!("{open}, null"), "22023", "resolution \"\" does not exist".to_owned()),
            (format!("{open}, 'REVERTED'"), "22023", "resolution \"REVERTED\" does not exist".to_owned()),
            (format!("{open}, 'merged'"), "22023", "resolution \"merged\" needs a tuple".to_owned()),
            (format!("{open}, 'local', '{{}}'"), "22023", "resolution \"local\" takes no tuple".to_owned()),
            (format!("{open}, 'merged', '{{\"id\": 1, \"x\": 1}}'"), "42703", "table public.t has no column x".to_owned()),
            (format!("{open}, 'merged', '{{\"id\": 1, \"n\": \"x\"}}'"), "22P02", "value \"x\" does not fit column n of table public.t, which is of type integer".to_owned()),
            (format!("{open}, 'merged', '{{\"v\": \"x\"}}'"), "22004", "tuple for table public.t lacks key column id".to_owned()),
            (format!("{open}, 'merged', '[]'"), "22023", "tuple for table public.t is not a JSON object".to_owned()),
            (format!("{open}, 'merged', '{{\"id\": 2}}'"), "22023", format!("merged tuple has another key than conflict {open}")),
            (format!("{open}, 'merged', '{{\"id\": 1, \"n\": null}}'"), "23502", "null value in column \"n\" of relation \"t\" violates not-null constraint".to_owned()),
            (format!("{unknown}, 'local'"), "42P01", "table public.gone does not exist".to_owned()),
            (format!("{changed}, 'remote'"), "55000", format!("the row of conflict {changed} has changed since the conflict was logged")),
            (format!("{deleted}, 'local'"), "55000", format!("the row of conflict {deleted} has changed since the conflict was logged")),
        ] {
            let refused = refusal(&cluster, DATABASE, &format!("select steep_repl.resolve_conflict({call})"));
            assert_eq!((refused.code.as_str(), refused.message), (code, message), "{call}");
            assert!(code.starts_with("23") || !refused.hint.is_empty(), "{call}");
        }
        let already = refusal(&cluster, DATABASE, &format!("select steep_repl.resolve_conflict({closed}, 'local')"));
        assert_eq!(already.detail, "By last_write_wins at 2026-01-01 10:00:02+00.");
        assert_eq!(everything(&cluster)?, before);
        // By force, the present row is what "local" keeps.
        cluster.execute(DATABASE, &format!("select steep_repl.resolve_conflict({deleted}, 'local', p_force => true)"))?;
        assert_eq!(row_of(&cluster, 5)?, "again 0");
        cluster.execute(DATABASE, &format!("select steep_repl.resolve_conflict({changed}, 'remote', p_force => true)"))?;
        assert_eq!(row_of(&cluster, 1)?, "remote 2");
        cluster.finish();
        Ok(())
    }

    fn a_preview_says_what_would_be_written_and_writes_nothing(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        cluster.execute(DATABASE, "create role viewer login in role steep_repl_viewer; grant select on t to viewer")?;
        let (plain, gone, unique) = (log_conflict(&cluster, "{}")?, log_conflict(&cluster, DELETED_HERE)?, log_conflict(&cluster, UNIQUE)?);
        let before = everything(&cluster)?;
        for (call, steps) in [
            (format!("{plain}, 'remote'"), "UPDATE 1 local>remote"),
            (format!("{plain}, 'merged', '{{\"id\": 1, \"v\": \"x\"}}'"), "UPDATE 1 local>x"),
            (format!("{gone}, 'local'"), "RETRACT 5 >"),
            (format!("{gone}, 'remote'"), "INSERT 5 >remote"),
            (format!("{unique}, 'local'"), "RETRACT 6 >, UPDATE 1 local>local"),
            (format!("{unique}, 'remote'"), "DELETE 1 local>, INSERT 6 >local"),
            (format!("{unique}, 'merged', '{{\"id\": 6, \"v\": \"x\"}}'"), "DELETE 1 local>, INSERT 6 >x"),
            (format!("{unique}, 'merged', '{{\"id\": 1, \"v\": \"x\"}}'"), "RETRACT 6 >, UPDATE 1 local>x"),
        ] {
            let planned = format!("select string_agg(format('%s %s %s>%s', action, row_key ->> 'id', present ->> 'v', result ->> 'v'), ', ')
                from steep_repl.preview_resolution({call})");
            let mut client = cluster.client(DATABASE);
            client.batch_execute("set session authorization viewer")?;
            assert_eq!(client.query_one(&planned, &[])?.get::<_, String>(0), steps, "{call}");
            let (id, rest) = call.split_once(", ").ok_or("call")?;
            let tuple = if rest.contains("merged") { "" } else { ", null" };
            let dry = format!("select steep_repl.resolve_conflict({id}, {rest}{tuple}, null, true)");
            assert_eq!(cluster.value(DATABASE, &dry)?, "f", "{dry}");
        }
        assert_eq!(everything(&cluster)?, before);
        cluster.finish();
        Ok(())
    }

    fn rows_that_fight_for_a_unique_value_are_decided_together(major: Major) -> Outcome {
        for (choice, one, six, retractions) in [
            ("'local'", "local 1", "none", "1"),
            ("'remote'", "none", "local 9", "0"),
            ("'merged', '{\"id\": 6, \"v\": \"local\", \"n\": 4}'", "none", "local 4", "0"),
            ("'merged', '{\"id\": 1, \"v\": \"local\", \"n\": 4}'", "local 4", "none", "1"),
        ] {
            let cluster = node_with_table(major)?;
            let conflict = log_conflict(&cluster, UNIQUE)?;
            cluster.execute(DATABASE, &format!("select steep_repl.resolve_conflict({conflict}, {choice})"))?;
            assert_eq!((row_of(&cluster, 1)?.as_str(), row_of(&cluster, 6)?.as_str()), (one, six), "{choice}");
            let withdrawn = "select count(*) from steep_repl.retractions where row_key = '{6}' and version_node = 'b'";
            assert_eq!(cluster.value(DATABASE, withdrawn)?, retractions, "{choice}");
            cluster.finish();
        }
        Ok(())
    }

    fn a_decision_settles_what_else_is_pending_of_its_versions(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        let earlier = log_conflict(&cluster, r#"{"remote_xact_ts": "2026-01-01 10:00:00.5+00"}"#)?;
        let other_node = log_conflict(&cluster, r#"{"remote_origin": "c"}"#)?;
        let later = log_conflict(&cluster, r#"{"remote_xact_ts": "2026-01-01 10:00:07+00"}"#)?;
        let other_row = log_conflict(&cluster, r#"{"row_key": {"id": 2}}"#)?;
        let same = log_conflict(&cluster, "{}")?;
        let conflict = log_conflict(&cluster, "{}")?;
        cluster.execute(DATABASE, &format!("select steep_repl.resolve_conflict({conflict}, 'remote')"))?;
        let pending = "select string_agg(id::text, ' ' order by id) from steep_repl.conflict_log where resolution = 'PENDING'";
        assert_eq!(cluster.value(DATABASE, pending)?, format!("{other_node} {later} {other_row}"));
        let together = format!("select count(distinct resolution_id) from steep_repl.conflict_log where id in ({earlier}, {same}, {conflict})");
        assert_eq!(cluster.value(DATABASE, &together)?, "1");
        cluster.finish();
        Ok(())
    }

    fn who_decides_must_be_an_operator_and_may_write_the_table(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        cluster.execute(DATABASE, "
            create role viewer login in role steep_repl_viewer;
            create role op login in role steep_repl_operator;
            grant select on t to viewer, op")?;
        let conflict = log_conflict(&cluster, "{}")?;
        let gone = log_conflict(&cluster, DELETED_HERE)?;
        let before = everything(&cluster)?;
        for (role, call, object) in [
            ("viewer", format!("resolve_conflict({conflict}, 'local')"), "function resolve_conflict"),
            ("viewer", "resolve_conflicts_bulk('local', 100)".to_owned(), "function resolve_conflicts_bulk"),
            ("viewer", format!("revert_resolution({conflict})"), "function revert_resolution"),
            ("viewer", "apply_tuple('public', 't', '{\"id\": 1}')".to_owned(), "function apply_tuple"),
            ("op", "prune_conflict_log()".to_owned(), "function prune_conflict_log"),
            ("op", format!("decide_entry({conflict}, 'MERGED', now(), 'x', null)"), "function decide_entry"),
            ("op", format!("resolve_conflict({conflict}, 'remote')"), "table t"),
            ("op", format!("resolve_conflict({gone}, 'local')"), "table t"),
            ("op", format!("record_resolution({gone}, 'KEPT_LOCAL', null, '[{{\"action\": \"RETRACT\"}}]')"), "table public.t"),
        ] {
            let denied = refusal(&cluster, DATABASE, &format!("set session authorization {role}; select steep_repl.{call}"));
            assert_eq!((denied.code.as_str(), denied.message), ("42501", format!("permission denied for {object}")), "{role} {call}");
        }
        assert_eq!(everything(&cluster)?, before);
        cluster.execute(DATABASE, "grant update, delete on t to op")?;
        for id in [&conflict, &gone] {
            cluster.execute(DATABASE, &format!("set session authorization op; select steep_repl.resolve_conflict({id}, 'local')"))?;
            let by = format!("select resolved_by from steep_repl.conflict_log where id = {id}");
            assert_eq!(cluster.value(DATABASE, &by)?, "op");
        }
        cluster.finish();
        Ok(())
    }
}
