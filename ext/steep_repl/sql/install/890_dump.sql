-- pg_dump keeps these rows. The filter of audit_log leaves out the entry that CREATE EXTENSION
-- itself writes (100_audit.sql).
select pg_catalog.pg_extension_config_dump('steep_repl.nodes', '');
select pg_catalog.pg_extension_config_dump('steep_repl.local_node', '');
select pg_catalog.pg_extension_config_dump('steep_repl.identity_ranges', '');
select pg_catalog.pg_extension_config_dump('steep_repl.identity_ranges_id_seq', '');
select pg_catalog.pg_extension_config_dump('steep_repl.range_tables', '');
select pg_catalog.pg_extension_config_dump('steep_repl.range_titles', '');
select pg_catalog.pg_extension_config_dump('steep_repl.occupied_ids', '');
select pg_catalog.pg_extension_config_dump('steep_repl.conflict_log', '');
select pg_catalog.pg_extension_config_dump('steep_repl.conflict_log_id_seq', '');
select pg_catalog.pg_extension_config_dump('steep_repl.ddl_queue', '');
select pg_catalog.pg_extension_config_dump('steep_repl.ddl_queue_id_seq', '');
select pg_catalog.pg_extension_config_dump('steep_repl.schema_fingerprints', '');
select pg_catalog.pg_extension_config_dump('steep_repl.coordinator_state', '');
select pg_catalog.pg_extension_config_dump('steep_repl.audit_log', 'where id > 1');
select pg_catalog.pg_extension_config_dump('steep_repl.audit_log_id_seq', '');
select pg_catalog.pg_extension_config_dump('steep_repl.replicated_tables', '');
select pg_catalog.pg_extension_config_dump('steep_repl.peers', '');
select pg_catalog.pg_extension_config_dump('steep_repl.resolutions', '');
select pg_catalog.pg_extension_config_dump('steep_repl.retractions', '');
select pg_catalog.pg_extension_config_dump('steep_repl.retractions_id_seq', '');
