//! A dump has what this node knows, and a restored copy does not pass for it.

use steep_ext_tests::{DATABASE, Outcome, cluster_with_extension, refusal};
use steep_testkit::{ClusterError, Major, PgCluster, TextRows, on_each_major};

/// At least one row in every table, as a node in use has them.
const ROWS: &str = "
    select steep_repl.register_node('a', 'Zürich \"1\"', 'a.example', 5433, 90);
    select steep_repl.register_node('b', E'back\\\\slash', 'b.example');
    select steep_repl.set_node_id('a');
    insert into steep_repl.identity_ranges
      (table_schema, table_name, node_id, range_start, range_end, granter, request, turn)
      select 'public', 't', case n % 2 when 0 then 'a' else 'b' end, n * 100, n * 100 + 99, 'a', n, nullif(n, 7)
      from generate_series(1, 20) n;
    insert into steep_repl.conflict_log (subscription, table_schema, table_name, conflict_type, local_tuple, resolution)
      select 's', 'public', 't', 'UPDATE-UPDATE', jsonb_build_object('text', E'tab\\t\"quote\" ü'), 'PENDING'
      from generate_series(1, 7);
    insert into steep_repl.ddl_queue (origin_node, ddl_command, object_type, status)
      values ('a', E'create table t (\\n  id int)', 'table', 'APPLIED'), ('b', 'drop table t', 'table', 'PENDING');
    insert into steep_repl.schema_fingerprints values ('public', 't', 'f', 1);
    insert into steep_repl.coordinator_state values ('term', '{\"term\": 3}');
    create table public.\"Größe\" (id serial primary key);
    insert into steep_repl.range_tables
      (table_schema, table_name, relation, key_column, key_sequence, last_id, block_ids, unheard)
      values ('public', 'Größe', 'public.\"Größe\"', 'id', 'public.\"Größe_id_seq\"', 2147483647, 65536, '{b}');
    insert into steep_repl.range_titles values ('public', 't', 1, 0, 0, 0, 'a'), ('public', 't', 1, 1, 0, 0, 'b');
    insert into steep_repl.occupied_ids values ('public', 't', 1, 99);
    insert into steep_repl.replicated_tables (relation, strategy, detection)
      values ('public.\"Größe\"', 'manual', 'exact');
    insert into steep_repl.peers (node_id, subscription) values ('b', 'from_b');
    insert into steep_repl.resolutions
      (node_id, conflict_id, table_schema, table_name, row_key, resolution, resolved_by)
      values ('a', 1, 'public', 't', '{\"id\": 1}', 'KEPT_LOCAL', 'somebody');
    insert into steep_repl.retractions
      (node_id, table_schema, table_name, row_key, version_at, version_node)
      values ('a', 'public', 't', '{1}', '2026-01-01', 'b'), ('a', 'public', 't', '{2}', '2026-01-01', 'b')";

/// What means nothing on another server: it speaks of this one's transactions and tables by their
/// numbers, or of what has arrived here.
const LEFT_OUT: [&str; 14] = [
    "applied_beats",
    "applied_positions",
    "commit_horizon",
    "conflict_count_state",
    "conflict_counters",
    "heartbeats",
    "join_generation",
    "joins",
    "own_join",
    "pending_retractions",
    "pending_retractions_id_seq",
    "range_log",
    "tombstone_chunks",
    "tombstones",
];

/// Tables and sequences of the extension that a dump leaves out.
const NOT_DUMPED: &str = "
    select c.relname from pg_class c
    where c.relnamespace = 'steep_repl'::regnamespace and c.relkind in ('r', 'S')
      and not exists (select from pg_extension e where e.extname = 'steep_repl' and c.oid = any (e.extconfig))
    order by c.relname collate \"C\"";

/// Sequences, and the highest id their tables hold.
const SEQUENCES: [&str; 5] =
    ["identity_ranges", "conflict_log", "ddl_queue", "audit_log", "retractions"];

