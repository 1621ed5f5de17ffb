-- Nothing to PUBLIC, whatever the default privileges of this database say.
revoke all on schema steep_repl from public;
revoke all on all tables in schema steep_repl from public;
revoke all on all sequences in schema steep_repl from public;
revoke all on all functions in schema steep_repl from public;
revoke all on type steep_repl.name_range from public;

grant usage on schema steep_repl to steep_repl_viewer;
grant select on
  steep_repl.nodes, steep_repl.local_node, steep_repl.identity_ranges, steep_repl.conflict_log,
  steep_repl.ddl_queue, steep_repl.schema_fingerprints, steep_repl.coordinator_state,
  steep_repl.replicated_tables, steep_repl.peers, steep_repl.tombstones, steep_repl.tombstone_chunks, steep_repl.retractions,
  steep_repl.pending_retractions, steep_repl.heartbeats, steep_repl.applied_beats, steep_repl.commit_horizon, steep_repl.resolutions
  to steep_repl_viewer;
grant execute on function
  steep_repl.version(), steep_repl.system_identifier(), steep_repl.data_directory_fingerprint(),
  steep_repl.node_id(), steep_repl.identity_mismatch(), steep_repl.check_setup()
  to steep_repl_viewer;

grant select on steep_repl.audit_log to steep_repl_operator;

grant execute on function
  steep_repl.set_node_id(text), steep_repl.reidentify_node(text, text),
  steep_repl.register_node(text, text, text, integer, integer),
  steep_repl.add_peer(text, name), steep_repl.remove_peer(text),
  steep_repl.add_table(regclass, text, text, text[]), steep_repl.remove_table(regclass),
  steep_repl.set_table_policy(regclass, text, text, text[]), steep_repl.beat()
  to steep_repl_admin;
grant set on parameter steep_repl.bypass_range_check, steep_repl.ddl_replication to steep_repl_admin;
