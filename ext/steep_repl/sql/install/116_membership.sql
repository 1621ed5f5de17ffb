create function steep_repl.announce_node(
  p_node_id text, p_node_name text, p_host text, p_port integer, p_priority integer,
  p_grpc_host text, p_grpc_port integer, p_status text)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_old jsonb;
begin
  select to_jsonb(n) into v_old from steep_repl.nodes n where n.node_id = p_node_id for update;
  if v_old is null then
    perform steep_repl.register_node(p_node_id, p_node_name, p_host, p_port, p_priority);
  end if;
  update steep_repl.nodes n
  set node_name = p_node_name, host = p_host, port = p_port, priority = p_priority,
    grpc_host = p_grpc_host, grpc_port = p_grpc_port, status = p_status
  where n.node_id = p_node_id
    and (n.node_name, n.host, n.port, n.priority, n.grpc_host, n.grpc_port, n.status)
      is distinct from (p_node_name, p_host, p_port, p_priority, p_grpc_host, p_grpc_port, p_status);
  if found and v_old is not null then
    perform steep_repl.audit('node.announce', 'node', p_node_id, v_old,
      (select to_jsonb(n) from steep_repl.nodes n where n.node_id = p_node_id));
  end if;
end
$$;
comment on function steep_repl.announce_node(text, text, text, integer, integer, text, integer, text) is
  'Registers a node, or brings what is known of it up to date';

create function steep_repl.set_node_status(p_node_id text, p_status text) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_old text;
begin
  select n.status into v_old from steep_repl.nodes n where n.node_id = p_node_id for update;
  if not found then
    raise exception using
      errcode = 'undefined_object',
      message = format('node "%s" is not registered here', coalesce(p_node_id, '')),
      hint = 'See steep_repl.nodes.';
  end if;
  if v_old = p_status then
    return false;
  end if;
  -- On record by audit_node_policy().
  update steep_repl.nodes n set status = p_status where n.node_id = p_node_id;
  return true;
end
$$;
comment on function steep_repl.set_node_status(text, text) is
  'Writes down where a node is in its life; false if that was known';
