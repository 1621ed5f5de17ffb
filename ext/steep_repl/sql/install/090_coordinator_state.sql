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
