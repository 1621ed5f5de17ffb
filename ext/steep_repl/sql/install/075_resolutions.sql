-- A person's decision travels in the stream, ahead of the write that carries it out and in the
-- same transaction; on each node it closes the matching pending conflict and lets that write through.
create table steep_repl.resolutions (
  resolution_id uuid not null default gen_random_uuid(),
  node_id text collate pg_catalog."C" not null,
  conflict_id bigint not null,
  table_schema text not null,
  table_name text not null,
  row_key jsonb not null,
  resolution text not null,
  local_origin text,
  local_xact_ts timestamptz,
  remote_origin text,
  remote_xact_ts timestamptz,
  resolved_at timestamptz not null default now(),
  resolved_by text not null,
  reason text,
  constraint resolutions_pkey primary key (resolution_id),
  constraint resolutions_resolution_valid check (
    resolution in ('APPLIED_REMOTE', 'KEPT_LOCAL', 'MERGED', 'REVERTED'))
);
comment on table steep_repl.resolutions is 'Published: decisions of people about conflicts, on whatever node they were made';
comment on column steep_repl.resolutions.resolution_id is 'Identity of the decision';
comment on column steep_repl.resolutions.node_id is 'Node where it was made';
comment on column steep_repl.resolutions.conflict_id is 'Entry of conflict_log on that node';
comment on column steep_repl.resolutions.table_schema is 'Schema of the table';
comment on column steep_repl.resolutions.table_name is 'Name of the table';
comment on column steep_repl.resolutions.row_key is 'Key of the row: {column: value}';
comment on column steep_repl.resolutions.resolution is 'APPLIED_REMOTE, KEPT_LOCAL, MERGED or REVERTED, as seen from that node';
comment on column steep_repl.resolutions.local_origin is 'Node that wrote what that node held';
comment on column steep_repl.resolutions.local_xact_ts is 'Commit timestamp of what that node held';
comment on column steep_repl.resolutions.remote_origin is 'Node that wrote what had arrived there';
comment on column steep_repl.resolutions.remote_xact_ts is 'Commit timestamp of what had arrived there';
comment on column steep_repl.resolutions.resolved_at is 'When it was decided';
comment on column steep_repl.resolutions.resolved_by is 'Who decided';
comment on column steep_repl.resolutions.reason is 'Why, if it was said';
