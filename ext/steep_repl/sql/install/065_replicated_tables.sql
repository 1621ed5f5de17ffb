create table steep_repl.replicated_tables (
  relation regclass not null,
  strategy text not null default 'last_write_wins',
  detection text not null default 'default',
  node_order text[],
  is_active boolean not null default true,
  added_at timestamptz not null default now(),
  constraint replicated_tables_pkey primary key (relation),
  constraint replicated_tables_strategy_valid check (strategy in (
    'last_write_wins', 'first_write_wins', 'node_priority', 'keep_local', 'apply_remote', 'manual')),
  constraint replicated_tables_detection_valid check (detection in ('default', 'exact')),
  -- Of the strategies only last-write-wins makes do without knowing which writes were concurrent.
  constraint replicated_tables_strategy_has_evidence check (
    strategy = 'last_write_wins' or detection = 'exact')
);
comment on table steep_repl.replicated_tables is 'Tables that replicate between the nodes, and how their conflicts are decided';
comment on column steep_repl.replicated_tables.relation is 'The table';
comment on column steep_repl.replicated_tables.strategy is 'Which of two concurrent writes stays';
comment on column steep_repl.replicated_tables.detection is 'How concurrent writes are told from sequential ones: default or exact';
comment on column steep_repl.replicated_tables.node_order is 'Order of nodes for node_priority, first wins; null: by priority in steep_repl.nodes';
comment on column steep_repl.replicated_tables.is_active is 'False: changes that still arrive are dropped on purpose';
comment on column steep_repl.replicated_tables.added_at is 'When it was put under guard';

create table steep_repl.peers (
  node_id text collate pg_catalog."C" not null,
  subscription name not null,
  added_at timestamptz not null default now(),
  constraint peers_pkey primary key (node_id),
  constraint peers_subscription_key unique (subscription),
  constraint peers_node_id_fkey foreign key (node_id) references steep_repl.nodes (node_id)
);
comment on table steep_repl.peers is 'Which subscription of this node delivers the writes of which other node';
comment on column steep_repl.peers.node_id is 'The other node';
comment on column steep_repl.peers.subscription is 'Name of the subscription, as in pg_subscription';
comment on column steep_repl.peers.added_at is 'When the two were tied together';
