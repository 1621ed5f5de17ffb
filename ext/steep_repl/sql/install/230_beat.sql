create function steep_repl.record_beat() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if new.node_id <> (select n.node_id from steep_repl.local_node n) then
    insert into steep_repl.applied_beats (node_id, beat_at, xid)
    values (new.node_id, new.beat_at, pg_current_xact_id()::text::bigint)
    on conflict do nothing;
    -- A node that was built anew does not delete the row of its predecessor.
    delete from steep_repl.heartbeats h where h.node_id = new.node_id;
  end if;
  return new;
end
$$;
comment on function steep_repl.record_beat() is 'Row trigger of steep_repl.heartbeats: remembers in which transaction a peer''s heartbeat was applied';

create trigger record_beat before insert on steep_repl.heartbeats
  for each row execute function steep_repl.record_beat();
comment on trigger record_beat on steep_repl.heartbeats is 'While applying only: remembers the transaction';
alter table steep_repl.heartbeats enable replica trigger record_beat;

create function steep_repl.beat() returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Several apply workers and the daemon may come at once: one beats, nobody waits.
  perform from steep_repl.local_node for no key update skip locked;
  if not found then
    return;
  end if;
  -- Not an update: a peer that has not received the row yet would never get it.
  delete from steep_repl.heartbeats h using steep_repl.local_node n where h.node_id = n.node_id;
  insert into steep_repl.heartbeats (node_id, beat_at, snapshot, seen)
  select n.node_id, clock_timestamp(), pg_current_snapshot(), coalesce((
    select jsonb_object_agg(h.node_id, jsonb_build_object('beat_at', h.beat_at, 'snapshot', h.snapshot))
    from steep_repl.heartbeats h where h.node_id <> n.node_id), '{}')
  from steep_repl.local_node n;

  -- A peer that echoes a beat as old as this one proves nothing, and costs a line in the log.
  delete from steep_repl.applied_beats b where b.beat_at < clock_timestamp() - interval '10 minutes';

  insert into steep_repl.commit_horizon (oldest_xid, seen_at)
  values (steep_repl.oldest_commit_timestamp_xid(), clock_timestamp())
  on conflict (singleton) do update
    set oldest_xid = excluded.oldest_xid, seen_at = excluded.seen_at
    where commit_horizon.oldest_xid <> excluded.oldest_xid;
end
$$;
comment on function steep_repl.beat() is
  'One heartbeat of this node; apply workers do it every steep_repl.heartbeat_interval, the daemon may as well';

create function steep_repl.beat_if_due() returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_last timestamptz;
  v_behind interval;
begin
  select h.beat_at into v_last
  from steep_repl.heartbeats h join steep_repl.local_node n on n.node_id = h.node_id;
  v_behind := v_last - clock_timestamp();
  if v_behind > interval '0' then
    raise warning using
      message = format('the clock of this node has stepped back by %s', v_behind),
      hint = 'Set the clock right (NTP): until it has caught up, later writes of this node look older than earlier ones.';
    perform steep_repl.audit('clock.stepped_back', 'node', (select n.node_id from steep_repl.local_node n), to_jsonb(v_last), to_jsonb(clock_timestamp()));
  elsif v_behind > -current_setting('steep_repl.heartbeat_interval')::interval then
    return false;
  end if;
  perform steep_repl.beat();
  return true;
end
$$;
comment on function steep_repl.beat_if_due() is
  'A heartbeat, unless another apply worker made one within steep_repl.heartbeat_interval; false if so';

-- Asked with each beat, when there is nothing to publish almost always.
create function steep_repl.publish_retractions() returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_published bigint;
begin
  if not exists (select from steep_repl.pending_retractions) then
    return 0;
  end if;
  with moved as (
    delete from steep_repl.pending_retractions returning *
  ), published as (
    insert into steep_repl.retractions (node_id, table_schema, table_name, row_key, version_at, version_node)
    select n.node_id, s.nspname, c.relname, m.row_key, m.version_at, m.version_node
    from moved m
    cross join steep_repl.local_node n
    join pg_class c on c.oid = m.relation
    join pg_namespace s on s.oid = c.relnamespace
    order by m.id
    returning 1
  )
  select count(*) into v_published from published;
  return v_published;
end
$$;
comment on function steep_repl.publish_retractions() is
  'Publishes the retractions that apply workers have left; they do it themselves after each transaction that leaves any';
