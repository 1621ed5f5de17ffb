//! Each role may do what it is for and no more, and nobody can make the functions do other things.

use postgres::Client;
use steep_ext_tests::{DATABASE, Outcome, cluster_with_extension, login, refusal_of};
use steep_testkit::{Major, PgCluster, TextRows, on_each_major};

/// Everybody, then the extension's roles, each a member of the one before.
const USERS: [(&str, &[&str]); 4] = [
    ("anybody", &[]),
    ("vera", &["steep_repl_viewer"]),
    ("otto", &["steep_repl_operator"]),
    ("ada", &["steep_repl_admin"]),
];
const VIEWER: usize = 1;
const OPERATOR: usize = 2;
const ADMIN: usize = 3;
const NOBODY: usize = 4;

/// A statement, and the first of [`USERS`] that may run it.
const STATEMENTS: [(&str, usize); 35] = [
    ("select * from steep_repl.nodes", VIEWER),
    ("select * from steep_repl.local_node", VIEWER),
    ("select * from steep_repl.identity_ranges", VIEWER),
    ("select * from steep_repl.conflict_log", VIEWER),
    ("select * from steep_repl.ddl_queue", VIEWER),
    ("select * from steep_repl.schema_fingerprints", VIEWER),
    ("select * from steep_repl.coordinator_state", VIEWER),
    ("select steep_repl.version()", VIEWER),
    ("select steep_repl.node_id()", VIEWER),
    ("select steep_repl.system_identifier()", VIEWER),
    ("select steep_repl.data_directory_fingerprint()", VIEWER),
    ("select steep_repl.identity_mismatch()", VIEWER),
    ("select * from steep_repl.check_setup()", VIEWER),
    ("select * from steep_repl.audit_log", OPERATOR),
    ("select steep_repl.register_node('a', 'Alpha', 'h')", ADMIN),
    ("select steep_repl.set_node_id('a')", ADMIN),
    ("set steep_repl.bypass_range_check = on", ADMIN),
    ("set steep_repl.ddl_replication = off", ADMIN),
    ("select steep_repl.audit('x', 'x', 'x', null, null)", NOBODY),
    ("select steep_repl.require_valid_node_id('a')", NOBODY),
    ("insert into steep_repl.nodes (node_id, node_name, host) values ('a', 'A', 'h')", NOBODY),
    ("update steep_repl.nodes set priority = 99", NOBODY),
    ("delete from steep_repl.nodes", NOBODY),
    ("truncate steep_repl.nodes cascade", NOBODY),
    ("update steep_repl.local_node set node_id = 'b'", NOBODY),
    ("delete from steep_repl.local_node", NOBODY),
    ("delete from steep_repl.identity_ranges", NOBODY),
    ("delete from steep_repl.conflict_log", NOBODY),
    ("update steep_repl.ddl_queue set status = 'APPROVED'", NOBODY),
    ("delete from steep_repl.coordinator_state", NOBODY),
    ("select nextval('steep_repl.identity_ranges_id_seq')", NOBODY),
    ("select setval('steep_repl.audit_log_id_seq', 1)", NOBODY),
    ("create table steep_repl.mine ()", NOBODY),
    ("create function steep_repl.mine() returns int language sql as 'select 1'", NOBODY),
    ("alter extension steep_repl update", NOBODY),
];

/// What the extension's roles hold on its objects beyond reading and executing.
const WRITE_PRIVILEGES: &str = "
    select format('%s: %s for %s', c.oid::regclass, a.privilege_type, a.grantee::regrole)
    from pg_class c, aclexplode(c.relacl) a
    where c.relnamespace = 'steep_repl'::regnamespace and a.grantee <> c.relowner
      and a.privilege_type <> 'SELECT'
    union all
    select format('schema: %s for %s', a.privilege_type, a.grantee::regrole)
    from pg_namespace n, aclexplode(n.nspacl) a
    where n.nspname = 'steep_repl' and a.grantee <> n.nspowner and a.privilege_type <> 'USAGE'
    union all
    select format('%s: can be granted on by %s', p.oid::regprocedure, a.grantee::regrole)
    from pg_proc p, aclexplode(p.proacl) a
    where p.pronamespace = 'steep_repl'::regnamespace and a.grantee <> p.proowner and a.is_grantable";

/// Functions that look names up where their caller says.
/// A body that was parsed when the function was made looks nothing up later.
const OPEN_SEARCH_PATH: &str = "
    select p.oid::regprocedure::text from pg_proc p join pg_language l on l.oid = p.prolang
    where p.pronamespace = 'steep_repl'::regnamespace
      and (p.prosecdef or l.lanname in ('sql', 'plpgsql'))
      and p.prosqlbody is null
      and not coalesce('search_path=pg_catalog, pg_temp' = any (p.proconfig), false)";

