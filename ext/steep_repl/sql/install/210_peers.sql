create function steep_repl.require_node() returns text
language plpgsql stable
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
  if not exists (select from steep_repl.nodes n where n.node_id = v_node_id) then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = format('this node, "%s", is not registered', v_node_id),
      hint = 'Use steep_repl.register_node(node_id, node_name, host, port, priority) first.';
  end if;
  if current_setting('server_encoding') <> 'UTF8' then
    raise exception using
      errcode = 'feature_not_supported',
      message = format('the encoding of this database is %s', current_setting('server_encoding')),
      detail = 'Names and keys are compared between nodes, and kept as UTF-8.',
      hint = 'Replicate a database with encoding UTF8.';
  end if;
  if current_setting('track_commit_timestamp') <> 'on' then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = 'track_commit_timestamp is off on this node',
      detail = 'A row''s version is the commit timestamp of its last write.',
      hint = 'alter system set track_commit_timestamp = on; then restart the server.';
  end if;
  return v_node_id;
end
$$;
comment on function steep_repl.require_node() is 'This node''s id, or an error that says what replication still lacks here';

create function steep_repl.ensure_publication() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from pg_publication p where p.pubname = 'steep_repl') then
    create publication steep_repl
      for table steep_repl.heartbeats, steep_repl.resolutions, steep_repl.retractions, steep_repl.range_log
      -- A truncation is no change of rows: it would bypass every guard.
      with (publish = 'insert, update, delete', publish_via_partition_root = true);
  end if;
end
$$;
comment on function steep_repl.ensure_publication() is 'Makes the publication steep_repl, which carries the replicated and the control tables';

create function steep_repl.subscribe_relation(p_subscription oid, p_relation regclass) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- What ALTER SUBSCRIPTION … REFRESH with copy_data = false writes, without asking the publisher:
  -- 'r' is SUBREL_STATE_READY (pg_subscription_rel.h).
  update pg_subscription_rel r set srsubstate = 'r', srsublsn = null
  where r.srsubid = p_subscription and r.srrelid = p_relation and r.srsubstate <> 'r';
  if not exists (select from pg_subscription_rel r
                 where r.srsubid = p_subscription and r.srrelid = p_relation) then
    insert into pg_subscription_rel (srsubid, srrelid, srsubstate) values (p_subscription, p_relation, 'r');
  end if;
end
$$;
comment on function steep_repl.subscribe_relation(oid, regclass) is 'Lets a subscription apply the changes of a table from now on, without a copy';

create function steep_repl.add_peer(p_node_id text, p_subscription name) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_node constant text := steep_repl.require_node();
  v_subscription pg_subscription;
  v_wrong text;
  v_other text;
begin
  if p_node_id is null or not exists (select from steep_repl.nodes n where n.node_id = p_node_id) then
    raise exception using
      errcode = 'undefined_object',
      message = format('node "%s" is not registered here', coalesce(p_node_id, '')),
      hint = 'Use steep_repl.register_node(node_id, node_name, host, port, priority) first.';
  elsif p_node_id = v_node then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('node "%s" is this node', p_node_id),
      hint = 'A peer is another node.';
  end if;
  select s.* into v_subscription from pg_subscription s
  join pg_database d on d.oid = s.subdbid
  where s.subname = p_subscription and d.datname = current_database();
  if v_subscription.oid is null then
    raise exception using
      errcode = 'undefined_object',
      message = format('subscription "%s" does not exist in this database', coalesce(p_subscription, '')),
      hint = 'Create it first, with origin = none, copy_data = false, streaming = off, two_phase = false.';
  end if;
  v_wrong := concat_ws(', ',
    case when v_subscription.substream::text <> 'f' then 'streaming = off' end,
    case when v_subscription.subtwophasestate <> 'd' then 'two_phase = false' end,
    case when v_subscription.subdisableonerr then 'disable_on_error = false' end,
    case when v_subscription.suborigin <> 'none' then 'origin = none' end);
  if v_wrong <> '' then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = format('subscription "%s" cannot serve as a peer''s', p_subscription),
      detail = 'Conflicts are decided by the commit timestamp of whole transactions of their first origin, and a transaction that meets another is tried again.',
      hint = format('It needs: %s. See ALTER SUBSCRIPTION … SET.', v_wrong);
  end if;
  select p.node_id into v_other from steep_repl.peers p where p.subscription = p_subscription;
  if v_other is not null and v_other <> p_node_id then
    raise exception using
      errcode = 'unique_violation',
      message = format('subscription "%s" already delivers the writes of node "%s"', p_subscription, v_other),
      hint = 'A subscription has one peer; remove the other first with steep_repl.remove_peer(node_id).';
  end if;
  insert into steep_repl.peers (node_id, subscription) values (p_node_id, p_subscription)
  on conflict (node_id) do update set subscription = excluded.subscription;
  perform steep_repl.ensure_publication();
  perform steep_repl.subscribe_relation(v_subscription.oid, r)
  from (
    select t.relation from steep_repl.replicated_tables t where t.is_active
    union all values ('steep_repl.heartbeats'::regclass), ('steep_repl.resolutions'), ('steep_repl.retractions'), ('steep_repl.range_log')
  ) as r (r);
  perform steep_repl.audit('peer.add', 'node', p_node_id, null,
    jsonb_build_object('subscription', p_subscription));
end
$$;
comment on function steep_repl.add_peer(text, name) is
  'Says which node''s writes a subscription delivers, and lets it apply every replicated table';

create function steep_repl.remove_peer(p_node_id text) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_old jsonb;
begin
  delete from steep_repl.peers p where p.node_id = p_node_id returning to_jsonb(p) into v_old;
  if v_old is null then
    return false;
  end if;
  perform steep_repl.audit('peer.remove', 'node', p_node_id, v_old, null);
  return true;
end
$$;
comment on function steep_repl.remove_peer(text) is
  'Forgets which subscription delivers a node''s writes; false if none did. Drop the subscription first';
