create function steep_repl.beat() returns void
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  insert into steep_repl.heartbeats (node_id, beat_at, snapshot, seen)
  select n.node_id, clock_timestamp(), pg_current_snapshot(), coalesce((
    select jsonb_object_agg(h.node_id, jsonb_build_object('beat_at', h.beat_at, 'snapshot', h.snapshot))
    from steep_repl.heartbeats h where h.node_id <> n.node_id), '{}')
  from steep_repl.local_node n
  on conflict (node_id) do update
    set beat_at = excluded.beat_at, snapshot = excluded.snapshot, seen = excluded.seen;

  insert into steep_repl.commit_horizon (oldest_xid, seen_at)
  values (steep_repl.oldest_commit_timestamp_xid(), clock_timestamp())
  on conflict (singleton) do update
    set oldest_xid = excluded.oldest_xid, seen_at = excluded.seen_at
    where commit_horizon.oldest_xid <> excluded.oldest_xid;
$$;
comment on function steep_repl.beat() is
  'One heartbeat of this node; apply workers do it every steep_repl.heartbeat_interval, the daemon may as well';