/// Functions and operators that fit calls in the extension's functions better than the server's
/// own, and stop whoever runs them.
const SHADOWS: &str = r#"
    create function public.trap(text, text) returns boolean language plpgsql as
      $$ begin raise exception 'hijacked through text'; end $$;
    create function public.trap(bigint, bigint) returns boolean language plpgsql as
      $$ begin raise exception 'hijacked through bigint'; end $$;
    create function public.trap(integer, integer) returns boolean language plpgsql as
      $$ begin raise exception 'hijacked through integer'; end $$;
    create function public.trap(oid, oid) returns boolean language plpgsql as
      $$ begin raise exception 'hijacked through oid'; end $$;
    create function public.trap(name, name) returns boolean language plpgsql as
      $$ begin raise exception 'hijacked through name'; end $$;
    create function public.trap(name, text) returns boolean language plpgsql as
      $$ begin raise exception 'hijacked through name'; end $$;
    create function public.trap(jsonb, jsonb) returns jsonb language plpgsql as
      $$ begin raise exception 'hijacked through jsonb'; end $$;
    create operator public.= (function = public.trap, leftarg = text, rightarg = text);
    create operator public.<> (function = public.trap, leftarg = text, rightarg = text);
    create operator public.~ (function = public.trap, leftarg = text, rightarg = text);
    create operator public.!~ (function = public.trap, leftarg = text, rightarg = text);
    create operator public.<> (function = public.trap, leftarg = bigint, rightarg = bigint);
    create operator public.>= (function = public.trap, leftarg = integer, rightarg = integer);
    create operator public.<= (function = public.trap, leftarg = integer, rightarg = integer);
    create operator public.> (function = public.trap, leftarg = integer, rightarg = integer);
    create operator public.= (function = public.trap, leftarg = oid, rightarg = oid);
    create operator public.<> (function = public.trap, leftarg = oid, rightarg = oid);
    create operator public.= (function = public.trap, leftarg = name, rightarg = name);
    create operator public.= (function = public.trap, leftarg = name, rightarg = text);
    create operator public.|| (function = public.trap, leftarg = jsonb, rightarg = jsonb);
    create function public.btrim(text) returns text language plpgsql as
      $$ begin raise exception 'hijacked through btrim'; end $$;
    create function public.char_length(text) returns integer language plpgsql as
      $$ begin raise exception 'hijacked through char_length'; end $$;
    create function public.format(text, text) returns text language plpgsql as
      $$ begin raise exception 'hijacked through format'; end $$;
    create function public.to_jsonb(anyelement) returns jsonb language plpgsql as
      $$ begin raise exception 'hijacked through to_jsonb'; end $$;
    create function public.jsonb_build_object(text, text) returns jsonb language plpgsql as
      $$ begin raise exception 'hijacked through jsonb_build_object'; end $$;
    create function public.now() returns timestamptz language plpgsql as
      $$ begin raise exception 'hijacked through now'; end $$;
    create function public.current_database() returns name language plpgsql as
      $$ begin raise exception 'hijacked through current_database'; end $$;
    create function public.inet_client_addr() returns inet language plpgsql as
      $$ begin raise exception 'hijacked through inet_client_addr'; end $$;
    create function public.pg_is_in_recovery() returns boolean language plpgsql as
      $$ begin raise exception 'hijacked through pg_is_in_recovery'; end $$;
    create function public.pg_has_role(name, oid, text) returns boolean language plpgsql as
      $$ begin raise exception 'hijacked through pg_has_role'; end $$;
    create domain public.text as pg_catalog.text check (false);
    create domain public.jsonb as pg_catalog.jsonb check (false);
"#;

/// Tables that the functions would read if they looked into the temporary schema first.
const TEMPORARY_SHADOWS: &str = "
    create temporary table pg_database (oid oid, datname name);
    create temporary table pg_extension (extname name, extversion pg_catalog.text);
    create temporary table pg_settings (name pg_catalog.text, setting pg_catalog.text, context pg_catalog.text, vartype pg_catalog.text);
    insert into pg_temp.pg_settings values ('wal_level', 'minimal', 'postmaster', 'enum');
    create temporary table pg_class (oid oid, relowner oid);
    create temporary table nodes (node_id pg_catalog.text);
    create temporary table local_node (node_id pg_catalog.text);
    create temporary table audit_log (action pg_catalog.text)";

fn rows(cluster: &PgCluster, sql: &str) -> Result<TextRows, steep_testkit::ClusterError> {
    cluster.query(DATABASE, sql)
}

/// Runs a statement and takes it back.
fn try_out(client: &mut Client, sql: &str) -> Result<(), postgres::Error> {
    client.batch_execute(&format!("begin; {sql}; rollback"))
}

