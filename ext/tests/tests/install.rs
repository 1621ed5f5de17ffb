//! What CREATE EXTENSION makes, and when it refuses.

use steep_ext_tests::{DATABASE, Outcome, cluster_with_extension, refusal};
use steep_testkit::{Major, PgCluster, on_each_major};

/// The tables and columns that others rely on, in their order; more columns may follow.
const TABLES: [(&str, &str); 7] = [
    ("nodes", "node_id node_name host port priority is_coordinator last_seen status"),
    (
        "identity_ranges",
        "id table_schema table_name node_id range_start range_end allocated_at status",
    ),
    (
        "conflict_log",
        "id detected_at subscription table_schema table_name conflict_type local_tuple \
         remote_tuple local_origin remote_origin local_xact_ts remote_xact_ts origin_xid \
         resolution resolved_at resolved_by",
    ),
    (
        "ddl_queue",
        "id captured_at origin_node ddl_command object_type object_schema object_name status \
         pre_fingerprint post_fingerprint applied_at applied_by error_message",
    ),
    ("schema_fingerprints", "table_schema table_name fingerprint column_count captured_at"),
    ("coordinator_state", "key value updated_at"),
    (
        "audit_log",
        "id occurred_at action actor target_type target_id old_value new_value client_ip success \
         error_message",
    ),
];

/// Objects of the extension, and columns of its tables, that have no comment.
const UNCOMMENTED: &str = "
    select pg_describe_object(classid, objid, 0)
    from pg_depend d
    where d.deptype = 'e' and d.refclassid = 'pg_extension'::regclass
      and d.refobjid = (select oid from pg_extension where extname = 'steep_repl')
      and obj_description(d.objid, (select relname from pg_class where oid = d.classid)) is null
      -- What PostgreSQL makes along with another object: array and row types, range constructors.
      and not exists (select from pg_depend i
                      where i.classid = d.classid and i.objid = d.objid and i.deptype = 'i')
    union all
    select format('column %s.%s', a.attrelid::regclass, a.attname)
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'steep_repl'::regnamespace and c.relkind in ('r', 'v') and a.attnum > 0
      and not a.attisdropped and col_description(a.attrelid, a.attnum) is null
    union all
    select format('index %s', i.indexrelid::regclass)
    from pg_index i join pg_class c on c.oid = i.indrelid
    where c.relnamespace = 'steep_repl'::regnamespace
      and obj_description(i.indexrelid, 'pg_class') is null
      and not exists (select from pg_constraint k where k.conindid = i.indexrelid)";

/// Everything in the schema that PUBLIC may touch.
const PUBLIC_PRIVILEGES: &str = "
    select format('%s: %s', object, a.privilege_type)
    from (
      select 'schema' as object, coalesce(nspacl, acldefault('n', nspowner)) as acl
      from pg_namespace where nspname = 'steep_repl'
      union all
      select oid::regclass::text, coalesce(relacl, acldefault('r', relowner))
      from pg_class where relnamespace = 'steep_repl'::regnamespace and relkind in ('r', 'v', 'S')
      union all
      select oid::regprocedure::text, coalesce(proacl, acldefault('f', proowner))
      from pg_proc where pronamespace = 'steep_repl'::regnamespace
    ) as o, aclexplode(o.acl) as a
    where a.grantee = 0
      -- Whoever inserts runs the constraint, with rights of their own.
      and object <> 'steep_repl.check_id_range(text,text,bigint)'";

/// What every install begins with.
const FIRST_STATEMENT: &str = include_str!("../../steep_repl/sql/install/010_supported_server.sql");

