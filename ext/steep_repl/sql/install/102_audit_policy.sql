-- What decides conflicts may be changed by functions and by plain UPDATEs alike. These triggers write
-- the entry either way. Not for INSERT: a restore inserts rows whose entries the dump has as well.
create function steep_repl.audit_node_policy() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'DELETE' then
    perform steep_repl.audit('node.delete', 'node', old.node_id, to_jsonb(old), null);
    return null;
  end if;
  if new.node_id <> old.node_id then
    perform steep_repl.audit('node.rename', 'node', new.node_id, to_jsonb(old.node_id), to_jsonb(new.node_id));
  end if;
  if new.priority <> old.priority then
    perform steep_repl.audit('node.priority', 'node', new.node_id, to_jsonb(old.priority), to_jsonb(new.priority));
  end if;
  if new.status <> old.status then
    perform steep_repl.audit('node.status', 'node', new.node_id, to_jsonb(old.status), to_jsonb(new.status));
  end if;
  return null;
end
$$;
comment on function steep_repl.audit_node_policy() is
  'Row trigger of nodes: writes down what changes the order of the nodes, or who is one';

create function steep_repl.audit_table_policy() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'DELETE' then
    perform steep_repl.audit('table.delete', 'table', old.relation::text, to_jsonb(old), null);
  elsif old.is_active and not new.is_active then
    perform steep_repl.audit('table.remove', 'table', old.relation::text, to_jsonb(old), null);
  elsif new.is_active and not old.is_active then
    perform steep_repl.audit('table.add', 'table', new.relation::text, null, to_jsonb(new));
  else
    perform steep_repl.audit('table.policy', 'table', new.relation::text, to_jsonb(old), to_jsonb(new));
  end if;
  return null;
end
$$;
comment on function steep_repl.audit_table_policy() is
  'Row trigger of replicated_tables: writes down how a table''s conflicts are decided from now on';

create trigger audit_policy_changes after update on steep_repl.nodes
  for each row when ((old.node_id, old.priority, old.status) is distinct from (new.node_id, new.priority, new.status))
  execute function steep_repl.audit_node_policy();
create trigger audit_policy_removals after delete on steep_repl.nodes
  for each row execute function steep_repl.audit_node_policy();
create trigger audit_policy_changes after update or delete on steep_repl.replicated_tables
  for each row execute function steep_repl.audit_table_policy();
comment on trigger audit_policy_changes on steep_repl.nodes is 'Every change of a priority, an id or a status is on record';
comment on trigger audit_policy_removals on steep_repl.nodes is 'Every node that is taken off the list is on record';
comment on trigger audit_policy_changes on steep_repl.replicated_tables is 'Every change of a policy is on record';
-- Always: a session in replica mode changes the policy as well.
alter table steep_repl.nodes enable always trigger audit_policy_changes;
alter table steep_repl.nodes enable always trigger audit_policy_removals;
alter table steep_repl.replicated_tables enable always trigger audit_policy_changes;
