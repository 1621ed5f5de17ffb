-- These run with the rights of whoever calls them, down to the table's own triggers: as the
-- extension's owner, a trigger of any table's owner would run as a superuser.

create function steep_repl.find_row(
  p_relation regclass, p_key jsonb, p_lock boolean,
  out place oid, out tid tid, out present jsonb, out writer xid)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  execute (
    select format('select t.tableoid, t.ctid, to_jsonb(t.*), t.xmin from %s t, jsonb_to_record($1) as k (%s) where %s%s',
      p_relation,
      string_agg(format('%I %s', c.name, c.type), ', ' order by c.key_place),
      string_agg(format('t.%1$I %2$s k.%1$I', c.name, c.key_equality), ' and ' order by c.key_place),
      case when p_lock then ' for update of t' else '' end)
    from steep_repl.table_columns(p_relation) c where c.key_place is not null)
  into place, tid, present, writer using p_key;
end
$$;
comment on function steep_repl.find_row(regclass, jsonb, boolean) is 'The row under a key, where it is and who wrote it; locked if asked';

create function steep_repl.write_session_path() returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select s.reset_val from pg_settings s where s.name = 'search_path'
$$;
comment on function steep_repl.write_session_path() is
  'The search path that sessions of this user start with: what triggers and defaults of user tables expect';

create function steep_repl.require_written(p_relation regclass, p_rows bigint) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_rows <> 1 then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = format('table %s did not take the write', p_relation),
      detail = 'A trigger, a rule or a row security policy of the table suppressed it.',
      hint = 'Nothing was changed. Write the row by hand as the table''s owner, or as a user its policies let through.';
  end if;
end
$$;
comment on function steep_repl.require_written(regclass, bigint) is 'Raises an error unless exactly one row was written';

create function steep_repl.insert_row(p_relation regclass, p_tuple jsonb) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
  v_statement constant text := (
    select format('insert into %s (%s) overriding system value select %s from pg_catalog.jsonb_to_record($1) as n (%s)',
      p_relation, string_agg(quote_ident(c.name), ', '),
      string_agg(format(case when c.needs_json_null then 'coalesce(n.%I, ''null'')' else 'n.%I' end, c.name), ', '),
      string_agg(format('%I %s', c.name, c.type), ', '))
    from steep_repl.table_columns(p_relation) c where p_tuple ? c.name and not c.is_generated);
begin
  perform steep_repl.vouch_for_row(p_relation, p_tuple);
  perform set_config('search_path', steep_repl.write_session_path(), true);
  execute v_statement using p_tuple;
  get diagnostics v_rows = row_count;
  perform steep_repl.vouch_for_row(p_relation, null);
  perform steep_repl.require_written(p_relation, v_rows);
end
$$;
comment on function steep_repl.insert_row(regclass, jsonb) is 'Inserts a fitted tuple; what it does not name gets its default';

-- Columns that keep their value are written again out of a copy in which nothing is out of line:
-- the change then carries the whole row, and the other nodes do not keep long values of their own.
create function steep_repl.update_row(
  p_relation regclass, p_place oid, p_tid tid, p_present jsonb, p_tuple jsonb) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
  v_statement constant text := (
    select format('update %1$s t set %2$s from (select (s.*)::%1$s as whole from %1$s s '
        'where s.tableoid operator(pg_catalog.=) $2 and s.ctid operator(pg_catalog.=) $3 offset 0) as o%3$s '
        'where t.tableoid operator(pg_catalog.=) $2 and t.ctid operator(pg_catalog.=) $3',
      p_relation,
      string_agg(format(
        case when not c.is_new then '%1$I = (o.whole).%1$I'
          when c.needs_json_null then '%1$I = coalesce(n.%1$I, ''null'')'
          else '%1$I = n.%1$I' end, c.name), ', '),
      ', pg_catalog.jsonb_to_record($1) as n ('
        || string_agg(format('%I %s', c.name, c.type), ', ') filter (where c.is_new) || ')')
    from (
      select k.*, p_tuple ? k.name and p_tuple -> k.name is distinct from p_present -> k.name as is_new
      from steep_repl.table_columns(p_relation) k where not k.is_generated
    ) as c
    -- An identity column that is always generated can be set by INSERT only.
    where c.is_new or not c.is_always_identity);
begin
  if v_statement is null then
    raise exception using
      errcode = 'feature_not_supported',
      message = format('no column of table %s can be updated', p_relation),
      hint = 'All its columns are generated. Delete the row and insert it again.';
  end if;
  perform set_config('search_path', steep_repl.write_session_path(), true);
  execute v_statement using p_tuple, p_place, p_tid;
  get diagnostics v_rows = row_count;
  perform steep_repl.require_written(p_relation, v_rows);
end
$$;
comment on function steep_repl.update_row(regclass, oid, tid, jsonb, jsonb) is
  'Updates a locked row to a fitted tuple, as a write of the whole row; what the tuple does not name stays';

create function steep_repl.put_row(p_relation regclass, p_tuple jsonb, p_even_if_equal boolean) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_tuple constant jsonb := steep_repl.fitted_tuple(p_relation, p_tuple);
  v_row record;
begin
  select * into v_row from steep_repl.find_row(p_relation, v_tuple, true);
  if v_row.present is null then
    perform steep_repl.insert_row(p_relation, v_tuple);
  elsif p_even_if_equal or not steep_repl.holds(v_row.present, v_tuple) then
    perform steep_repl.update_row(p_relation, v_row.place, v_row.tid, v_row.present, v_tuple);
  else
    return false;
  end if;
  return true;
end
$$;
comment on function steep_repl.put_row(regclass, jsonb, boolean) is
  'Updates the row with a tuple''s key or inserts it; false if it was so already and need not be written again';

create function steep_repl.remove_row(p_relation regclass, p_key jsonb) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_row record;
  v_rows bigint;
  v_statement constant text := format('delete from %s t where t.tableoid operator(pg_catalog.=) $1 '
    'and t.ctid operator(pg_catalog.=) $2', p_relation);
begin
  select * into v_row from steep_repl.find_row(p_relation, p_key, true);
  if v_row.present is null then
    return false;
  end if;
  perform set_config('search_path', steep_repl.write_session_path(), true);
  execute v_statement using v_row.place, v_row.tid;
  get diagnostics v_rows = row_count;
  perform steep_repl.require_written(p_relation, v_rows);
  return true;
end
$$;
comment on function steep_repl.remove_row(regclass, jsonb) is 'Deletes the row under a key; false if there is none';
