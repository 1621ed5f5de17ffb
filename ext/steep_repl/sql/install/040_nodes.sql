create table steep_repl.nodes (
  node_id text collate pg_catalog."C" not null,
  node_name text not null,
  host text not null,
  port integer not null default 5432,
  priority integer not null default 50,
  is_coordinator boolean not null default false,
  last_seen timestamptz,
  status text not null default 'unknown',
  grpc_host text,
  grpc_port integer,
  constraint nodes_pkey primary key (node_id),
  constraint nodes_node_name_key unique (node_name),
  constraint nodes_node_id_valid check (node_id ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$'),
  constraint nodes_node_name_valid check (
    btrim(node_name) <> '' and char_length(node_name) <= 63 and node_name !~ '[[:cntrl:]]'),
  constraint nodes_host_valid check (btrim(host) <> ''),
  constraint nodes_port_valid check (port between 1 and 65535),
  constraint nodes_status_valid check (
    status in ('unknown', 'joining', 'catching_up', 'online', 'unreachable', 'leaving', 'removed')),
  constraint nodes_grpc_port_valid check (grpc_port between 1 and 65535)
);
comment on table steep_repl.nodes is 'Every node of the replication group, this one included';
comment on column steep_repl.nodes.node_id is 'Identity for life; orders equal versions by its bytes';
comment on column steep_repl.nodes.node_name is 'Name for people, unique in the group';
comment on column steep_repl.nodes.host is 'Where peers reach this node''s PostgreSQL';
comment on column steep_repl.nodes.port is 'TCP port of this node''s PostgreSQL';
comment on column steep_repl.nodes.priority is 'Higher wins: coordinator election, ties of equal commit timestamps, node_priority';
comment on column steep_repl.nodes.is_coordinator is 'Whether this node is known to act as coordinator';
comment on column steep_repl.nodes.last_seen is 'When this node last answered';
comment on column steep_repl.nodes.status is 'unknown, joining, catching_up, online, unreachable, leaving or removed';
comment on column steep_repl.nodes.grpc_host is 'Where peers reach this node''s daemon; null: host';
comment on column steep_repl.nodes.grpc_port is 'TCP port of this node''s daemon; null: none is known';
