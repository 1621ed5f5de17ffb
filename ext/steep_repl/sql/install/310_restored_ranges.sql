create function steep_repl.ranges_restored() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- How far they were used before the restore, this node cannot know; the others may.
  perform steep_repl.record_range_row(r.table_schema, r.table_name, 'grant',
    to_jsonb(r) || jsonb_build_object('status', 'exhausted'))
  from steep_repl.identity_ranges r
  where r.node_id = new.node_id and r.status = 'active';
  update steep_repl.range_tables set unheard = array(
    select n.node_id from steep_repl.nodes n
    where n.node_id <> new.node_id and n.status <> 'removed' order by n.node_id);
  return null;
end
$$;
comment on function steep_repl.ranges_restored() is
  'Row trigger of local_node: a node that goes on from a backup gives up its ranges, and grants none until it has heard the others';

create trigger ranges_restored after update on steep_repl.local_node
  for each row when (new.node_id = old.node_id) execute function steep_repl.ranges_restored();
comment on trigger ranges_restored on steep_repl.local_node is 'The place of an identity changes only by a restore';

create function steep_repl.ranges_left() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table steep_repl.range_tables;
begin
  for v_table in select t.* from steep_repl.range_tables t where t.is_active loop
    update steep_repl.range_tables t set is_active = false
    where t.table_schema = v_table.table_schema and t.table_name = v_table.table_name;
    execute format('alter table %s drop constraint if exists %I', v_table.relation,
      steep_repl.range_constraint_name(v_table.table_name));
    perform steep_repl.audit('range.unmanage', 'table', v_table.relation::text, to_jsonb(v_table), null);
  end loop;
  return null;
end
$$;
comment on function steep_repl.ranges_left() is
  'Row trigger of local_node: a copy that is another node from now on has none of the original''s ranges, and may write any id';

create trigger ranges_left after update on steep_repl.local_node
  for each row when (new.node_id <> old.node_id) execute function steep_repl.ranges_left();
comment on trigger ranges_left on steep_repl.local_node is 'A node keeps its id for life; only a copy takes another';

create function steep_repl.range_rows() returns jsonb
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_agg(jsonb_build_object('table_schema', a.table_schema, 'table_name', a.table_name, 'kind', a.kind, 'entry', a.entry)), '[]')
  from (
    select t.table_schema, t.table_name, 'title' as kind, to_jsonb(t) as entry from steep_repl.range_titles t
    union all
    select r.table_schema, r.table_name, 'grant', to_jsonb(r) - 'id' from steep_repl.identity_ranges r
    union all
    select o.table_schema, o.table_name, 'occupied', to_jsonb(o) from steep_repl.occupied_ids o
  ) as a
$$;
comment on function steep_repl.range_rows() is 'All that this node knows of identity ranges, to be told to a node that joins or was restored';

create function steep_repl.hear_ranges(p_peer text, p_rows jsonb default '[]') returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_new integer;
begin
  select count(*) filter (where steep_repl.put_range_row(
    e.r ->> 'table_schema', e.r ->> 'table_name', e.r ->> 'kind', e.r -> 'entry'))
  into v_new from jsonb_array_elements(p_rows) as e (r);
  update steep_repl.range_tables t set unheard = array_remove(t.unheard, p_peer) where p_peer = any (t.unheard);
  return v_new;
end
$$;
comment on function steep_repl.hear_ranges(text, jsonb) is
  'Takes in all that a peer knows (range_rows()), after nothing that this node sent before can reach it any more. Returns how many rows were new';
