-- The first statement: a server this extension was not built for is refused before anything is
-- made, and a server that did not preload the library says so here.
do $$
declare
  v_major constant integer := current_setting('server_version_num')::integer / 10000;
begin
  if v_major not between 16 and 18 then
    raise exception using
      errcode = 'feature_not_supported',
      message = format('steep_repl does not support PostgreSQL %s', v_major),
      detail = 'Supported major versions are 16, 17 and 18.',
      hint = 'Upgrade this server to a supported major version.';
  end if;
  if not current_setting('shared_preload_libraries') ~ '(^|[ ,/"])steep_repl("|,| |$)' then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = 'steep_repl must be loaded through "shared_preload_libraries"',
      detail = format('shared_preload_libraries is "%s".', current_setting('shared_preload_libraries')),
      hint = 'Add steep_repl to shared_preload_libraries and restart the server, then run CREATE EXTENSION again.';
  end if;
end
$$;

-- Roles belong to the cluster, not to the database: another database may have made them already,
-- and dropping the extension leaves them.
do $$
declare
  v_role text;
begin
  foreach v_role in array array['steep_repl_viewer', 'steep_repl_operator', 'steep_repl_admin'] loop
    begin
      execute format('create role %I nologin', v_role);
    exception when duplicate_object or unique_violation then
      null;
    end;
  end loop;
end
$$;

grant steep_repl_viewer to steep_repl_operator;
grant steep_repl_operator to steep_repl_admin;

create schema steep_repl;
comment on schema steep_repl is 'Bidirectional replication: nodes, identity ranges, conflicts, DDL, audit';

-- A range over text gives GiST an equality on names (a range of one value overlaps another only if
-- both are the same), so that identity_ranges can exclude overlaps without another extension.
create type steep_repl.name_range as range (subtype = pg_catalog.text, collation = pg_catalog."C");
comment on type steep_repl.name_range is 'A range of names; used as a single-value range in exclusion constraints';
comment on type steep_repl.name_multirange is 'Made by PostgreSQL with name_range; not used';

