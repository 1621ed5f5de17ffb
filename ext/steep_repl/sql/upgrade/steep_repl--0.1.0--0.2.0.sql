-- 0.2.0 adds the conflict guard: replicated tables, tombstones, heartbeats, decisions, the report
-- on the server's settings, and an audit log that only its owner can change. `--@include` lines are replaced by the file they name, relative to
-- ext/steep_repl/sql, when the scripts are installed.

alter table steep_repl.nodes
  add column grpc_host text,
  add column grpc_port integer,
  add constraint nodes_grpc_port_valid check (grpc_port between 1 and 65535);
comment on column steep_repl.nodes.grpc_host is 'Where peers reach this node''s daemon; null: host';
comment on column steep_repl.nodes.grpc_port is 'TCP port of this node''s daemon; null: none is known';

-- Ranges could be written down, and nothing made any.
alter table steep_repl.identity_ranges
  add column granter text collate pg_catalog."C",
  add column request bigint,
  add column turn bigint;
update steep_repl.identity_ranges r set granter = r.node_id, request = r.id;
alter table steep_repl.identity_ranges
  alter column granter set not null,
  alter column request set not null;
comment on column steep_repl.identity_ranges.granter is 'The node that gave the range, out of its own blocks';
comment on column steep_repl.identity_ranges.request is 'Which request of the node it answers';
comment on column steep_repl.identity_ranges.turn is 'Place in the order in which the node draws from its ranges; null: it has not taken it up';

--@include install/062_range_tables.sql
--@include install/065_replicated_tables.sql
--@include install/066_tombstones.sql
--@include install/067_heartbeats.sql
--@include install/068_joins.sql

alter table steep_repl.conflict_log
  add column row_key jsonb,
  add column pg_conflict text,
  add column strategy text,
  add column mixed boolean not null default false,
  add column resolution_id uuid,
  add column note text,
  drop constraint conflict_log_conflict_type_valid,
  add constraint conflict_log_conflict_type_valid check (
    conflict_type in ('INSERT-INSERT', 'UPDATE-UPDATE', 'UPDATE-DELETE', 'INSERT-DELETE', 'UNIQUE-KEY'));
comment on column steep_repl.conflict_log.conflict_type is 'INSERT-INSERT, UPDATE-UPDATE, UPDATE-DELETE, INSERT-DELETE or UNIQUE-KEY';
comment on column steep_repl.conflict_log.row_key is 'Key of the row: {column: value}; of the losing row where two keys fought for a unique value';
comment on column steep_repl.conflict_log.pg_conflict is 'PostgreSQL''s own name of the conflict, as in pg_stat_subscription_stats; null where it has none';
comment on column steep_repl.conflict_log.strategy is 'Strategy of the table when the conflict was met';
comment on column steep_repl.conflict_log.mixed is 'The row has columns of both writes because the message left out-of-line columns out';
comment on column steep_repl.conflict_log.resolution_id is 'Entry of steep_repl.resolutions that decided it, if a person did';
comment on column steep_repl.conflict_log.note is 'What else is to be said';

drop index steep_repl.idx_conflict_log_origin_xid, steep_repl.idx_conflict_log_detected_at;
create index idx_conflict_log_arrival on steep_repl.conflict_log
  using brin (detected_at, origin_xid) with (pages_per_range = 32, autosummarize = on);
comment on index steep_repl.idx_conflict_log_arrival is 'Finds conflicts by time, and those of one remote transaction';

--@include install/075_resolutions.sql
--@include install/101_guard_audit_log.sql
--@include install/102_audit_policy.sql
--@include install/112_set_node_id.sql
--@include install/116_membership.sql
--@include install/120_check_setup.sql
--@include install/200_guard.sql
--@include install/210_peers.sql
--@include install/218_partitions.sql
--@include install/220_replicated_tables.sql
--@include install/230_beat.sql
--@include install/232_joins.sql
--@include install/240_pending_key.sql
--@include install/242_table_columns.sql
--@include install/244_fitted_tuple.sql
--@include install/246_write_row.sql
--@include install/248_apply_tuple.sql
--@include install/250_conflict_counters.sql
--@include install/252_close_pending.sql
--@include install/254_record_resolution.sql
--@include install/256_plan_resolution.sql
--@include install/258_resolve_conflict.sql
--@include install/260_resolve_conflicts_bulk.sql
--@include install/262_revert_resolution.sql
--@include install/264_close_resolved.sql
--@include install/270_conflict_stats.sql
--@include install/280_prune_conflict_log.sql
--@include install/285_prune_tombstones.sql
--@include install/290_maintain.sql
--@include install/300_range_rows.sql
--@include install/302_range_decisions.sql
--@include install/304_range_keys.sql
--@include install/306_manage_ranges.sql
--@include install/308_imported_ids.sql
--@include install/309_vouched_ids.sql
--@include install/310_restored_ranges.sql
--@include install/890_dump.sql
--@include install/900_privileges.sql
--@include install/990_parameter_privileges.sql

select steep_repl.audit('extension.update', 'extension', 'steep_repl',
  jsonb_build_object('version', '0.1.0'), jsonb_build_object('version', '0.2.0'));
