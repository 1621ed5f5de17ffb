//! Whoever changes something is on record, and the record cannot be changed.

use steep_ext_tests::{
    DATABASE, Failure, Group, Outcome, cluster_with_extension, login, refusal, refusal_of, session,
};
use steep_testkit::{Major, PgCluster, on_each_major};

/// All of the log but ids and times, a line for each entry.
const LOG: &str = "select concat_ws(' ', action, actor, target_type, target_id, host(client_ip), \
    success, coalesce(old_value::text, 'null'), '->', new_value::text, error_message) \
    from steep_repl.audit_log order by id";

/// What tells one state from another in a value of the log: a policy by its strategy, a node by its
/// priority, anything else by itself.
fn short(value: &str) -> String {
    format!("coalesce({value}->>'strategy', {value}->>'priority', {value}::text, '-')")
}

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

    fn a_change_of_policy_is_recorded_however_it_is_made(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        cluster.execute(DATABASE, "select steep_repl.register_node('a', 'A', 'h', 5432, 7); \
            select steep_repl.register_node('b', 'B', 'h'); select steep_repl.set_node_id('a'); \
            create table t (id int primary key); select steep_repl.add_table('t')")?;
        cluster.execute(DATABASE, "grant usage on schema steep_repl to public")?;
        cluster.execute(DATABASE, "grant select, update, delete on \
            steep_repl.nodes, steep_repl.replicated_tables to public")?;
        let mut ada = login(&cluster, "ada", &[]);
        cluster.execute(DATABASE, "grant set on parameter session_replication_role to ada")?;
        cluster.execute(DATABASE, "grant steep_repl_admin to ada")?;
        let announced = "select steep_repl.announce_node('b', 'B', 'h', 5432, 9, null, null, 'online')";
        for (sql, entries) in [
            ("update steep_repl.nodes set priority = priority + 1",
                "node.priority a 7 8, node.priority b 50 51"),
            // What decides nothing is no change of policy, nor is the same value once more.
            ("update steep_repl.nodes set host = 'other', priority = priority, last_seen = now()", ""),
            ("set session_replication_role = replica; update steep_repl.nodes set priority = 60 where \
                node_id = 'a'; reset session_replication_role", "node.priority a 8 60"),
            (announced, "node.priority b 51 9, node.status b \"unknown\" \"online\", node.announce b 51 9"),
            (announced, ""),
            ("select steep_repl.set_node_status('b', 'leaving')", "node.status b \"online\" \"leaving\""),
            ("select steep_repl.set_node_status('b', 'leaving')", ""),
            ("update steep_repl.nodes set status = 'removed' where node_id = 'b'",
                "node.status b \"leaving\" \"removed\""),
            ("update steep_repl.nodes set node_id = 'c' where node_id = 'b'", "node.rename c \"b\" \"c\""),
            ("delete from steep_repl.nodes where node_id = 'c'", "node.delete c 9 -"),
            ("begin; update steep_repl.nodes set priority = 1; rollback", ""),
            ("update steep_repl.replicated_tables set detection = 'exact', strategy = 'manual'",
                "table.policy public.t last_write_wins manual"),
            ("update steep_repl.replicated_tables set is_active = false",
                "table.remove public.t manual -"),
            ("update steep_repl.replicated_tables set node_order = '{a}'", "table.policy public.t manual manual"),
            ("update steep_repl.replicated_tables set is_active = true", "table.add public.t - manual"),
            ("delete from steep_repl.replicated_tables", "table.delete public.t manual -"),
        ] {
            let last = cluster.value(DATABASE, "select max(id) from steep_repl.audit_log")?;
            ada.batch_execute(sql)?;
            let found = cluster.value(DATABASE, &format!("select coalesce(string_agg(concat_ws(' ', action, \
                target_id, {}, {}), ', ' order by id), '') from steep_repl.audit_log where id > {last} and actor = 'ada'",
                short("old_value"), short("new_value")))?;
            assert_eq!(found, entries, "{sql}");
        }
        cluster.finish();
        Ok(())
    }

    fn each_step_of_a_replicated_table_is_recorded_once(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        cluster.execute(DATABASE, "select steep_repl.register_node('a', 'A', 'h'); \
            select steep_repl.set_node_id('a'); create table t (id int primary key)")?;
        for call in [
            "add_table('t')",
            "set_table_policy('t', 'manual')",
            "remove_table('t')",
            "add_table('t', 'first_write_wins')",
        ] {
            cluster.execute(DATABASE, &format!("select steep_repl.{call}"))?;
        }
        let found = cluster.value(DATABASE, &format!("select string_agg(concat_ws(' ', action, {}, {}), ', ' \
            order by id) from steep_repl.audit_log where target_id = 'public.t'",
            short("old_value"), short("new_value")))?;
        assert_eq!(found, "table.add - last_write_wins, table.policy last_write_wins manual, \
            table.remove manual -, table.add - first_write_wins");
        cluster.finish();
        Ok(())
    }

    fn a_priority_takes_effect_in_the_running_worker_and_is_recorded(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", "id int primary key, v text", "'node_priority'")?;
        let worker = "select pid from pg_stat_subscription where relid is null";
        let mut workers = None;
        // With equal priorities the greater id wins.
        for (id, priority, winner) in [(1, 50, "b"), (2, 60, "a"), (3, 40, "b")] {
            group.set_priority("a", priority)?;
            group.execute("a", &format!("insert into t values ({id}, 'base')"))?;
            group.settle()?;
            // Held, not cut: the workers stay the same.
            let running = (group.value("a", worker)?, group.value("b", worker)?);
            assert_eq!(*workers.get_or_insert(running.clone()), running);
            group.hold("a", "b");
            group.hold("b", "a");
            // The loser writes last: by their times it would win.
            for node in [winner, if winner == "a" { "b" } else { "a" }] {
                group.write(node, &format!("update t set v = '{node}' where id = {id}"))?;
            }
            group.meet();
            group.converge()?;
            assert_eq!(group.value("a", &format!("select v from t where id = {id}"))?, winner, "{priority}");
            assert_eq!(workers, Some((group.value("a", worker)?, group.value("b", worker)?)));
        }
        let audited = "select string_agg(concat_ws(' ', actor, target_id, old_value, new_value), ', ' \
            order by id) from steep_repl.audit_log where action = 'node.priority'";
        for node in group.names() {
            assert_eq!(group.value(node, audited)?, "postgres a 50 60, postgres a 60 40");
        }
        group.finish();
        Ok(())
    }
}
