-- Runs with the caller's rights: who resolves a conflict must be allowed to write the table.
create function steep_repl.resolve_conflict(
  p_conflict_id bigint, p_resolution text, p_merged_tuple jsonb default null, p_reason text default null,
  p_dry_run boolean default false, p_force boolean default false)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_resolution constant text := steep_repl.require_resolution(p_resolution, p_merged_tuple);
  v_entry steep_repl.conflict_log;
  v_relation regclass;
  v_step record;
  v_steps jsonb := '[]';
begin
  v_entry := case when p_dry_run then steep_repl.entry(p_conflict_id) else steep_repl.lock_conflict(p_conflict_id) end;
  perform steep_repl.require_pending(v_entry);
  v_relation := steep_repl.replicated_relation(v_entry.table_schema, v_entry.table_name);
  for v_step in
    select p.* from steep_repl.plan_resolution(v_entry, v_resolution, p_merged_tuple, not p_dry_run) p
  loop
    if not p_force then
      perform steep_repl.require_as_logged(v_entry, v_step.is_as_logged);
    end if;
    v_steps := v_steps || jsonb_build_object('action', v_step.action, 'row_key', v_step.row_key,
      'present', v_step.present, 'result', v_step.result);
    if p_dry_run then
      raise notice using message = format('conflict %s: would %s the row %s of %s', p_conflict_id,
        case v_step.action when 'NONE' then 'leave' when 'RETRACT' then 'retract on the other nodes' else lower(v_step.action) end,
        v_step.row_key, v_relation),
        detail = format('Now: %s. Then: %s.', coalesce(v_step.present::text, 'no row'), coalesce(v_step.result::text, 'no row'));
    end if;
  end loop;
  if p_dry_run then
    return false;
  end if;
  perform steep_repl.record_resolution(p_conflict_id, v_resolution, p_reason, v_steps);
  for v_step in
    select s ->> 'action' as action, s -> 'row_key' as row_key, s -> 'result' as result
    from jsonb_array_elements(v_steps) with ordinality as s (s, place) order by place
  loop
    if v_step.action in ('INSERT', 'UPDATE') then
      perform steep_repl.put_row(v_relation, v_step.result, true);
    elsif v_step.action = 'DELETE' then
      perform steep_repl.remove_row(v_relation, v_step.row_key);
    end if;
  end loop;
  return true;
end
$$;
comment on function steep_repl.resolve_conflict(bigint, text, jsonb, text, boolean, boolean) is
  'Decides a pending conflict for all nodes: local (KEPT_LOCAL), remote (APPLIED_REMOTE) or merged (MERGED, with a tuple); false for a dry run';
