create function steep_repl.why_not_replicable(p_relation regclass, out why text, out hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_class pg_class;
  v_foreign record;
  v_why text;
  v_hint text := 'See the guide for what can be replicated.';
begin
  select c.* into v_class from pg_class c where c.oid = p_relation;
  select t.relid, t.parentrelid into v_foreign
  from pg_partition_tree(p_relation) t join pg_class c on c.oid = t.relid
  where c.relkind = 'f' order by t.relid::text limit 1;
  if v_class.relnamespace = 'steep_repl'::regnamespace then
    v_why := 'it belongs to steep_repl';
  elsif v_class.relnamespace in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace) then
    v_why := 'it is a system table';
  elsif v_class.relkind = 'f' then
    v_why := 'it is a foreign table';
  elsif v_class.relkind not in ('r', 'p') then
    v_why := 'it is not a table';
  elsif v_class.relispartition then
    v_why := 'it is a partition';
    v_hint := format('Add the partitioned table itself: %s.', pg_partition_root(p_relation));
  elsif v_class.relkind = 'r' and exists (select from pg_inherits i where i.inhparent = p_relation) then
    v_why := 'other tables inherit from it';
    v_hint := 'Partition the table instead.';
  elsif v_class.relpersistence = 't' then
    v_why := 'it is temporary';
  elsif v_class.relpersistence = 'u' then
    v_why := 'it is unlogged';
    v_hint := format('alter table %s set logged', p_relation);
  elsif v_class.relkind = 'r' and (select a.amname from pg_am a where a.oid = v_class.relam) <> 'heap' then
    v_why := 'its access method is not heap';
  elsif exists (
    select from pg_constraint k
    where k.conrelid = p_relation and k.contype in ('p', 'u') and k.condeferrable) then
    v_why := format('its unique constraint %s is deferrable', (
      select quote_ident(k.conname) from pg_constraint k
      where k.conrelid = p_relation and k.contype in ('p', 'u') and k.condeferrable order by 1 limit 1));
    v_hint := 'A deferrable constraint cannot be asked which row stands in the way; make it not deferrable.';
  elsif exists (select from pg_index i where i.indrelid = p_relation and i.indisexclusion) then
    v_why := 'it has an exclusion constraint';
    v_hint := 'Rows that exclude each other cannot be resolved; drop the constraint or keep the table local.';
  elsif v_foreign.relid is not null then
    -- PostgreSQL gives such a table no unique index, nor a table that has one such a partition.
    v_why := format('its partition %s is a foreign table', v_foreign.relid);
    v_hint := format('alter table %s detach partition %s', v_foreign.parentrelid, v_foreign.relid);
  elsif steep_repl.key_index(p_relation) is null then
    v_why := 'it has no primary key, nor another unique index over columns that are not null';
    v_hint := format('alter table %s add primary key (…)', p_relation);
  elsif v_class.relkind = 'p' then
    select w.why, w.hint into v_why, v_hint from steep_repl.why_partition_not_replicable(p_relation) w;
  end if;
  if v_why is not null then
    why := v_why;
    hint := v_hint;
  end if;
end
$$;
comment on function steep_repl.why_not_replicable(regclass) is 'Why a table cannot be replicated, and the way out; null if it can';

create function steep_repl.require_replicable(p_relation regclass) returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_not record;
begin
  if not exists (select from pg_class c where c.oid = p_relation) then
    raise exception using errcode = 'undefined_table', message = 'no table given',
      hint = 'Give the table''s name, for example ''public.orders''.';
  end if;
  v_not := steep_repl.why_not_replicable(p_relation);
  if v_not.why is not null then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = format('table %s cannot be replicated: %s', p_relation, v_not.why),
      hint = v_not.hint;
  end if;
end
$$;
comment on function steep_repl.require_replicable(regclass) is 'Raises an error that says why a table cannot be replicated';

