-- Decisions of crates/steep-ranges, from what this node has recorded. Each locks the table's row in
-- range_tables, so that there is one at a time (A2), and records what it decides before it returns.
create function steep_repl.found_ranges(p_schema text, p_table text, p_members text[]) returns integer
language c volatile strict
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'found_ranges_wrapper';
comment on function steep_repl.found_ranges(text, text, text[]) is
  'Gives each member its blocks; the same members on every node. Returns how many titles were new';

create function steep_repl.grant_range(
  p_schema text, p_table text, p_holder text, p_request bigint, p_size bigint, p_forced boolean)
returns bigint
language c volatile strict
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'grant_range_wrapper';
comment on function steep_repl.grant_range(text, text, text, bigint, bigint, boolean) is
  'Grants a range out of this node''s blocks; a repeated request has the same answer. Returns its first id';

create function steep_repl.next_range_request(p_schema text, p_table text) returns bigint
language c volatile strict
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'next_range_request_wrapper';
comment on function steep_repl.next_range_request(text, text) is 'The number of this node''s next request';

create function steep_repl.range_granter(p_schema text, p_table text, p_reachable text[]) returns text
language c volatile strict
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'range_granter_wrapper';
comment on function steep_repl.range_granter(text, text, text[]) is
  'Which of these nodes to ask for a range: the owner of the lowest free id; null: none owns any';

create function steep_repl.take_up_ranges(p_schema text, p_table text) returns integer
language c volatile strict
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'take_up_ranges_wrapper';
comment on function steep_repl.take_up_ranges(text, text) is
  'Gives each range that others have granted to this node its turn. Returns how many';

create function steep_repl.settle_ranges(p_schema text, p_table text) returns integer
language c volatile strict
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'settle_ranges_wrapper';
comment on function steep_repl.settle_ranges(text, text) is 'Marks what the sequence has left behind as exhausted. Returns how many';

create function steep_repl.give_up_ranges(p_schema text, p_table text) returns integer
language c volatile strict
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'give_up_ranges_wrapper';
comment on function steep_repl.give_up_ranges(text, text) is
  'Gives up every range that is not used up: nobody knows how far they were. Returns how many';

create function steep_repl.give_up_range(p_schema text, p_table text, p_range_start bigint) returns integer
language c volatile strict
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'give_up_range_wrapper';
comment on function steep_repl.give_up_range(text, text, bigint) is
  'Gives up one range of this node for good; its ids are given to nobody else';

create function steep_repl.share_ranges(p_schema text, p_table text, p_peer text) returns integer
language c volatile strict
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'share_ranges_wrapper';
comment on function steep_repl.share_ranges(text, text, text) is
  'Gives every second untouched block of this node to a node that joins, unless that owns some. Returns how many titles were made';

create function steep_repl.hand_over_ranges(p_schema text, p_table text, p_peer text) returns integer
language c volatile strict
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'hand_over_ranges_wrapper';
comment on function steep_repl.hand_over_ranges(text, text, text) is
  'Gives all untouched blocks of this node to another, before this one leaves. Returns how many titles were made';

create function steep_repl.replenish_ranges(p_relation oid) returns boolean
language c volatile strict
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'replenish_ranges_wrapper';
comment on function steep_repl.replenish_ranges(oid) is
  'Sees to it that a range follows the one that is drawn from: one that was granted, else one out of this node''s own blocks; false if there is none';

create function steep_repl.range_stock(
  p_schema text, p_table text, out current_value bigint, out range_start bigint, out range_end bigint,
  out ids_left bigint, out reserve bigint)
returns setof record
language c volatile strict rows 1 security definer
set search_path = pg_catalog, pg_temp
as 'MODULE_PATHNAME', 'range_stock_wrapper';
comment on function steep_repl.range_stock(text, text) is
  'Where the sequence stands, in which range of this node, how much is left of that and in the ranges after it';

create function steep_repl.check_id_range(p_table_schema text, p_table_name text, p_id bigint) returns boolean
language c volatile called on null input as 'MODULE_PATHNAME', 'steep_check_id_range';
comment on function steep_repl.check_id_range(text, text, bigint) is
  'What the constraint steep_range_… calls: true if this node may write the id, an error that says why not otherwise';
