-- What a member keeps for a node that is joining. While one joins from here, every apply worker
-- notes in each transaction how far it has come: the copy's snapshot then says exactly which of each
-- peer's transactions it holds.
create sequence steep_repl.join_generation as bigint;
create table steep_repl.joins (
  join_id text not null,
  node_id text collate pg_catalog."C" not null,
  is_source boolean not null,
  generation bigint not null,
  horizon_xid bigint not null,
  horizon_at timestamptz not null,
  started_at timestamptz not null default now(),
  constraint joins_pkey primary key (join_id),
  constraint joins_node_id_fkey foreign key (node_id) references steep_repl.nodes (node_id)
);
comment on table steep_repl.joins is 'Nodes that are joining with the help of this one';
comment on column steep_repl.joins.join_id is 'Number of the attempt, chosen by the joining node';
comment on column steep_repl.joins.node_id is 'The joining node';
comment on column steep_repl.joins.is_source is 'Whether it copies its rows from here';
comment on column steep_repl.joins.generation is 'Since when applied_positions is kept: those of another generation are from before';
comment on column steep_repl.joins.horizon_xid is 'Every transaction below had ended when the attempt began, epoch included';
comment on column steep_repl.joins.horizon_at is 'When the attempt began, by this node''s clock';
comment on column steep_repl.joins.started_at is 'Start of the transaction that began it';
comment on sequence steep_repl.join_generation is 'Numbers the times at which nobody was joining';

create table steep_repl.applied_positions (
  node_id text collate pg_catalog."C" not null,
  generation bigint not null,
  remote_lsn pg_lsn not null,
  constraint applied_positions_pkey primary key (node_id)
) with (fillfactor = 10);
comment on table steep_repl.applied_positions is 'While a node joins from here: the end of the latest transaction of each peer that is applied';
comment on column steep_repl.applied_positions.node_id is 'The peer';
comment on column steep_repl.applied_positions.generation is 'See steep_repl.joins.generation';
comment on column steep_repl.applied_positions.remote_lsn is 'End of its commit record, in the WAL of the peer';

create table steep_repl.own_join (
  singleton boolean not null default true,
  record jsonb not null,
  started_at timestamptz not null default now(),
  constraint own_join_pkey primary key (singleton),
  constraint own_join_single check (singleton)
);
comment on table steep_repl.own_join is 'This database''s own attempt to join a group, while it lasts';
comment on column steep_repl.own_join.singleton is 'Always true: at most one row';
comment on column steep_repl.own_join.record is 'How far it is, and what has to be undone if it fails; the daemon''s own form';
comment on column steep_repl.own_join.started_at is 'When it began';
