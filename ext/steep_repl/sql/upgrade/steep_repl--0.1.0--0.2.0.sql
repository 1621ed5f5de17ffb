-- 0.2.0 adds the report on the server's settings, and keeps the audit log from roles that hold
-- privileges on every table.

create function steep_repl.check_setup()
returns table (setting text, value text, needed text, why text, fix text)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_preloaded constant text := '(^|[ ,/"])steep_repl("|,| |$)';
begin
  return query
  with peers as (
    select greatest(1, count(*) - 1) as n from steep_repl.nodes where status <> 'removed'
  ),
  required (setting, needed, met_by, why) as (
    select 'wal_level', 'logical', '^logical$',
      'Changes are read from the WAL by logical decoding.'
    union all
    select 'track_commit_timestamp', 'on', '^on$',
      'A row''s version is the commit timestamp of its last write.'
    union all
    select 'shared_preload_libraries', 'a list with steep_repl', v_preloaded,
      'Conflicts are resolved inside the apply worker, which loads libraries only from this list.'
    union all
    select 'output_plugin_libraries', 'a list with pgoutput', '(^|[ ,/"])pgoutput("|,| |$)',
      'Publications are decoded by pgoutput.'
    union all
    select 'session_replication_role', 'origin or local', '^(origin|local)$',
      'With "replica" as the default of every session, its writes are treated as replicated ones.'
  ),
  counted (setting, needed, why) as (
    select v.setting, v.needed, v.why
    from peers, lateral (values
      ('max_replication_slots', n + 1, 'One slot for each peer, and one for a node that joins.'),
      ('max_wal_senders', n + 1, 'One sender for each peer, and one for a node that joins.'),
      ('max_logical_replication_workers', n + 1, 'One apply worker for each peer, and one for a node that joins.'),
      ('max_worker_processes', n + 2, 'Apply workers and their launcher are background workers.'),
      ('max_active_replication_origins', n + 1, 'One origin for each peer, and one for joining.')
    ) as v (setting, needed, why)
  )
  select s.name, s.setting, r.needed, r.why,
    case when r.setting in ('shared_preload_libraries', 'output_plugin_libraries')
      then format('alter system set %s = %s; then restart the server', s.name,
        -- Each name a literal of its own: one literal would be one name (flatten_set_variable_args,
        -- guc_funcs.c), and a bare $libdir/name would not parse.
        concat_ws(', ',
          (select string_agg(quote_literal(btrim(m[1], ' "')), ', ') from regexp_matches(s.setting, '("[^"]+"|[^", ][^,]*)', 'g') m),
          quote_literal(substring(r.needed from 'with (.*)$'))))
      when s.context = 'postmaster'
      then format('alter system set %s = %L; then restart the server', s.name, r.needed)
      else format('alter system reset %s; and look for it in alter role and alter database', s.name) end
  from required r join pg_settings s on s.name = r.setting
  where s.setting !~ r.met_by
  union all
  select s.name, s.setting, format('at least %s', c.needed), c.why,
    format('alter system set %s = %s; then restart the server', s.name, c.needed)
  from counted c join pg_settings s on s.name = c.setting
  -- The cast must not meet settings that are no numbers, whatever the plan.
  where case when s.vartype = 'integer' then s.setting::bigint < c.needed end;

  -- The rest asks the library, which cannot be loaded now if it was not at the server's start.
  if current_setting('shared_preload_libraries') !~ v_preloaded then
    return;
  end if;
  return query
  select 'extension version', e.extversion, steep_repl.version(),
    'The SQL objects and the loaded library belong together.',
    'alter extension steep_repl update; or restart the server if the library is the older one'
  from pg_extension e
  where e.extname = 'steep_repl' and e.extversion <> steep_repl.version()
  union all
  select 'node identity', steep_repl.identity_mismatch(), 'an identity given to this very database',
    'Two nodes with one identity would silently lose writes.',
    'select steep_repl.reidentify_node(node_id, reason)'
  where steep_repl.identity_mismatch() is not null;
end
$$;
comment on function steep_repl.check_setup() is
  'What keeps this server from replicating, a row for each: setting, value, needed, why, fix; no rows if all is well';

revoke all on function steep_repl.check_setup() from public;
grant execute on function steep_repl.check_setup() to steep_repl_viewer;

create function steep_repl.guard_audit_log() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if not pg_has_role(current_user, (select c.relowner from pg_class c where c.oid = tg_relid), 'usage') then
    raise exception using
      errcode = 'insufficient_privilege',
      message = 'steep_repl.audit_log can be changed by its owner only',
      hint = 'Entries are written by the functions of steep_repl.';
  end if;
  return null;
end
$$;
comment on function steep_repl.guard_audit_log() is
  'Keeps audit_log from roles that hold its privileges in other ways: pg_write_all_data, default privileges';

create trigger audit_log_append_only
  before insert or update or delete or truncate on steep_repl.audit_log
  for each statement execute function steep_repl.guard_audit_log();
-- Also where triggers are off for replicated changes (session_replication_role = replica).
alter table steep_repl.audit_log enable always trigger audit_log_append_only;
comment on trigger audit_log_append_only on steep_repl.audit_log is 'Refuses everybody but the owner';

revoke all on function steep_repl.guard_audit_log() from public;

-- A privilege on a parameter that is granted inside an extension's script is recorded as an initial
-- privilege of it (ExecGrant_Parameter, aclchk.c). Nothing removes that record with the extension, and
-- from PostgreSQL 17 on it holds a dependency of the role that DROP ROLE and DROP OWNED stumble over
-- ("unrecognized class ID"). The grants themselves stay.
delete from pg_catalog.pg_init_privs
where classoid = 'pg_catalog.pg_parameter_acl'::pg_catalog.regclass
  and objoid in (select oid from pg_catalog.pg_parameter_acl where parname like 'steep!_repl.%' escape '!');
delete from pg_catalog.pg_shdepend
where classid = 'pg_catalog.pg_parameter_acl'::pg_catalog.regclass and deptype = 'i'
  and objid in (select oid from pg_catalog.pg_parameter_acl where parname like 'steep!_repl.%' escape '!');

select steep_repl.audit('extension.update', 'extension', 'steep_repl',
  jsonb_build_object('version', '0.1.0'), jsonb_build_object('version', '0.2.0'));
