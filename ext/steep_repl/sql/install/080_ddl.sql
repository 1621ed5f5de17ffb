create table steep_repl.ddl_queue (
  id bigserial not null,
  captured_at timestamptz not null default now(),
  origin_node text not null,
  ddl_command text not null,
  object_type text not null,
  object_schema text,
  object_name text,
  status text not null,
  pre_fingerprint text,
  post_fingerprint text,
  applied_at timestamptz,
  applied_by text,
  error_message text,
  constraint ddl_queue_pkey primary key (id),
  constraint ddl_queue_status_valid check (
    status in ('PENDING', 'APPROVED', 'APPLIED', 'REJECTED', 'FAILED'))
);
create index idx_ddl_queue_status on steep_repl.ddl_queue (status) where status <> 'APPLIED';
create index idx_ddl_queue_captured_at on steep_repl.ddl_queue (captured_at);
comment on table steep_repl.ddl_queue is 'Schema changes and what became of each on this node';
comment on column steep_repl.ddl_queue.id is 'Number of the entry on this node';
comment on column steep_repl.ddl_queue.captured_at is 'When the statement ran at its origin';
comment on column steep_repl.ddl_queue.origin_node is 'Node where the statement ran';
comment on column steep_repl.ddl_queue.ddl_command is 'Text of the statement';
comment on column steep_repl.ddl_queue.object_type is 'Kind of the object: table, index, …';
comment on column steep_repl.ddl_queue.object_schema is 'Schema of the object, if it has one';
comment on column steep_repl.ddl_queue.object_name is 'Name of the object';
comment on column steep_repl.ddl_queue.status is 'PENDING, APPROVED, APPLIED, REJECTED or FAILED';
comment on column steep_repl.ddl_queue.pre_fingerprint is 'Fingerprint of the table before the statement, at the origin';
comment on column steep_repl.ddl_queue.post_fingerprint is 'Fingerprint of the table after the statement, at the origin';
comment on column steep_repl.ddl_queue.applied_at is 'When it was applied here';
comment on column steep_repl.ddl_queue.applied_by is 'Who applied or approved it here';
comment on column steep_repl.ddl_queue.error_message is 'Why it failed or was rejected';
comment on index steep_repl.idx_ddl_queue_status is 'Finds entries that still need something';
comment on index steep_repl.idx_ddl_queue_captured_at is 'Finds entries by time';
comment on sequence steep_repl.ddl_queue_id_seq is 'Numbers ddl_queue';

create table steep_repl.schema_fingerprints (
  table_schema text not null,
  table_name text not null,
  fingerprint text not null,
  column_count integer not null,
  captured_at timestamptz not null default now(),
  constraint schema_fingerprints_pkey primary key (table_schema, table_name),
  constraint schema_fingerprints_fingerprint_valid check (fingerprint <> ''),
  constraint schema_fingerprints_column_count_valid check (column_count >= 0)
);
comment on table steep_repl.schema_fingerprints is 'The shape each replicated table is known to have';
comment on column steep_repl.schema_fingerprints.table_schema is 'Schema of the table';
comment on column steep_repl.schema_fingerprints.table_name is 'Name of the table';
comment on column steep_repl.schema_fingerprints.fingerprint is 'SHA-256 of the table''s canonical description';
comment on column steep_repl.schema_fingerprints.column_count is 'Number of columns';
comment on column steep_repl.schema_fingerprints.captured_at is 'When it was computed';
