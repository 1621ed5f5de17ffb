-- Nothing to PUBLIC, whatever the default privileges of this database say.
revoke all on schema steep_repl from public;
revoke all on all tables in schema steep_repl from public;
revoke all on all sequences in schema steep_repl from public;
revoke all on all functions in schema steep_repl from public;
revoke all on type steep_repl.name_range from public;

grant usage on schema steep_repl to steep_repl_viewer;
grant select on
  steep_repl.nodes, steep_repl.local_node, steep_repl.identity_ranges, steep_repl.range_tables,
  steep_repl.range_titles, steep_repl.occupied_ids, steep_repl.range_log, steep_repl.range_status, steep_repl.conflict_log,
  steep_repl.ddl_queue, steep_repl.schema_fingerprints, steep_repl.coordinator_state,
  steep_repl.replicated_tables, steep_repl.peers, steep_repl.tombstones, steep_repl.tombstone_chunks,
  steep_repl.retractions, steep_repl.pending_retractions, steep_repl.heartbeats, steep_repl.applied_beats,
  steep_repl.commit_horizon, steep_repl.joins, steep_repl.applied_positions, steep_repl.own_join, steep_repl.resolutions, steep_repl.conflict_counters, steep_repl.conflict_stats
  to steep_repl_viewer;
grant execute on function
  steep_repl.version(), steep_repl.system_identifier(), steep_repl.data_directory_fingerprint(),
  steep_repl.node_id(), steep_repl.identity_mismatch(), steep_repl.check_setup(),
  steep_repl.origin_nodes(), steep_repl.copied_row_timestamp()
  to steep_repl_viewer;

-- What previews and writes of rows are made of: it runs with the caller's rights on the table.
grant execute on function
  steep_repl.key_index(regclass), steep_repl.why_not_replicable(regclass),
  steep_repl.why_partition_not_replicable(regclass), steep_repl.key_columns(regclass), steep_repl.replicated_relation(text, text), steep_repl.table_columns(regclass),
  steep_repl.key_of(regclass, jsonb), steep_repl.key_texts(regclass, jsonb), steep_repl.same_key(regclass, jsonb, jsonb),
  steep_repl.fitted_tuple(regclass, jsonb), steep_repl.holds(jsonb, jsonb), steep_repl.find_row(regclass, jsonb, boolean),
  steep_repl.known_columns(regclass, jsonb), steep_repl.row_is(regclass, jsonb, jsonb), steep_repl.entry(bigint),
  steep_repl.require_pending(steep_repl.conflict_log), steep_repl.require_resolution(text, jsonb),
  steep_repl.plan_resolution(steep_repl.conflict_log, text, jsonb, boolean),
  steep_repl.preview_resolution(bigint, text, jsonb),
  steep_repl.conflict_log_retention(), steep_repl.uncounted_conflicts()
  to steep_repl_viewer;

grant select on steep_repl.audit_log to steep_repl_operator;
grant execute on function
  steep_repl.apply_tuple(text, text, jsonb),
  steep_repl.resolve_conflict(bigint, text, jsonb, text, boolean, boolean),
  steep_repl.resolve_conflicts_bulk(text, bigint, text, timestamptz, timestamptz, boolean, text),
  steep_repl.revert_resolution(bigint, text, boolean, boolean),
  -- What these call with the operator's rights.
  steep_repl.write_session_path(), steep_repl.require_written(regclass, bigint),
  steep_repl.insert_row(regclass, jsonb), steep_repl.update_row(regclass, oid, tid, jsonb, jsonb),
  steep_repl.put_row(regclass, jsonb, boolean), steep_repl.remove_row(regclass, jsonb),
  steep_repl.vouch_for_row(regclass, jsonb),
  steep_repl.require_as_logged(steep_repl.conflict_log, boolean), steep_repl.lock_conflict(bigint),
  steep_repl.record_resolution(bigint, text, text, jsonb),
  steep_repl.pending_conflicts(bigint, text, timestamptz, timestamptz, boolean),
  steep_repl.version_of(xid), steep_repl.tombstone_version(regclass, jsonb),
  steep_repl.version_left(steep_repl.conflict_log), steep_repl.require_revertible(steep_repl.conflict_log),
  steep_repl.plan_revert(steep_repl.conflict_log, boolean, boolean),
  steep_repl.record_revert(bigint, text, jsonb)
  to steep_repl_operator;

grant execute on function
  steep_repl.set_node_id(text), steep_repl.reidentify_node(text, text),
  steep_repl.register_node(text, text, text, integer, integer),
  steep_repl.announce_node(text, text, text, integer, integer, text, integer, text),
  steep_repl.set_node_status(text, text),
  steep_repl.begin_join(text, text, boolean), steep_repl.end_join(text),
  steep_repl.add_peer(text, name), steep_repl.remove_peer(text),
  steep_repl.add_table(regclass, text, text, text[]), steep_repl.remove_table(regclass),
  steep_repl.set_table_policy(regclass, text, text, text[]), steep_repl.beat(),
  steep_repl.count_conflicts(), steep_repl.prune_conflict_log(), steep_repl.prune_tombstones(),
  steep_repl.prune_decisions(), steep_repl.maintain()
  to steep_repl_admin;
grant execute on function
  steep_repl.manage_ranges(regclass, text[], bigint, bigint, integer, bigint), steep_repl.unmanage_ranges(regclass),
  steep_repl.apply_range_constraint(text, text, bigint, bigint), steep_repl.allocate_range(text, text, bigint),
  steep_repl.expand_range(text, text, bigint), steep_repl.release_range(text, text, bigint),
  steep_repl.range_rows(), steep_repl.hear_ranges(text, jsonb)
  to steep_repl_admin;
grant execute on function
  steep_repl.range_key(regclass), steep_repl.range_stock(text, text),
  steep_repl.check_range_threshold(text, text, integer)
  to steep_repl_viewer;
-- Whoever inserts runs the constraint with rights of their own. It tells nothing but whether an id is this
-- node's, and does nothing that is not due; to call it by name takes usage of the schema.
grant execute on function steep_repl.check_id_range(text, text, bigint) to public;
grant set on parameter steep_repl.bypass_range_check, steep_repl.ddl_replication to steep_repl_admin;
