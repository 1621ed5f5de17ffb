-- After every other script.
-- A privilege on a parameter that is granted inside an extension's script is recorded as an initial
-- privilege of it (ExecGrant_Parameter, aclchk.c). Nothing removes that record with the extension, and
-- from PostgreSQL 17 on it holds a dependency of the role that DROP ROLE and DROP OWNED stumble over
-- ("unrecognized class ID"). The grants themselves stay.
delete from pg_catalog.pg_init_privs
where classoid = 'pg_catalog.pg_parameter_acl'::pg_catalog.regclass
  and objoid in (select oid from pg_catalog.pg_parameter_acl where parname like 'steep!_repl.%' escape '!');
delete from pg_catalog.pg_shdepend
where classid = 'pg_catalog.pg_parameter_acl'::pg_catalog.regclass and deptype = 'i'
  and objid in (select oid from pg_catalog.pg_parameter_acl where parname like 'steep!_repl.%' escape '!');
