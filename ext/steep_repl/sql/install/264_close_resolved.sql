create function steep_repl.close_resolved() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_closed integer;
begin
  perform steep_repl.allow_resolved_write();
  v_closed := steep_repl.close_pending(new);
  if v_closed > 0 then
    perform steep_repl.audit('conflict.close', 'resolution', new.resolution_id::text, null,
      to_jsonb(new) || jsonb_build_object('closed', v_closed));
  end if;
  return new;
end
$$;
comment on function steep_repl.close_resolved() is
  'Row trigger of steep_repl.resolutions, while applying only: closes what a decision settles here and lets the write that follows through';

create trigger close_resolved before insert on steep_repl.resolutions
  for each row execute function steep_repl.close_resolved();
comment on trigger close_resolved on steep_repl.resolutions is 'While applying only: carries the decision out here';
alter table steep_repl.resolutions enable replica trigger close_resolved;
