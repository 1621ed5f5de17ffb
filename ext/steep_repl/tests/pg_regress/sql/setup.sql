-- What keeps this server from replicating.
\pset format unaligned
select * from steep_repl.check_setup();

set session_replication_role = replica;
select * from steep_repl.check_setup();
reset session_replication_role;

update steep_repl.local_node set system_identifier = 1;
select setting, needed, why, fix from steep_repl.check_setup();
select steep_repl.reidentify_node('a', 'the original is gone');
select * from steep_repl.check_setup();