on_each_major! {
    fn each_role_may_do_what_it_is_for(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        for (rank, (user, groups)) in USERS.into_iter().enumerate() {
            let mut client = login(&cluster, user, groups);
            for (sql, first) in STATEMENTS {
                if rank >= first {
                    try_out(&mut client, sql).map_err(|error| format!("{user}: {sql}: {error}"))?;
                } else {
                    let refused = refusal_of(&cluster, &mut client, sql);
                    assert_eq!(refused.code, "42501", "{user}: {sql}: {refused:?}");
                }
            }
        }
        assert_eq!(rows(&cluster, WRITE_PRIVILEGES)?, TextRows::new());
        let special = "select rolname from pg_roles where rolname like 'steep!_repl!_%' escape '!' \
            and (rolcanlogin or rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls)";
        assert_eq!(rows(&cluster, special)?, TextRows::new());
        cluster.finish();
        Ok(())
    }

    fn roles_that_exist_are_kept(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).with_extension().start()?;
        cluster.execute(DATABASE, "create role steep_repl_viewer nologin")?;
        let mut vera = login(&cluster, "vera", &["steep_repl_viewer"]);
        cluster.execute(DATABASE, "create extension steep_repl")?;
        vera.batch_execute("select steep_repl.version()")?;
        cluster.finish();
        Ok(())
    }

    fn roles_can_be_dropped_when_no_database_needs_them(major: Major) -> Outcome {
        for create in ["create extension steep_repl", "create extension steep_repl version '0.1.0'"]
        {
            let cluster = PgCluster::builder(major).with_extension().start()?;
            cluster.execute(DATABASE, create)?;
            cluster.execute(DATABASE, "alter extension steep_repl update")?;
            let mut ada = login(&cluster, "ada", &["steep_repl_admin"]);
            ada.batch_execute("set steep_repl.bypass_range_check = on")?;
            drop(ada);
            cluster.execute(DATABASE, "drop extension steep_repl")?;
            let drop_roles = "drop role steep_repl_viewer, steep_repl_operator, steep_repl_admin";
            let granted = refusal_of(&cluster, &mut cluster.client(DATABASE), drop_roles);
            assert!(
                granted.detail.contains("parameter steep_repl.bypass_range_check"),
                "{granted:?}"
            );
            cluster.execute(DATABASE, "drop owned by steep_repl_admin")?;
            cluster.execute(DATABASE, drop_roles)?;
            cluster.finish();
        }
        Ok(())
    }

    fn names_in_other_schemas_do_not_change_what_functions_do(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).with_extension().start()?;
        drop(login(&cluster, "mallory", &[]));
        cluster.execute(DATABASE, "grant create on schema public to mallory")?;
        cluster.execute(DATABASE, &format!("set role mallory; {SHADOWS}"))?;
        cluster.execute(
            DATABASE,
            "alter database postgres set search_path = public, pg_temp, pg_catalog",
        )?;

        // The scripts, too, run in a session with that search path.
        cluster.execute(DATABASE, "create extension steep_repl version '0.1.0'")?;
        cluster.execute(DATABASE, "alter extension steep_repl update")?;
        cluster.execute(DATABASE, "drop extension steep_repl")?;
        cluster.execute(DATABASE, "create extension steep_repl")?;

        // The trap works: this is what a function without a fixed search path does.
        cluster.execute(
            DATABASE,
            "create function public.careless() returns pg_catalog.bool \
            language plpgsql security definer as $$ begin return btrim(' ') is null; end $$",
        )?;
        let mut ada = login(&cluster, "ada", &["steep_repl_admin"]);
        ada.batch_execute(TEMPORARY_SHADOWS)?;
        let hijacked = refusal_of(&cluster, &mut ada, "select public.careless()");
        assert_eq!(hijacked.message, "hijacked through btrim");

        for call in [
            "steep_repl.node_id()",
            "steep_repl.register_node('a', 'Alpha', 'h')",
            "steep_repl.set_node_id('a')",
            "steep_repl.node_id()",
            "steep_repl.identity_mismatch()",
            "steep_repl.check_setup()",
            "steep_repl.version()",
        ] {
            ada.batch_execute(&format!("select {call}"))
                .map_err(|error| format!("{call}: {error}"))?;
        }
        let rejoin = "update steep_repl.local_node set system_identifier = 1";
        cluster.execute(DATABASE, &format!("set search_path = pg_catalog; {rejoin}"))?;
        ada.batch_execute("select steep_repl.reidentify_node('b', 'clone')")?;
        let made = "set search_path = pg_catalog; select string_agg(action, ' ' order by id) from steep_repl.audit_log";
        assert_eq!(
            cluster.value(DATABASE, made)?,
            "extension.create node.register node.identify node.reidentify"
        );
        let setup = "select count(*) from steep_repl.check_setup()";
        assert_eq!(ada.query_one(setup, &[])?.get::<_, i64>(0), 0);
        cluster.finish();
        Ok(())
    }

    fn every_function_fixes_its_search_path(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        assert_eq!(rows(&cluster, OPEN_SEARCH_PATH)?, TextRows::new());
        cluster.execute(DATABASE, "alter function steep_repl.node_id() reset search_path")?;
        assert_eq!(rows(&cluster, OPEN_SEARCH_PATH)?.len(), 1);
        cluster.finish();
        Ok(())
    }
}
