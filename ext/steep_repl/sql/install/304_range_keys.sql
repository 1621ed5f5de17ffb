create function steep_repl.key_sequence(p_relation regclass, p_column name) returns regclass
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    pg_get_serial_sequence(p_relation::text, p_column)::regclass,
    -- A sequence of its own, named in the default only.
    (select d.refobjid::regclass
     from pg_attribute a
     join pg_attrdef f on f.adrelid = a.attrelid and f.adnum = a.attnum
     join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = f.oid and d.refclassid = 'pg_class'::regclass
     join pg_class c on c.oid = d.refobjid and c.relkind = 'S'
     where a.attrelid = p_relation and a.attname = p_column
     limit 1))
$$;
comment on function steep_repl.key_sequence(regclass, name) is 'The sequence that a column''s values are drawn from; null if there is none';

create function steep_repl.range_key(
  p_relation regclass, out key_column name, out key_sequence regclass, out last_id bigint, out block_ids bigint,
  out why text, out hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_index constant regclass := steep_repl.key_index(p_relation);
  v_column record;
  v_sequence pg_sequence;
  v_columns integer;
  v_parent regclass;
  v_user regclass;
begin
  hint := 'Its conflicts are decided as configured; keep its keys apart yourself.';
  if v_index is null then
    why := 'it has no key';
    return;
  end if;
  select i.indnkeyatts into v_columns from pg_index i where i.indexrelid = v_index;
  select a.attname, a.atttypid, steep_repl.key_sequence(p_relation, a.attname) as sequence into v_column
  from pg_index i join pg_attribute a on a.attrelid = i.indrelid
    and a.attnum = any ((i.indkey::smallint[])[0:i.indnkeyatts - 1])
  where i.indexrelid = v_index
  order by steep_repl.key_sequence(p_relation, a.attname) is null, a.attnum limit 1;
  if v_column.sequence is null then
    select k.confrelid::regclass into v_parent
    from pg_constraint k join steep_repl.range_tables t on t.relation = k.confrelid and t.is_active
    join pg_index i on i.indexrelid = v_index
    where k.conrelid = p_relation and k.contype = 'f' and k.conkey && (i.indkey::smallint[])[0:i.indnkeyatts - 1]
    limit 1;
    if v_parent is not null then
      why := format('its key contains that of %s, whose ids are kept apart', v_parent);
      hint := 'There is nothing to do.';
    elsif v_columns > 1 then
      why := 'no column of its key is drawn from a sequence';
    elsif v_column.atttypid not in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) then
      why := format('its key %I is of type %s', v_column.attname, v_column.atttypid::regtype);
    else
      why := format('its key %I is not drawn from a sequence', v_column.attname);
    end if;
    return;
  end if;
  select s.* into v_sequence from pg_sequence s where s.seqrelid = v_column.sequence;
  select a.adrelid::regclass into v_user
  from pg_depend d join pg_attrdef a on d.classid = 'pg_attrdef'::regclass and a.oid = d.objid
  where d.refclassid = 'pg_class'::regclass and d.refobjid = v_column.sequence and a.adrelid <> p_relation
    and a.adrelid not in (select t.relid from pg_partition_tree(p_relation) t)
  limit 1;
  if v_column.atttypid not in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) then
    why := format('its key %I is of type %s', v_column.attname, v_column.atttypid::regtype);
  elsif v_user is not null then
    why := format('table %s draws from its sequence %s, too', v_user, v_column.sequence);
    hint := 'Give each table a sequence of its own.';
  elsif v_sequence.seqincrement <> 1 then
    why := format('its sequence %s counts in steps of %s', v_column.sequence, v_sequence.seqincrement);
    hint := format('alter sequence %s increment by 1', v_column.sequence);
  elsif v_sequence.seqcycle then
    why := format('its sequence %s begins again at its end', v_column.sequence);
    hint := format('alter sequence %s no cycle', v_column.sequence);
  else
    key_column := v_column.attname;
    key_sequence := v_column.sequence;
    -- KeyType::space in crates/steep-ranges.
    last_id := case v_column.atttypid when 'int2'::regtype then 32767 when 'int4'::regtype then 2147483647
      else 9223372036854775806 end;
    block_ids := case v_column.atttypid when 'int2'::regtype then 256 when 'int4'::regtype then 65536 else 16777216 end;
    if block_ids < steep_repl.range_headroom(key_sequence) then
      why := format('its sequence %s may set aside %s ids at a time, more than a block of %s has',
        key_sequence, steep_repl.range_headroom(key_sequence), block_ids);
      hint := format('alter sequence %s cache 1, or a larger type for %I', key_sequence, key_column);
    else
      hint := null;
    end if;
  end if;
end
$$;
comment on function steep_repl.range_key(regclass) is
  'Which column of a table has generated keys, and why their ids cannot be kept apart; why is null if they can';

create function steep_repl.range_headroom(p_sequence oid) returns bigint
language c volatile strict
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'range_headroom_wrapper';
comment on function steep_repl.range_headroom(oid) is
  'How many ids of a sequence all sessions together may have drawn before one of them is checked';

create function steep_repl.require_managed(p_schema text, p_table text) returns steep_repl.range_tables
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table steep_repl.range_tables;
begin
  select t.* into v_table from steep_repl.range_tables t
  where t.table_schema = p_schema and t.table_name = p_table and t.is_active;
  if not found then
    raise exception using
      errcode = 'undefined_object',
      message = format('table %I.%I has no identity ranges', p_schema, p_table),
      hint = 'See steep_repl.range_tables, and steep_repl.manage_ranges().';
  end if;
  return v_table;
end
$$;
comment on function steep_repl.require_managed(text, text) is 'What is known of a table with identity ranges, or an error';
