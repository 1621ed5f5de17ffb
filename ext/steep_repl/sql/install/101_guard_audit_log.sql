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
