//! Whoever changes something is on record, and the record cannot be changed.

use steep_ext_tests::{
    DATABASE, Outcome, cluster_with_extension, login, refusal, refusal_of, session,
};
use steep_testkit::{Major, PgCluster, on_each_major};

/// All of the log but ids and times, a line for each entry.
const LOG: &str = "select concat_ws(' ', action, actor, target_type, target_id, host(client_ip), \
    success, coalesce(old_value::text, 'null'), '->', new_value::text, error_message) \
    from steep_repl.audit_log order by id";

fn log(cluster: &PgCluster) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    Ok(cluster.query(DATABASE, LOG)?.into_iter().flatten().flatten().collect())
}

on_each_major! {
    fn creating_and_updating_the_extension_is_on_record(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).with_extension().start()?;
        cluster.create_database("new")?;
        cluster.execute("new", "create extension steep_repl")?;
        let row = "select action || ' by ' || actor || ' at ' || host(client_ip) from steep_repl.audit_log";
        assert_eq!(cluster.value("new", row)?, "extension.create by postgres at 127.0.0.1");

        cluster.execute(DATABASE, "create extension steep_repl version '0.1.0'")?;
        let created = "extension.create postgres extension steep_repl 127.0.0.1 t null -> \
            {\"database\": \"postgres\"}";
        assert_eq!(log(&cluster)?, [created]);
        cluster.execute(DATABASE, "alter extension steep_repl update to '0.2.0'")?;
        let updated = "extension.update postgres extension steep_repl 127.0.0.1 t \
            {\"version\": \"0.1.0\"} -> {\"version\": \"0.2.0\"}";
        assert_eq!(log(&cluster)?, [created, updated]);
        cluster.finish();
        Ok(())
    }

    fn a_change_is_recorded_with_who_where_and_what(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        let mut ada = login(&cluster, "ada", &["steep_repl_admin"]);
        // Neither another role nor a function of somebody else hides who it was.
        ada.batch_execute("set role steep_repl_admin")?;
        ada.batch_execute("select steep_repl.register_node('a', 'Alpha', 'a.example', 5433, 7)")?;
        cluster.execute(
            DATABASE,
            "create function identify() returns text language sql \
            security definer as $$ select steep_repl.set_node_id('a') $$",
        )?;
        login(&cluster, "bob", &[]).batch_execute("select identify()")?;
        // As in a restored copy.
        cluster.execute(DATABASE, "update steep_repl.local_node set system_identifier = 1")?;
        ada.batch_execute("select steep_repl.reidentify_node('b', 'clone')")?;

        let found = cluster.query(
            DATABASE,
            "
            select action, actor, target_type, target_id, host(client_ip), success::text,
              old_value ->> 'node_id', new_value ->> 'node_id', new_value ->> 'reason'
            from steep_repl.audit_log where id > 1 order by id",
        )?;
        let expected = [
            "node.register ada node a 127.0.0.1 true - a -",
            "node.identify bob node a 127.0.0.1 true - a -",
            "node.reidentify ada node b 127.0.0.1 true a b clone",
        ];
        let found: Vec<String> = found
            .into_iter()
            .map(|row| {
                let words: Vec<_> =
                    row.into_iter().map(|word| word.unwrap_or("-".into())).collect();
                words.join(" ")
            })
            .collect();
        assert_eq!(found, expected);
        // The whole row is kept, not only its key.
        let whole = "select l.new_value = to_jsonb(n) from steep_repl.audit_log l \
            join steep_repl.nodes n on n.node_id = l.target_id where l.action = 'node.register'";
        assert_eq!(cluster.value(DATABASE, whole)?, "t");
        let who = "select identified_by from steep_repl.local_node";
        assert_eq!(cluster.value(DATABASE, who)?, "ada");
        cluster.finish();
        Ok(())
    }

    fn a_change_that_is_refused_or_rolled_back_leaves_nothing(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        cluster.execute(DATABASE, "select steep_repl.register_node('a', 'Alpha', 'h')")?;
        let state = "select string_agg(t, ',') from (
            select n::text from steep_repl.nodes n union all select l::text from steep_repl.local_node l
            union all select a::text from steep_repl.audit_log a) as s (t)";
        let before = cluster.value(DATABASE, state)?;
        for call in [
            "register_node('a', 'other', 'h')",
            "register_node('b', 'Alpha', 'h')",
            "register_node('b', 'Beta', 'h', 0)",
            "set_node_id('not valid')",
            "reidentify_node('b', 'no identity yet')",
        ] {
            let refused = refusal(&cluster, DATABASE, &format!("select steep_repl.{call}"));
            assert!(!refused.hint.is_empty(), "{refused:?}");
            assert_eq!(cluster.value(DATABASE, state)?, before, "{call}");
        }
        cluster.execute(
            DATABASE,
            "begin; select steep_repl.register_node('b', 'Beta', 'h'); \
            select steep_repl.set_node_id('b'); rollback",
        )?;
        assert_eq!(cluster.value(DATABASE, state)?, before);
        cluster.finish();
        Ok(())
    }

    fn a_failed_create_extension_leaves_nothing(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).with_extension().start()?;
        // The script fails after it has made the roles.
        cluster.execute(DATABASE, "create schema steep_repl")?;
        let _ = refusal(&cluster, DATABASE, "create extension steep_repl");
        let left = "select (select count(*) from pg_roles where rolname like 'steep%') \
            + (select count(*) from pg_extension where extname = 'steep_repl') \
            + (select count(*) from pg_parameter_acl) \
            + (select count(*) from pg_class where relnamespace = 'steep_repl'::regnamespace)";
        assert_eq!(cluster.value(DATABASE, left)?, "0");
        cluster.execute(DATABASE, "drop schema steep_repl; create extension steep_repl")?;
        cluster.finish();
        Ok(())
    }

    fn the_log_is_append_only_for_everybody_but_the_owner(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).with_extension().start()?;
        // Two ways to privileges that the extension never granted.
        drop(login(&cluster, "eve", &["pg_write_all_data", "pg_read_all_data"]));
        drop(login(&cluster, "dan", &[]));
        cluster.execute(
            DATABASE,
            "alter default privileges grant all on tables to dan; \
            alter default privileges grant all on sequences to dan; \
            grant set on parameter session_replication_role to dan",
        )?;
        cluster.execute(DATABASE, "create extension steep_repl")?;
        cluster.execute(DATABASE, "grant usage on schema steep_repl to dan")?;
        drop(login(&cluster, "ada", &["steep_repl_admin"]));
        let whole = "select string_agg(a::text, ',') from steep_repl.audit_log a";
        let before = cluster.value(DATABASE, whole)?;
        for user in ["ada", "eve", "dan"] {
            let mut client = session(&cluster, user);
            if user == "dan" {
                client.batch_execute("set session_replication_role = replica")?;
            }
            for sql in [
                "insert into steep_repl.audit_log (action, actor) values ('x', 'somebody else')",
                "update steep_repl.audit_log set actor = 'somebody else'",
                "update steep_repl.audit_log set actor = 'somebody else' where false",
                "delete from steep_repl.audit_log",
                "truncate steep_repl.audit_log",
                "merge into steep_repl.audit_log a using (values (1)) v (id) on a.id = v.id \
                    when matched then delete",
                "copy steep_repl.audit_log (action, actor) from program 'echo x'",
                "select steep_repl.audit('x', 'x', 'x', null, null)",
                "alter table steep_repl.audit_log disable trigger all",
                "alter table steep_repl.audit_log rename to gone",
                "drop table steep_repl.audit_log",
                "drop extension steep_repl",
            ] {
                let refused = refusal_of(&cluster, &mut client, sql);
                assert_eq!(refused.code, "42501", "{user}: {sql}: {refused:?}");
                assert_eq!(cluster.value(DATABASE, whole)?, before, "{user}: {sql}");
            }
        }
        // The owner can: somebody must be able to remove old entries.
        cluster.execute(DATABASE, "delete from steep_repl.audit_log")?;
        cluster.finish();
        Ok(())
    }
}
