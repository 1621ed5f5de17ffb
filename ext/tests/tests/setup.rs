//! check_setup() finds what keeps a server from replicating, and its advice works.

use std::collections::BTreeMap;

use steep_ext_tests::{DATABASE, Outcome, cluster_with_extension, login};
use steep_testkit::{ClusterError, Major, PgCluster, TextRows, on_each_major};

/// What a row says besides the setting.
#[derive(Debug)]
struct Advice {
    value: String,
    needed: String,
    fix: String,
}

fn check_setup(cluster: &PgCluster) -> Result<BTreeMap<String, Advice>, ClusterError> {
    let rows = cluster
        .query(DATABASE, "select setting, value, needed, fix, why from steep_repl.check_setup()")?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let mut columns = row.into_iter().map(|column| column.expect("no column is null"));
            let mut next = || columns.next().expect("five columns");
            (next(), Advice { value: next(), needed: next(), fix: next() })
        })
        .collect())
}

/// Does what every row says, word for word where it is SQL, and restarts the server.
fn follow(cluster: &PgCluster, advice: &BTreeMap<String, Advice>) -> Result<(), ClusterError> {
    for advice in advice.values() {
        let statement = advice.fix.split(';').next().unwrap_or_default();
        cluster.execute(DATABASE, statement)?;
    }
    cluster.restart()
}

on_each_major! {
    fn a_server_that_is_set_up_well_has_no_rows(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        assert_eq!(
            cluster.query(DATABASE, "select * from steep_repl.check_setup()")?,
            TextRows::new()
        );
        cluster.finish();
        Ok(())
    }

    fn every_wrong_setting_is_a_row_whose_fix_clears_it(major: Major) -> Outcome {
        let mut wrong = vec![
            ("wal_level", "replica", "logical"),
            ("track_commit_timestamp", "off", "on"),
            ("max_replication_slots", "1", "at least 2"),
            ("max_wal_senders", "1", "at least 2"),
            ("max_logical_replication_workers", "1", "at least 2"),
            ("max_worker_processes", "2", "at least 3"),
        ];
        if major == Major::V18 {
            wrong.push(("max_active_replication_origins", "1", "at least 2"));
            wrong.push(("output_plugin_libraries", "test_decoding", "a list with pgoutput"));
        }
        let mut builder = PgCluster::builder(major).with_extension();
        for (setting, value, _) in &wrong {
            builder = builder.setting(setting, value);
        }
        let cluster = builder.start()?;
        cluster.execute(DATABASE, "alter system set session_replication_role = replica")?;
        cluster.restart()?;
        wrong.push(("session_replication_role", "replica", "origin or local"));
        cluster.execute(DATABASE, "create extension steep_repl")?;

        let found = check_setup(&cluster)?;
        for (setting, value, needed) in &wrong {
            let advice =
                found.get(*setting).ok_or_else(|| format!("no row for {setting}: {found:?}"))?;
            assert_eq!((advice.value.as_str(), advice.needed.as_str()), (*value, *needed));
        }
        assert_eq!(found.len(), wrong.len(), "{found:?}");
        // A viewer sees the same, also what only pg_read_all_settings shows.
        let mut vera = login(&cluster, "vera", &["steep_repl_viewer"]);
        let seen = vera.query("select * from steep_repl.check_setup()", &[])?;
        assert_eq!(seen.len(), wrong.len());

        follow(&cluster, &found)?;
        let left = check_setup(&cluster)?;
        assert!(left.is_empty(), "{left:?}");
        cluster.finish();
        Ok(())
    }

    fn a_list_keeps_the_libraries_it_has(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).with_extension().start()?;
        cluster
            .execute(DATABASE, "create extension steep_repl; select steep_repl.set_node_id('a')")?;
        cluster.set_settings(&[(
            "shared_preload_libraries",
            "$libdir/auth_delay, pg_stat_statements",
        )])?;
        cluster.restart()?;
        let found = check_setup(&cluster)?;
        assert_eq!(found.keys().collect::<Vec<_>>(), ["shared_preload_libraries"]);
        follow(&cluster, &found)?;
        assert!(check_setup(&cluster)?.is_empty());
        assert_eq!(cluster.value(DATABASE, "select steep_repl.node_id()")?, "a");
        let loaded = cluster.value(DATABASE, "show shared_preload_libraries")?;
        assert_eq!(loaded.replace('"', ""), "$libdir/auth_delay, pg_stat_statements, steep_repl");

        if major == Major::V18 {
            for (list, fixed) in [
                ("''", "'pgoutput'"),
                ("test_decoding", "'test_decoding', 'pgoutput'"),
                ("'$libdir/x', 'a b'", "'$libdir/x', 'a b', 'pgoutput'"),
                ("'pgoutput_too'", "'pgoutput_too', 'pgoutput'"),
            ] {
                let fix = cluster.value(DATABASE, &format!(
                    "set output_plugin_libraries = {list}; select fix from steep_repl.check_setup()"))?;
                let fixed = format!(
                    "alter system set output_plugin_libraries = {fixed}; then restart the server"
                );
                assert_eq!(fix, fixed);
            }
        }
        cluster.finish();
        Ok(())
    }

    fn a_group_needs_a_slot_for_each_peer(major: Major) -> Outcome {
        let builder = PgCluster::builder(major).with_extension();
        let cluster =
            builder.setting("max_replication_slots", 3).setting("max_wal_senders", 4).start()?;
        cluster.execute(DATABASE, "create extension steep_repl")?;
        assert!(check_setup(&cluster)?.is_empty());
        cluster.execute(
            DATABASE,
            "select steep_repl.register_node(n, n, 'h') from unnest('{a,b,c,d}'::text[]) n",
        )?;
        let found = check_setup(&cluster)?;
        assert_eq!(found.keys().collect::<Vec<_>>(), ["max_replication_slots"]);
        assert_eq!(found["max_replication_slots"].needed, "at least 4");
        cluster.execute(
            DATABASE,
            "update steep_repl.nodes set status = 'removed' where node_id = 'd'",
        )?;
        assert!(check_setup(&cluster)?.is_empty());
        cluster.finish();
        Ok(())
    }

    fn sql_objects_and_library_of_two_versions_are_a_row(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        cluster.execute(
            DATABASE,
            "update pg_extension set extversion = '0.1.9' where extname = 'steep_repl'",
        )?;
        let found = check_setup(&cluster)?;
        let advice = found.get("extension version").ok_or("no row")?;
        assert_eq!(advice.value, "0.1.9");
        assert!(advice.fix.starts_with("alter extension steep_repl update"), "{advice:?}");
        cluster.finish();
        Ok(())
    }
}
