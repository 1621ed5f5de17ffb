-- A partition may be what no replicated table may be, and the partitioned table does not show it.
create function steep_repl.why_partition_not_replicable(p_relation regclass, out why text, out hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_root constant regclass := pg_partition_root(p_relation);
  v_key constant text[] := steep_repl.key_columns(steep_repl.key_index(v_root));
  v_part record;
  v_name text;
begin
  for v_part in
    select c.oid::regclass as relation, c.relkind, c.relpersistence, c.relreplident,
      a.amname, steep_repl.key_columns(steep_repl.key_index(c.oid)) as key
    from pg_partition_tree(p_relation) t
    join pg_class c on c.oid = t.relid
    left join pg_am a on a.oid = c.relam
    where t.relid <> v_root
    order by t.level, c.oid::regclass::text
  loop
    if v_part.relkind = 'r' and v_part.relpersistence = 'u' then
      -- Its rows are in no WAL: nothing would be sent, and nothing would say so.
      why := format('its partition %s is unlogged', v_part.relation);
      hint := format('alter table %s set logged', v_part.relation);
      return;
    elsif v_part.relkind = 'r' and v_part.amname <> 'heap' then
      why := format('the access method of its partition %s is not heap', v_part.relation);
      hint := format('alter table %s set access method heap', v_part.relation);
      return;
    end if;
    select quote_ident(k.conname) into v_name from pg_constraint k
    where k.conrelid = v_part.relation and k.contype in ('p', 'u') and k.condeferrable
    order by 1 limit 1;
    if found then
      why := format('the unique constraint %s of its partition %s is deferrable', v_name, v_part.relation);
      hint := format('A deferrable constraint cannot be asked which row stands in the way; make it not deferrable: '
        'alter table %s drop constraint %s, and add it anew.', v_part.relation, v_name);
      return;
    end if;
    select quote_ident(c.relname) into v_name
    from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indrelid = v_part.relation and i.indisexclusion
    order by 1 limit 1;
    if found then
      why := format('its partition %s has the exclusion constraint %s', v_part.relation, v_name);
      hint := format('Rows that exclude each other cannot be resolved: alter table %s drop constraint %s',
        v_part.relation, v_name);
      return;
    end if;
    -- While a dump is restored the table has no key yet, and its partitions get theirs one by one.
    if v_key is not null and v_part.key is distinct from v_key then
      why := format('its partition %s identifies rows by other columns than the table itself: %s, not %s',
        v_part.relation, coalesce('(' || array_to_string(v_part.key, ', ') || ')', 'none'),
        '(' || array_to_string(v_key, ', ') || ')');
      hint := case when v_part.relreplident = 'i' then format('alter table %s replica identity default', v_part.relation)
        else format('Drop the key %s of the partition, or make that of the table its primary key.',
          steep_repl.key_index(v_part.relation)) end;
      return;
    end if;
  end loop;
end
$$;
comment on function steep_repl.why_partition_not_replicable(regclass) is
  'Why a partitioned table cannot be replicated because of one of its partitions, and the way out; null if it can. Of a partition: about it and what is below it';

create function steep_repl.key_columns(p_index regclass) returns text[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select array_agg(quote_ident(a.attname) order by k.place)
  from pg_index i
  cross join unnest((i.indkey::smallint[])[0:i.indnkeyatts - 1]) with ordinality as k (attnum, place)
  join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
  where i.indexrelid = p_index
$$;
comment on function steep_repl.key_columns(regclass) is 'The columns of a key, in the order of its index; null of no index';

create function steep_repl.let_owner_add_partitions(p_relation regclass) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_function regprocedure;
  v_owner regrole;
begin
  select c.relowner into v_owner from pg_class c where c.oid = p_relation and c.relkind = 'p';
  -- A partition gets the row triggers of its table, and whoever makes it has to be allowed to call them.
  foreach v_function in array array['steep_repl.guard()', 'steep_repl.record_deletes()']::regprocedure[] loop
    if not has_function_privilege(v_owner, v_function, 'execute') then
      execute format('grant execute on function %s to %s', v_function, v_owner);
    end if;
  end loop;
end
$$;
comment on function steep_repl.let_owner_add_partitions(regclass) is
  'Lets the owner of a replicated partitioned table make partitions; nothing for other tables';

create function steep_repl.check_partitions() returns event_trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_relation regclass;
  v_root regclass;
  v_not record;
begin
  for v_relation, v_root in
    select c.oid, pg_partition_root(c.oid)
    from pg_event_trigger_ddl_commands() e
    join pg_class c on c.oid = e.objid or c.oid in (select i.indrelid from pg_index i where i.indexrelid = e.objid)
    where e.classid = 'pg_class'::regclass and (c.relkind = 'p' or c.relispartition)
  loop
    continue when not exists (
      select from steep_repl.replicated_tables t where t.relation = v_root and t.is_active);
    -- It may have another owner now.
    perform steep_repl.let_owner_add_partitions(v_root);
    v_not := steep_repl.why_partition_not_replicable(v_relation);
    if v_not.why is not null then
      raise exception using
        errcode = 'object_not_in_prerequisite_state',
        message = format('table %s is replicated, which would no longer be possible: %s', v_root, v_not.why),
        hint = format('%s Or take the table out of replication first, with steep_repl.remove_table().',
          case when v_not.hint ~ '[.]$' then v_not.hint else v_not.hint || '.' end);
    end if;
  end loop;
end
$$;
comment on function steep_repl.check_partitions() is
  'Event trigger: refuses partitions that a replicated table cannot have, made or attached later, and lets its owner make others';

create event trigger steep_repl_partitions on ddl_command_end
  when tag in ('CREATE TABLE', 'CREATE INDEX', 'ALTER TABLE')
  execute function steep_repl.check_partitions();
comment on event trigger steep_repl_partitions is 'Keeps partitions out of replicated tables whose rows could not replicate';
-- Always: a session in replica mode, for example a restore, makes partitions as well.
alter event trigger steep_repl_partitions enable always;
