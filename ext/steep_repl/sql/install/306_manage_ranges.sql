create function steep_repl.range_constraint_name(p_table text) returns name
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_name text := 'steep_range_' || p_table;
begin
  -- A name has 63 bytes at most, and ends with a whole character.
  while octet_length(v_name) > 63 loop
    v_name := left(v_name, -1);
  end loop;
  return v_name;
end
$$;
comment on function steep_repl.range_constraint_name(text) is 'Name of the constraint that a table with identity ranges has';

create function steep_repl.range_column(p_table steep_repl.range_tables) returns pg_attribute
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  -- By its name, or if it was renamed, by the sequence that belongs to it.
  select a from pg_attribute a
  where a.attrelid = p_table.relation and a.attnum > 0 and not a.attisdropped
    and (a.attname = p_table.key_column or a.attnum in (
      select d.refobjsubid from pg_depend d
      where d.classid = 'pg_class'::regclass and d.objid = p_table.key_sequence
        and d.refclassid = 'pg_class'::regclass and d.refobjid = p_table.relation and d.deptype in ('a', 'i')))
  order by a.attname = p_table.key_column desc
  limit 1
$$;
comment on function steep_repl.range_column(steep_repl.range_tables) is 'The column with the generated key, whatever its name is now';

create function steep_repl.ensure_range_constraint(p_table steep_repl.range_tables) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_name constant name := steep_repl.range_constraint_name(p_table.table_name);
  v_column constant pg_attribute := steep_repl.range_column(p_table);
  v_expected constant text := format('CHECK (steep_repl.check_id_range(%L::text, %L::text, %s))',
    p_table.table_schema, p_table.table_name,
    case v_column.atttypid when 'int8'::regtype then quote_ident(v_column.attname)
      else format('(%I)::bigint', v_column.attname) end);
  v_found text;
begin
  select pg_get_constraintdef(k.oid) into v_found from pg_constraint k
  where k.conrelid = p_table.relation and k.conname = v_name;
  if starts_with(v_found, v_expected) then
    return false;
  end if;
  if v_found is not null then
    execute format('alter table %s drop constraint %I', p_table.relation, v_name);
  end if;
  -- Not valid: rows that are there are not looked at, and a restore adds it after the data.
  execute format('alter table %s add constraint %I %s not valid', p_table.relation, v_name, v_expected);
  return true;
end
$$;
comment on function steep_repl.ensure_range_constraint(steep_repl.range_tables) is
  'Adds the constraint that checks a table''s ids, or puts it right; false if it is as it should be';

create function steep_repl.manage_ranges(
  p_relation regclass, p_members text[] default null, p_occupied_to bigint default null,
  p_range_size bigint default 10000, p_threshold_percent integer default 80,
  p_max_range_size bigint default null)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_key record;
  v_name record;
  v_highest bigint;
  v_table steep_repl.range_tables;
  v_node constant text := steep_repl.require_node();
  v_was_active constant boolean := exists (
    select from steep_repl.range_tables t where t.relation = p_relation and t.is_active);
