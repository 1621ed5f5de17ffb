//! An upgraded extension is the same as an installed one.

use steep_ext_tests::{Outcome, catalog_difference, extension_catalog};
use steep_testkit::{Major, PgCluster, on_each_major};

/// Every version that was ever released; each must be upgradable to the present one.
const RELEASED: [&str; 1] = ["0.1.0"];

on_each_major! {
    fn upgrade_ends_where_install_ends(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).with_extension().start()?;
        cluster.create_database("installed")?;
        cluster.execute("installed", "create extension steep_repl")?;
        let installed = extension_catalog(&cluster, "installed")?;
        assert!(installed.len() > 100, "the catalog query finds too little: {}", installed.len());
        for version in RELEASED {
            let database = format!("from_{version}");
            cluster.create_database(&database)?;
            cluster.execute(&database, &format!("create extension steep_repl version '{version}'"))?;
            let old = extension_catalog(&cluster, &database)?;
            assert!(!catalog_difference(&installed, &old).is_empty(), "{version} changes nothing");
            cluster.execute(&database, "alter extension steep_repl update")?;
            let upgraded = extension_catalog(&cluster, &database)?;
            assert_eq!(catalog_difference(&installed, &upgraded), Vec::<String>::new());
        }
        cluster.finish();
        Ok(())
    }

    fn upgrade_keeps_rows(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).with_extension().start()?;
        cluster.execute("postgres", "create extension steep_repl version '0.1.0'")?;
        cluster.execute("postgres", "select steep_repl.register_node('a', 'Alpha', 'a.example')")?;
        cluster.execute("postgres", "select steep_repl.set_node_id('a')")?;
        cluster.execute("postgres", "alter extension steep_repl update")?;
        assert_eq!(cluster.value("postgres", "select steep_repl.node_id()")?, "a");
        assert_eq!(cluster.value("postgres", "select node_name from steep_repl.nodes")?, "Alpha");
        cluster.finish();
        Ok(())
    }

    fn the_comparison_sees_every_kind_of_difference(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).with_extension().start()?;
        cluster.execute("postgres", "create extension steep_repl")?;
        let whole = extension_catalog(&cluster, "postgres")?;
        for change in [
            "comment on column steep_repl.nodes.host is 'something else'",
            "alter table steep_repl.nodes alter column port set default 5433",
            "alter table steep_repl.nodes alter column last_seen set not null",
            "alter table steep_repl.nodes drop constraint nodes_port_valid",
            "drop index steep_repl.idx_conflict_log_arrival",
            "grant select on steep_repl.audit_log to public",
            "grant execute on function steep_repl.node_id() to public",
            "alter function steep_repl.node_id() security invoker",
            "alter function steep_repl.node_id() reset search_path",
            "alter table steep_repl.nodes replica identity full",
            "alter sequence steep_repl.audit_log_id_seq cache 7",
            "alter extension steep_repl drop function steep_repl.version()",
            "alter event trigger steep_repl_partitions disable",
            "update pg_extension set extcondition[1] = 'where false' where extname = 'steep_repl'",
        ] {
            let mut client = cluster.client("postgres");
            client.batch_execute(&format!("set allow_system_table_mods = on; {change}"))?;
            let changed = extension_catalog(&cluster, "postgres")?;
            assert!(!catalog_difference(&whole, &changed).is_empty(), "not seen: {change}");
            client.batch_execute("drop extension steep_repl cascade")?;
            client.batch_execute("drop schema if exists steep_repl cascade")?;
            client.batch_execute("create extension steep_repl")?;
        }
        cluster.finish();
        Ok(())
    }
}
