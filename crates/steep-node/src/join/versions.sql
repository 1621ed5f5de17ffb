-- One transaction for each version, with its origin and its commit timestamp.
do $$
declare
  v_version record;
  v_statement text;
  v_node text;
  v_origin text;
  v_count bigint := 0;
begin
  for v_version in
    select v.node, v.at from (
      select node, at from pg_temp.restamped
      union select node, at from pg_temp.copied_tombstone
      union select node, at from pg_temp.copied_chunk) v
    order by v.node, v.at
  loop
    if v_node is distinct from v_version.node then
      -- The origin of the subscription, or one that stands for the node if there is none to it.
      v_origin := coalesce(
        (select 'pg_' || s.oid from steep_repl.peers p
         join pg_subscription s on s.subname = p.subscription
         join pg_database d on d.oid = s.subdbid and d.datname = current_database()
         where p.node_id = v_version.node),
        format('steep_repl:%s:join', v_version.node));
      if pg_replication_origin_oid(v_origin) is null then
        perform pg_replication_origin_create(v_origin);
      end if;
      if v_node is not null then
        perform pg_replication_origin_session_reset();
      end if;
      perform pg_replication_origin_session_setup(v_origin);
      v_node := v_version.node;
    end if;
    perform pg_replication_origin_xact_setup('0/1', v_version.at);
    for v_statement in
      select t.statement from pg_temp.restamped_table t
      where t.leaf in (select r.leaf from pg_temp.restamped r where r.node = v_version.node and r.at = v_version.at)
    loop
      execute v_statement using v_version.node, v_version.at;
    end loop;
    -- To this node's housekeeping they are its own: they may go when every peer has confirmed what
    -- this transaction says.
    insert into steep_repl.tombstones
      (relation, key_hash, row_key, old_row, retracted_at, retracted_node, writer_xid)
    select to_regclass(format('%I.%I', c.table_schema, c.table_name)), c.key_hash, c.row_key, c.old_row,
      c.retracted_at, c.retracted_node, pg_current_xact_id()::text::bigint
    from pg_temp.copied_tombstone c
    where c.node = v_version.node and c.at = v_version.at
      and to_regclass(format('%I.%I', c.table_schema, c.table_name)) is not null;
    insert into steep_repl.tombstone_chunks (relation, level, bucket, writer_xid, key_count, keys)
    select to_regclass(format('%I.%I', c.table_schema, c.table_name)), c.level, c.bucket,
      pg_current_xact_id()::text::bigint, c.key_count, c.keys
    from pg_temp.copied_chunk c
    where c.node = v_version.node and c.at = v_version.at
      and to_regclass(format('%I.%I', c.table_schema, c.table_name)) is not null;
    commit;
    v_count := v_count + 1;
  end loop;
  if v_node is not null then
    perform pg_replication_origin_session_reset();
  end if;
  insert into pg_temp.restamping values (v_count);
end
$$;
