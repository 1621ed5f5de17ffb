-- What CREATE EXTENSION makes.
\set SHOW_CONTEXT never
create extension steep_repl;

select extversion = steep_repl.version() as same_version from pg_extension where extname = 'steep_repl';

select name, obj_description(to_regclass('steep_repl.' || name), 'pg_class') as comment
from unnest('{nodes,local_node,identity_ranges,conflict_log,ddl_queue,schema_fingerprints,coordinator_state,audit_log}'::text[]) as name;

select attname as column, format_type(atttypid, atttypmod) as type, attnotnull as "not null"
from pg_attribute
where attrelid = 'steep_repl.nodes'::regclass and attnum > 0
order by attnum;

select conname, pg_get_constraintdef(oid) as definition
from pg_constraint
where conrelid in ('steep_repl.nodes'::regclass, 'steep_repl.identity_ranges'::regclass)
  and contype in ('p', 'u', 'f', 'x')
order by conname collate "C";

-- The ranges of one table never overlap; what one node was given, no other gets.
begin;
insert into steep_repl.nodes (node_id, node_name, host) values ('a', 'Alpha', 'a.example'), ('b', 'Beta', 'b.example');
insert into steep_repl.identity_ranges (table_schema, table_name, node_id, range_start, range_end, granter, request)
values ('public', 't', 'a', 1, 100, 'a', 0), ('public', 't', 'b', 101, 200, 'b', 0), ('public', 'u', 'b', 1, 100, 'b', 0);
insert into steep_repl.identity_ranges (table_schema, table_name, node_id, range_start, range_end, granter, request)
values ('public', 't', 'b', 200, 300, 'b', 1);
rollback;

select role, rolcanlogin, pg_has_role(role, 'steep_repl_viewer', 'member') as reads
from unnest('{steep_repl_viewer,steep_repl_operator,steep_repl_admin}'::name[]) as role
join pg_roles on rolname = role;
