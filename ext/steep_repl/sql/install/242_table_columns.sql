create function steep_repl.replicated_relation(p_table_schema text, p_table_name text) returns regclass
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_relation regclass;
  v_kept boolean;
begin
  select c.oid, exists (select from steep_repl.replicated_tables t where t.relation = c.oid and t.is_active)
  into v_relation, v_kept
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = p_table_schema and c.relname = p_table_name and c.relkind in ('r', 'p');
  if v_relation is null then
    raise exception using
      errcode = 'undefined_table',
      message = format('table %s does not exist', concat_ws('.', quote_ident(p_table_schema), quote_ident(p_table_name))),
      hint = 'Schema and table are given as two names, without quotes, in their exact case.';
  elsif not v_kept then
    raise exception using
      errcode = 'undefined_object',
      message = format('table %s is not replicated', v_relation),
      hint = case when exists (select from pg_class c where c.oid = v_relation and c.relispartition)
        then format('It is a partition; name the partitioned table itself: %s.', pg_partition_root(v_relation))
        else 'See steep_repl.replicated_tables; a table is added with steep_repl.add_table().' end;
  end if;
  return v_relation;
end
$$;
comment on function steep_repl.replicated_relation(text, text) is 'The replicated table of that name, or an error that says why there is none';

create function steep_repl.table_columns(
  p_relation regclass, out name text, out type text, out key_place integer, out key_equality text,
  out is_generated boolean, out is_always_identity boolean, out needs_json_null boolean)
returns setof record
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select a.attname, format_type(a.atttypid, a.atttypmod), k.place::integer, k.equality,
    a.attgenerated <> '', a.attidentity = 'a',
    a.attnotnull and a.atttypid in ('json'::regtype, 'jsonb'::regtype)
  from pg_attribute a
  left join (
    select u.attnum, u.place, format('operator(%I.%s)', n.nspname, o.oprname) as equality
    from pg_index i
    cross join unnest(i.indkey::smallint[], i.indclass::oid[]) with ordinality as u (attnum, opclass, place)
    join pg_opclass c on c.oid = u.opclass
    -- The index's own equality: the one that "=" finds may be another (citext), or out of reach of
    -- the search path. 3 is BTEqualStrategyNumber (stratnum.h); unique indexes are btrees.
    join pg_amop m on m.amopfamily = c.opcfamily and m.amoplefttype = c.opcintype
      and m.amoprighttype = c.opcintype and m.amopstrategy = 3 and m.amoppurpose = 's'
    join pg_operator o on o.oid = m.amopopr
    join pg_namespace n on n.oid = o.oprnamespace
    where i.indexrelid = steep_repl.key_index(p_relation) and u.place <= i.indnkeyatts
  ) as k on k.attnum = a.attnum
  where a.attrelid = p_relation and a.attnum > 0 and not a.attisdropped
  order by a.attnum
$$;
comment on function steep_repl.table_columns(regclass) is
  'What writing a row by its JSON form has to know of a table''s columns';

create function steep_repl.key_of(p_relation regclass, p_tuple jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_object_agg(c.name, p_tuple -> c.name)
  from steep_repl.table_columns(p_relation) c
  where c.key_place is not null and p_tuple is not null
$$;
comment on function steep_repl.key_of(regclass, jsonb) is 'The key columns of a tuple: {column: value}; null of null';

-- Dates and numbers in the one form that every server reads alike, whatever this session prefers.
create function steep_repl.key_texts(p_relation regclass, p_key jsonb) returns text[]
language plpgsql stable strict
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
set extra_float_digits = 1
as $$
declare
  v_texts text[];
begin
  execute (
    select format('select array[%s] from jsonb_to_record($1) as k (%s)',
      string_agg(format('k.%I::text', c.name), ', ' order by c.key_place),
      string_agg(format('%I %s', c.name, c.type), ', ' order by c.key_place))
    from steep_repl.table_columns(p_relation) c where c.key_place is not null)
  into v_texts using p_key;
  return v_texts;
end
$$;
comment on function steep_repl.key_texts(regclass, jsonb) is 'The values of a key as text, in the order of the key';

create function steep_repl.same_key(p_relation regclass, p_one jsonb, p_other jsonb) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  -- The JSON form of a point in time depends on the time zone of whoever wrote it.
  select p_one = p_other or steep_repl.key_texts(p_relation, p_one) = steep_repl.key_texts(p_relation, p_other)
$$;
comment on function steep_repl.same_key(regclass, jsonb, jsonb) is 'Whether two keys in JSON form mean the same row';
