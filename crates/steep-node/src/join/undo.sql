-- Drops every schema, extension and object that was not in the database before the attempt.
do $$
declare
  v_before_schemas constant text[] := :schemas_before;
  v_before_extensions constant text[] := :extensions_before;
  v_drop text;
begin
  for v_drop in
    select format('drop schema %I cascade', n.nspname) from pg_namespace n
    where n.nspname <> all (v_before_schemas) and n.nspname !~ '^pg_' and n.nspname <> 'steep_repl'
  loop
    execute v_drop;
  end loop;
  for v_drop in
    select format('drop extension if exists %I cascade', e.extname) from pg_extension e
    where e.extname <> all (v_before_extensions) and e.extname <> 'steep_repl'
  loop
    execute v_drop;
  end loop;
  for v_drop in
    select format('drop event trigger if exists %I', t.evtname) from pg_event_trigger t
    where not exists (select from pg_depend d where d.classid = 'pg_event_trigger'::regclass and d.objid = t.oid and d.deptype = 'e')
  loop
    execute v_drop;
  end loop;
  -- What was made in schemas that had been there. An object may go with one before it.
  for v_drop in
    with own (oid) as (
      select n.oid from pg_namespace n
      where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'steep_repl')
    )
    select format('drop %s if exists %s cascade', o.kind, o.name)
    from (
      select 1 as place, 'pg_class'::regclass as class, c.oid,
        case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
          when 'f' then 'foreign table' else 'table' end as kind,
        format('%I.%I', c.relnamespace::regnamespace, c.relname) as name
      from pg_class c join own on own.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
      union all
      select 2, 'pg_proc'::regclass, p.oid,
        case p.prokind when 'a' then 'aggregate' when 'p' then 'procedure' else 'function' end, p.oid::regprocedure::text
      from pg_proc p join own on own.oid = p.pronamespace
      union all
      select 3, 'pg_type'::regclass, t.oid, case t.typtype when 'd' then 'domain' else 'type' end, t.oid::regtype::text
      from pg_type t join own on own.oid = t.typnamespace
      left join pg_class c on c.oid = t.typrelid
      where t.typelem = 0 and (t.typtype in ('b', 'd', 'e', 'r') or c.relkind = 'c')
      union all
      select 4, 'pg_collation'::regclass, c.oid, 'collation', format('%I.%I', c.collnamespace::regnamespace, c.collname)
      from pg_collation c join own on own.oid = c.collnamespace
      union all
      select 5, 'pg_operator'::regclass, o.oid, 'operator', o.oid::regoperator::text
      from pg_operator o join own on own.oid = o.oprnamespace
      union all
      select 6, 'pg_ts_config'::regclass, c.oid, 'text search configuration', format('%I.%I', c.cfgnamespace::regnamespace, c.cfgname)
      from pg_ts_config c join own on own.oid = c.cfgnamespace
    ) as o
    where not exists (
      select from pg_depend d where d.classid = o.class and d.objid = o.oid and d.objsubid = 0 and d.deptype in ('e', 'i'))
    order by o.place
  loop
    execute v_drop;
  end loop;
end
$$;
-- With it goes what the database knew of the group.
drop extension if exists steep_repl cascade;
drop publication if exists steep_repl;
select pg_replication_origin_drop(o.roname) from pg_replication_origin o where o.roname like 'steep!_repl:%' escape '!';
