create or replace function steep_repl.set_node_id(p_node_id text) returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_existing text;
begin
  perform steep_repl.require_valid_node_id(p_node_id);
  insert into steep_repl.local_node (node_id, system_identifier, database_oid, data_directory, identified_by)
  select p_node_id, steep_repl.system_identifier(), d.oid, steep_repl.data_directory_fingerprint(), session_user
  from pg_database d where d.datname = current_database()
  on conflict do nothing;
  if not found then
    select n.node_id into v_existing from steep_repl.local_node n;
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = format('this node already has the id "%s"', v_existing),
      hint = 'A node keeps its id for life. Only a restored or cloned copy takes another, with steep_repl.reidentify_node().';
  end if;
  perform steep_repl.ensure_publication();
  perform steep_repl.audit('node.identify', 'node', p_node_id, null,
    (select to_jsonb(n) from steep_repl.local_node n));
  return p_node_id;
end
$$;
comment on function steep_repl.set_node_id(text) is 'Gives this database its node id, once';