create function steep_repl.key_index(p_relation regclass) returns regclass
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select i.indexrelid::regclass
  from pg_index i join pg_class c on c.oid = i.indrelid
  where i.indrelid = p_relation and i.indisunique and i.indisvalid and i.indimmediate
    and i.indpred is null and i.indexprs is null and not i.indisexclusion
    and not exists (
      select from pg_attribute a
      where a.attrelid = i.indrelid and a.attnum = any ((i.indkey::smallint[])[0:i.indnkeyatts - 1]) and not a.attnotnull)
    -- From 18 on a column may be declared not null before its rows are.
    and not exists (
      select from pg_constraint k
      where k.conrelid = i.indrelid and k.contype = 'n' and not k.convalidated
        and k.conkey <@ (i.indkey::smallint[])[0:i.indnkeyatts - 1])
    and not exists (
      select from pg_attribute a
      where a.attrelid = i.indrelid and a.attnum = any ((i.indkey::smallint[])[0:i.indnkeyatts - 1]) and a.attgenerated <> '')
  order by (c.relreplident = 'i' and i.indisreplident) desc, i.indisprimary desc, i.indnkeyatts, i.indexrelid
  limit 1
$$;
comment on function steep_repl.key_index(regclass) is
  'The index whose key identifies a row on all nodes: the replica identity''s, else the primary key''s, else a unique one without nulls';

create function steep_repl.require_policy(p_strategy text, p_detection text, p_node_order text[]) returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_unknown text;
begin
  if p_strategy is null or p_strategy not in (
    'last_write_wins', 'first_write_wins', 'node_priority', 'keep_local', 'apply_remote', 'manual') then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('strategy "%s" does not exist', coalesce(p_strategy, '')),
      hint = 'Strategies: last_write_wins, first_write_wins, node_priority, keep_local, apply_remote, manual.';
  elsif p_detection is null or p_detection not in ('default', 'exact') then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('detection "%s" does not exist', coalesce(p_detection, '')),
      hint = 'Detections: default, exact.';
  elsif p_strategy <> 'last_write_wins' and p_detection <> 'exact' then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('strategy %s needs exact detection', p_strategy),
      detail = 'With "another node wrote the row" as the test, later writes of other nodes would be refused for ever.',
      hint = 'Leave the detection out, or give exact.';
  end if;
  if p_node_order is not null and p_strategy <> 'node_priority' then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('an order of nodes means nothing to strategy %s', p_strategy),
      hint = 'Leave it out, or use node_priority.';
  end if;
  select n into v_unknown from unnest(p_node_order) as n
  where not exists (select from steep_repl.nodes k where k.node_id = n) limit 1;
  if found then
    raise exception using errcode = 'undefined_object',
      message = format('node "%s" is not registered here', coalesce(v_unknown, '')),
      hint = 'See steep_repl.nodes.';
  end if;
  if p_strategy in ('keep_local', 'apply_remote') then
    raise warning using
      message = format('with strategy %s the nodes differ after a conflict', p_strategy),
      hint = 'Only last_write_wins always ends with the same rows on all nodes.';
  end if;
end
$$;
comment on function steep_repl.require_policy(text, text, text[]) is 'Raises an error that says what is wrong with a table''s policy';

create function steep_repl.require_owner(p_relation regclass) returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if not pg_has_role(session_user, (select c.relowner from pg_class c where c.oid = p_relation), 'usage') then
    raise exception using
      errcode = 'insufficient_privilege',
      message = format('must be owner of table %s', p_relation),
      hint = 'Its owner or a superuser has to do this.';
  end if;
end
$$;
comment on function steep_repl.require_owner(regclass) is 'Raises an error unless the session user has the rights of the table''s owner';

create function steep_repl.refuse_truncate() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'feature_not_supported',
    message = format('table %I.%I is replicated and cannot be truncated', tg_table_schema, tg_table_name),
    detail = 'A truncation would reach no other node.',
    hint = 'Use DELETE, or take the table out of replication with steep_repl.remove_table().';
end
$$;
comment on function steep_repl.refuse_truncate() is 'Statement trigger of replicated tables';

