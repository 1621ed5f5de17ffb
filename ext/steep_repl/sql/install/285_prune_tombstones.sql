-- may_prune in crates/steep-conflict: what a node wrote in a transaction has reached everybody when the
-- latest beat that arrived here from each node but this one and the writer echoes a snapshot of the
-- writer in which that transaction had ended. A node without a beat, or without an echo, blocks.
create function steep_repl.echoed_by_all(out writer text, out ended_xid bigint, out any_xid bigint, out snapshots pg_snapshot[])
returns setof record
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  with self as (
    select l.node_id from steep_repl.local_node l
  ),
  writers as (
    select n.node_id from steep_repl.nodes n
    union select h.node_id from steep_repl.heartbeats h
    union select s.node_id from self s
  ),
  echo as (
    select w.node_id as writer, n.node_id as witness,
      (h.seen -> w.node_id ->> 'snapshot')::pg_snapshot as snapshot
    from self s
    cross join writers w
    left join steep_repl.nodes n on n.status <> 'removed' and n.node_id not in (s.node_id, w.node_id)
    left join steep_repl.heartbeats h on h.node_id = n.node_id
  )
  select e.writer,
    coalesce(min(pg_snapshot_xmin(e.snapshot)::text::bigint), 9223372036854775807),
    coalesce(min(pg_snapshot_xmax(e.snapshot)::text::bigint), 9223372036854775807),
    array_agg(e.snapshot) filter (where e.witness is not null)
  from echo e
  group by e.writer
  having count(e.witness) = count(e.snapshot)
$$;
comment on function steep_repl.echoed_by_all() is
  'For each node whose writes every other node has confirmed up to somewhere: below ended_xid all of them, from any_xid on none, in between as the snapshots say';

create function steep_repl.prune_tombstones() returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Pages of a batch: 8 MB, some tens of thousands of tombstones.
  v_step constant bigint := 1000;
  v_pages constant bigint := pg_relation_size('steep_repl.tombstones') / current_setting('block_size')::bigint;
  v_self constant text := (select l.node_id from steep_repl.local_node l);
  v_page bigint := 0;
  v_batch bigint;
  v_removed bigint := 0;
begin
  if not exists (select from steep_repl.echoed_by_all()) then
    return 0;
  end if;
  while v_page < v_pages loop
    -- Locked ones are in use by an apply worker: another time.
    with safe as materialized (
      select e.* from steep_repl.echoed_by_all() e
    ),
    old as materialized (
      select t.ctid as tid
      from steep_repl.tombstones t join safe s on s.writer = coalesce(t.writer_node, v_self)
      where t.ctid >= format('(%s,0)', v_page)::tid and t.ctid < format('(%s,0)', v_page + v_step)::tid
        and t.writer_xid < s.any_xid
        and (t.writer_xid < s.ended_xid or not exists (
          select from unnest(s.snapshots) n
          where not pg_visible_in_snapshot(t.writer_xid::text::xid8, n)))
      for update of t skip locked
    )
    delete from steep_repl.tombstones t where t.ctid = any (array(select o.tid from old o));
    get diagnostics v_batch = row_count;
    v_removed := v_removed + v_batch;
    v_page := v_page + v_step;
  end loop;
  -- Chunks are this node's own, and few.
  delete from steep_repl.tombstone_chunks c using steep_repl.echoed_by_all() s
  where s.writer = v_self and c.writer_xid < s.any_xid
    and (c.writer_xid < s.ended_xid or not exists (
      select from unnest(s.snapshots) n where not pg_visible_in_snapshot(c.writer_xid::text::xid8, n)));
  get diagnostics v_batch = row_count;
  return v_removed + v_batch;
end
$$;
comment on function steep_repl.prune_tombstones() is
  'Removes tombstones, and chunks of them, that no older change can reach any more; returns how many rows';

create function steep_repl.prune_decisions() returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_self constant text := (select l.node_id from steep_repl.local_node l);
  v_base constant bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
  v_ended constant bigint := (select e.ended_xid from steep_repl.echoed_by_all() e where e.writer = v_self);
  v_retractions bigint;
  v_range_entries bigint;
  v_resolutions bigint;
begin
  -- This node's own: their removal is published, and removes them from the others. Only transactions
  -- below the oldest one that runs in any echo, because a row may hold the id of a subtransaction.
  delete from steep_repl.retractions r
  where r.node_id = v_self and steep_repl.whole_xid(r.xmin, v_base) < v_ended;
  get diagnostics v_retractions = row_count;
  delete from steep_repl.range_log l
  where l.node_id = v_self and steep_repl.whole_xid(l.xmin, v_base) < v_ended;
  get diagnostics v_range_entries = row_count;
  -- A decision is also the evidence that a row is still as it left it: it stays as long as its entry.
  delete from steep_repl.resolutions r
  where r.node_id = v_self and steep_repl.whole_xid(r.xmin, v_base) < v_ended
    and r.resolved_at < now() - nullif(steep_repl.conflict_log_retention(), '0')
    and not exists (select from steep_repl.conflict_log c where c.resolution_id = r.resolution_id);
  get diagnostics v_resolutions = row_count;
  return v_retractions + v_range_entries + v_resolutions;
end
$$;
comment on function steep_repl.prune_decisions() is
  'Removes this node''s retractions and entries of range_log that all nodes have applied, and such decisions once their entries are gone; returns how many';
