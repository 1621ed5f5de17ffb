//! Settings of a database, a session or a cluster that the guard took for granted.

use steep_ext_tests::{DATABASE, Failure, Group, cluster_with_extension, login, refusal};
use steep_testkit::{Major, on_each_major};

use super::{beats, everywhere_is, run};

/// A table's key, two keys, and what a session sets before it deletes them.
const KEYS: [(&str, &str, &str, &str); 4] = [
    ("date", "2024-04-03", "2024-12-31", "set datestyle = 'SQL, DMY'"),
    (
        "interval",
        "-1 year -2 mons +3 days -04:05:06",
        "1 day 02:03:04",
        "set intervalstyle = sql_standard",
    ),
    (
        "timestamptz",
        "2024-04-03 10:00:00+00",
        "2024-12-31 10:00:00+00",
        "set timezone = 'Asia/Kolkata'; set datestyle = German",
    ),
    ("float8", "0.30000000000000004", "1.0000000000000002", "set extra_float_digits = 0"),
];

on_each_major! {
    fn a_delete_means_the_same_key_under_any_settings_of_its_session(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        for (of, first, second, _) in KEYS {
            group.create_table(&format!("t_{of}"), &format!("k {of} primary key, v text"), "")?;
            group.execute("a", &format!("insert into t_{of} values ('{first}', 'base'), ('{second}', 'base')"))?;
        }
        group.settle()?;
        group.apart()?;
        for (of, first, _, _) in KEYS {
            group.write("b", &format!("update t_{of} set v = 'older' where k = '{first}'"))?;
        }
        for (of, _, _, set) in KEYS {
            let mut session = group.node("a").client(DATABASE);
            run(&group, &mut session, &format!("{set}; delete from t_{of}"))?;
        }
        for (of, _, second, _) in KEYS {
            group.write("b", &format!("update t_{of} set v = 'newer' where k = '{second}'"))?;
        }
        group.meet();
        group.converge()?;
        for (of, ..) in KEYS {
            everywhere_is(&group, &format!("select string_agg(v, ' ') from t_{of}"), "newer")?;
        }
        group.finish();
        Ok(())
    }

    fn a_database_that_is_read_only_by_default_goes_on_applying_and_beating(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", "id int primary key, x text unique", "")?;
        group.execute("a", "insert into t values (1, 'one'), (2, 'two')")?;
        group.settle()?;
        group.apart()?;
        // The workers will have to insert a missing row, and to replace and retract others.
        group.write("b", "delete from t where id = 1; insert into t values (3, 'three')")?;
        group.execute("b", "alter database postgres set default_transaction_read_only = on")?;
        group.forget_session("b");
        assert_eq!(group.value("b", "show default_transaction_read_only")?, "on");
        group.write("a", "update t set x = 'newer' where id = 1; insert into t values (4, 'three')")?;
        group.meet();
        group.converge()?;
        beats(&group, "b", "a")?;
        beats(&group, "a", "b")?;
        everywhere_is(&group, "select string_agg(concat(id, x), ' ' order by id) from t", "1newer 2two 4three")?;
        group.finish();
        Ok(())
    }

    fn a_database_that_is_not_utf8_is_refused(major: Major) -> Result<(), Failure> {
        let cluster = cluster_with_extension(major).map_err(Failure::new)?;
        let execute = |database: &str, sql: &str| cluster.execute(database, sql).map_err(Failure::new);
        for encoding in ["LATIN1", "SQL_ASCII"] {
            let database = encoding.to_lowercase();
            execute(DATABASE, &format!("create database {database} encoding '{encoding}' \
                template template0 lc_collate 'C' lc_ctype 'C'"))?;
            execute(&database, "create extension steep_repl; \
                select steep_repl.set_node_id('a'); \
                select steep_repl.register_node(n, n, 'h') from unnest(array['a', 'b']) n; \
                create table t (id int primary key)")?;
            for call in ["add_table('t')", "add_peer('b', 'from_b')"] {
                let refused = refusal(&cluster, &database, &format!("select steep_repl.{call}"));
                assert_eq!(refused.message, format!("the encoding of this database is {encoding}"));
                assert!(refused.hint.contains("UTF8"), "{refused:?}");
            }
        }
        cluster.finish();
        Ok(())
    }

    fn a_user_with_advisory_locks_stops_no_heartbeats(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", "id int primary key", "")?;
        let mut joe = login(group.node("b"), "joe", &[]);
        for lock in ["steep_repl.beat", "steep_repl.maintain"] {
            run(&group, &mut joe, &format!("select pg_advisory_lock(hashtextextended('{lock}', 0))"))?;
        }
        group.write("a", "insert into t values (1)")?;
        group.converge()?;
        beats(&group, "b", "a")?;
        beats(&group, "a", "b")?;
        let maintained = group.value("b", "select steep_repl.maintain()")?;
        assert_eq!(maintained, "t");
        drop(joe);
        // An open transaction that beats puts the others off, but nothing else.
        let mut admin = group.node("b").client(DATABASE);
        run(&group, &mut admin, "begin; select steep_repl.beat()")?;
        group.write("a", "insert into t values (2)")?;
        group.converge()?;
        run(&group, &mut admin, "commit")?;
        beats(&group, "b", "a")?;
        group.finish();
        Ok(())
    }

    fn a_node_built_anew_under_its_id_does_not_stop_its_peers(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", "id int primary key, x text unique", "")?;
        let retract = |id: u32| {
            group.settle()?;
            group.apart()?;
            group.write("a", &format!("insert into t values ({id}, 'x{id}')"))?;
            group.write("b", &format!("insert into t values ({id} + 1, 'x{id}')"))?;
            group.meet();
            group.converge()
        };
        retract(1)?;
        // What the new database has not, the old one never took back: changes that came from
        // elsewhere are not sent.
        group.everywhere("select pg_replication_origin_create('nobody')")?;
        for node in group.names() {
            let mut session = group.node(node).client(DATABASE);
            run(&group, &mut session, &format!("select pg_replication_origin_session_setup('nobody'); begin; \
                lock table steep_repl.heartbeats in exclusive mode; \
                delete from steep_repl.heartbeats where node_id = '{node}'; \
                delete from steep_repl.retractions where node_id = '{node}'; commit"))?;
            group.execute(node, "alter sequence steep_repl.retractions_id_seq restart")?;
        }
        for (source, viewer) in group.pairs() {
            beats(&group, source, viewer)?;
        }
        retract(11)?;
        everywhere_is(&group, "select string_agg(concat(id, x), ' ' order by id) from t", "2x1 12x11")?;
        group.finish();
        Ok(())
    }
}
