create function steep_repl.pending_conflicts(
  p_filter_xid bigint, p_filter_table text, p_filter_time_start timestamptz, p_filter_time_end timestamptz, p_lock boolean)
returns bigint[]
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_name text[];
  v_ids bigint[];
begin
  if num_nonnulls(p_filter_xid, p_filter_table, p_filter_time_start, p_filter_time_end) = 0 then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = 'no filter given for a bulk resolution',
      hint = 'Give at least one of p_filter_xid, p_filter_table, p_filter_time_start and p_filter_time_end.';
  elsif p_filter_time_start > p_filter_time_end then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('time range of a bulk resolution is empty: %s is after %s', p_filter_time_start, p_filter_time_end),
      hint = 'The start comes first; both ends belong to the range.';
  end if;
  if p_filter_table is not null then
    begin
      v_name := parse_ident(p_filter_table);
    exception when invalid_parameter_value then
      v_name := array[p_filter_table];
    end;
    if cardinality(v_name) > 2
      or not exists (select from steep_repl.conflict_log c
                     where c.table_name = v_name[cardinality(v_name)]
                       and (cardinality(v_name) = 1 or c.table_schema = v_name[1]))
      and not exists (select from steep_repl.replicated_tables t
                      join pg_class k on k.oid = t.relation join pg_namespace n on n.oid = k.relnamespace
                      where k.relname = v_name[cardinality(v_name)]
                        and (cardinality(v_name) = 1 or n.nspname = v_name[1])) then
      raise exception using
        errcode = 'undefined_table',
        message = format('no replicated table is named %s', p_filter_table),
        hint = 'Give a table or schema.table as in SQL: names with capitals or spaces in double quotes.';
    end if;
  end if;
  v_ids := array(
    select c.id from steep_repl.conflict_log c
    where c.resolution = 'PENDING'
      and (p_filter_xid is null or c.origin_xid = p_filter_xid)
      and (v_name is null or (c.table_name = v_name[cardinality(v_name)]
        and (cardinality(v_name) = 1 or c.table_schema = v_name[1])))
      and (p_filter_time_start is null or c.detected_at >= p_filter_time_start)
      and (p_filter_time_end is null or c.detected_at <= p_filter_time_end));
  if p_lock then
    -- With what else is pending of the same rows, and in one order for everybody.
    perform from steep_repl.conflict_log c
    where c.resolution = 'PENDING' and (c.table_schema, c.table_name, c.row_key) in (
      select k.table_schema, k.table_name, k.row_key from steep_repl.conflict_log k where k.id = any (v_ids))
    order by c.id for update;
  end if;
  -- The latest conflict of each row first: its decision settles the earlier ones.
  return array(
    select c.id
    from (
      select c.id, max(c.id) over (partition by c.table_schema, c.table_name, c.row_key) as latest
      from steep_repl.conflict_log c where c.id = any (v_ids) and c.resolution = 'PENDING'
    ) as c
    order by c.latest, c.id desc);
end
$$;
comment on function steep_repl.pending_conflicts(bigint, text, timestamptz, timestamptz, boolean) is
  'Numbers of the pending conflicts that pass a filter, in the order to resolve them in; locked if asked';

create function steep_repl.resolve_conflicts_bulk(
  p_resolution text, p_filter_xid bigint default null, p_filter_table text default null,
  p_filter_time_start timestamptz default null, p_filter_time_end timestamptz default null,
  p_dry_run boolean default false, p_reason text default null)
returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids bigint[];
  v_id bigint;
  v_state text;
  v_message text;
  v_detail text;
  v_hint text;
begin
  if upper(p_resolution) = 'MERGED' then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = 'a bulk resolution cannot merge',
      hint = 'Resolutions in bulk: local (KEPT_LOCAL), remote (APPLIED_REMOTE). Merge single conflicts with steep_repl.resolve_conflict().';
  end if;
  perform steep_repl.require_resolution(p_resolution, null);
  v_ids := steep_repl.pending_conflicts(
    p_filter_xid, p_filter_table, p_filter_time_start, p_filter_time_end, not p_dry_run);
  begin
    foreach v_id in array v_ids loop
      -- The decision about a later conflict of the same row may have settled this one.
      if (select c.resolution from steep_repl.conflict_log c where c.id = v_id) = 'PENDING' then
        perform steep_repl.resolve_conflict(v_id, p_resolution, null, p_reason, p_dry_run);
      end if;
    end loop;
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text,
      v_detail = pg_exception_detail, v_hint = pg_exception_hint;
    raise exception using
      errcode = v_state,
      message = format('conflict %s: %s', v_id, v_message),
      detail = concat_ws(' ', nullif(v_detail, ''), 'No conflict was resolved.'),
      hint = coalesce(nullif(v_hint, ''), 'Resolve this conflict by itself, or leave it out by another filter.');
  end;
  return cardinality(v_ids);
end
$$;
comment on function steep_repl.resolve_conflicts_bulk(text, bigint, text, timestamptz, timestamptz, boolean, text) is
  'Decides all pending conflicts of a remote transaction, a table, or a time range (of detection) alike, or none; returns how many';
