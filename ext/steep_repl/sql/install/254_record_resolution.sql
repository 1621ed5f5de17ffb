-- What a decision writes to the extension's own tables, with the extension's rights. The write to the
-- user's table that must follow in the same transaction runs with the caller's rights.
create function steep_repl.entry(p_conflict_id bigint) returns steep_repl.conflict_log
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_entry steep_repl.conflict_log;
begin
  select c.* into v_entry from steep_repl.conflict_log c where c.id = p_conflict_id;
  if v_entry.id is null then
    raise exception using
      errcode = 'no_data_found',
      message = format('conflict %s does not exist', coalesce(p_conflict_id::text, 'null')),
      hint = 'See steep_repl.conflict_log. Entries are numbered on each node for itself, and removed after steep_repl.conflict_log_retention.';
  end if;
  return v_entry;
end
$$;
comment on function steep_repl.entry(bigint) is 'An entry of conflict_log, or an error';

create function steep_repl.lock_conflict(p_conflict_id bigint) returns steep_repl.conflict_log
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_entry steep_repl.conflict_log := steep_repl.entry(p_conflict_id);
begin
  -- All of the key at once and by number, so that two people at the same row wait and do not deadlock.
  perform from steep_repl.conflict_log c
  where c.id = p_conflict_id or (c.resolution = 'PENDING' and c.row_key = v_entry.row_key
    and c.table_schema = v_entry.table_schema and c.table_name = v_entry.table_name)
  order by c.id for update;
  select c.* into v_entry from steep_repl.conflict_log c where c.id = p_conflict_id;
  return v_entry;
end
$$;
comment on function steep_repl.lock_conflict(bigint) is 'An entry of conflict_log, locked together with what else is pending of its row';

create function steep_repl.require_pending(p_entry steep_repl.conflict_log) returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if (p_entry).resolution is distinct from 'PENDING' then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = format('conflict %s is already resolved: %s', (p_entry).id, (p_entry).resolution),
      detail = format('By %s at %s.', coalesce((p_entry).resolved_by, 'nobody known'), coalesce((p_entry).resolved_at::text, 'an unknown time')),
      hint = 'To take a decision back, use steep_repl.revert_resolution().';
  end if;
end
$$;
comment on function steep_repl.require_pending(steep_repl.conflict_log) is 'Raises an error unless an entry waits for a decision';

create function steep_repl.require_node_id() returns text
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_node_id constant text := steep_repl.node_id();
begin
  if v_node_id is null then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = 'this node has no identity yet',
      hint = 'Use steep_repl.set_node_id(node_id) first.';
  end if;
  return v_node_id;
end
$$;
comment on function steep_repl.require_node_id() is 'This node''s id, or an error';

create function steep_repl.record_resolution(
  p_conflict_id bigint, p_resolution text, p_reason text, p_steps jsonb) returns uuid
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_entry constant steep_repl.conflict_log := steep_repl.lock_conflict(p_conflict_id);
  v_decision steep_repl.resolutions;
  v_relation constant regclass := steep_repl.replicated_relation(v_entry.table_schema, v_entry.table_name);
begin
  perform steep_repl.require_pending(v_entry);
  if p_resolution not in ('KEPT_LOCAL', 'APPLIED_REMOTE', 'MERGED') then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('"%s" is no resolution of a conflict', p_resolution);
  end if;
  insert into steep_repl.resolutions (node_id, conflict_id, table_schema, table_name, row_key, resolution,
    local_origin, local_xact_ts, remote_origin, remote_xact_ts, resolved_by, reason)
  values (steep_repl.require_node_id(), v_entry.id, v_entry.table_schema, v_entry.table_name,
    coalesce(v_entry.row_key, steep_repl.key_of(v_relation, coalesce(v_entry.remote_tuple, v_entry.local_tuple))),
    p_resolution, v_entry.local_origin, v_entry.local_xact_ts, v_entry.remote_origin, v_entry.remote_xact_ts,
    session_user, p_reason)
  returning * into v_decision;
  -- Where the row is not here, no DELETE can tell the others that it is to go: its version is
  -- withdrawn. That writes to the table of every other node, so it takes the right to delete.
  if p_steps @> '[{"action": "RETRACT"}]' then
    if not has_table_privilege(session_user, v_relation, 'delete') then
      raise exception using
        errcode = 'insufficient_privilege',
        message = format('permission denied for table %s', v_relation),
        detail = 'The decision deletes the row on other nodes.',
        hint = format('grant delete on %s to …', v_relation);
    end if;
    insert into steep_repl.retractions (node_id, table_schema, table_name, row_key, version_at, version_node)
    select v_decision.node_id, v_entry.table_schema, v_entry.table_name,
      steep_repl.key_texts(v_relation, steep_repl.key_of(v_relation, v_entry.remote_tuple)),
      v_entry.remote_xact_ts, v_entry.remote_origin
    where v_entry.remote_tuple is not null and v_entry.remote_xact_ts is not null and v_entry.remote_origin is not null;
  end if;
  perform steep_repl.close_pending(v_decision);
  if exists (select from steep_repl.conflict_log c where c.id = p_conflict_id and c.resolution = 'PENDING') then
    -- Neither version is known.
    perform steep_repl.decide_entry(p_conflict_id, p_resolution, v_decision.resolved_at, v_decision.resolved_by,
      v_decision.resolution_id);
  end if;
  perform steep_repl.audit('conflict.resolve', 'conflict', p_conflict_id::text, to_jsonb(v_entry),
    jsonb_build_object('resolution', p_resolution, 'resolution_id', v_decision.resolution_id,
      'reason', p_reason, 'steps', p_steps));
  return v_decision.resolution_id;
end
$$;
comment on function steep_repl.record_resolution(bigint, text, text, jsonb) is
  'First half of resolve_conflict(): publishes the decision and closes the entries; the rows are written by the caller';
