create function steep_repl.apply_tuple(p_table_schema text, p_table_name text, p_tuple jsonb) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  return steep_repl.put_row(steep_repl.replicated_relation(p_table_schema, p_table_name), p_tuple, false);
end
$$;
comment on function steep_repl.apply_tuple(text, text, jsonb) is
  'Writes a tuple as an ordinary write of the caller: updates the row with its key or inserts it; false if the row was so already';
