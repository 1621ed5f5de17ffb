create view steep_repl.conflict_stats as
  with kind as (
    select c.subscription, c.conflict_type, c.pg_conflict,
      sum(c.n) as total,
      coalesce(sum(c.n) filter (where c.resolution = 'PENDING'), 0) as pending,
      coalesce(sum(c.n) filter (where c.resolution = 'APPLIED_REMOTE'), 0) as applied_remote,
      coalesce(sum(c.n) filter (where c.resolution = 'KEPT_LOCAL'), 0) as kept_local,
      coalesce(sum(c.n) filter (where c.resolution = 'MERGED'), 0) as merged,
      coalesce(sum(c.n) filter (where c.resolution = 'REVERTED'), 0) as reverted,
      max(c.last_at) as last_detected_at
    from (
      select k.subscription, k.conflict_type, k.pg_conflict, k.resolution, k.n, k.last_at from steep_repl.conflict_counters k
      union all
      select u.subscription, u.conflict_type, u.pg_conflict, u.resolution, u.n, u.last_at from steep_repl.uncounted_conflicts() u
    ) as c
    group by c.subscription, c.conflict_type, c.pg_conflict
  ),
  delivered as (
    select s.subname::text as subscription, s.oid
    from pg_catalog.pg_subscription s
    join pg_catalog.pg_database d on d.oid = s.subdbid and d.datname = pg_catalog.current_database()
  )
  select
    coalesce(k.subscription, d.subscription) as subscription,
    p.node_id as peer_node_id,
    k.conflict_type,
    k.pg_conflict,
    coalesce(k.total, 0)::bigint as total,
    coalesce(k.pending, 0)::bigint as pending,
    coalesce(k.applied_remote, 0)::bigint as applied_remote,
    coalesce(k.kept_local, 0)::bigint as kept_local,
    coalesce(k.merged, 0)::bigint as merged,
    coalesce(k.reverted, 0)::bigint as reverted,
    k.last_detected_at,
    n.apply_error_count,
    -- The columns differ between majors (18 has confl_*), the text of this view does not.
    to_jsonb(n) - 'subid' - 'subname' as native
  from kind k
  full join delivered d on d.subscription = k.subscription
  left join steep_repl.peers p on p.subscription::text = coalesce(k.subscription, d.subscription)
  left join pg_catalog.pg_stat_subscription_stats n on n.subid = d.oid;
comment on view steep_repl.conflict_stats is
  'Conflicts of each subscription by kind, those that retention removed included; a subscription without any has one row of zeros';
comment on column steep_repl.conflict_stats.subscription is 'Subscription that delivered the remote changes';
comment on column steep_repl.conflict_stats.peer_node_id is 'Node whose writes it delivers; null if it is no peer''s any more';
comment on column steep_repl.conflict_stats.conflict_type is 'As in conflict_log';
comment on column steep_repl.conflict_stats.pg_conflict is 'As in conflict_log';
comment on column steep_repl.conflict_stats.total is 'Conflicts met, however they were decided';
comment on column steep_repl.conflict_stats.pending is 'Of these, how many wait for a person';
comment on column steep_repl.conflict_stats.applied_remote is 'Of these, how many the remote write won';
comment on column steep_repl.conflict_stats.kept_local is 'Of these, how many the local row won';
comment on column steep_repl.conflict_stats.merged is 'Of these, how many a person decided with a third row';
comment on column steep_repl.conflict_stats.reverted is 'Of these, how many decisions were taken back';
comment on column steep_repl.conflict_stats.last_detected_at is 'When the latest was met';
comment on column steep_repl.conflict_stats.apply_error_count is 'Errors of the subscription''s apply worker, as in pg_stat_subscription_stats';
comment on column steep_repl.conflict_stats.native is 'What PostgreSQL itself counts for the subscription: the row of pg_stat_subscription_stats';
