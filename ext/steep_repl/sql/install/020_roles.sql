-- Roles belong to the cluster, not to the database: another database may have made them already,
-- and dropping the extension leaves them.
do $$
declare
  v_role text;
begin
  foreach v_role in array array['steep_repl_viewer', 'steep_repl_operator', 'steep_repl_admin'] loop
    begin
      execute format('create role %I nologin', v_role);
    exception when duplicate_object or unique_violation then
      null;
    end;
  end loop;
end
$$;

grant steep_repl_viewer to steep_repl_operator;
grant steep_repl_operator to steep_repl_admin;
