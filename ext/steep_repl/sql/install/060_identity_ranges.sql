create table steep_repl.identity_ranges (
  id bigserial not null,
  table_schema text not null,
  table_name text not null,
  node_id text collate pg_catalog."C" not null,
  range_start bigint not null,
  range_end bigint not null,
  allocated_at timestamptz not null default now(),
  status text not null default 'active',
  granter text collate pg_catalog."C" not null,
  request bigint not null,
  turn bigint,
  constraint identity_ranges_pkey primary key (id),
  constraint identity_ranges_node_id_fkey foreign key (node_id) references steep_repl.nodes (node_id),
  constraint identity_ranges_start_key unique (table_schema, table_name, node_id, range_start),
  constraint identity_ranges_bounds_valid check (range_start <= range_end),
  -- An inclusive int8range cannot end at the largest bigint (int8range_canonical, rangetypes.c).
  constraint identity_ranges_end_representable check (range_end < 9223372036854775807),
  constraint identity_ranges_status_valid check (status in ('active', 'exhausted', 'released')),
  constraint identity_ranges_no_overlap exclude using gist (
    steep_repl.name_range(table_schema, table_schema, '[]') with &&,
    steep_repl.name_range(table_name, table_name, '[]') with &&,
    int8range(range_start, range_end, '[]') with &&)
);
create index idx_identity_ranges_table on steep_repl.identity_ranges (table_schema, table_name);
comment on table steep_repl.identity_ranges is 'Ranges of generated keys, each owned by one node; ranges of one table never overlap';
comment on column steep_repl.identity_ranges.id is 'Number of the grant';
comment on column steep_repl.identity_ranges.table_schema is 'Schema of the table';
comment on column steep_repl.identity_ranges.table_name is 'Name of the table';
comment on column steep_repl.identity_ranges.node_id is 'The node that draws keys from this range';
comment on column steep_repl.identity_ranges.range_start is 'First id, inclusive';
comment on column steep_repl.identity_ranges.range_end is 'Last id, inclusive';
comment on column steep_repl.identity_ranges.allocated_at is 'When the range was granted';
comment on column steep_repl.identity_ranges.status is 'active, exhausted or released';
comment on column steep_repl.identity_ranges.granter is 'The node that gave the range, out of its own blocks';
comment on column steep_repl.identity_ranges.request is 'Which request of the node it answers';
comment on column steep_repl.identity_ranges.turn is 'Place in the order in which the node draws from its ranges; null: it has not taken it up';
comment on index steep_repl.idx_identity_ranges_table is 'Finds the ranges of a table';
comment on sequence steep_repl.identity_ranges_id_seq is 'Numbers identity_ranges';
