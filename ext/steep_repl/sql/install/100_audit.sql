create table steep_repl.audit_log (
  id bigserial not null,
  occurred_at timestamptz not null default now(),
  action text not null,
  actor text not null,
  target_type text,
  target_id text,
  old_value jsonb,
  new_value jsonb,
  client_ip inet,
  success boolean not null default true,
  error_message text,
  constraint audit_log_pkey primary key (id)
);
create index idx_audit_log_occurred_at on steep_repl.audit_log (occurred_at);
create index idx_audit_log_target on steep_repl.audit_log (target_type, target_id);
comment on table steep_repl.audit_log is 'Who changed what; append-only for everybody but the owner';
comment on column steep_repl.audit_log.id is 'Number of the entry';
comment on column steep_repl.audit_log.occurred_at is 'Start of the transaction that made the change';
comment on column steep_repl.audit_log.action is 'What was done, as object.verb';
comment on column steep_repl.audit_log.actor is 'Session user';
comment on column steep_repl.audit_log.target_type is 'Kind of thing that changed';
comment on column steep_repl.audit_log.target_id is 'Which one';
comment on column steep_repl.audit_log.old_value is 'Its state before';
comment on column steep_repl.audit_log.new_value is 'Its state after';
comment on column steep_repl.audit_log.client_ip is 'Address of the client; null for a local socket';
comment on column steep_repl.audit_log.success is 'Whether it was done';
comment on column steep_repl.audit_log.error_message is 'Why it was not';
comment on index steep_repl.idx_audit_log_occurred_at is 'Finds entries by time';
comment on index steep_repl.idx_audit_log_target is 'Finds the history of one thing';
comment on sequence steep_repl.audit_log_id_seq is 'Numbers audit_log';

create function steep_repl.audit(
  p_action text, p_target_type text, p_target_id text, p_old_value jsonb, p_new_value jsonb)
returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  insert into steep_repl.audit_log (action, actor, target_type, target_id, old_value, new_value, client_ip)
  values (p_action, session_user, p_target_type, p_target_id, p_old_value, p_new_value, inet_client_addr())
$$;
comment on function steep_repl.audit(text, text, text, jsonb, jsonb) is
  'Writes one audit_log entry for the session user; called by the extension''s own functions only';

-- Always entry 1, because nothing was written before it: pg_dump leaves this entry out
-- (130_dump.sql), since a restore runs this script and so writes its own.
select steep_repl.audit('extension.create', 'extension', 'steep_repl', null,
  jsonb_build_object('database', current_database()));
