create function steep_repl.range_status_rank(p_status text, p_turn bigint) returns integer
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select case p_status when 'released' then 3 when 'exhausted' then 2 else (p_turn is not null)::integer end
$$;
comment on function steep_repl.range_status_rank(text, bigint) is
  'How far the use of a range has come: granted, taken up, exhausted, released';

create function steep_repl.put_grant(p_schema text, p_table text, p_entry jsonb) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_new steep_repl.identity_ranges;
  v_old steep_repl.identity_ranges;
begin
  v_new := jsonb_populate_record(null::steep_repl.identity_ranges, p_entry);
  loop
    select r.* into v_old from steep_repl.identity_ranges r
    where steep_repl.name_range(r.table_schema, r.table_schema, '[]') && steep_repl.name_range(p_schema, p_schema, '[]')
      and steep_repl.name_range(r.table_name, r.table_name, '[]') && steep_repl.name_range(p_table, p_table, '[]')
      and int8range(r.range_start, r.range_end, '[]') && int8range(v_new.range_start, v_new.range_end, '[]')
    limit 1 for update;
    exit when found;
    -- A restored node does not know how far it used what it was given before.
    if exists (
      select from steep_repl.range_tables t join steep_repl.local_node n on n.node_id = v_new.node_id
      where t.table_schema = p_schema and t.table_name = p_table and t.unheard <> '{}'
        and (v_new.granter = any (t.unheard) or v_new.granter = n.node_id)
        and v_new.status = 'active') then
      v_new.status := 'exhausted';
    end if;
    -- A daemon hears of a grant at the same moment as the apply worker: whoever is second looks again.
    insert into steep_repl.identity_ranges (
      table_schema, table_name, node_id, range_start, range_end, allocated_at, status, granter, request, turn)
    values (p_schema, p_table, v_new.node_id, v_new.range_start, v_new.range_end,
      coalesce(v_new.allocated_at, now()), v_new.status, v_new.granter, v_new.request, v_new.turn)
    on conflict do nothing;
    if found then
      return true;
    end if;
  end loop;
  if (v_old.node_id, v_old.range_start, v_old.range_end, v_old.granter, v_old.request)
    <> (v_new.node_id, v_new.range_start, v_new.range_end, v_new.granter, v_new.request) then
    raise exception using
      errcode = 'exclusion_violation',
      message = format('range %s-%s of %I.%I, from node %s to node %s, overlaps range %s-%s, from node %s to node %s',
        v_new.range_start, v_new.range_end, p_schema, p_table, v_new.granter, v_new.node_id,
        v_old.range_start, v_old.range_end, v_old.granter, v_old.node_id),
      detail = 'The same ids were granted twice.',
      hint = 'Two servers have run under one node id, a restored node did not know that it was restored, or the table '
        'was founded with different members. Find out which before either node inserts again; see docs/protocol/ranges.md.';
  end if;
  if steep_repl.range_status_rank(v_new.status, v_new.turn)
    <= steep_repl.range_status_rank(v_old.status, v_old.turn) then
    return false;
  end if;
  update steep_repl.identity_ranges r
  set status = v_new.status, turn = coalesce(v_new.turn, r.turn)
  where r.id = v_old.id;
  return true;
end
$$;
comment on function steep_repl.put_grant(text, text, jsonb) is
  'Merges what is known of a grant, in whatever order it comes; false if it told nothing new';

create function steep_repl.put_title(p_schema text, p_table text, p_entry jsonb) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_new steep_repl.range_titles;
  v_old steep_repl.range_titles;
