-- The rules are those of plan_revert in crates/steep-conflict, which the daemon uses to show what a
-- revert would do.

create function steep_repl.version_of(p_writer xid, out written_at timestamptz, out node_id text)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select v.timestamp,
    case when v.roident = 0 then (select n.node_id from steep_repl.local_node n) else (
      select p.node_id from pg_replication_origin o
      join pg_subscription s on o.roname = 'pg_' || s.oid
      join steep_repl.peers p on p.subscription = s.subname
      where o.roident = v.roident) end
  from pg_xact_commit_timestamp_origin(p_writer) v
$$;
comment on function steep_repl.version_of(xid) is
  'Commit timestamp and node of the transaction that wrote a row; null where it is not kept or not committed yet';

create function steep_repl.tombstone_version(p_relation regclass, p_key jsonb, out written_at timestamptz, out node_id text)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(t.retracted_at, v.written_at), coalesce(t.retracted_node, v.node_id)
  from steep_repl.tombstones t, steep_repl.version_of(t.xmin) v
  where t.relation = p_relation and t.row_key = steep_repl.key_texts(p_relation, p_key)
  order by 1 desc nulls last limit 1
$$;
comment on function steep_repl.tombstone_version(regclass, jsonb) is 'Version of the latest delete of a key that is remembered';

create function steep_repl.version_left(p_entry steep_repl.conflict_log, out written_at timestamptz, out node_id text)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_writer xid;
begin
  if (p_entry).resolution_id is not null then
    -- A person's write has the version of the decision that it was made with.
    select r.xmin into v_writer from steep_repl.resolutions r where r.resolution_id = (p_entry).resolution_id;
    if found then
      select v.* into written_at, node_id from steep_repl.version_of(v_writer) v;
    end if;
  elsif ((p_entry).resolution = 'APPLIED_REMOTE') = ((p_entry).conflict_type = 'UNIQUE-KEY') then
    written_at := (p_entry).local_xact_ts;
    node_id := (p_entry).local_origin;
  else
    written_at := (p_entry).remote_xact_ts;
    node_id := (p_entry).remote_origin;
  end if;
end
$$;
comment on function steep_repl.version_left(steep_repl.conflict_log) is
  'The version that a decision left under its key; null if it is not known any more';

create function steep_repl.require_revertible(p_entry steep_repl.conflict_log) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if coalesce((p_entry).resolution, 'PENDING') = 'PENDING' then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = format('conflict %s is pending, there is no resolution to revert', (p_entry).id),
      hint = 'To decide it, use steep_repl.resolve_conflict().';
  elsif (p_entry).resolution = 'REVERTED' then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = format('resolution of conflict %s is already reverted', (p_entry).id),
      detail = format('By %s at %s.', coalesce((p_entry).resolved_by, 'nobody known'), (p_entry).resolved_at),
      hint = 'To write another row, use steep_repl.apply_tuple().';
  end if;
end
$$;
comment on function steep_repl.require_revertible(steep_repl.conflict_log) is 'Raises an error unless an entry is decided and not reverted';

create function steep_repl.plan_revert(
  p_entry steep_repl.conflict_log, p_force boolean, p_lock boolean,
  out action text, out row_key jsonb, out present jsonb, out result jsonb)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_relation constant regclass := steep_repl.replicated_relation((p_entry).table_schema, (p_entry).table_name);
  v_side constant text := case when (p_entry).resolution = 'KEPT_LOCAL' then 'remote' else 'local' end;
  v_loser constant jsonb := case when v_side = 'remote' then (p_entry).remote_tuple else (p_entry).local_tuple end;
  v_winner constant jsonb := case (p_entry).resolution when 'APPLIED_REMOTE' then (p_entry).remote_tuple
    when 'KEPT_LOCAL' then (p_entry).local_tuple else '{}' end;
  v_lacking text;
  v_writer xid;
  v_left record;
  v_found record;
