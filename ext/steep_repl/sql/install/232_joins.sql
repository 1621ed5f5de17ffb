create trigger forget_cached_state after insert or update or delete or truncate on steep_repl.joins
  for each statement execute function steep_repl.forget_cached_state();
comment on trigger forget_cached_state on steep_repl.joins is 'Apply workers take the change up at once';
alter table steep_repl.joins enable always trigger forget_cached_state;

create function steep_repl.begin_join(
  p_join_id text, p_node_id text, p_is_source boolean, out horizon_xid bigint, out horizon_at timestamptz)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_generation bigint;
begin
  perform steep_repl.require_node();
  lock table steep_repl.joins in share row exclusive mode;
  select j.horizon_xid, j.horizon_at into begin_join.horizon_xid, begin_join.horizon_at
  from steep_repl.joins j where j.join_id = p_join_id;
  if found then
    return;
  end if;
  select j.generation into v_generation from steep_repl.joins j where j.is_source limit 1;
  if v_generation is null then
    v_generation := nextval('steep_repl.join_generation');
    delete from steep_repl.applied_positions;
  end if;
  insert into steep_repl.joins as j (join_id, node_id, is_source, generation, horizon_xid, horizon_at)
  values (p_join_id, p_node_id, p_is_source, v_generation,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint, clock_timestamp())
  returning j.horizon_xid, j.horizon_at into begin_join.horizon_xid, begin_join.horizon_at;
  perform steep_repl.audit('join.begin', 'node', p_node_id, null,
    jsonb_build_object('join_id', p_join_id, 'is_source', p_is_source));
end
$$;
comment on function steep_repl.begin_join(text, text, boolean) is
  'A node begins to join with the help of this one, or from it; returns before what every write was older';

create function steep_repl.end_join(p_join_id text) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_node_id text;
begin
  lock table steep_repl.joins in share row exclusive mode;
  delete from steep_repl.joins j where j.join_id = p_join_id returning j.node_id into v_node_id;
  if not found then
    return false;
  end if;
  if not exists (select from steep_repl.joins j where j.is_source) then
    delete from steep_repl.applied_positions;
  end if;
  perform steep_repl.audit('join.end', 'node', v_node_id, jsonb_build_object('join_id', p_join_id), null);
  return true;
end
$$;
comment on function steep_repl.end_join(text) is 'A node has joined, or given up; false if that was known';

create function steep_repl.origin_nodes() returns table (roident oid, node_id text)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select 0::oid, l.node_id from steep_repl.local_node l
  union all
  select o.roident, p.node_id
  from steep_repl.peers p
  join pg_subscription s on s.subname = p.subscription
  join pg_database d on d.oid = s.subdbid and d.datname = current_database()
  join pg_replication_origin o on o.roname = 'pg_' || s.oid
  union all
  -- Numbers of subscriptions that were dropped.
  select o.roident, split_part(o.roname, ':', 2)
  from pg_replication_origin o where o.roname like 'steep!_repl:%' escape '!'
$$;
comment on function steep_repl.origin_nodes() is 'The node behind each replication origin number of this server; 0 is this node';

create function steep_repl.copied_row_timestamp() returns timestamptz
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$ select '2000-01-01 00:00:00.000001+00'::timestamptz $$;
comment on function steep_repl.copied_row_timestamp() is
  'Commit timestamp of rows that were copied when this node joined: older than every write that can still arrive';

create function steep_repl.refuse_while_joining() returns trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'read_only_sql_transaction',
    message = format('table %I.%I takes no writes yet: this node is joining a group', tg_table_schema, tg_table_name),
    hint = 'Write at a member of the group until "steep-replctl node status" shows this node online.';
end
$$;
comment on function steep_repl.refuse_while_joining() is
  'Statement trigger of the tables of a node that joins: what its own clients wrote would reach no other node';

create function steep_repl.close_tables(p_tables regclass[]) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table regclass;
  v_kind "char";
  v_has_rows boolean;
begin
  for v_table, v_kind in
    select c.oid::regclass, c.relkind
    from (
      select t from unnest(p_tables) t union select p.relid from unnest(p_tables) t, pg_partition_tree(t) p
    ) as a (relation)
    join pg_class c on c.oid = a.relation
    where c.relkind in ('r', 'p')
    order by c.oid
  loop
    execute format('create trigger steep_repl_joining before insert or update or delete or truncate on %s
      for each statement execute function steep_repl.refuse_while_joining()', v_table);
    -- Whoever wrote before has ended by now, and is seen.
    continue when v_kind = 'p';
    execute format('select exists (select from only %s)', v_table) into v_has_rows;
    if v_has_rows then
      raise exception using
        errcode = 'object_not_in_prerequisite_state',
        message = format('somebody wrote to table %s while this node was about to join', v_table),
        hint = 'Let no application use this database until it has joined, and join again.';
    end if;
  end loop;
end
$$;
comment on function steep_repl.close_tables(regclass[]) is
  'Closes the empty tables of a node that joins to its own clients; applied and copied rows pass';