begin
  v_new := jsonb_populate_record(null::steep_repl.range_titles, p_entry);
  insert into steep_repl.range_titles (table_schema, table_name, halvings, remainder, generation, from_block, owner)
  values (p_schema, p_table, v_new.halvings, v_new.remainder, v_new.generation, v_new.from_block, v_new.owner)
  on conflict do nothing;
  if found then
    return true;
  end if;
  select t.* into strict v_old from steep_repl.range_titles t
  where (t.table_schema, t.table_name, t.halvings, t.remainder, t.generation)
    = (p_schema, p_table, v_new.halvings, v_new.remainder, v_new.generation);
  if (v_old.from_block, v_old.owner) <> (v_new.from_block, v_new.owner) then
    raise exception using
      errcode = 'unique_violation',
      message = format('the same blocks of %I.%I belong to node %s from %s on, and to node %s from %s on',
        p_schema, p_table, v_old.owner, v_old.from_block, v_new.owner, v_new.from_block),
      hint = 'The table was founded with different members, or two servers have run under one node id; see docs/protocol/ranges.md.';
  end if;
  return false;
end
$$;
comment on function steep_repl.put_title(text, text, jsonb) is
  'Merges what is known of who owns blocks; false if it told nothing new';

create function steep_repl.put_occupied(p_schema text, p_table text, p_entry jsonb) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into steep_repl.occupied_ids (table_schema, table_name, range_start, range_end)
  values (p_schema, p_table, (p_entry ->> 'range_start')::bigint, (p_entry ->> 'range_end')::bigint)
  on conflict do nothing;
  return found;
end
$$;
comment on function steep_repl.put_occupied(text, text, jsonb) is 'Merges what is known of ids that exist; false if it told nothing new';

create function steep_repl.put_range_row(p_schema text, p_table text, p_kind text, p_entry jsonb) returns boolean
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  select case p_kind
    when 'grant' then steep_repl.put_grant(p_schema, p_table, p_entry)
    when 'title' then steep_repl.put_title(p_schema, p_table, p_entry)
    else steep_repl.put_occupied(p_schema, p_table, p_entry) end
$$;
comment on function steep_repl.put_range_row(text, text, text, jsonb) is
  'Merges one row of what is known of identity ranges; false if it told nothing new';

create function steep_repl.record_range_row(p_schema text, p_table text, p_kind text, p_entry jsonb) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if not steep_repl.put_range_row(p_schema, p_table, p_kind, p_entry) then
    return false;
  end if;
  insert into steep_repl.range_log (node_id, table_schema, table_name, kind, entry)
  select n.node_id, p_schema, p_table, p_kind, p_entry from steep_repl.local_node n;
  return true;
end
$$;
comment on function steep_repl.record_range_row(text, text, text, jsonb) is
  'Records a row that this node has decided, and tells the others in the same transaction';

create function steep_repl.merge_range_log() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform steep_repl.put_range_row(new.table_schema, new.table_name, new.kind, new.entry);
  return new;
end
$$;
comment on function steep_repl.merge_range_log() is 'Row trigger of range_log, while applying only: merges what a peer tells';

create trigger merge_range_log before insert on steep_repl.range_log
  for each row execute function steep_repl.merge_range_log();
comment on trigger merge_range_log on steep_repl.range_log is 'While applying only: merges what a peer tells';
alter table steep_repl.range_log enable replica trigger merge_range_log;

create function steep_repl.forget_ranges() returns trigger
language c as 'MODULE_PATHNAME', 'steep_forget_ranges';
comment on function steep_repl.forget_ranges() is 'Statement trigger: all sessions read identity ranges anew';

create trigger forget_ranges after insert or update or delete or truncate on steep_repl.identity_ranges
  for each statement execute function steep_repl.forget_ranges();
create trigger forget_ranges after insert or update or delete or truncate on steep_repl.occupied_ids
  for each statement execute function steep_repl.forget_ranges();
create trigger forget_ranges after insert or update or delete or truncate on steep_repl.range_tables
  for each statement execute function steep_repl.forget_ranges();
comment on trigger forget_ranges on steep_repl.identity_ranges is 'Sessions take the change up at once';
comment on trigger forget_ranges on steep_repl.occupied_ids is 'Sessions take the change up at once';
comment on trigger forget_ranges on steep_repl.range_tables is 'Sessions take the change up at once';
-- Always: what is applied changes the ranges as well.
alter table steep_repl.identity_ranges enable always trigger forget_ranges;
alter table steep_repl.occupied_ids enable always trigger forget_ranges;
alter table steep_repl.range_tables enable always trigger forget_ranges;
