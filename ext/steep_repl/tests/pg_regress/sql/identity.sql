-- A node gets its identity once; names are checked.
\set SHOW_CONTEXT never
select steep_repl.node_id() is null as unknown;
select steep_repl.set_node_id('');
select steep_repl.set_node_id(repeat('x', 64));
select steep_repl.set_node_id('two words');
select steep_repl.reidentify_node('a', 'there is none');
select steep_repl.set_node_id('a');
select steep_repl.node_id();
select steep_repl.set_node_id('b');
select steep_repl.reidentify_node('b', 'I like it better');

select steep_repl.register_node('a', 'Alpha', 'a.example', 5432, 90);
select steep_repl.register_node('b', 'Beta', 'b.example');
select steep_repl.register_node('a', 'Gamma', 'c.example');
select steep_repl.register_node('c', 'Alpha', 'c.example');
select steep_repl.register_node('c', '', 'c.example');
select steep_repl.register_node('c', 'Gamma', 'c.example', 0);
select * from steep_repl.nodes order by node_id;
