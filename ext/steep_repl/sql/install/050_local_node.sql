create table steep_repl.local_node (
  singleton boolean not null default true,
  node_id text collate pg_catalog."C" not null,
  system_identifier bigint not null,
  database_oid oid not null,
  data_directory text not null,
  identified_at timestamptz not null default now(),
  identified_by text not null,
  constraint local_node_pkey primary key (singleton),
  constraint local_node_single check (singleton),
  constraint local_node_node_id_valid check (node_id ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$')
);
comment on table steep_repl.local_node is 'Which node this database is, and the place that identity was given to';
comment on column steep_repl.local_node.singleton is 'Always true: at most one row';
comment on column steep_repl.local_node.node_id is 'This node''s id';
comment on column steep_repl.local_node.system_identifier is 'The cluster''s identifier when the identity was given';
comment on column steep_repl.local_node.database_oid is 'The database''s oid when the identity was given';
comment on column steep_repl.local_node.data_directory is 'Fingerprint of the data directory when the identity was given';
comment on column steep_repl.local_node.identified_at is 'When the identity was given';
comment on column steep_repl.local_node.identified_by is 'Session user who gave it';
