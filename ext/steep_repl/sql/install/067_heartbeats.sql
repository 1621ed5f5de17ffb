create table steep_repl.heartbeats (
  node_id text collate pg_catalog."C" not null,
  beat_at timestamptz not null,
  snapshot pg_snapshot not null,
  seen jsonb not null default '{}',
  constraint heartbeats_pkey primary key (node_id)
);
comment on table steep_repl.heartbeats is 'Published: the latest heartbeat of each node, as far as it has arrived here';
comment on column steep_repl.heartbeats.node_id is 'The node';
comment on column steep_repl.heartbeats.beat_at is 'When it beat, by its clock';
comment on column steep_repl.heartbeats.snapshot is 'Its transactions that had finished by then';
comment on column steep_repl.heartbeats.seen is 'For each peer the snapshot of the latest beat that the node had applied: {peer: {beat_at, snapshot}}';

-- What arrives from a peer that echoes a beat was made after everything that this node applied of
-- the beat's node before that beat: under a lower transaction id.
create table steep_repl.applied_beats (
  node_id text collate pg_catalog."C" not null,
  beat_at timestamptz not null,
  xid bigint not null,
  constraint applied_beats_pkey primary key (node_id, beat_at)
);
comment on table steep_repl.applied_beats is 'Heartbeats of the last minutes and the transactions in which they were applied here';
comment on column steep_repl.applied_beats.node_id is 'The node that beat';
comment on column steep_repl.applied_beats.beat_at is 'When it beat, by its clock';
comment on column steep_repl.applied_beats.xid is 'The transaction of this node that applied it, epoch included';

-- Below oldest_xid no commit timestamp is kept; every transaction below it had committed by seen_at.
create table steep_repl.commit_horizon (
  singleton boolean not null default true,
  oldest_xid bigint not null,
  seen_at timestamptz not null,
  constraint commit_horizon_pkey primary key (singleton),
  constraint commit_horizon_single check (singleton)
);
comment on table steep_repl.commit_horizon is 'Since when the oldest kept commit timestamp is the oldest';
comment on column steep_repl.commit_horizon.singleton is 'Always true: at most one row';
comment on column steep_repl.commit_horizon.oldest_xid is 'Oldest transaction id with a commit timestamp';
comment on column steep_repl.commit_horizon.seen_at is 'When this was first seen';
