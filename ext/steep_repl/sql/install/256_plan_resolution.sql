create function steep_repl.require_resolution(p_resolution text, p_merged_tuple jsonb) returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_resolution constant text := case upper(p_resolution)
    when 'LOCAL' then 'KEPT_LOCAL' when 'KEPT_LOCAL' then 'KEPT_LOCAL'
    when 'REMOTE' then 'APPLIED_REMOTE' when 'APPLIED_REMOTE' then 'APPLIED_REMOTE'
    when 'MERGED' then 'MERGED' end;
begin
  if v_resolution is null then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('resolution "%s" does not exist', coalesce(p_resolution, '')),
      hint = 'Resolutions: local (KEPT_LOCAL), remote (APPLIED_REMOTE), merged (MERGED).';
  elsif v_resolution = 'MERGED' and p_merged_tuple is null then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = 'resolution "merged" needs a tuple',
      hint = 'Give the row that shall stay as the third argument: {"column": value, …}.';
  elsif v_resolution <> 'MERGED' and p_merged_tuple is not null then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('resolution "%s" takes no tuple', lower(p_resolution)),
      hint = 'To write a row of your own, use "merged".';
  end if;
  return v_resolution;
end
$$;
comment on function steep_repl.require_resolution(text, jsonb) is
  'A resolution in the words of conflict_log, or an error that says what is wrong with it';

