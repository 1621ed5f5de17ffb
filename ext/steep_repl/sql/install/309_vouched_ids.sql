-- A row that a decision about a conflict brings back has an id that a peer drew.
create function steep_repl.vouch_for_id(p_schema text, p_table text, p_id bigint) returns void
language c volatile
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'vouch_for_id_wrapper';
comment on function steep_repl.vouch_for_id(text, text, bigint) is
  'Lets this transaction write one id once, whosever it is; no sequence will run into it. Null takes that back';

create function steep_repl.vouch_for_row(p_relation regclass, p_tuple jsonb) returns void
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
  select steep_repl.vouch_for_id(t.table_schema, t.table_name, (p_tuple ->> (steep_repl.range_column(t)).attname)::bigint)
  from steep_repl.range_tables t where t.relation = p_relation and t.is_active
$$;
comment on function steep_repl.vouch_for_row(regclass, jsonb) is 'Lets this transaction write the id of a fitted tuple, if ids of its table are kept apart';
