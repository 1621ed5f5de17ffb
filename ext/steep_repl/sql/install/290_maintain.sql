create function steep_repl.maintain() returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Several apply workers and the daemon may come at once: one is enough.
  perform from steep_repl.conflict_count_state for no key update skip locked;
  if not found then
    return false;
  end if;
  perform steep_repl.prune_tombstones();
  perform steep_repl.prune_decisions();
  perform steep_repl.count_conflicts();
  perform steep_repl.prune_conflict_log();
  return true;
end
$$;
comment on function steep_repl.maintain() is
  'Removes what is not needed any more and counts new conflicts; apply workers do it twice a minute, the daemon may as well; false if somebody is at it';