create function steep_repl.known_columns(p_relation regclass, p_tuple jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_object_agg(c.name, p_tuple -> c.name)
  from steep_repl.table_columns(p_relation) c where p_tuple ? c.name
$$;
comment on function steep_repl.known_columns(regclass, jsonb) is 'A logged tuple without columns that the table has lost since';

create function steep_repl.row_is(p_relation regclass, p_present jsonb, p_logged jsonb) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select case when p_present is null or p_logged is null then p_present is null and p_logged is null
    else steep_repl.holds(p_present, steep_repl.fitted_tuple(p_relation, steep_repl.known_columns(p_relation, p_logged))) end
$$;
comment on function steep_repl.row_is(regclass, jsonb, jsonb) is 'Whether a row is still as it was logged';

-- One step for each row that is to be written, in their order. A conflict is about one row, except
-- where two keys fought for a unique value or one side changed the key: then one of the two must go
-- before the other can take its place, here and on every node that repeats the steps.
create function steep_repl.plan_resolution(
  p_entry steep_repl.conflict_log, p_resolution text, p_merged_tuple jsonb, p_lock boolean,
  out action text, out row_key jsonb, out present jsonb, out result jsonb, out is_as_logged boolean)
returns setof record
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_relation constant regclass := steep_repl.replicated_relation((p_entry).table_schema, (p_entry).table_name);
  v_local_key constant jsonb := coalesce(
    steep_repl.key_of(v_relation, (p_entry).local_tuple), (p_entry).row_key, steep_repl.key_of(v_relation, (p_entry).remote_tuple));
  v_remote_key constant jsonb := coalesce(
    steep_repl.key_of(v_relation, (p_entry).remote_tuple), (p_entry).row_key, v_local_key);
  v_is_one_row constant boolean := steep_repl.same_key(v_relation, v_local_key, v_remote_key);
  v_local jsonb;
  v_remote jsonb;
  v_merged jsonb;
  v_merged_is_local boolean;
begin
  if v_local_key is null then
    raise exception using errcode = 'object_not_in_prerequisite_state',
      message = format('conflict %s names no row', (p_entry).id),
      hint = 'Write the row by hand.';
  end if;
  if p_merged_tuple is not null then
    v_merged := steep_repl.fitted_tuple(v_relation, p_merged_tuple);
    v_merged_is_local := case
      when steep_repl.same_key(v_relation, steep_repl.key_of(v_relation, v_merged), v_local_key) then true
      when steep_repl.same_key(v_relation, steep_repl.key_of(v_relation, v_merged), v_remote_key) then false end;
    if v_merged_is_local is null then
      raise exception using
        errcode = 'invalid_parameter_value',
        message = format('merged tuple has another key than conflict %s', (p_entry).id),
        detail = format('Its key is %s, the conflict is about %s.', steep_repl.key_of(v_relation, v_merged),
          concat_ws(' and ', v_local_key, case when not v_is_one_row then v_remote_key end)),
        hint = 'Give the tuple a key of the conflict.';
    end if;
  end if;
  v_local := (select f.present from steep_repl.find_row(v_relation, v_local_key, p_lock) f);
  is_as_logged := steep_repl.row_is(v_relation, v_local, (p_entry).local_tuple);
  if v_is_one_row then
    row_key := v_local_key;
    present := v_local;
    result := case p_resolution when 'KEPT_LOCAL' then v_local
      when 'APPLIED_REMOTE' then case when (p_entry).remote_tuple is not null
        then steep_repl.fitted_tuple(v_relation, (p_entry).remote_tuple) end
      else v_merged end;
    action := case when result is not null then case when present is null then 'INSERT' else 'UPDATE' end
      when present is not null then 'DELETE'
      when (p_entry).remote_tuple is not null then 'RETRACT'
      else 'NONE' end;
    result := coalesce(present, '{}') || result;
    return next;
    return;
  end if;
  v_remote := (select f.present from steep_repl.find_row(v_relation, v_remote_key, p_lock) f);
  if p_resolution = 'KEPT_LOCAL' or (p_resolution = 'MERGED' and v_merged_is_local) then
    row_key := v_remote_key;
    present := v_remote;
    result := case when p_resolution = 'KEPT_LOCAL' then v_remote end;
    action := case when result is not null then 'UPDATE' when present is not null then 'DELETE' else 'RETRACT' end;
    return next;
    row_key := v_local_key;
    present := v_local;
    result := coalesce(v_local, '{}') || coalesce(v_merged, v_local);
  else
    row_key := v_local_key;
    present := v_local;
    result := null;
    action := case when present is null then 'NONE' else 'DELETE' end;
    return next;
    row_key := v_remote_key;
    present := v_remote;
    result := coalesce(v_remote, '{}')
      || coalesce(v_merged, case when (p_entry).remote_tuple is not null
        then steep_repl.fitted_tuple(v_relation, (p_entry).remote_tuple) end);
  end if;
  action := case when result is null then 'NONE' when present is null then 'INSERT' else 'UPDATE' end;
  return next;
end
$$;
comment on function steep_repl.plan_resolution(steep_repl.conflict_log, text, jsonb, boolean) is
  'What a resolution would write: INSERT, UPDATE, DELETE, RETRACT (the other nodes drop the row, which is not here) or NONE';

create function steep_repl.require_as_logged(p_entry steep_repl.conflict_log, p_is_as_logged boolean) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if not p_is_as_logged then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = format('the row of conflict %s has changed since the conflict was logged', (p_entry).id),
      detail = format('It was %s in table %s.', coalesce((p_entry).local_tuple::text, 'deleted'),
        quote_ident((p_entry).table_schema) || '.' || quote_ident((p_entry).table_name)),
      hint = 'Look at the row with steep_repl.preview_resolution(); to decide all the same, pass p_force => true.';
  end if;
end
$$;
comment on function steep_repl.require_as_logged(steep_repl.conflict_log, boolean) is 'Raises an error if a decision would go by an outdated row';

create function steep_repl.preview_resolution(
  p_conflict_id bigint, p_resolution text, p_merged_tuple jsonb default null)
returns table (action text, table_schema text, table_name text, row_key jsonb, present jsonb, result jsonb)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_resolution constant text := steep_repl.require_resolution(p_resolution, p_merged_tuple);
  v_entry constant steep_repl.conflict_log := steep_repl.entry(p_conflict_id);
  v_is_as_logged boolean;
begin
  perform steep_repl.require_pending(v_entry);
  for action, row_key, present, result, v_is_as_logged in
    select p.* from steep_repl.plan_resolution(v_entry, v_resolution, p_merged_tuple, false) p
  loop
    table_schema := v_entry.table_schema;
    table_name := v_entry.table_name;
    return next;
  end loop;
  if not v_is_as_logged then
    raise notice using
      message = format('the row of conflict %s has changed since the conflict was logged', p_conflict_id),
      hint = 'resolve_conflict() will ask for p_force => true.';
  end if;
end
$$;
comment on function steep_repl.preview_resolution(bigint, text, jsonb) is
  'What resolve_conflict() would write here, one row for each row of the table; changes nothing';
