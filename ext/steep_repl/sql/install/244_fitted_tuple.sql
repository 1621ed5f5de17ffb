create function steep_repl.fitted_tuple(p_relation regclass, p_tuple jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_name text;
  v_type text;
  v_columns text;
  v_fitted jsonb;
  v_state text;
  v_error text;
begin
  if p_tuple is null or jsonb_typeof(p_tuple) <> 'object' then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('tuple for table %s is not a JSON object', p_relation),
      detail = format('It is %s.', case when p_tuple is null then 'null'
        else format('of JSON type %s', jsonb_typeof(p_tuple)) end),
      hint = 'A tuple is {"column": value, …}, as to_jsonb() makes it of a row.';
  end if;
  select k into v_name from jsonb_object_keys(p_tuple) as k
  where not exists (select from steep_repl.table_columns(p_relation) c where c.name = k)
  order by k limit 1;
  if found then
    raise exception using
      errcode = 'undefined_column',
      message = format('table %s has no column %I', p_relation, v_name),
      hint = format('Its columns are: %s.', (
        select string_agg(quote_ident(c.name), ', ') from steep_repl.table_columns(p_relation) c));
  end if;
  select c.name into v_name from steep_repl.table_columns(p_relation) c
  where c.key_place is not null and coalesce(p_tuple -> c.name, 'null') = 'null'
  order by c.key_place limit 1;
  if found then
    raise exception using
      errcode = 'null_value_not_allowed',
      message = case when p_tuple ? v_name
        then format('key column %I of the tuple for table %s is null', v_name, p_relation)
        else format('tuple for table %s lacks key column %I', p_relation, v_name) end,
      hint = 'A tuple names its row by the whole key.';
  end if;
  begin
    select string_agg(format('%I %s', c.name, c.type), ', ') into v_columns
    from steep_repl.table_columns(p_relation) c where p_tuple ? c.name and not c.is_generated;
    execute format('select to_jsonb(n.*) from jsonb_to_record($1) as n (%s)', v_columns)
    into v_fitted using p_tuple;
  exception when data_exception or integrity_constraint_violation or feature_not_supported then
    get stacked diagnostics v_state = returned_sqlstate, v_error = message_text;
    for v_name, v_type in
      select c.name, c.type from steep_repl.table_columns(p_relation) c where p_tuple ? c.name and not c.is_generated
    loop
      begin
        execute format('select from jsonb_to_record($1) as n (%I %s)', v_name, v_type) using p_tuple;
      exception when data_exception or integrity_constraint_violation or feature_not_supported then
        raise exception using
          errcode = v_state,
          message = format('value %s does not fit column %I of table %s, which is of type %s',
            case when length((p_tuple -> v_name)::text) > 100 then left((p_tuple -> v_name)::text, 100) || '…'
              else (p_tuple -> v_name)::text end, v_name, p_relation, v_type),
          detail = sqlerrm,
          hint = 'Nothing was changed.';
      end;
    end loop;
    raise exception using errcode = v_state, message = v_error;
  end;
  return v_fitted;
end
$$;
comment on function steep_repl.fitted_tuple(regclass, jsonb) is
  'A tuple as the table''s types render it, without generated columns; an error that names what does not fit';

create function steep_repl.holds(p_present jsonb, p_tuple jsonb) returns boolean
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  -- Not "@>", to which an array contains every shorter one.
  select p_present is not null
    and not exists (select from jsonb_each(p_tuple) e where e.value is distinct from p_present -> e.key)
$$;
comment on function steep_repl.holds(jsonb, jsonb) is 'Whether a row has exactly the values of a tuple in the tuple''s columns';
