-- Two nodes that met the same conflict see it from opposite sides, and each may have logged it more
-- than once, as one side wrote again. A decision settles whatever is no newer than its two versions.
create function steep_repl.side_covers(
  p_decided_node text, p_decided_at timestamptz, p_node text, p_at timestamptz) returns boolean
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select case when p_at is null or p_decided_at is null then null
    else p_node is not distinct from p_decided_node and p_at <= p_decided_at end
$$;
comment on function steep_repl.side_covers(text, timestamptz, text, timestamptz) is
  'Whether a decided version is this one or a later one of the same node; null if one of them is unknown';

create function steep_repl.sides_agree(
  p_decision steep_repl.resolutions, p_entry steep_repl.conflict_log, p_turned boolean) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  -- One unknown version is no obstacle if the other one fits.
  select coalesce(l, true) and coalesce(r, true) and coalesce(l, r, false)
  from (
    select
      case when p_turned
        then steep_repl.side_covers((p_decision).remote_origin, (p_decision).remote_xact_ts, (p_entry).local_origin, (p_entry).local_xact_ts)
        else steep_repl.side_covers((p_decision).local_origin, (p_decision).local_xact_ts, (p_entry).local_origin, (p_entry).local_xact_ts)
      end as l,
      case when p_turned
        then steep_repl.side_covers((p_decision).local_origin, (p_decision).local_xact_ts, (p_entry).remote_origin, (p_entry).remote_xact_ts)
        else steep_repl.side_covers((p_decision).remote_origin, (p_decision).remote_xact_ts, (p_entry).remote_origin, (p_entry).remote_xact_ts)
      end as r
  ) as side
$$;
comment on function steep_repl.sides_agree(steep_repl.resolutions, steep_repl.conflict_log, boolean) is
  'Whether a decision is about the versions of an entry, seen from the same node or from the other side';

create function steep_repl.is_about_key(p_relation regclass, p_entry steep_repl.conflict_log, p_key jsonb) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(steep_repl.same_key(p_relation, (p_entry).row_key, p_key), false)
    or ((p_entry).conflict_type = 'UNIQUE-KEY' and (
      coalesce(steep_repl.same_key(p_relation, steep_repl.key_of(p_relation, (p_entry).local_tuple), p_key), false)
      or coalesce(steep_repl.same_key(p_relation, steep_repl.key_of(p_relation, (p_entry).remote_tuple), p_key), false)))
$$;
comment on function steep_repl.is_about_key(regclass, steep_repl.conflict_log, jsonb) is 'Whether an entry is about the row of a key';

create function steep_repl.close_pending(p_decision steep_repl.resolutions) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_relation constant regclass := (
    select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = (p_decision).table_schema and c.relname = (p_decision).table_name and c.relkind in ('r', 'p'));
  v_candidates bigint[];
  v_id bigint;
  v_entry steep_repl.conflict_log;
  v_is_turned boolean;
  v_closed integer := 0;
begin
  -- By the key as it is written, which an index finds; if that closes nothing, by what the keys mean,
  -- and for a unique value by the key of either row: each node named the one that lost there.
  for v_pass in 1..2 loop
    exit when v_closed > 0;
    v_candidates := case
      when (p_decision).resolution = 'REVERTED' then array(
        select c.id from steep_repl.conflict_log c
        where c.table_schema = (p_decision).table_schema and c.table_name = (p_decision).table_name
          and c.resolution in ('APPLIED_REMOTE', 'KEPT_LOCAL', 'MERGED')
          and c.local_xact_ts in ((p_decision).local_xact_ts, (p_decision).remote_xact_ts)
          and c.remote_xact_ts in ((p_decision).local_xact_ts, (p_decision).remote_xact_ts)
          and (v_pass = 2 or c.row_key = (p_decision).row_key)
        order by c.id)
      when v_pass = 1 then array(
        select c.id from steep_repl.conflict_log c
        where c.resolution = 'PENDING' and c.row_key = (p_decision).row_key
          and c.table_schema = (p_decision).table_schema and c.table_name = (p_decision).table_name
        order by c.id)
      else array(
        select c.id from steep_repl.conflict_log c
        where c.resolution = 'PENDING'
          and c.table_schema = (p_decision).table_schema and c.table_name = (p_decision).table_name
          and (steep_repl.sides_agree(p_decision, c, false) or steep_repl.sides_agree(p_decision, c, true))
        order by c.id) end;
    foreach v_id in array v_candidates loop
      select c.* into v_entry from steep_repl.conflict_log c where c.id = v_id for update;
      v_is_turned := case
        when steep_repl.sides_agree(p_decision, v_entry, false) then false
        when steep_repl.sides_agree(p_decision, v_entry, true) then true end;
      continue when v_is_turned is null
        or ((p_decision).resolution = 'REVERTED') <> (v_entry.resolution <> 'PENDING')
        or (v_pass = 2 and not steep_repl.is_about_key(v_relation, v_entry, (p_decision).row_key));
      perform steep_repl.decide_entry(v_entry.id,
        case when not v_is_turned then (p_decision).resolution
          else case (p_decision).resolution
            when 'KEPT_LOCAL' then 'APPLIED_REMOTE' when 'APPLIED_REMOTE' then 'KEPT_LOCAL'
            else (p_decision).resolution end end,
        (p_decision).resolved_at, (p_decision).resolved_by, (p_decision).resolution_id);
      v_closed := v_closed + 1;
    end loop;
  end loop;
  return v_closed;
end
$$;
comment on function steep_repl.close_pending(steep_repl.resolutions) is
  'Closes this node''s entries of a decided conflict, each as seen from here; returns how many';
