-- Every decision that arrives looks for the pending conflicts of its key. Partial, so that conflicts
-- which a strategy decides at once pay nothing; a hash, because keys may be longer than a btree entry.
create index idx_conflict_log_pending_key on steep_repl.conflict_log using hash (row_key) where resolution = 'PENDING';
comment on index steep_repl.idx_conflict_log_pending_key is 'Finds the pending conflicts of a key';
