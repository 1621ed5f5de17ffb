set session_replication_role = replica;
set synchronous_commit = off;
create temporary table restamped (
  leaf text not null, node text collate "C", at timestamptz not null, key text[] not null);
create temporary table restamped_table (leaf text not null, statement text not null);
create temporary table copied_tombstone (
  node text collate "C", at timestamptz, table_schema text not null, table_name text not null,
  key_hash bigint not null, row_key text[] not null, old_row jsonb, retracted_at timestamptz, retracted_node text);
create temporary table copied_chunk (
  node text collate "C", at timestamptz, table_schema text not null, table_name text not null,
  level smallint not null, bucket integer not null, key_count integer not null, keys bytea not null);
create temporary table restamping (transactions bigint not null);
