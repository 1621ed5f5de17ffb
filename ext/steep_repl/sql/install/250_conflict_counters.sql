-- Retention shortens conflict_log; the counts stay. The guard logs below SQL, so nothing fires when a
-- row is added: rows are counted afterwards. Ids and transactions commit out of order, so "counted" is
-- not "below the largest id seen" but one of
--   * written by a transaction below counted_to_xid, all of which had ended when it was set;
--   * id up to settled_id, below which no transaction can still add a row (this also bounds the look
--     at rows that are not counted yet, and spares old rows a comparison of transaction ids that may
--     have wrapped around);
--   * decided by a person (resolution_id), which counts the row at once: see close_pending().
-- Neither table is dumped: their transaction ids mean nothing elsewhere, and after a restore the
-- counts start from what the restored log holds.
create table steep_repl.conflict_counters (
  subscription text not null,
  conflict_type text not null,
  pg_conflict text,
  resolution text not null,
  n bigint not null,
  last_at timestamptz not null
);
-- Without a key, it could not be cleaned up under somebody's publication of all tables.
alter table steep_repl.conflict_counters replica identity full;
comment on table steep_repl.conflict_counters is 'Counts of conflict_log to be added up, those of removed rows included';
comment on column steep_repl.conflict_counters.subscription is 'Subscription that delivered the remote change';
comment on column steep_repl.conflict_counters.conflict_type is 'As in conflict_log';
comment on column steep_repl.conflict_counters.pg_conflict is 'As in conflict_log';
comment on column steep_repl.conflict_counters.resolution is 'As in conflict_log';
comment on column steep_repl.conflict_counters.n is 'How many more, or fewer, such conflicts there are';
comment on column steep_repl.conflict_counters.last_at is 'When the latest of them was met';

create table steep_repl.conflict_count_state (
  singleton boolean not null default true,
  counted_to_xid bigint not null default 0,
  settled_id bigint not null default 0,
  next_settled_id bigint,
  next_settled_at timestamptz,
  next_settled_xid bigint,
  constraint conflict_count_state_pkey primary key (singleton),
  constraint conflict_count_state_single check (singleton)
);
comment on table steep_repl.conflict_count_state is 'Which rows of conflict_log are counted in conflict_counters';
comment on column steep_repl.conflict_count_state.singleton is 'Always true: one row';
comment on column steep_repl.conflict_count_state.counted_to_xid is 'Rows of transactions below this one are counted';
comment on column steep_repl.conflict_count_state.settled_id is 'Rows up to this id are counted, and no more of them can appear';
comment on column steep_repl.conflict_count_state.next_settled_id is 'The next settled_id, once whoever may still use a lower id has ended';
comment on column steep_repl.conflict_count_state.next_settled_at is 'When next_settled_id was read from the sequence';
comment on column steep_repl.conflict_count_state.next_settled_xid is 'Once transactions below this one have ended, next_settled_id is settled';
insert into steep_repl.conflict_count_state default values;

-- A system column holds 32 bits of a transaction id; right within 2^31 transactions of p_base.
-- Without a search path of its own, so that it is inlined into its callers, who all fix theirs.
create function steep_repl.whole_xid(p_xid xid, p_base bigint) returns bigint
language sql immutable
-- Parsed now, so that it can be inlined and yet needs no search_path.
return case when p_xid::text::bigint < 3 then 0 -- FirstNormalTransactionId, transam.h
  else p_base + (p_xid::text::bigint - p_base % 4294967296 + 6442450944) % 4294967296 - 2147483648 end;
comment on function steep_repl.whole_xid(xid, bigint) is 'A row''s transaction id with its epoch, given a transaction id of about now';

create function steep_repl.uncounted_conflicts(
  out subscription text, out conflict_type text, out pg_conflict text, out resolution text, out n bigint, out last_at timestamptz)
returns setof record
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select c.subscription, c.conflict_type, c.pg_conflict, c.resolution, count(*), max(c.detected_at)
  from steep_repl.conflict_count_state s, steep_repl.conflict_log c
  where c.id > s.settled_id and c.resolution_id is null and c.resolution is not null
    and steep_repl.whole_xid(c.xmin, pg_snapshot_xmax(pg_current_snapshot())::text::bigint) >= s.counted_to_xid
  group by c.subscription, c.conflict_type, c.pg_conflict, c.resolution
$$;
comment on function steep_repl.uncounted_conflicts() is 'Counts of those conflicts that conflict_counters does not hold yet';

