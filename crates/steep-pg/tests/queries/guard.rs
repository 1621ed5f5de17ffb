//! The guard: triggers and the publication, as they were made and as somebody left them.

use steep_pg::publication::{self, PublicationFault};
use steep_pg::tables::{self, Fault};
use steep_testkit::{Major, PgCluster, on_each_major};

use super::pair::{Outcome, blocking, run, settings};

/// One node with a plain, a partitioned and a keyed table under guard.
fn node(major: Major) -> Result<PgCluster, Box<dyn std::error::Error>> {
    let cluster = PgCluster::builder(major).with_extension().start()?;
    for sql in [
        "create extension steep_repl",
        "select steep_repl.register_node('a', 'a', '127.0.0.1', 5432, 50)",
        "select steep_repl.set_node_id('a')",
        "create table \"Plain one\" (id int primary key, v text)",
        "create table parted (id int primary key, v text) partition by range (id)",
        "create table parted_1 partition of parted for values from (0) to (10)",
        "select steep_repl.add_table('\"Plain one\"')",
        "select steep_repl.add_table('parted')",
    ] {
        cluster.execute("postgres", sql)?;
    }
    Ok(cluster)
}

on_each_major! {
    fn tables_as_add_table_made_them_have_no_fault(major: Major) -> Outcome {
        let cluster = node(major)?;
        run(async {
            let client = steep_pg::Server::new(settings(&cluster))?.connect().await?;
            assert_eq!(tables::count(&client).await?, 2);
            let names: Vec<_> = tables::list(&client).await?.into_iter().map(|table| table.table).collect();
            assert_eq!(names, ["public.\"Plain one\"", "public.parted"]);
            assert_eq!(tables::trigger_faults(&client).await?, []);
            assert_eq!(publication::faults(&client).await?, []);
            Ok(())
        })
    }

    fn each_fault_of_a_trigger_is_told_and_the_mode_put_right(major: Major) -> Outcome {
        let cluster = node(major)?;
        run(async {
            let client = steep_pg::Server::new(settings(&cluster))?.connect().await?;
            let on = |sql: &str| blocking(|| cluster.execute("postgres", sql));
            on("alter table \"Plain one\" disable trigger steep_repl_guard")?;
            on("alter table \"Plain one\" enable trigger steep_repl_deletes")?;
            on("drop trigger steep_repl_truncate on parted_1")?;
            on("drop trigger steep_repl_keys on \"Plain one\"")?;
            on("create function other() returns trigger language plpgsql as $$ begin return new; end $$")?;
            on("create trigger steep_repl_keys after update on \"Plain one\" for each row execute function other()")?;
            let faults = tables::trigger_faults(&client).await?;
            let told: Vec<_> = faults.iter().map(|f| (f.table.as_str(), f.trigger.as_str(), f.fault)).collect();
            assert_eq!(told, [
                ("public.\"Plain one\"", "steep_repl_deletes", Fault::WrongMode),
                ("public.\"Plain one\"", "steep_repl_guard", Fault::WrongMode),
                ("public.\"Plain one\"", "steep_repl_keys", Fault::Foreign),
                ("public.parted_1", "steep_repl_truncate", Fault::Missing),
            ]);
            for fault in &faults {
                assert_eq!(tables::repair(&client, fault).await?, fault.fault == Fault::WrongMode);
            }
            let left: Vec<_> = tables::trigger_faults(&client).await?.into_iter().map(|f| f.fault).collect();
            assert_eq!(left, [Fault::Foreign, Fault::Missing]);
            Ok(())
        })
    }

    fn each_fault_of_the_publication_is_told(major: Major) -> Outcome {
        let cluster = node(major)?;
        run(async {
            let client = steep_pg::Server::new(settings(&cluster))?.connect().await?;
            let on = |sql: &str| blocking(|| cluster.execute("postgres", sql));
            on("create table stray (id int primary key)")?;
            on("alter publication steep_repl add table stray")?;
            on("alter publication steep_repl drop table parted, steep_repl.heartbeats")?;
            on("alter publication steep_repl drop table \"Plain one\"")?;
            on("alter publication steep_repl add table \"Plain one\" where (id > 5)")?;
            on("alter publication steep_repl set (publish = 'insert, truncate')")?;
            let faults = publication::faults(&client).await?;
            assert_eq!(faults, [
                PublicationFault::Filtered("public.\"Plain one\"".into()),
                PublicationFault::Lacks("public.parted".into()),
                PublicationFault::Lacks("steep_repl.heartbeats".into()),
                PublicationFault::Options,
                PublicationFault::Unguarded("public.stray".into()),
            ]);
            on("drop publication steep_repl")?;
            assert_eq!(publication::faults(&client).await?, [PublicationFault::Missing]);
            Ok(())
        })
    }
}