on_each_major! {
    fn the_schema_has_the_promised_tables(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        for (table, columns) in TABLES {
            let found = cluster.value(DATABASE, &format!(
                "select string_agg(attname, ' ' order by attnum) from pg_attribute \
                 where attrelid = 'steep_repl.{table}'::regclass and attnum > 0"))?;
            let expected: Vec<_> = columns.split_whitespace().collect();
            assert!(found.starts_with(&expected.join(" ")), "{table}: {found}");
        }
        assert_eq!(cluster.query(DATABASE, UNCOMMENTED)?, Vec::<Vec<Option<String>>>::new());
        assert_eq!(cluster.query(DATABASE, PUBLIC_PRIVILEGES)?, Vec::<Vec<Option<String>>>::new());
        let versions = "select steep_repl.version() = extversion from pg_extension \
            where extname = 'steep_repl'";
        assert_eq!(cluster.value(DATABASE, versions)?, "t");
        cluster.finish();
        Ok(())
    }

    fn states_are_constrained(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        for (sql, constraint) in [
            ("insert into steep_repl.nodes values ('a', 'A', 'h', 1, 1, false, null, 'odd')", "nodes_status_valid"),
            ("insert into steep_repl.nodes values ('a b', 'A', 'h')", "nodes_node_id_valid"),
            ("insert into steep_repl.conflict_log (subscription, table_schema, table_name, conflict_type) values ('s', 'p', 't', 'odd')", "conflict_log_conflict_type_valid"),
            ("insert into steep_repl.conflict_log (subscription, table_schema, table_name, conflict_type, resolution) values ('s', 'p', 't', 'UPDATE-DELETE', 'odd')", "conflict_log_resolution_valid"),
            ("insert into steep_repl.ddl_queue (origin_node, ddl_command, object_type, status) values ('a', 'x', 'table', 'odd')", "ddl_queue_status_valid"),
            ("insert into steep_repl.schema_fingerprints values ('p', 't', 'f', -1)", "schema_fingerprints_column_count_valid"),
        ] {
            let odd = refusal(&cluster, DATABASE, sql);
            assert!(odd.message.contains(&format!("\"{constraint}\"")), "{odd:?}");
        }
        cluster.finish();
        Ok(())
    }

    fn identity_ranges_of_a_table_never_overlap(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        cluster.execute(DATABASE, "insert into steep_repl.nodes (node_id, node_name, host) \
            values ('a', 'A', 'h'), ('b', 'B', 'h')")?;
        let grant = |table: &str, node: &str, start: &str, end: &str| format!(
            "insert into steep_repl.identity_ranges \
             (table_schema, table_name, node_id, range_start, range_end, granter, request) \
             values ('public', '{table}', '{node}', {start}, {end}, '{node}', 0)");
        cluster.execute(DATABASE, &grant("t", "a", "1", "100"))?;
        cluster.execute(DATABASE, &grant("t", "b", "101", "200"))?;
        cluster.execute(DATABASE, &grant("T", "b", "1", "100"))?;
        cluster.execute(DATABASE, "update steep_repl.identity_ranges set status = 'released'")?;
        for (start, end) in [("100", "100"), ("50", "60"), ("200", "201"), ("-5", "1"), ("0", "1000")] {
            let overlap = refusal(&cluster, DATABASE, &grant("t", "b", start, end));
            assert_eq!(overlap.code, "23P01", "{overlap:?}");
        }
        for (start, end, constraint) in [
            ("10", "9", "identity_ranges_bounds_valid"),
            ("300", "9223372036854775807", "identity_ranges_end_representable"),
        ] {
            let odd = refusal(&cluster, DATABASE, &grant("u", "b", start, end));
            assert!(odd.message.contains(constraint), "{odd:?}");
        }
        let unknown = refusal(&cluster, DATABASE, &grant("u", "c", "1", "2"));
        assert!(unknown.message.contains("identity_ranges_node_id_fkey"), "{unknown:?}");
        cluster.finish();
        Ok(())
    }

    fn without_preload_nothing_is_made(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).start()?;
        let refused = refusal(&cluster, DATABASE, "create extension steep_repl");
        assert_eq!(refused.code, "55000");
        assert_eq!(refused.message, "steep_repl must be loaded through \"shared_preload_libraries\"");
        assert!(refused.hint.contains("restart the server"), "{refused:?}");
        let left = "select (select count(*) from pg_roles where rolname like 'steep%') \
            + (select count(*) from pg_namespace where nspname like 'steep%')";
        assert_eq!(cluster.value(DATABASE, left)?, "0");
        let loaded = refusal(&cluster, DATABASE, "load '$libdir/steep_repl'");
        assert_eq!(loaded.message, refused.message);
        assert!(loaded.hint.contains("restart the server"), "{loaded:?}");
        cluster.finish();
        Ok(())
    }

    fn an_unsupported_major_is_refused_by_name(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).with_extension().start()?;
        // The first statement of the script, on a server that says it is another.
        let ask = "current_setting('server_version_num')";
        assert_eq!(FIRST_STATEMENT.matches(ask).count(), 1);
        for (version, supported) in [
            ("150019", false), ("160000", true), ("189999", true), ("190000", false),
        ] {
            let script = FIRST_STATEMENT.replace(ask, &format!("'{version}'"));
            if supported {
                cluster.execute(DATABASE, &script)?;
                continue;
            }
            let refused = refusal(&cluster, DATABASE, &script);
            assert_eq!(refused.code, "0A000");
            let message = format!("steep_repl does not support PostgreSQL {}", &version[..2]);
            assert_eq!(refused.message, message);
            assert!(refused.detail.contains("16, 17 and 18"), "{refused:?}");
            assert!(!refused.hint.is_empty(), "{refused:?}");
        }
        cluster.finish();
        Ok(())
    }

    fn a_schema_of_that_name_is_not_taken_over(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).with_extension().start()?;
        cluster.execute(DATABASE, "create schema steep_repl; create table steep_repl.mine ()")?;
        let refused = refusal(&cluster, DATABASE, "create extension steep_repl");
        assert_eq!(refused.message, "schema \"steep_repl\" already exists");
        assert_eq!(cluster.value(DATABASE, "select count(*) from steep_repl.mine")?, "0");
        cluster.finish();
        Ok(())
    }

    fn drop_extension_leaves_only_the_roles(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        cluster.create_database("second")?;
        cluster.execute("second", "create extension steep_repl")?;
        cluster.execute(DATABASE, "drop extension steep_repl")?;
        let left = "select count(*) from pg_namespace where nspname = 'steep_repl'";
        assert_eq!(cluster.value(DATABASE, left)?, "0");
        cluster.execute(DATABASE, "create extension steep_repl")?;
        cluster.finish();
        Ok(())
    }
}
