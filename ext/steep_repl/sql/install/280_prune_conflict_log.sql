create function steep_repl.conflict_log_retention() returns interval
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  -- current_setting() shows a unit ('30d'), pg_settings plain minutes; it lists no setting that the
  -- loaded library does not define.
  select make_interval(mins => coalesce((
    select s.setting::integer from pg_settings s where s.name = 'steep_repl.conflict_log_retention'), 43200))
$$;
comment on function steep_repl.conflict_log_retention() is
  'How long decided conflicts are kept (steep_repl.conflict_log_retention, 30 days by default); zero for ever';

create function steep_repl.prune_conflict_log() returns bigint
language plpgsql volatile security definer
-- Without statistics the planner would rather read the whole log, even where nothing is to be removed.
set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
  v_before constant timestamptz := now() - nullif(steep_repl.conflict_log_retention(), '0');
  v_state steep_repl.conflict_count_state;
  v_batch bigint;
  v_removed bigint := 0;
begin
  if v_before is null then
    return 0;
  end if;
  perform steep_repl.count_conflicts();
  loop
    select s.* into v_state from steep_repl.conflict_count_state s;
    -- Small batches, found by the index on detected_at. Whoever decides about a row has it locked, and
    -- it is left for the next time.
    delete from steep_repl.conflict_log c
    where c.id = any (array(
      select k.id from steep_repl.conflict_log k
      where k.detected_at < v_before and k.resolved_at < v_before and k.resolution <> 'PENDING'
        and (k.id <= v_state.settled_id or k.resolution_id is not null
          or steep_repl.whole_xid(k.xmin, pg_snapshot_xmax(pg_current_snapshot())::text::bigint) < v_state.counted_to_xid)
      limit 10000 for update skip locked));
    get diagnostics v_batch = row_count;
    v_removed := v_removed + v_batch;
    exit when v_batch = 0;
  end loop;
  return v_removed;
end
$$;
comment on function steep_repl.prune_conflict_log() is
  'Removes decided conflicts that are older than steep_repl.conflict_log_retention; returns how many';
