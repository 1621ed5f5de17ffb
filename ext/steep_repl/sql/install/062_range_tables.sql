create table steep_repl.range_tables (
  table_schema text not null,
  table_name text not null,
  relation regclass not null,
  key_column name not null,
  key_sequence regclass not null,
  last_id bigint not null,
  block_ids bigint not null,
  range_size bigint not null default 10000,
  max_range_size bigint not null default 10240000,
  threshold_percent integer not null default 80,
  unheard text[] collate pg_catalog."C" not null default '{}',
  is_active boolean not null default true,
  managed_at timestamptz not null default now(),
  constraint range_tables_pkey primary key (table_schema, table_name),
  constraint range_tables_relation_key unique (relation),
  constraint range_tables_range_size_valid check (range_size between 1 and max_range_size),
  constraint range_tables_threshold_valid check (threshold_percent between 1 and 100)
);
comment on table steep_repl.range_tables is 'Tables whose generated keys are drawn from identity ranges, on this node';
comment on column steep_repl.range_tables.table_schema is 'Schema of the table when it began to be managed; with the name, what all nodes know it by';
comment on column steep_repl.range_tables.table_name is 'Name of the table when it began to be managed';
comment on column steep_repl.range_tables.relation is 'The table';
comment on column steep_repl.range_tables.key_column is 'Column with the generated key';
comment on column steep_repl.range_tables.key_sequence is 'Sequence that the keys are drawn from';
comment on column steep_repl.range_tables.last_id is 'Last id that a key can have; the first is 1';
comment on column steep_repl.range_tables.block_ids is 'How many ids a block has; each block has one owner, which alone grants its ids';
comment on column steep_repl.range_tables.range_size is 'How many ids an ordinary range has';
comment on column steep_repl.range_tables.max_range_size is 'How many a range may have while ids are used up fast; a block bounds it, too';
comment on column steep_repl.range_tables.threshold_percent is 'How much of a range is used when the next one is asked for, in percent';
comment on column steep_repl.range_tables.unheard is 'After a restore: nodes that have not told yet what they know of this one''s past';
comment on column steep_repl.range_tables.is_active is 'False: it was managed once';
comment on column steep_repl.range_tables.managed_at is 'When it began';

create table steep_repl.range_titles (
  table_schema text not null,
  table_name text not null,
  halvings smallint not null,
  remainder bigint not null,
  generation integer not null,
  from_block bigint not null,
  owner text collate pg_catalog."C" not null,
  constraint range_titles_pkey primary key (table_schema, table_name, halvings, remainder, generation),
  constraint range_titles_stripe_valid check (halvings between 0 and 62 and remainder >> halvings = 0 and remainder >= 0),
  constraint range_titles_numbers_valid check (generation >= 0 and from_block >= 0)
);
comment on table steep_repl.range_titles is 'Who owns which blocks of a table''s ids, and may grant them; docs/protocol/ranges.md';
comment on column steep_repl.range_titles.table_schema is 'Schema of the table, as in range_tables';
comment on column steep_repl.range_titles.table_name is 'Name of the table, as in range_tables';
comment on column steep_repl.range_titles.halvings is 'n: it is about every 2^n-th block';
comment on column steep_repl.range_titles.remainder is 'Which of them: what their numbers leave when divided by 2^n';
comment on column steep_repl.range_titles.generation is 'How many titles of these blocks came before';
comment on column steep_repl.range_titles.from_block is 'The first block that it is about';
comment on column steep_repl.range_titles.owner is 'Whose the blocks are';

create table steep_repl.occupied_ids (
  table_schema text not null,
  table_name text not null,
  range_start bigint not null,
  range_end bigint not null,
  constraint occupied_ids_pkey primary key (table_schema, table_name, range_start, range_end),
  constraint occupied_ids_bounds_valid check (range_start <= range_end and range_end < 9223372036854775807)
);
comment on table steep_repl.occupied_ids is 'Ids that exist though nobody drew them from a range: rows from before, explicit ids, imports';
comment on column steep_repl.occupied_ids.table_schema is 'Schema of the table, as in range_tables';
comment on column steep_repl.occupied_ids.table_name is 'Name of the table, as in range_tables';
comment on column steep_repl.occupied_ids.range_start is 'First id, inclusive';
comment on column steep_repl.occupied_ids.range_end is 'Last id, inclusive';

-- identity_ranges, range_titles and occupied_ids only ever grow, or move on to a later status. What
-- a node adds to them travels here, each entry once, and is merged where it arrives: in any order.
create table steep_repl.range_log (
  entry_id uuid not null default gen_random_uuid(),
  node_id text collate pg_catalog."C" not null,
  table_schema text not null,
  table_name text not null,
  kind text not null,
  entry jsonb not null,
  written_at timestamptz not null default now(),
  constraint range_log_pkey primary key (entry_id),
  constraint range_log_kind_valid check (kind in ('grant', 'title', 'occupied'))
);
comment on table steep_repl.range_log is 'Published: what this node has added to what is known of identity ranges';
comment on column steep_repl.range_log.entry_id is 'Identity of the entry';
comment on column steep_repl.range_log.node_id is 'Node that wrote it';
comment on column steep_repl.range_log.table_schema is 'Schema of the table, as in range_tables';
comment on column steep_repl.range_log.table_name is 'Name of the table, as in range_tables';
comment on column steep_repl.range_log.kind is 'grant, title or occupied';
comment on column steep_repl.range_log.entry is 'The row of identity_ranges, range_titles or occupied_ids';
comment on column steep_repl.range_log.written_at is 'When it was written';
