-- A deleted key is remembered until no older change of it can arrive. The version of a delete is
-- the commit timestamp and origin of the tombstone's own transaction; that of a retraction is
-- written down.
create table steep_repl.tombstones (
  relation oid not null,
  key_hash bigint not null,
  row_key text[] not null,
  old_row jsonb,
  retracted_at timestamptz,
  retracted_node text collate pg_catalog."C",
  writer_node text collate pg_catalog."C",
  writer_xid bigint not null,
  constraint tombstones_retraction_whole check ((retracted_at is null) = (retracted_node is null))
);
create index tombstones_key on steep_repl.tombstones (relation, key_hash);
comment on table steep_repl.tombstones is 'Keys that were deleted, kept until no older change can arrive';
comment on column steep_repl.tombstones.relation is 'The table (the root of a partitioned one)';
comment on column steep_repl.tombstones.key_hash is 'Hash of the key, by the key types'' own hash functions';
comment on column steep_repl.tombstones.row_key is 'Values of the key columns as text, in the order of the key';
comment on column steep_repl.tombstones.old_row is 'Columns that an update may leave out of its message because they were stored out of line';
comment on column steep_repl.tombstones.retracted_at is 'For a retraction: commit timestamp of the withdrawn version; null for a delete';
comment on column steep_repl.tombstones.retracted_node is 'For a retraction: node of the withdrawn version; null for a delete';
comment on column steep_repl.tombstones.writer_node is 'Node that deleted; null for this node';
comment on column steep_repl.tombstones.writer_xid is 'Transaction on that node, epoch included';
comment on index steep_repl.tombstones_key is 'Finds the tombstones of a key';

-- Retractions are published, in a transaction of this node's own: what an apply worker writes
-- carries the origin of the peer and would be filtered out. They wait here for that transaction.
create table steep_repl.retractions (
  node_id text collate pg_catalog."C" not null,
  id bigserial not null,
  table_schema text not null,
  table_name text not null,
  row_key text[] not null,
  version_at timestamptz not null,
  version_node text collate pg_catalog."C" not null,
  retracted_at timestamptz not null default now(),
  constraint retractions_pkey primary key (node_id, id)
);
comment on table steep_repl.retractions is 'Published: rows that lost a unique key, each to be dropped by every node';
comment on column steep_repl.retractions.node_id is 'Node that decided';
comment on column steep_repl.retractions.id is 'Number of the retraction on that node';
comment on column steep_repl.retractions.table_schema is 'Schema of the table';
comment on column steep_repl.retractions.table_name is 'Name of the table';
comment on column steep_repl.retractions.row_key is 'Key of the row that lost, as text';
comment on column steep_repl.retractions.version_at is 'Commit timestamp of the version that lost';
comment on column steep_repl.retractions.version_node is 'Node that wrote the version that lost';
comment on column steep_repl.retractions.retracted_at is 'When it was published';
comment on sequence steep_repl.retractions_id_seq is 'Numbers retractions';

create table steep_repl.pending_retractions (
  id bigserial not null,
  relation oid not null,
  row_key text[] not null,
  version_at timestamptz not null,
  version_node text collate pg_catalog."C" not null,
  constraint pending_retractions_pkey primary key (id)
);
comment on table steep_repl.pending_retractions is 'Retractions of committed apply transactions that are yet to be published';
comment on column steep_repl.pending_retractions.id is 'Number';
comment on column steep_repl.pending_retractions.relation is 'The table';
comment on column steep_repl.pending_retractions.row_key is 'Key of the row that lost, as text';
comment on column steep_repl.pending_retractions.version_at is 'Commit timestamp of the version that lost';
comment on column steep_repl.pending_retractions.version_node is 'Node that wrote the version that lost';
comment on sequence steep_repl.pending_retractions_id_seq is 'Numbers pending_retractions';

-- A bulk delete keeps its keys in pieces: a row and an index entry for each key would cost more
-- than the delete itself.
create table steep_repl.tombstone_chunks (
  relation oid not null,
  level smallint not null,
  bucket integer not null,
  writer_xid bigint not null,
  key_count integer not null,
  keys bytea not null
);
-- Hashes do not compress.
alter table steep_repl.tombstone_chunks alter column keys set storage external;
create index tombstone_chunks_bucket on steep_repl.tombstone_chunks (relation, level, bucket);
comment on table steep_repl.tombstone_chunks is 'Keys that bulk deletes of this node have deleted, many in a row; otherwise as tombstones';
comment on column steep_repl.tombstone_chunks.relation is 'The table (the root of a partitioned one)';
comment on column steep_repl.tombstone_chunks.level is 'How many leading bits of the key hash the keys of a row share';
comment on column steep_repl.tombstone_chunks.bucket is 'Those bits';
comment on column steep_repl.tombstone_chunks.writer_xid is 'Transaction of this node, epoch included';
comment on column steep_repl.tombstone_chunks.key_count is 'How many keys the row holds';
comment on column steep_repl.tombstone_chunks.keys is 'The keys, ordered by hash';
comment on index steep_repl.tombstone_chunks_bucket is 'Finds where a key would be';
