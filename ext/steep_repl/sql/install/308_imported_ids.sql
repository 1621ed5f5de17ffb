create function steep_repl.record_imported_ids(p_schema text, p_table text, p_starts bigint[], p_ends bigint[]) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_relation regclass;
begin
  select t.relation into strict v_relation from steep_repl.range_tables t
  where t.table_schema = p_schema and t.table_name = p_table;
  perform steep_repl.record_range_row(p_schema, p_table, 'occupied',
    jsonb_build_object('range_start', u.range_start, 'range_end', u.range_end))
  from unnest(p_starts, p_ends) as u (range_start, range_end);
  perform steep_repl.audit('range.bypass', 'table', v_relation::text, null,
    jsonb_build_object('ranges', cardinality(p_starts), 'first_id', p_starts[1], 'last_id', p_ends[cardinality(p_ends)]));
end
$$;
comment on function steep_repl.record_imported_ids(text, text, bigint[], bigint[]) is
  'Keeps all sequences off ids that were written with steep_repl.bypass_range_check on, and writes that down';
