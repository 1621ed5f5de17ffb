-- Who changed what, in the order of the changes.
\set SHOW_CONTEXT never
select id, action, actor = session_user as me, target_type, target_id, old_value is null as is_new,
  new_value ->> 'node_id' as node, client_ip is null as is_local, success
from steep_repl.audit_log
where target_type = 'node'
order by id;

-- Roles read it at most.
set role steep_repl_viewer;
select count(*) from steep_repl.audit_log;
set role steep_repl_operator;
select count(*) > 0 as seen from steep_repl.audit_log;
set role steep_repl_admin;
insert into steep_repl.audit_log (action, actor) values ('node.register', 'somebody else');
update steep_repl.audit_log set actor = 'somebody else';
delete from steep_repl.audit_log;
truncate steep_repl.audit_log;
select steep_repl.audit('node.register', 'node', 'a', null, null);
reset role;

-- Nor does a role that may write every table.
create role regress_steep_writer;
grant pg_write_all_data to regress_steep_writer;
set role regress_steep_writer;
update steep_repl.audit_log set actor = 'somebody else' where false;
reset role;
drop role regress_steep_writer;