begin
  perform steep_repl.require_revertible(p_entry);
  row_key := coalesce(steep_repl.key_of(v_relation, v_loser), (p_entry).row_key);
  select string_agg(quote_ident(c.name), ', ') into v_lacking
  from steep_repl.table_columns(v_relation) c where not c.is_generated and not v_loser ? c.name;
  if v_lacking is not null
    or (v_loser is null and (p_entry).conflict_type not in ('UPDATE-DELETE', 'INSERT-DELETE')) then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = format('conflict log does not hold the whole %s row of conflict %s', v_side, (p_entry).id),
      detail = case when v_lacking is null then 'Its values were not kept.' else format('It lacks: %s.', v_lacking) end,
      hint = 'Write the row with steep_repl.apply_tuple().';
  end if;
  select f.present, f.writer into present, v_writer from steep_repl.find_row(v_relation, row_key, p_lock) f;
  if not p_force then
    select v.* into v_left from steep_repl.version_left(p_entry) v;
    if present is not null then
      select v.* into v_found from steep_repl.version_of(v_writer) v;
    else
      select v.* into v_found from steep_repl.tombstone_version(v_relation, row_key) v;
    end if;
    -- A version that cannot be read is no proof that nothing changed. Nothing at all under the key is
    -- one if the decision left a tombstone: it was pruned.
    if (case
      when present is null and v_found.written_at is null
        then (p_entry).conflict_type <> 'UNIQUE-KEY' and v_winner is not null
      -- A person may have decided for the deleted side after the delete.
      when present is null and v_winner is null and (p_entry).resolution_id is not null
        then v_found.written_at > v_left.written_at
      when v_found.written_at is null or v_left.written_at is null then true
      else v_found.written_at <> v_left.written_at
        -- The node is unknown once its subscription is gone; the timestamp stands.
        or coalesce(v_found.node_id <> v_left.node_id, false) end) then
      raise exception using
        errcode = 'object_not_in_prerequisite_state',
        message = format('row was changed after conflict %s was resolved', (p_entry).id),
        detail = format('The resolution left the version of %s, now there is %s.',
          coalesce(concat_ws(' by ', v_left.written_at, v_left.node_id), 'an unknown time'),
          case when v_found.written_at is not null
              then format('%s of %s', case when present is null then 'a delete' else 'one' end,
                concat_ws(' by ', v_found.written_at, v_found.node_id))
            when present is null then 'no row' else 'one of an unknown time' end),
        hint = 'To write the losing row over it all the same, pass p_force => true.';
    end if;
  end if;
  if v_loser is null and present is null then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = format('row of conflict %s is already deleted', (p_entry).id),
      hint = 'There is nothing to revert: the losing side had deleted it, too.';
  end if;
  action := case when v_loser is null then 'DELETE' when present is null then 'INSERT' else 'UPDATE' end;
  if v_loser is not null then
    result := coalesce(present, '{}') || steep_repl.fitted_tuple(v_relation, v_loser);
  end if;
end
$$;
comment on function steep_repl.plan_revert(steep_repl.conflict_log, boolean, boolean) is
  'The write that takes a resolution back, or an error that says what stands in the way';

create function steep_repl.record_revert(p_conflict_id bigint, p_reason text, p_step jsonb) returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_entry constant steep_repl.conflict_log := steep_repl.lock_conflict(p_conflict_id);
  v_relation constant regclass := steep_repl.replicated_relation(v_entry.table_schema, v_entry.table_name);
  v_decision steep_repl.resolutions;
  v_id bigint;
