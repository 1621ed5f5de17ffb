create schema steep_repl;
comment on schema steep_repl is 'Bidirectional replication: nodes, identity ranges, conflicts, DDL, audit';

-- A range over text gives GiST an equality on names (a range of one value overlaps another only if
-- both are the same), so that identity_ranges can exclude overlaps without another extension.
create type steep_repl.name_range as range (subtype = pg_catalog.text, collation = pg_catalog."C");
comment on type steep_repl.name_range is 'A range of names; used as a single-value range in exclusion constraints';
comment on type steep_repl.name_multirange is 'Made by PostgreSQL with name_range; not used';
