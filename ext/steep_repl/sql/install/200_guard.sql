create function steep_repl.guard() returns trigger
language c as 'MODULE_PATHNAME', 'steep_guard';
comment on function steep_repl.guard() is 'Row trigger of replicated tables: resolves conflicts while a peer''s changes are applied';

create function steep_repl.record_deletes() returns trigger
language c as 'MODULE_PATHNAME', 'steep_record_deletes';
comment on function steep_repl.record_deletes() is 'Statement trigger of replicated tables: keeps the keys this node deletes in steep_repl.tombstones';

create function steep_repl.retract() returns trigger
language c as 'MODULE_PATHNAME', 'steep_retract';
comment on function steep_repl.retract() is 'Row trigger of steep_repl.retractions: drops the row a peer has retracted';

create function steep_repl.allow_resolved_write() returns void
language c as 'MODULE_PATHNAME', 'steep_allow_resolved_write';
comment on function steep_repl.allow_resolved_write() is 'In an apply worker: the rest of the transaction carries out a person''s decision';

create function steep_repl.forget_cached_state() returns trigger
language c as 'MODULE_PATHNAME', 'steep_forget_cached_state';
comment on function steep_repl.forget_cached_state() is 'Statement trigger: apply workers read nodes, peers and replicated tables anew';

create function steep_repl.oldest_commit_timestamp_xid() returns bigint
language c volatile strict as 'MODULE_PATHNAME', 'steep_oldest_commit_timestamp_xid';
comment on function steep_repl.oldest_commit_timestamp_xid() is 'Oldest transaction id, epoch included, whose commit timestamp is kept';

-- Always: a session in replica mode changes the configuration as well.
create trigger forget_cached_state after insert or update or delete or truncate on steep_repl.nodes
  for each statement execute function steep_repl.forget_cached_state();
create trigger forget_cached_state after insert or update or delete or truncate on steep_repl.peers
  for each statement execute function steep_repl.forget_cached_state();
create trigger forget_cached_state after insert or update or delete or truncate on steep_repl.replicated_tables
  for each statement execute function steep_repl.forget_cached_state();
comment on trigger forget_cached_state on steep_repl.nodes is 'Apply workers take the change up at once';
comment on trigger forget_cached_state on steep_repl.peers is 'Apply workers take the change up at once';
comment on trigger forget_cached_state on steep_repl.replicated_tables is 'Apply workers take the change up at once';
alter table steep_repl.nodes enable always trigger forget_cached_state;
alter table steep_repl.peers enable always trigger forget_cached_state;
alter table steep_repl.replicated_tables enable always trigger forget_cached_state;

create trigger retract before insert on steep_repl.retractions
  for each row execute function steep_repl.retract();
comment on trigger retract on steep_repl.retractions is 'While applying only: carries the retraction out';
alter table steep_repl.retractions enable replica trigger retract;
