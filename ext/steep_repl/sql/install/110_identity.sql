create function steep_repl.version() returns text
language c immutable strict parallel safe
as 'MODULE_PATHNAME', 'version_wrapper';
comment on function steep_repl.version() is 'Version of the loaded steep_repl library';

create function steep_repl.system_identifier() returns bigint
language c stable strict parallel safe
as 'MODULE_PATHNAME', 'system_identifier_wrapper';
comment on function steep_repl.system_identifier() is 'The cluster''s identifier, as pg_control_system() shows it';

create function steep_repl.data_directory_fingerprint() returns text
language c stable strict parallel safe
as 'MODULE_PATHNAME', 'data_directory_fingerprint_wrapper';
comment on function steep_repl.data_directory_fingerprint() is
  'What tells this data directory from a copy of it: file number and creation time of PG_VERSION';

create function steep_repl.identity_mismatch() returns text
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select nullif(concat_ws(' ',
    case when n.system_identifier <> steep_repl.system_identifier()
      then format('The identity was given to the cluster with system identifier %s, this one has %s.',
        n.system_identifier, steep_repl.system_identifier()) end,
    case when n.database_oid <> d.oid
      then format('The identity was given to the database with oid %s, this one has %s.', n.database_oid, d.oid) end,
    -- A standby is a copy by design and takes no writes; it is asked again when it is promoted.
    case when n.data_directory <> steep_repl.data_directory_fingerprint() and not pg_is_in_recovery()
      then 'The data directory is a copy of the one the identity was given to.' end), '')
  from steep_repl.local_node n
  join pg_database d on d.datname = current_database()
$$;
comment on function steep_repl.identity_mismatch() is
  'Why the recorded identity is not this database''s own; null if it is, or if none is recorded';

create function steep_repl.node_id() returns text
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_node_id text;
  v_mismatch text;
begin
  select n.node_id into v_node_id from steep_repl.local_node n;
  if not found then
    return null;
  end if;
  v_mismatch := steep_repl.identity_mismatch();
  if v_mismatch is not null then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = format('this database is a restored or cloned copy of node "%s"', v_node_id),
      detail = v_mismatch,
      hint = 'If the original is gone for good, continue as that node; otherwise take a new id. '
        'Either way: select steep_repl.reidentify_node(node_id, reason).';
  end if;
  return v_node_id;
end
$$;
comment on function steep_repl.node_id() is
  'This node''s id; null before set_node_id(); an error in a restored or cloned copy';

create function steep_repl.require_valid_node_id(p_node_id text) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_node_id is null or p_node_id !~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$' then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = case
        when coalesce(p_node_id, '') = '' then 'node id is empty'
        when char_length(p_node_id) > 63 then format('node id "%s…" is too long: %s characters', left(p_node_id, 20), char_length(p_node_id))
        else format('node id "%s" is not valid', p_node_id) end,
      hint = 'A node id has 1 to 63 characters: ASCII letters, digits, underscore, dot and hyphen, the first a letter or digit.';
  end if;
end
$$;
comment on function steep_repl.require_valid_node_id(text) is 'Raises an error that says what is wrong with a node id';

create function steep_repl.reidentify_node(p_node_id text, p_reason text) returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_old jsonb;
begin
  perform steep_repl.require_valid_node_id(p_node_id);
  if btrim(coalesce(p_reason, '')) = '' then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = 'no reason given for a new node identity',
      hint = 'Say why: the reason is kept in steep_repl.audit_log.';
  end if;
  select to_jsonb(n) into v_old from steep_repl.local_node n for update;
  if v_old is null then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = 'this node has no identity yet',
      hint = 'Use steep_repl.set_node_id(node_id).';
  end if;
  if steep_repl.identity_mismatch() is null then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = format('this database is the rightful node "%s"', v_old ->> 'node_id'),
      hint = 'Only a restored or cloned copy can take another identity.';
  end if;
  update steep_repl.local_node set
    node_id = p_node_id,
    system_identifier = steep_repl.system_identifier(),
    database_oid = (select d.oid from pg_database d where d.datname = current_database()),
    data_directory = steep_repl.data_directory_fingerprint(),
    identified_at = now(),
    identified_by = session_user;
  perform steep_repl.audit('node.reidentify', 'node', p_node_id, v_old,
    (select to_jsonb(n) || jsonb_build_object('reason', p_reason) from steep_repl.local_node n));
  return p_node_id;
end
$$;
comment on function steep_repl.reidentify_node(text, text) is
  'Gives a restored or cloned copy an identity: the old id if the original is gone, else a new one';
