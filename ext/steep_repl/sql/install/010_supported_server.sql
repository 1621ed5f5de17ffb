-- The first statement: a server this extension was not built for is refused before anything is
-- made, and a server that did not preload the library says so here.
do $$
declare
  v_major constant integer := current_setting('server_version_num')::integer / 10000;
begin
  if v_major not between 16 and 18 then
    raise exception using
      errcode = 'feature_not_supported',
      message = format('steep_repl does not support PostgreSQL %s', v_major),
      detail = 'Supported major versions are 16, 17 and 18.',
      hint = 'Upgrade this server to a supported major version.';
  end if;
  if not current_setting('shared_preload_libraries') ~ '(^|[ ,/"])steep_repl("|,| |$)' then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = 'steep_repl must be loaded through "shared_preload_libraries"',
      detail = format('shared_preload_libraries is "%s".', current_setting('shared_preload_libraries')),
      hint = 'Add steep_repl to shared_preload_libraries and restart the server, then run CREATE EXTENSION again.';
  end if;
end
$$;