begin
  perform steep_repl.require_revertible(v_entry);
  insert into steep_repl.resolutions (node_id, conflict_id, table_schema, table_name, row_key, resolution,
    local_origin, local_xact_ts, remote_origin, remote_xact_ts, resolved_by, reason)
  values (steep_repl.require_node_id(), v_entry.id, v_entry.table_schema, v_entry.table_name,
    coalesce(v_entry.row_key, steep_repl.key_of(v_relation, coalesce(v_entry.remote_tuple, v_entry.local_tuple))),
    'REVERTED', v_entry.local_origin, v_entry.local_xact_ts, v_entry.remote_origin, v_entry.remote_xact_ts,
    session_user, p_reason)
  returning * into v_decision;
  -- With what the same decision of a person had settled.
  perform steep_repl.decide_entry(c.id, 'REVERTED', v_decision.resolved_at, v_decision.resolved_by, v_decision.resolution_id)
  from (
    select k.id from steep_repl.conflict_log k
    where k.id = p_conflict_id
      or (k.resolution_id = v_entry.resolution_id and k.table_schema = v_entry.table_schema and k.table_name = v_entry.table_name)
    order by k.id
  ) as c;
  insert into steep_repl.conflict_log (subscription, table_schema, table_name, conflict_type, local_tuple, remote_tuple,
    remote_origin, origin_xid, resolution, resolved_at, resolved_by, row_key, strategy, resolution_id, note)
  values (v_entry.subscription, v_entry.table_schema, v_entry.table_name, v_entry.conflict_type,
    nullif(p_step -> 'present', 'null'), nullif(p_step -> 'result', 'null'), v_decision.node_id, v_entry.origin_xid,
    'REVERTED', v_decision.resolved_at, v_decision.resolved_by, p_step -> 'row_key', v_entry.strategy,
    v_decision.resolution_id,
    format('revert of conflict %s (%s): %s', v_entry.id, v_entry.resolution, coalesce(p_reason, 'no reason given')))
  returning id into v_id;
  update steep_repl.conflict_log c
  set note = concat_ws('; ', c.note, format('%s reverted by conflict %s', v_entry.resolution, v_id))
  where c.id = p_conflict_id;
  perform steep_repl.audit('conflict.revert', 'conflict', p_conflict_id::text, to_jsonb(v_entry),
    jsonb_build_object('resolution', 'REVERTED', 'resolution_id', v_decision.resolution_id,
      'reason', p_reason, 'entry', v_id, 'steps', jsonb_build_array(p_step)));
  return v_id;
end
$$;
comment on function steep_repl.record_revert(bigint, text, jsonb) is
  'First half of revert_resolution(): publishes and logs the revert; the row is written by the caller';

create function steep_repl.revert_resolution(
  p_conflict_id bigint, p_reason text default 'Manual revert', p_force boolean default false,
  p_dry_run boolean default false)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_entry steep_repl.conflict_log;
  v_relation regclass;
  v_step record;
  v_id bigint;
begin
  v_entry := case when p_dry_run then steep_repl.entry(p_conflict_id) else steep_repl.lock_conflict(p_conflict_id) end;
  perform steep_repl.require_revertible(v_entry);
  v_relation := steep_repl.replicated_relation(v_entry.table_schema, v_entry.table_name);
  select p.* into v_step from steep_repl.plan_revert(v_entry, p_force, not p_dry_run) p;
  if p_dry_run then
    raise notice using
      message = format('conflict %s: would %s the row %s of %s', p_conflict_id, lower(v_step.action), v_step.row_key, v_relation),
      detail = format('Now: %s. Then: %s.', coalesce(v_step.present::text, 'no row'), coalesce(v_step.result::text, 'no row'));
    return null;
  end if;
  v_id := steep_repl.record_revert(p_conflict_id, p_reason, to_jsonb(v_step));
  if v_step.action = 'DELETE' then
    perform steep_repl.remove_row(v_relation, v_step.row_key);
  else
    perform steep_repl.put_row(v_relation, v_step.result, true);
  end if;
  return v_id;
end
$$;
comment on function steep_repl.revert_resolution(bigint, text, boolean, boolean) is
  'Writes the losing row of a decided conflict back, for all nodes; returns the entry of conflict_log that records it, null for a dry run';