begin
  if not exists (select from pg_class c where c.oid = p_relation) then
    raise exception using errcode = 'undefined_table', message = 'no table given',
      hint = 'Give the table''s name, for example ''public.orders''.';
  end if;
  perform steep_repl.require_owner(p_relation);
  v_key := steep_repl.range_key(p_relation);
  if v_key.why is not null then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = format('the ids of table %s cannot be kept apart: %s', p_relation, v_key.why),
      hint = v_key.hint;
  elsif p_range_size is null or p_range_size < 1 then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('a range of %s ids holds none', coalesce(p_range_size::text, 'null')),
      hint = 'Give a number of at least 1.';
  elsif p_threshold_percent is null or p_threshold_percent not between 1 and 100 then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('threshold %s %% is not within 1 and 100 %%', coalesce(p_threshold_percent::text, 'null')),
      hint = 'It says how much of a range is used when the next one is asked for.';
  end if;
  select n.nspname, c.relname into v_name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = p_relation;
  -- Whoever inserts waits, and draws from the ranges then.
  execute format('lock table %s in share row exclusive mode', p_relation);
  v_highest := steep_repl.highest_id(p_relation, v_key.key_column, v_key.key_sequence);
  if v_highest > coalesce(p_occupied_to, v_highest) then
    raise exception using
      errcode = 'object_in_use',
      message = format('table %s has ids up to %s, beyond %s', p_relation, v_highest, p_occupied_to),
      hint = 'Ids were drawn since the highest one was looked up. Do it again, with more to spare.';
  end if;
  insert into steep_repl.range_tables as t (
    table_schema, table_name, relation, key_column, key_sequence, last_id, block_ids, range_size,
    threshold_percent, max_range_size)
  values (v_name.nspname, v_name.relname, p_relation, v_key.key_column, v_key.key_sequence,
    v_key.last_id, v_key.block_ids, p_range_size, p_threshold_percent,
    -- A table that outgrows a thousand times its size is better served by another setting than by a guess.
    greatest(p_range_size, coalesce(p_max_range_size, least(p_range_size, 1000000000000) * 1024)))
  on conflict (table_schema, table_name) do update set
    relation = excluded.relation, key_column = excluded.key_column, key_sequence = excluded.key_sequence,
    -- A larger type has more blocks of the size that they have.
    last_id = greatest(t.last_id, excluded.last_id),
    range_size = excluded.range_size, threshold_percent = excluded.threshold_percent,
    max_range_size = excluded.max_range_size, is_active = true
  returning * into v_table;
  if v_table.last_id <> v_key.last_id then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = format('the ids of %s were shared when they ended at %s, and end at %s now', p_relation, v_table.last_id, v_key.last_id),
      hint = 'Give the column the type back that it had.';
  end if;
  if p_members is not null then
    perform steep_repl.found_ranges(v_name.nspname, v_name.relname, p_members);
  end if;
  v_highest := least(greatest(v_highest, p_occupied_to), v_key.last_id);
  -- Not what others draw from: their sequences stand there, and nobody else is granted it anyway. Nor what
  -- this node does, unless any id could be written here until now.
  perform steep_repl.record_range_row(v_name.nspname, v_name.relname, 'occupied',
    jsonb_build_object('range_start', lower(u), 'range_end', upper(u) - 1))
  from unnest(
    int8multirange(int8range(1, v_highest + 1))
    - coalesce((
      select range_agg(int8range(r.range_start, r.range_end, '[]')) from steep_repl.identity_ranges r
      where r.table_schema = v_name.nspname and r.table_name = v_name.relname
        and (r.node_id <> v_node or v_was_active or p_members is null)), '{}')
    - coalesce((
      select range_agg(int8range(o.range_start, o.range_end, '[]')) from steep_repl.occupied_ids o
      where o.table_schema = v_name.nspname and o.table_name = v_name.relname), '{}')) as u;
  perform steep_repl.replenish_ranges(p_relation);
  perform steep_repl.follow_ranges(p_relation);
  perform steep_repl.ensure_range_constraint(v_table);
  perform steep_repl.audit('range.manage', 'table', p_relation::text, null, to_jsonb(v_table));
end
$$;
comment on function steep_repl.manage_ranges(regclass, text[], bigint, bigint, integer, bigint) is
  'Lets this node draw a table''s ids from ranges that no other node can use. Members found the table, the same on each node; null: it was founded elsewhere';

create function steep_repl.follow_ranges(p_relation oid) returns boolean
language c volatile strict
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'follow_ranges_wrapper';
comment on function steep_repl.follow_ranges(oid) is
  'Moves the sequence to this node''s next range if it stands in none of them, or at the end of one; false if it need not be moved';

create function steep_repl.highest_id(p_relation regclass, p_column name, p_sequence regclass) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_held bigint;
  v_drawn bigint;
begin
  execute format('select max(%I) from %s', p_column, p_relation) into v_held;
  execute format('select last_value from %s where is_called', p_sequence) into v_drawn;
  return greatest(v_held, v_drawn, 0);
end
$$;
comment on function steep_repl.highest_id(regclass, name, regclass) is
  'The highest id that a table holds or its sequence has drawn; 0 if there is none';

create function steep_repl.unmanage_ranges(p_relation regclass) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table steep_repl.range_tables;
begin
  update steep_repl.range_tables t set is_active = false
  where t.relation = p_relation and t.is_active returning * into v_table;
  if not found then
    raise exception using
      errcode = 'undefined_object',
      message = format('table %s has no identity ranges', p_relation),
      hint = 'See steep_repl.range_tables.';
  end if;
  perform steep_repl.require_owner(p_relation);
  execute format('alter table %s drop constraint if exists %I', p_relation,
    steep_repl.range_constraint_name(v_table.table_name));
  perform steep_repl.audit('range.unmanage', 'table', p_relation::text, to_jsonb(v_table), null);
end
$$;
comment on function steep_repl.unmanage_ranges(regclass) is
  'Lets any id be written to a table again, on this node; its ranges stay as they are';