create function steep_repl.set_replica_identity(p_relation regclass, p_detection text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_relation regclass;
  v_ident "char";
  v_index regclass;
begin
  if p_detection = 'exact' and current_setting('server_version_num')::integer >= 180000 and exists (
    select from pg_attribute a
    where a.attrelid = p_relation and a.attnum > 0 and not a.attisdropped and a.attgenerated <> '') then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = format('conflicts of table %s cannot be found exactly: it has generated columns', p_relation),
      detail = 'Exact detection needs replica identity full, which PostgreSQL 18 refuses for generated columns that are not published.',
      hint = 'Use last_write_wins with default detection, or drop the generated columns.';
  end if;
  for v_relation in
    select c.oid from pg_class c
    where c.oid = p_relation or c.oid in (select t.relid from pg_partition_tree(p_relation) t)
  loop
    select c.relreplident into v_ident from pg_class c where c.oid = v_relation;
    v_index := steep_repl.key_index(v_relation);
    if p_detection = 'exact' then
      if v_ident <> 'f' then
        execute format('alter table %s replica identity full', v_relation);
      end if;
    elsif exists (select from pg_index i where i.indexrelid = v_index and i.indisprimary) then
      if v_ident <> 'd' then
        execute format('alter table %s replica identity default', v_relation);
      end if;
    elsif v_ident <> 'i' then
      execute format('alter table %s replica identity using index %I', v_relation,
        (select c.relname from pg_class c where c.oid = v_index));
    end if;
  end loop;
end
$$;
comment on function steep_repl.set_replica_identity(regclass, text) is 'Gives a table the replica identity that its detection needs';

create function steep_repl.add_table(
  p_relation regclass, p_strategy text default 'last_write_wins', p_detection text default null,
  p_node_order text[] default null)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_detection constant text := coalesce(p_detection,
    case when p_strategy = 'last_write_wins' then 'default' else 'exact' end);
  v_relation regclass;
begin
  perform steep_repl.require_node();
  perform steep_repl.require_replicable(p_relation);
  perform steep_repl.require_owner(p_relation);
  perform steep_repl.require_policy(p_strategy, v_detection, p_node_order);
  if exists (select from steep_repl.replicated_tables t where t.relation = p_relation and t.is_active) then
    raise exception using
      errcode = 'duplicate_object',
      message = format('table %s is replicated already', p_relation),
      hint = 'Use steep_repl.set_table_policy() to change its strategy.';
  end if;
  -- Writers wait: from here on every write is published, and none before it.
  execute format('lock table %s in share row exclusive mode', p_relation);
  perform steep_repl.set_replica_identity(p_relation, v_detection);
  execute format('create trigger steep_repl_guard before insert or update or delete on %s '
    'for each row execute function steep_repl.guard()', p_relation);
  execute format('alter table %s enable replica trigger steep_repl_guard', p_relation);
  -- A statement trigger is cheap for bulk deletes, but does not see rows that leave a partition.
  execute format(case when (select c.relkind from pg_class c where c.oid = p_relation) = 'p'
    then 'create trigger steep_repl_deletes after delete on %s '
      'for each row execute function steep_repl.record_deletes()'
    else 'create trigger steep_repl_deletes after delete on %s '
      'referencing old table as steep_repl_deleted for each statement execute function steep_repl.record_deletes()'
    end, p_relation);
  -- Always: what a session in replica mode deletes is published as well. Not the row trigger of a
  -- partitioned table, which an apply worker would queue and never close (finish_edata, worker.c).
  if (select c.relkind from pg_class c where c.oid = p_relation) <> 'p' then
    execute format('alter table %s enable always trigger steep_repl_deletes', p_relation);
  end if;
  execute format('create trigger steep_repl_keys after update on %s for each row when (%s) '
    'execute function steep_repl.record_deletes()', p_relation, (
      select string_agg(format('old.%1$I is distinct from new.%1$I', a.attname), ' or ')
      from pg_index i join pg_attribute a on a.attrelid = i.indrelid
        and a.attnum = any ((i.indkey::smallint[])[0:i.indnkeyatts - 1])
      where i.indexrelid = steep_repl.key_index(p_relation)));
  if (select c.relkind from pg_class c where c.oid = p_relation) <> 'p' then
    execute format('alter table %s enable always trigger steep_repl_keys', p_relation);
  end if;
  perform steep_repl.let_owner_add_partitions(p_relation);
  for v_relation in
    select c.oid from pg_class c
    where c.oid = p_relation or c.oid in (select t.relid from pg_partition_tree(p_relation) t)
  loop
    execute format('create trigger steep_repl_truncate before truncate on %s '
      'for each statement execute function steep_repl.refuse_truncate()', v_relation);
    execute format('alter table %s enable always trigger steep_repl_truncate', v_relation);
  end loop;
  -- A table that comes back is on record by audit_table_policy().
  update steep_repl.replicated_tables t
  set strategy = p_strategy, detection = v_detection, node_order = p_node_order, is_active = true, added_at = now()
  where t.relation = p_relation;
  if not found then
    insert into steep_repl.replicated_tables (relation, strategy, detection, node_order)
    values (p_relation, p_strategy, v_detection, p_node_order);
    perform steep_repl.audit('table.add', 'table', p_relation::text, null,
      (select to_jsonb(t) from steep_repl.replicated_tables t where t.relation = p_relation));
  end if;
  perform steep_repl.ensure_publication();
  execute format('alter publication steep_repl add table %s', p_relation);
  perform steep_repl.subscribe_relation(s.oid, p_relation)
  from steep_repl.peers p
  join pg_subscription s on s.subname = p.subscription
  join pg_database d on d.oid = s.subdbid and d.datname = current_database();
end
$$;
comment on function steep_repl.add_table(regclass, text, text, text[]) is
  'Puts a table under guard and replicates it from now on; its rows must be the same on all nodes when it is called there';

create function steep_repl.set_table_policy(
  p_relation regclass, p_strategy text, p_detection text default null, p_node_order text[] default null)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_detection constant text := coalesce(p_detection,
    case when p_strategy = 'last_write_wins' then 'default' else 'exact' end);
begin
  perform from steep_repl.replicated_tables t
  where t.relation = p_relation and t.is_active for update;
  if not found then
    raise exception using
      errcode = 'undefined_object',
      message = format('table %s is not replicated', p_relation),
      hint = 'Use steep_repl.add_table().';
  end if;
  perform steep_repl.require_owner(p_relation);
  perform steep_repl.require_policy(p_strategy, v_detection, p_node_order);
  perform steep_repl.set_replica_identity(p_relation, v_detection);
  -- On record by audit_table_policy().
  update steep_repl.replicated_tables t
  set strategy = p_strategy, detection = v_detection, node_order = p_node_order
  where t.relation = p_relation;
end
$$;
comment on function steep_repl.set_table_policy(regclass, text, text, text[]) is
  'Changes how a table''s conflicts are found and decided, on this node, at once';

create function steep_repl.remove_table(p_relation regclass) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_relation regclass;
begin
  perform from steep_repl.replicated_tables t
  where t.relation = p_relation and t.is_active for update;
  if not found then
    raise exception using
      errcode = 'undefined_object',
      message = format('table %s is not replicated', p_relation),
      hint = 'See steep_repl.replicated_tables.';
  end if;
  perform steep_repl.require_owner(p_relation);
  if exists (select from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
             where p.pubname = 'steep_repl' and r.prrelid = p_relation) then
    execute format('alter publication steep_repl drop table %s', p_relation);
  end if;
  delete from pg_subscription_rel r
  where r.srrelid = p_relation and r.srsubid in (
    select s.oid from pg_subscription s join steep_repl.peers p on p.subscription = s.subname);
  execute format('drop trigger if exists steep_repl_guard on %s', p_relation);
  execute format('drop trigger if exists steep_repl_deletes on %s', p_relation);
  execute format('drop trigger if exists steep_repl_keys on %s', p_relation);
  for v_relation in
    select c.oid from pg_class c
    where c.oid = p_relation or c.oid in (select t.relid from pg_partition_tree(p_relation) t)
  loop
    execute format('drop trigger if exists steep_repl_truncate on %s', v_relation);
  end loop;
  -- On record by audit_table_policy().
  update steep_repl.replicated_tables t set is_active = false where t.relation = p_relation;
  delete from steep_repl.tombstones t where t.relation = p_relation;
  delete from steep_repl.tombstone_chunks t where t.relation = p_relation;
end
$$;
comment on function steep_repl.remove_table(regclass) is
  'Takes a table out of replication on this node: nothing of it is published, and what still arrives is dropped';