create table steep_repl.nodes (
  node_id text collate pg_catalog."C" not null,
  node_name text not null,
  host text not null,
  port integer not null default 5432,
  priority integer not null default 50,
  is_coordinator boolean not null default false,
  last_seen timestamptz,
  status text not null default 'unknown',
  constraint nodes_pkey primary key (node_id),
  constraint nodes_node_name_key unique (node_name),
  constraint nodes_node_id_valid check (node_id ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$'),
  constraint nodes_node_name_valid check (
    btrim(node_name) <> '' and char_length(node_name) <= 63 and node_name !~ '[[:cntrl:]]'),
  constraint nodes_host_valid check (btrim(host) <> ''),
  constraint nodes_port_valid check (port between 1 and 65535),
  constraint nodes_status_valid check (
    status in ('unknown', 'joining', 'catching_up', 'online', 'unreachable', 'leaving', 'removed'))
);
comment on table steep_repl.nodes is 'Every node of the replication group, this one included';
comment on column steep_repl.nodes.node_id is 'Identity for life; orders equal versions by its bytes';
comment on column steep_repl.nodes.node_name is 'Name for people, unique in the group';
comment on column steep_repl.nodes.host is 'Where peers reach this node''s PostgreSQL';
comment on column steep_repl.nodes.port is 'TCP port of this node''s PostgreSQL';
comment on column steep_repl.nodes.priority is 'Higher wins: coordinator election, ties of equal commit timestamps, node_priority';
comment on column steep_repl.nodes.is_coordinator is 'Whether this node is known to act as coordinator';
comment on column steep_repl.nodes.last_seen is 'When this node last answered';
comment on column steep_repl.nodes.status is 'unknown, joining, catching_up, online, unreachable, leaving or removed';

create table steep_repl.local_node (
  singleton boolean not null default true,
  node_id text collate pg_catalog."C" not null,
  system_identifier bigint not null,
  database_oid oid not null,
  data_directory text not null,
  identified_at timestamptz not null default now(),
  identified_by text not null,
  constraint local_node_pkey primary key (singleton),
  constraint local_node_single check (singleton),
  constraint local_node_node_id_valid check (node_id ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$')
);
comment on table steep_repl.local_node is 'Which node this database is, and the place that identity was given to';
comment on column steep_repl.local_node.singleton is 'Always true: at most one row';
comment on column steep_repl.local_node.node_id is 'This node''s id';
comment on column steep_repl.local_node.system_identifier is 'The cluster''s identifier when the identity was given';
comment on column steep_repl.local_node.database_oid is 'The database''s oid when the identity was given';
comment on column steep_repl.local_node.data_directory is 'Fingerprint of the data directory when the identity was given';
comment on column steep_repl.local_node.identified_at is 'When the identity was given';
comment on column steep_repl.local_node.identified_by is 'Session user who gave it';

create table steep_repl.identity_ranges (
  id bigserial not null,
  table_schema text not null,
  table_name text not null,
  node_id text collate pg_catalog."C" not null,
  range_start bigint not null,
  range_end bigint not null,
  allocated_at timestamptz not null default now(),
  status text not null default 'active',
  constraint identity_ranges_pkey primary key (id),
  constraint identity_ranges_node_id_fkey foreign key (node_id) references steep_repl.nodes (node_id),
  constraint identity_ranges_start_key unique (table_schema, table_name, node_id, range_start),
  constraint identity_ranges_bounds_valid check (range_start <= range_end),
  -- An inclusive int8range cannot end at the largest bigint (int8range_canonical, rangetypes.c).
  constraint identity_ranges_end_representable check (range_end < 9223372036854775807),
  constraint identity_ranges_status_valid check (status in ('active', 'exhausted', 'released')),
  constraint identity_ranges_no_overlap exclude using gist (
    steep_repl.name_range(table_schema, table_schema, '[]') with &&,
    steep_repl.name_range(table_name, table_name, '[]') with &&,
    int8range(range_start, range_end, '[]') with &&)
);
create index idx_identity_ranges_table on steep_repl.identity_ranges (table_schema, table_name);
comment on table steep_repl.identity_ranges is 'Ranges of generated keys, each owned by one node; ranges of one table never overlap';
comment on column steep_repl.identity_ranges.id is 'Number of the grant';
comment on column steep_repl.identity_ranges.table_schema is 'Schema of the table';
comment on column steep_repl.identity_ranges.table_name is 'Name of the table';
comment on column steep_repl.identity_ranges.node_id is 'The node that draws keys from this range';
comment on column steep_repl.identity_ranges.range_start is 'First id, inclusive';
comment on column steep_repl.identity_ranges.range_end is 'Last id, inclusive';
comment on column steep_repl.identity_ranges.allocated_at is 'When the range was granted';
comment on column steep_repl.identity_ranges.status is 'active, exhausted or released';
comment on index steep_repl.idx_identity_ranges_table is 'Finds the ranges of a table';
comment on sequence steep_repl.identity_ranges_id_seq is 'Numbers identity_ranges';

create table steep_repl.conflict_log (
  id bigserial not null,
  detected_at timestamptz not null default now(),
  subscription text not null,
  table_schema text not null,
  table_name text not null,
  conflict_type text not null,
  local_tuple jsonb,
  remote_tuple jsonb,
  local_origin text,
  remote_origin text,
  local_xact_ts timestamptz,
  remote_xact_ts timestamptz,
  origin_xid bigint,
  resolution text,
  resolved_at timestamptz,
  resolved_by text,
  constraint conflict_log_pkey primary key (id),
  constraint conflict_log_conflict_type_valid check (
    conflict_type in ('INSERT-INSERT', 'UPDATE-UPDATE', 'UPDATE-DELETE')),
  constraint conflict_log_resolution_valid check (
    resolution in ('PENDING', 'APPLIED_REMOTE', 'KEPT_LOCAL', 'MERGED', 'REVERTED'))
);
create index idx_conflict_log_pending on steep_repl.conflict_log (resolution) where resolution = 'PENDING';
create index idx_conflict_log_table on steep_repl.conflict_log (table_schema, table_name);
create index idx_conflict_log_origin_xid on steep_repl.conflict_log (origin_xid);
create index idx_conflict_log_detected_at on steep_repl.conflict_log (detected_at);
comment on table steep_repl.conflict_log is 'Conflicting writes, what each side held and what was decided';
comment on column steep_repl.conflict_log.id is 'Number of the conflict on this node';
comment on column steep_repl.conflict_log.detected_at is 'When this node met the conflict';
comment on column steep_repl.conflict_log.subscription is 'Subscription that delivered the remote change';
comment on column steep_repl.conflict_log.table_schema is 'Schema of the table';
comment on column steep_repl.conflict_log.table_name is 'Name of the table';
comment on column steep_repl.conflict_log.conflict_type is 'INSERT-INSERT, UPDATE-UPDATE or UPDATE-DELETE';
comment on column steep_repl.conflict_log.local_tuple is 'The row this node held';
comment on column steep_repl.conflict_log.remote_tuple is 'The row that arrived';
comment on column steep_repl.conflict_log.local_origin is 'Node that wrote the local row';
comment on column steep_repl.conflict_log.remote_origin is 'Node that wrote the remote row';
comment on column steep_repl.conflict_log.local_xact_ts is 'Commit timestamp of the local row';
comment on column steep_repl.conflict_log.remote_xact_ts is 'Commit timestamp of the remote row';
comment on column steep_repl.conflict_log.origin_xid is 'Transaction id at the remote node; groups the conflicts of one transaction';
comment on column steep_repl.conflict_log.resolution is 'PENDING, APPLIED_REMOTE, KEPT_LOCAL, MERGED or REVERTED';
comment on column steep_repl.conflict_log.resolved_at is 'When it was decided';
comment on column steep_repl.conflict_log.resolved_by is 'Strategy or person that decided';
comment on index steep_repl.idx_conflict_log_pending is 'Finds conflicts that wait for a person';
comment on index steep_repl.idx_conflict_log_table is 'Finds the conflicts of a table';
comment on index steep_repl.idx_conflict_log_origin_xid is 'Finds the conflicts of one remote transaction';
comment on index steep_repl.idx_conflict_log_detected_at is 'Finds conflicts by time';
comment on sequence steep_repl.conflict_log_id_seq is 'Numbers conflict_log';

create table steep_repl.ddl_queue (
  id bigserial not null,
  captured_at timestamptz not null default now(),
  origin_node text not null,
  ddl_command text not null,
  object_type text not null,
  object_schema text,
  object_name text,
  status text not null,
  pre_fingerprint text,
  post_fingerprint text,
  applied_at timestamptz,
  applied_by text,
  error_message text,
  constraint ddl_queue_pkey primary key (id),
  constraint ddl_queue_status_valid check (
    status in ('PENDING', 'APPROVED', 'APPLIED', 'REJECTED', 'FAILED'))
);
create index idx_ddl_queue_status on steep_repl.ddl_queue (status) where status <> 'APPLIED';
create index idx_ddl_queue_captured_at on steep_repl.ddl_queue (captured_at);
comment on table steep_repl.ddl_queue is 'Schema changes and what became of each on this node';
comment on column steep_repl.ddl_queue.id is 'Number of the entry on this node';
comment on column steep_repl.ddl_queue.captured_at is 'When the statement ran at its origin';
comment on column steep_repl.ddl_queue.origin_node is 'Node where the statement ran';
comment on column steep_repl.ddl_queue.ddl_command is 'Text of the statement';
comment on column steep_repl.ddl_queue.object_type is 'Kind of the object: table, index, …';
comment on column steep_repl.ddl_queue.object_schema is 'Schema of the object, if it has one';
comment on column steep_repl.ddl_queue.object_name is 'Name of the object';
comment on column steep_repl.ddl_queue.status is 'PENDING, APPROVED, APPLIED, REJECTED or FAILED';
comment on column steep_repl.ddl_queue.pre_fingerprint is 'Fingerprint of the table before the statement, at the origin';
comment on column steep_repl.ddl_queue.post_fingerprint is 'Fingerprint of the table after the statement, at the origin';
comment on column steep_repl.ddl_queue.applied_at is 'When it was applied here';
comment on column steep_repl.ddl_queue.applied_by is 'Who applied or approved it here';
comment on column steep_repl.ddl_queue.error_message is 'Why it failed or was rejected';
comment on index steep_repl.idx_ddl_queue_status is 'Finds entries that still need something';
comment on index steep_repl.idx_ddl_queue_captured_at is 'Finds entries by time';
comment on sequence steep_repl.ddl_queue_id_seq is 'Numbers ddl_queue';

create table steep_repl.schema_fingerprints (
  table_schema text not null,
  table_name text not null,
  fingerprint text not null,
  column_count integer not null,
  captured_at timestamptz not null default now(),
  constraint schema_fingerprints_pkey primary key (table_schema, table_name),
  constraint schema_fingerprints_fingerprint_valid check (fingerprint <> ''),
  constraint schema_fingerprints_column_count_valid check (column_count >= 0)
);
comment on table steep_repl.schema_fingerprints is 'The shape each replicated table is known to have';
comment on column steep_repl.schema_fingerprints.table_schema is 'Schema of the table';
comment on column steep_repl.schema_fingerprints.table_name is 'Name of the table';
comment on column steep_repl.schema_fingerprints.fingerprint is 'SHA-256 of the table''s canonical description';
comment on column steep_repl.schema_fingerprints.column_count is 'Number of columns';
comment on column steep_repl.schema_fingerprints.captured_at is 'When it was computed';

create table steep_repl.coordinator_state (
  key text not null,
  value jsonb not null,
  updated_at timestamptz not null default now(),
  constraint coordinator_state_pkey primary key (key)
);
comment on table steep_repl.coordinator_state is 'What this node must remember of elections and grants';
comment on column steep_repl.coordinator_state.key is 'Name of the fact';
comment on column steep_repl.coordinator_state.value is 'The fact';
comment on column steep_repl.coordinator_state.updated_at is 'When it last changed';

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

create function steep_repl.set_node_id(p_node_id text) returns text
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
  perform steep_repl.audit('node.identify', 'node', p_node_id, null,
    (select to_jsonb(n) from steep_repl.local_node n));
  return p_node_id;
end
$$;
comment on function steep_repl.set_node_id(text) is 'Gives this database its node id, once';

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

-- pg_dump keeps these rows. The filter of audit_log leaves out the entry that CREATE EXTENSION
-- itself writes (100_audit.sql).
select pg_catalog.pg_extension_config_dump('steep_repl.nodes', '');
select pg_catalog.pg_extension_config_dump('steep_repl.local_node', '');
select pg_catalog.pg_extension_config_dump('steep_repl.identity_ranges', '');
select pg_catalog.pg_extension_config_dump('steep_repl.identity_ranges_id_seq', '');
select pg_catalog.pg_extension_config_dump('steep_repl.conflict_log', '');
select pg_catalog.pg_extension_config_dump('steep_repl.conflict_log_id_seq', '');
select pg_catalog.pg_extension_config_dump('steep_repl.ddl_queue', '');
select pg_catalog.pg_extension_config_dump('steep_repl.ddl_queue_id_seq', '');
select pg_catalog.pg_extension_config_dump('steep_repl.schema_fingerprints', '');
select pg_catalog.pg_extension_config_dump('steep_repl.coordinator_state', '');
select pg_catalog.pg_extension_config_dump('steep_repl.audit_log', 'where id > 1');
select pg_catalog.pg_extension_config_dump('steep_repl.audit_log_id_seq', '');

-- Nothing to PUBLIC, whatever the default privileges of this database say.
revoke all on schema steep_repl from public;
revoke all on all tables in schema steep_repl from public;
revoke all on all sequences in schema steep_repl from public;
revoke all on all functions in schema steep_repl from public;
revoke all on type steep_repl.name_range from public;

grant usage on schema steep_repl to steep_repl_viewer;
grant select on
  steep_repl.nodes, steep_repl.local_node, steep_repl.identity_ranges, steep_repl.conflict_log,
  steep_repl.ddl_queue, steep_repl.schema_fingerprints, steep_repl.coordinator_state
  to steep_repl_viewer;
grant execute on function
  steep_repl.version(), steep_repl.system_identifier(), steep_repl.data_directory_fingerprint(),
  steep_repl.node_id(), steep_repl.identity_mismatch()
  to steep_repl_viewer;

grant select on steep_repl.audit_log to steep_repl_operator;

grant execute on function
  steep_repl.set_node_id(text), steep_repl.reidentify_node(text, text),
  steep_repl.register_node(text, text, text, integer, integer)
  to steep_repl_admin;
grant set on parameter steep_repl.bypass_range_check, steep_repl.ddl_replication to steep_repl_admin;