create function steep_repl.apply_range_constraint(
  p_table_schema text, p_table_name text, p_range_start bigint, p_range_end bigint)
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table constant steep_repl.range_tables := steep_repl.require_managed(p_table_schema, p_table_name);
  v_changed boolean;
begin
  perform steep_repl.require_owner(v_table.relation);
  if not exists (
    select from steep_repl.identity_ranges r
    where (r.table_schema, r.table_name, r.range_start, r.range_end)
        = (p_table_schema, p_table_name, p_range_start, p_range_end)
      and r.node_id = steep_repl.node_id() and r.status = 'active') then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('%s-%s is no active range of this node for table %I.%I',
        coalesce(p_range_start::text, ''), coalesce(p_range_end::text, ''), p_table_schema, p_table_name),
      hint = 'See steep_repl.identity_ranges, and steep_repl.allocate_range().';
  end if;
  v_changed := steep_repl.ensure_range_constraint(v_table);
  if v_changed then
    perform steep_repl.audit('range.constraint', 'table', v_table.relation::text, null,
      jsonb_build_object('constraint', steep_repl.range_constraint_name(p_table_name)));
  end if;
  return steep_repl.follow_ranges(v_table.relation) or v_changed;
end
$$;
comment on function steep_repl.apply_range_constraint(text, text, bigint, bigint) is
  'Sees to it that a table''s constraint is there and its sequence in a range of this node; false if both were so. A further range changes no constraint';

create function steep_repl.allocate_range(
  p_table_schema text, p_table_name text, p_range_size bigint default 10000)
