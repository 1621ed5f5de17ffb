create table steep_repl.conflict_log (
  id bigserial not null,
  detected_at timestamptz not null default now(),
  subscription text not null,
  table_schema text not null,
  table_name text not null,
  conflict_type text not null,
  local_tuple jsonb,
  remote_tuple jsonb,
  local_origin text,
  remote_origin text,
  local_xact_ts timestamptz,
  remote_xact_ts timestamptz,
  origin_xid bigint,
  resolution text,
  resolved_at timestamptz,
  resolved_by text,
  row_key jsonb,
  pg_conflict text,
  strategy text,
  mixed boolean not null default false,
  resolution_id uuid,
  note text,
  constraint conflict_log_pkey primary key (id),
  constraint conflict_log_conflict_type_valid check (
    conflict_type in ('INSERT-INSERT', 'UPDATE-UPDATE', 'UPDATE-DELETE', 'INSERT-DELETE', 'UNIQUE-KEY')),
  constraint conflict_log_resolution_valid check (
    resolution in ('PENDING', 'APPLIED_REMOTE', 'KEPT_LOCAL', 'MERGED', 'REVERTED'))
);
create index idx_conflict_log_pending on steep_repl.conflict_log (resolution) where resolution = 'PENDING';
create index idx_conflict_log_table on steep_repl.conflict_log (table_schema, table_name);
-- Rows come in the order of both, more or less, and each one that is logged keeps its peer waiting.
create index idx_conflict_log_arrival on steep_repl.conflict_log
  using brin (detected_at, origin_xid) with (pages_per_range = 32, autosummarize = on);
comment on table steep_repl.conflict_log is 'Conflicting writes, what each side held and what was decided';
comment on column steep_repl.conflict_log.id is 'Number of the conflict on this node';
comment on column steep_repl.conflict_log.detected_at is 'When this node met the conflict';
comment on column steep_repl.conflict_log.subscription is 'Subscription that delivered the remote change';
comment on column steep_repl.conflict_log.table_schema is 'Schema of the table';
comment on column steep_repl.conflict_log.table_name is 'Name of the table';
comment on column steep_repl.conflict_log.conflict_type is 'INSERT-INSERT, UPDATE-UPDATE, UPDATE-DELETE, INSERT-DELETE or UNIQUE-KEY';
comment on column steep_repl.conflict_log.local_tuple is 'The row this node held';
comment on column steep_repl.conflict_log.remote_tuple is 'The row that arrived';
comment on column steep_repl.conflict_log.local_origin is 'Node that wrote the local row';
comment on column steep_repl.conflict_log.remote_origin is 'Node that wrote the remote row';
comment on column steep_repl.conflict_log.local_xact_ts is 'Commit timestamp of the local row';
comment on column steep_repl.conflict_log.remote_xact_ts is 'Commit timestamp of the remote row';
comment on column steep_repl.conflict_log.origin_xid is 'Transaction id at the remote node; groups the conflicts of one transaction';
comment on column steep_repl.conflict_log.resolution is 'PENDING, APPLIED_REMOTE, KEPT_LOCAL, MERGED or REVERTED';
comment on column steep_repl.conflict_log.resolved_at is 'When it was decided';
comment on column steep_repl.conflict_log.resolved_by is 'Strategy or person that decided';
comment on column steep_repl.conflict_log.row_key is 'Key of the row: {column: value}; of the losing row where two keys fought for a unique value';
comment on column steep_repl.conflict_log.pg_conflict is 'PostgreSQL''s own name of the conflict, as in pg_stat_subscription_stats; null where it has none';
comment on column steep_repl.conflict_log.strategy is 'Strategy of the table when the conflict was met';
comment on column steep_repl.conflict_log.mixed is 'The row has columns of both writes because the message left out-of-line columns out';
comment on column steep_repl.conflict_log.resolution_id is 'Entry of steep_repl.resolutions that decided it, if a person did';
comment on column steep_repl.conflict_log.note is 'What else is to be said';
comment on index steep_repl.idx_conflict_log_pending is 'Finds conflicts that wait for a person';
comment on index steep_repl.idx_conflict_log_table is 'Finds the conflicts of a table';
comment on index steep_repl.idx_conflict_log_arrival is 'Finds conflicts by time, and those of one remote transaction';
comment on sequence steep_repl.conflict_log_id_seq is 'Numbers conflict_log';