create function steep_repl.count_conflicts() returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_state steep_repl.conflict_count_state;
  v_base constant bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
  v_ended constant bigint := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
  v_last_id bigint;
  v_counted bigint;
begin
  -- A decision that is being made holds this row: whether it counts itself must not change under it.
  select s.* into v_state from steep_repl.conflict_count_state s for update skip locked;
  if not found then
    return 0;
  end if;
  select q.last_value into v_last_id from steep_repl.conflict_log_id_seq q;
  with kind as (
    insert into steep_repl.conflict_counters (subscription, conflict_type, pg_conflict, resolution, n, last_at)
    select c.subscription, c.conflict_type, c.pg_conflict, c.resolution, count(*), max(c.detected_at)
    from steep_repl.conflict_log c
    where c.id > v_state.settled_id and c.resolution_id is null and c.resolution is not null
      and steep_repl.whole_xid(c.xmin, v_base) >= v_state.counted_to_xid
      and steep_repl.whole_xid(c.xmin, v_base) < v_ended
    group by c.subscription, c.conflict_type, c.pg_conflict, c.resolution
    returning n)
  select coalesce(sum(n), 0) into v_counted from kind;
  v_state.counted_to_xid := greatest(v_state.counted_to_xid, v_ended);
  -- An id is drawn a moment before its transaction takes an xid (a row of the log may be a worker's
  -- first write). Ten seconds between reading the sequence and looking at xids are ample for that.
  if v_state.next_settled_xid <= v_ended then
    v_state.settled_id := v_state.next_settled_id;
    v_state.next_settled_id := null;
    v_state.next_settled_xid := null;
  end if;
  if v_state.next_settled_id is null then
    v_state.next_settled_id := v_last_id;
    v_state.next_settled_at := clock_timestamp();
  elsif v_state.next_settled_xid is null
    and clock_timestamp() not between v_state.next_settled_at and v_state.next_settled_at + interval '10 seconds' then
    v_state.next_settled_xid := v_base;
  end if;
  update steep_repl.conflict_count_state s set
    counted_to_xid = v_state.counted_to_xid, settled_id = v_state.settled_id,
    next_settled_id = v_state.next_settled_id, next_settled_at = v_state.next_settled_at,
    next_settled_xid = v_state.next_settled_xid;
  if exists (
    select from steep_repl.conflict_counters c
    group by c.subscription, c.conflict_type, c.pg_conflict, c.resolution having count(*) > 10) then
    with part as (
      delete from steep_repl.conflict_counters c returning c.*)
    insert into steep_repl.conflict_counters (subscription, conflict_type, pg_conflict, resolution, n, last_at)
    select p.subscription, p.conflict_type, p.pg_conflict, p.resolution, sum(p.n), max(p.last_at)
    from part p group by p.subscription, p.conflict_type, p.pg_conflict, p.resolution having sum(p.n) <> 0;
  end if;
  return v_counted;
end
$$;
comment on function steep_repl.count_conflicts() is
  'Counts the conflicts logged since the last call; 0 while somebody''s decision is under way. Makes conflict_stats cheap';

create function steep_repl.decide_entry(
  p_id bigint, p_resolution text, p_resolved_at timestamptz, p_resolved_by text, p_resolution_id uuid)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_old record;
  v_state steep_repl.conflict_count_state;
begin
  select s.* into v_state from steep_repl.conflict_count_state s for share;
  select c.*, c.id <= v_state.settled_id or c.resolution_id is not null
    or steep_repl.whole_xid(c.xmin, pg_snapshot_xmax(pg_current_snapshot())::text::bigint) < v_state.counted_to_xid
    as is_counted
  into v_old from steep_repl.conflict_log c where c.id = p_id for update;
  insert into steep_repl.conflict_counters (subscription, conflict_type, pg_conflict, resolution, n, last_at)
  select v_old.subscription, v_old.conflict_type, v_old.pg_conflict, v.resolution, v.n, v_old.detected_at
  from (values (v_old.resolution, -1), (p_resolution, 1)) as v (resolution, n)
  where v.n > 0 or v_old.is_counted;
  update steep_repl.conflict_log c
  set resolution = p_resolution, resolved_at = p_resolved_at, resolved_by = p_resolved_by,
    resolution_id = p_resolution_id
  where c.id = p_id;
end
$$;
comment on function steep_repl.decide_entry(bigint, text, timestamptz, text, uuid) is
  'Marks an entry of conflict_log as decided by a person and counts it so';