returns table (range_start bigint, range_end bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_node constant text := steep_repl.require_node();
  v_table constant steep_repl.range_tables := steep_repl.require_managed(p_table_schema, p_table_name);
  v_start bigint;
begin
  if p_range_size is null or p_range_size < 1 then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('a range of %s ids holds none', coalesce(p_range_size::text, 'null')),
      hint = 'Give a number of at least 1.';
  end if;
  v_start := steep_repl.grant_range(p_table_schema, p_table_name, v_node,
    steep_repl.next_range_request(p_table_schema, p_table_name), p_range_size, false);
  perform steep_repl.take_up_ranges(p_table_schema, p_table_name);
  perform steep_repl.settle_ranges(p_table_schema, p_table_name);
  perform steep_repl.audit('range.allocate', 'table', v_table.relation::text, null,
    jsonb_build_object('range_start', v_start));
  return query select r.range_start, r.range_end from steep_repl.identity_ranges r
  where r.table_schema = p_table_schema and r.table_name = p_table_name and r.range_start = v_start;
end
$$;
comment on function steep_repl.allocate_range(text, text, bigint) is
  'Grants this node a further range out of its own blocks; it is drawn from after those it has';

create function steep_repl.expand_range(p_table_schema text, p_table_name text, p_ids bigint)
returns table (range_start bigint, range_end bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table constant steep_repl.range_tables := steep_repl.require_managed(p_table_schema, p_table_name);
  v_missing bigint;
begin
  if p_ids is null or p_ids < 1 then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('%s is no number of ids to have left', coalesce(p_ids::text, 'null')),
      hint = 'Give a number of at least 1.';
  end if;
  -- Where blocks are cut up, a range is shorter than what was asked for.
  loop
    select p_ids - k.ids_left - k.reserve into v_missing
    from steep_repl.range_stock(p_table_schema, p_table_name) k;
    exit when v_missing <= 0;
    return query select a.range_start, a.range_end
    from steep_repl.allocate_range(p_table_schema, p_table_name,
      least(greatest(v_missing, v_table.range_size), v_table.block_ids)) a;
  end loop;
end
$$;
comment on function steep_repl.expand_range(text, text, bigint) is
  'Grants this node ranges out of its own blocks until it has so many ids left, as before an outage that is planned';

create function steep_repl.release_range(p_table_schema text, p_table_name text, p_range_start bigint) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table constant steep_repl.range_tables := steep_repl.require_managed(p_table_schema, p_table_name);
  v_changed constant boolean := steep_repl.give_up_range(p_table_schema, p_table_name, p_range_start) > 0;
begin
  perform steep_repl.audit('range.release', 'table', v_table.relation::text, null,
    jsonb_build_object('range_start', p_range_start));
  return v_changed;
end
$$;
comment on function steep_repl.release_range(text, text, bigint) is
  'Gives up one range of this node for good; its ids are given to nobody else';

create function steep_repl.check_range_threshold(
  p_table_schema text, p_table_name text, p_threshold_percent integer default 80)
returns table (current_value bigint, range_end bigint, percent_used numeric, needs_expansion boolean)
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  select s.current_value, s.range_end, s.used, s.used >= p_threshold_percent and s.reserve = 0
  from (
    select k.current_value, k.range_end, k.reserve,
      coalesce(round(100.0 * (k.range_end - k.range_start + 1 - k.ids_left) / (k.range_end - k.range_start + 1), 2), 100) as used
    from steep_repl.require_managed(p_table_schema, p_table_name) t, steep_repl.range_stock(t.table_schema, t.table_name) k
  ) as s
$$;
comment on function steep_repl.check_range_threshold(text, text, integer) is
  'How much of the range that a table draws from is used, and whether it is time for a further one';

create view steep_repl.range_status as
  select t.table_schema, t.table_name, t.key_column, k.current_value,
    k.range_start, k.range_end, k.ids_left, k.reserve,
    coalesce(round(100.0 * (k.range_end - k.range_start + 1 - k.ids_left) / (k.range_end - k.range_start + 1), 2), 100) as percent_used,
    case
      when k.range_start is null or k.ids_left = 0 and k.reserve = 0 then 'exhausted'
      when k.reserve > 0 then 'ok'
      when 100.0 * (k.range_end - k.range_start + 1 - k.ids_left) >= 95.0 * (k.range_end - k.range_start + 1) then 'critical'
      when 100.0 * (k.range_end - k.range_start + 1 - k.ids_left) >= 80.0 * (k.range_end - k.range_start + 1) then 'warning'
      else 'ok'
    end as state,
    g.this_node, g.peers, p.ids_per_second,
    case when p.ids_per_second > 0 then make_interval(secs => least((k.ids_left + k.reserve) / p.ids_per_second, 1e10)::double precision) end as time_left
  from steep_repl.range_tables t
  cross join lateral steep_repl.range_stock(t.table_schema, t.table_name) k
  cross join lateral (
    select
      coalesce(range_agg(int8range(r.range_start, r.range_end, '[]')) filter (where r.node_id = n.node_id and r.status = 'active'), '{}') as this_node,
      (select jsonb_object_agg(p.node_id, p.ranges) from (
        select o.node_id, range_agg(int8range(o.range_start, o.range_end, '[]'))::text as ranges
        from steep_repl.identity_ranges o
        where o.table_schema = t.table_schema and o.table_name = t.table_name and o.node_id <> n.node_id and o.status = 'active'
        group by o.node_id) p) as peers
    from steep_repl.local_node n
    left join steep_repl.identity_ranges r on r.table_schema = t.table_schema and r.table_name = t.table_name
    group by n.node_id
  ) g
  -- What was drawn of the ranges of the last hour, since the first of them was granted.
  cross join lateral (
    select round((sum(case when k.current_value between r.range_start and r.range_end then k.current_value else r.range_end end - r.range_start + 1)
      / greatest(extract(epoch from now() - min(r.allocated_at)), 1))::numeric, 2) as ids_per_second
    from steep_repl.identity_ranges r
    join steep_repl.local_node n on n.node_id = r.node_id
    where r.table_schema = t.table_schema and r.table_name = t.table_name
      and (r.status = 'exhausted' and r.allocated_at > now() - interval '1 hour'
        or r.status = 'active' and k.current_value between r.range_start and r.range_end)
  ) p
  where t.is_active;
comment on view steep_repl.range_status is 'For each table with identity ranges: where it stands, how much is left, and who has what';
comment on column steep_repl.range_status.table_schema is 'Schema of the table';
comment on column steep_repl.range_status.table_name is 'Name of the table';
comment on column steep_repl.range_status.key_column is 'Column with the generated key';
comment on column steep_repl.range_status.current_value is 'Id that was drawn last on this node';
comment on column steep_repl.range_status.range_start is 'First id of the range that this node draws from';
comment on column steep_repl.range_status.range_end is 'Its last id';
comment on column steep_repl.range_status.ids_left is 'Ids left in it';
comment on column steep_repl.range_status.reserve is 'Ids in the ranges after it';
comment on column steep_repl.range_status.percent_used is 'How much of it is used, in percent';
comment on column steep_repl.range_status.state is 'ok, warning (80 % used and nothing after it), critical (95 %) or exhausted';
comment on column steep_repl.range_status.this_node is 'Ranges that this node draws from now or later';
comment on column steep_repl.range_status.peers is 'The same of each other node';
comment on column steep_repl.range_status.ids_per_second is 'How fast this node draws, by the ranges of the last hour; null if it has drawn none';
comment on column steep_repl.range_status.time_left is 'How long ids_left and reserve last at that rate';
