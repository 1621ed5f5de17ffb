create function steep_repl.register_node(
  p_node_id text, p_node_name text, p_host text, p_port integer default 5432, p_priority integer default 50)
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_constraint text;
begin
  perform steep_repl.require_valid_node_id(p_node_id);
  if btrim(coalesce(p_node_name, '')) = '' then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('name of node "%s" is empty', p_node_id),
      hint = 'A node name has 1 to 63 characters.';
  elsif char_length(p_node_name) > 63 then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('name of node "%s" is too long: %s characters', p_node_id, char_length(p_node_name)),
      hint = 'A node name has 1 to 63 characters.';
  elsif p_node_name ~ '[[:cntrl:]]' then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('name of node "%s" contains a control character', p_node_id),
      hint = 'Use printable characters only.';
  elsif btrim(coalesce(p_host, '')) = '' then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('host of node "%s" is empty', p_node_id),
      hint = 'Give the host name or address where peers reach this node''s PostgreSQL.';
  elsif p_port is null or p_port not between 1 and 65535 then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('port %s of node "%s" is out of range', coalesce(p_port::text, 'null'), p_node_id),
      hint = 'A port is between 1 and 65535.';
  elsif p_priority is null then
    raise exception using errcode = 'invalid_parameter_value',
      message = format('priority of node "%s" is null', p_node_id),
      hint = 'Give an integer; the higher priority wins.';
  end if;
  begin
    insert into steep_repl.nodes (node_id, node_name, host, port, priority)
    values (p_node_id, p_node_name, p_host, p_port, p_priority);
  exception when unique_violation then
    get stacked diagnostics v_constraint = constraint_name;
    raise exception using errcode = 'unique_violation',
      message = case v_constraint
        when 'nodes_node_name_key' then format('another node is already named "%s"', p_node_name)
        else format('node "%s" is already registered', p_node_id) end,
      hint = 'See steep_repl.nodes for the names in use.';
  end;
  perform steep_repl.audit('node.register', 'node', p_node_id, null,
    (select to_jsonb(n) from steep_repl.nodes n where n.node_id = p_node_id));
  return p_node_id;
end
$$;
comment on function steep_repl.register_node(text, text, text, integer, integer) is
  'Adds a node to steep_repl.nodes';