const TABLES: [&str; 15] = [
    "nodes",
    "local_node",
    "identity_ranges",
    "range_tables",
    "range_titles",
    "occupied_ids",
    "conflict_log",
    "ddl_queue",
    "schema_fingerprints",
    "coordinator_state",
    "audit_log",
    "replicated_tables",
    "peers",
    "resolutions",
    "retractions",
];

/// Every row of a table as text. A restore writes its own entry 1 of the audit log.
fn rows(cluster: &PgCluster, database: &str, table: &str) -> Result<TextRows, ClusterError> {
    let filter = if table == "audit_log" { "where id > 1" } else { "" };
    cluster
        .query(database, &format!("select t::text from steep_repl.{table} t {filter} order by 1"))
}

/// Dumps `database` in a format and restores it into a new database of another cluster.
fn dump_and_restore(from: &PgCluster, to: &PgCluster, format: &str) -> Result<(), ClusterError> {
    let file = from.put_file(&format!("{format}.dump"), "")?.display().to_string();
    let format_option = format!("--format={format}");
    from.run_program("bin/pg_dump", DATABASE, &[format_option.as_str(), "--file", &file])?;
    to.create_database(format)?;
    if format == "plain" {
        to.run_program("bin/psql", format, &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", &file])?;
    } else {
        to.run_program("bin/pg_restore", format, &["--exit-on-error", "-d", format, &file])?;
    }
    Ok(())
}

on_each_major! {
    fn a_restored_dump_has_every_row_and_goes_on_counting(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        cluster.execute(DATABASE, ROWS)?;
        let left_out: TextRows = LEFT_OUT.map(|name| vec![Some(name.to_owned())]).into();
        assert_eq!(cluster.query(DATABASE, NOT_DUMPED)?, left_out);
        let elsewhere = PgCluster::builder(major).name("elsewhere").with_extension().start()?;
        for format in ["plain", "custom"] {
            dump_and_restore(&cluster, &elsewhere, format)?;
            for table in TABLES {
                let original = rows(&cluster, DATABASE, table)?;
                assert!(!original.is_empty(), "{table} is not tested");
                assert_eq!(rows(&elsewhere, format, table)?, original, "{format}: {table}");
            }
            let created =
                "select count(*) from steep_repl.audit_log where action = 'extension.create'";
            assert_eq!(elsewhere.value(format, created)?, "1");
            for table in SEQUENCES {
                let highest = "coalesce(max(id), 0)";
                let next = format!(
                    "select nextval('steep_repl.{table}_id_seq') = {highest} + 1 from steep_repl.{table}"
                );
                assert_eq!(elsewhere.value(format, &next)?, "t", "{format}: {table}");
            }
            // The next entry of the log is a new one.
            elsewhere.execute(format, "select steep_repl.register_node('c', 'C', 'h')")?;
        }
        cluster.finish();
        elsewhere.finish();
        Ok(())
    }

    fn a_restored_dump_is_not_the_node_until_it_is_identified_again(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        cluster.execute(DATABASE, "select steep_repl.set_node_id('a')")?;
        let elsewhere = PgCluster::builder(major).name("elsewhere").with_extension().start()?;
        dump_and_restore(&cluster, &elsewhere, "custom")?;
        let copy = refusal(&elsewhere, "custom", "select steep_repl.node_id()");
        assert_eq!(copy.message, "this database is a restored or cloned copy of node \"a\"");
        assert!(copy.detail.contains("system identifier"), "{copy:?}");
        let again = refusal(&elsewhere, "custom", "select steep_repl.set_node_id('b')");
        assert_eq!(again.message, "this node already has the id \"a\"");
        let setup = "select setting from steep_repl.check_setup()";
        assert_eq!(elsewhere.value("custom", setup)?, "node identity");
        elsewhere
            .execute("custom", "select steep_repl.reidentify_node('a', 'the original is gone')")?;
        assert_eq!(elsewhere.value("custom", "select steep_repl.node_id()")?, "a");
        // The original does not notice.
        assert_eq!(cluster.value(DATABASE, "select steep_repl.node_id()")?, "a");
        cluster.finish();
        elsewhere.finish();
        Ok(())
    }
}
