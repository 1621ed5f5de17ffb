-- What the source could not name is the source's own; what is from before the attempt is older than all.
update pg_temp.restamped set node = :source_node where node is null;
update pg_temp.copied_tombstone set node = :source_node, at = coalesce(at, steep_repl.copied_row_timestamp()) where node is null or at is null;
update pg_temp.copied_chunk set node = :source_node, at = coalesce(at, steep_repl.copied_row_timestamp()) where node is null or at is null;
create index on pg_temp.restamped (node, at, leaf);
create index on pg_temp.copied_tombstone (node, at);
create index on pg_temp.copied_chunk (node, at);
analyze pg_temp.restamped, pg_temp.copied_tombstone, pg_temp.copied_chunk;
