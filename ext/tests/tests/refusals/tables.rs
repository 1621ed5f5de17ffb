//! Tables and policies that SQL functions refuse.

use steep_ext_tests::{DATABASE, Failure, Group, refusal, refusal_of};
use steep_testkit::{Major, on_each_major};

/// A name, how it is made, and what the refusal says.
const TABLES: &[(&str, &str, &str)] = &[
    ("no_key", "create table no_key (id int)", "it has no primary key"),
    ("nullable", "create table nullable (id int unique)", "it has no primary key"),
    (
        "partial",
        "create table partial (id int not null); create unique index on partial (id) where id > 0",
        "it has no primary key",
    ),
    ("unlogged", "create unlogged table unlogged (id int primary key)", "it is unlogged"),
    ("temporary", "create temporary table temporary (id int primary key)", "it is temporary"),
    (
        "elsewhere",
        "create foreign data wrapper w; create server s foreign data wrapper w; \
         create foreign table elsewhere (id int) server s",
        "it is a foreign table",
    ),
    ("looks", "create view looks as select 1 as id", "it is not a table"),
    ("stored", "create materialized view stored as select 1 as id", "it is not a table"),
    ("counter", "create sequence counter", "it is not a table"),
    ("pg_catalog.pg_class", "select 1", "it is a system table"),
    ("steep_repl.nodes", "select 1", "it belongs to steep_repl"),
    (
        "part_1",
        "create table part (id int primary key) partition by range (id); \
         create table part_1 partition of part for values from (0) to (9)",
        "it is a partition",
    ),
    (
        "late",
        "create table late (id int primary key, x int unique deferrable initially deferred)",
        "its unique constraint late_x_key is deferrable",
    ),
    (
        "exclusive",
        "create table exclusive (id int primary key, r int4range, \
         exclude using gist (r with &&))",
        "it has an exclusion constraint",
    ),
    (
        "in_parts",
        "create table in_parts (id int) partition by range (id); \
         create unlogged table in_parts_1 partition of in_parts for values from (0) to (9)",
        "it has no primary key",
    ),
    (
        "by_part_1",
        "create table by_part_1 (id int primary key) partition by range (id); \
         create table good_1 partition of by_part_1 for values from (10) to (20); \
         create unlogged table bad_1 partition of by_part_1 for values from (0) to (9)",
        "its partition public.bad_1 is unlogged",
    ),
    (
        "by_part_2",
        "create table by_part_2 (id int primary key) partition by range (id); \
         create table below_2 partition of by_part_2 for values from (0) to (9) partition by range (id); \
         create unlogged table bad_2 partition of below_2 for values from (0) to (5)",
        "its partition public.bad_2 is unlogged",
    ),
    (
        "by_part_3",
        "create table by_part_3 (id int not null, part int not null) partition by range (part); \
         create foreign table bad_3 partition of by_part_3 for values from (0) to (9) server s; \
         create table good_3 partition of by_part_3 for values from (10) to (20)",
        "its partition public.bad_3 is a foreign table",
    ),
    (
        "by_part_4",
        "create table by_part_4 (id int primary key, x int) partition by range (id); \
         create table bad_4 partition of by_part_4 for values from (0) to (9); \
         alter table bad_4 add constraint \"Late\" unique (x) deferrable",
        "the unique constraint \"Late\" of its partition public.bad_4 is deferrable",
    ),
    (
        "by_part_5",
        "create table by_part_5 (id int primary key, r int4range) partition by range (id); \
         create table bad_5 partition of by_part_5 for values from (0) to (9); \
         alter table bad_5 add constraint apart exclude using gist (r with &&)",
        "its partition public.bad_5 has the exclusion constraint apart",
    ),
    (
        "by_part_6",
        "create table by_part_6 (id int not null, part int not null, unique (id, part)) partition by range (part); \
         create table bad_6 partition of by_part_6 for values from (0) to (9); \
         alter table bad_6 add primary key (part)",
        "its partition public.bad_6 identifies rows by other columns than the table itself: (part), not (id, part)",
    ),
    (
        "by_part_7",
        "create access method other type table handler heap_tableam_handler; \
         create table by_part_7 (id int primary key) partition by range (id); \
         create table bad_7 partition of by_part_7 for values from (0) to (9) using other",
        "the access method of its partition public.bad_7 is not heap",
    ),
];

/// What would leave the replicated `t (id int primary key, x int, r int4range)` with a partition that
/// cannot replicate, and what the refusal says.
const LATER: &[(&str, &str)] = &[
    (
        "create unlogged table bad partition of t for values from (0) to (9)",
        "its partition public.bad is unlogged",
    ),
    (
        "create unlogged table bad (like t including indexes); alter table t attach partition bad for values from (0) to (9)",
        "its partition public.bad is unlogged",
    ),
    (
        "create table bad (like t including indexes) partition by range (id); \
      create unlogged table worse partition of bad for values from (0) to (5); \
      alter table t attach partition bad for values from (0) to (9)",
        "its partition public.worse is unlogged",
    ),
    ("alter table part_1 set unlogged", "its partition public.part_1 is unlogged"),
    (
        "alter table part_1 add unique (x) deferrable",
        "the unique constraint part_1_x_key of its partition public.part_1 is deferrable",
    ),
    (
        "alter table part_1 add exclude using gist (r with &&)",
        "its partition public.part_1 has the exclusion constraint part_1_r_excl",
    ),
    ("alter table part_2 set unlogged", "its partition public.part_2 is unlogged"),
    (
        "set session_replication_role = replica; alter table part_1 set unlogged",
        "its partition public.part_1 is unlogged",
    ),
];

/// Arguments after the table, and what the refusal says.
const POLICIES: &[(&str, &str)] = &[
    ("'newest'", "strategy \"newest\" does not exist"),
    ("''", "strategy \"\" does not exist"),
    ("null", "strategy \"\" does not exist"),
    ("'last_write_wins', 'fuzzy'", "detection \"fuzzy\" does not exist"),
    ("'manual', 'default'", "strategy manual needs exact detection"),
    ("'node_priority', 'default'", "strategy node_priority needs exact detection"),
    ("'node_priority', 'exact', '{a,z}'", "node \"z\" is not registered here"),
    ("'last_write_wins', 'exact', '{a,b}'", "an order of nodes means nothing to strategy"),
];

on_each_major! {
    fn tables_that_cannot_replicate(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        let a = group.node("a");
        let mut session = a.client(DATABASE);
        for (table, create, reason) in TABLES {
            session.batch_execute(create).map_err(|error| group.failed(error))?;
            let sql = format!("select steep_repl.add_table('{table}')");
            let refused = refusal_of(a, &mut session, &sql);
            let shown = table.trim_start_matches("pg_catalog.");
            assert!(refused.message.contains(shown), "{refused:?}");
            assert!(refused.message.contains(reason), "{table}: {refused:?}");
            assert_eq!(refused.code, "55000", "{refused:?}");
            assert!(!refused.hint.is_empty(), "{table}: {refused:?}");
        }
        let missing = refusal(a, DATABASE, "select steep_repl.add_table('nowhere')");
        assert_eq!(missing.code, "42P01");
        let none = refusal(a, DATABASE, "select steep_repl.add_table(null)");
        assert_eq!(none.message, "no table given");
        assert_eq!(group.value("a", "select count(*) from steep_repl.replicated_tables")?, "0");
        let published = "select count(*) from pg_publication_tables where schemaname <> 'steep_repl'";
        assert_eq!(group.value("a", published)?, "0");
        group.finish();
        Ok(())
    }

    fn partitions_that_come_later(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.everywhere("create table t (id int primary key, x int, r int4range) partition by range (id); \
            create table part_1 partition of t for values from (10) to (20); \
            create table middle partition of t for values from (20) to (30) partition by range (id); \
            create table part_2 partition of middle for values from (20) to (25); \
            create role app login; grant create on schema public to app; \
            alter table t owner to app; alter table part_1 owner to app; alter table part_2 owner to app")?;
        group.add_table("t", "")?;
        let a = group.node("a");
        let partitions = "select string_agg(t.relid::text || c.relpersistence::text, ' ' order by t.relid::text) \
            from pg_partition_tree('t') t join pg_class c on c.oid = t.relid";
        let before = group.value("a", partitions)?;
        for (sql, reason) in LATER {
            // An owner who may not read what is replicated cannot get around it.
            let user = if sql.starts_with("alter table part_1") { "app" } else { "postgres" };
            let refused = refusal(a, DATABASE, &format!("begin; set local role {user}; {sql}; commit"));
            assert_eq!(refused.code, "55000", "{sql}: {refused:?}");
            let expected = format!("table public.t is replicated, which would no longer be possible: {reason}");
            assert_eq!(refused.message, expected, "{sql}");
            assert!(refused.hint.ends_with("with steep_repl.remove_table()."), "{refused:?}");
            assert_eq!(group.value("a", partitions)?, before, "{sql}");
        }
        // Others may come, and go, and be what they like once they are gone; also those of the owner.
        group.everywhere("set role app; create table part_3 partition of t for values from (0) to (10); reset role; \
            create role next login; grant create on schema public to next; alter table t owner to next; \
            alter table part_2 owner to next; alter table part_3 owner to next; \
            set role next; create table part_5 partition of t for values from (50) to (60); reset role; \
            create table part_4 (like t including indexes); \
            alter table t attach partition part_4 for values from (30) to (40); \
            create unique index on part_4 (x); \
            alter table part_4 owner to next; alter table t detach partition part_1; \
            alter table part_1 set unlogged; create table other (id int) partition by range (id); \
            create unlogged table other_1 partition of other for values from (0) to (9)")?;
        group.execute("a", "insert into t select i * 10, i from generate_series(0, 3) i where i <> 1")?;
        group.converge()?;
        assert_eq!(group.value("b", "select string_agg(id::text, ' ' order by id) from t")?, "0 20 30");

        // Taken out of replication, the table is its owner's business again.
        group.execute("a", "select steep_repl.remove_table('t'); alter table part_2 set unlogged")?;
        let refused = refusal(a, DATABASE, "select steep_repl.add_table('t')");
        assert!(refused.message.ends_with("its partition public.part_2 is unlogged"), "{refused:?}");
        assert_eq!(refused.hint, "alter table public.part_2 set logged");
        group.disregard_table("t");
        group.finish();
        Ok(())
    }

    fn policies_that_do_not_exist(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("good", "id int primary key", "")?;
        group.everywhere("create table t (id int primary key)")?;
        let a = group.node("a");
        for (policy, message) in POLICIES {
            for call in ["add_table('t'", "set_table_policy('good'"] {
                let refused = refusal(a, DATABASE, &format!("select steep_repl.{call}, {policy})"));
                assert!(refused.message.contains(message), "{policy}: {refused:?}");
                assert!(!refused.hint.is_empty(), "{policy}: {refused:?}");
            }
        }
        let twice = refusal(a, DATABASE, "select steep_repl.add_table('good')");
        assert_eq!(twice.code, "42710", "{twice:?}");
        assert!(twice.message.ends_with("good is replicated already"), "{twice:?}");
        for call in ["remove_table('t')", "set_table_policy('t', 'manual')"] {
            let none = refusal(a, DATABASE, &format!("select steep_repl.{call}"));
            assert_eq!(none.code, "42704", "{none:?}");
            assert!(none.message.ends_with("t is not replicated"), "{none:?}");
        }
        let policy = "select strategy || ' ' || detection from steep_repl.replicated_tables";
        assert_eq!(group.value("a", policy)?, "last_write_wins default");
        group.finish();
        Ok(())
    }

    fn only_its_owner_decides_about_a_table(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("good", "id int primary key", "")?;
        group.everywhere("create table t (id int primary key); create role guest login; \
            grant all on t, good to guest; \
            grant execute on all functions in schema steep_repl to guest; \
            grant usage on schema steep_repl to guest")?;
        let a = group.node("a");
        let mut session = a.client(DATABASE);
        session.batch_execute("set session authorization guest").map_err(|error| group.failed(error))?;
        for call in ["add_table('t')", "set_table_policy('good', 'manual')", "remove_table('good')"] {
            let refused = refusal_of(a, &mut session, &format!("select steep_repl.{call}"));
            assert_eq!(refused.code, "42501", "{refused:?}");
            assert!(refused.message.starts_with("must be owner of table"), "{refused:?}");
        }
        group.execute("a", "revoke execute on all functions in schema steep_repl from guest")?;
        let denied = refusal_of(a, &mut session, "select steep_repl.add_table('t')");
        assert_eq!(denied.code, "42501", "{denied:?}");
        for sql in [
            "insert into steep_repl.retractions (node_id, table_schema, table_name, row_key, \
                version_at, version_node) values ('a', 'public', 'good', '{1}', now(), 'a')",
            "update steep_repl.heartbeats set snapshot = '9:9:'",
            "delete from steep_repl.tombstones",
            "insert into steep_repl.resolutions default values",
        ] {
            assert_eq!(refusal_of(a, &mut session, sql).code, "42501", "{sql}");
        }
        group.finish();
        Ok(())
    }

    fn a_replicated_table_cannot_be_truncated(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", "id int primary key", "")?;
        group.everywhere("create table p (id int primary key) partition by range (id); \
            create table p_1 partition of p for values from (0) to (9)")?;
        group.add_table("p", "")?;
        group.execute("a", "insert into t values (1); insert into p values (1)")?;
        for table in ["t", "p", "p_1", "t, p"] {
            let refused = refusal(group.node("a"), DATABASE, &format!("truncate {table}"));
            assert_eq!(refused.code, "0A000", "{refused:?}");
            assert!(refused.message.ends_with("is replicated and cannot be truncated"), "{refused:?}");
        }
        group.converge()?;
        assert_eq!(group.value("b", "select (select count(*) from t) + (select count(*) from p)")?, "2");
        group.finish();
        Ok(())
    }

    fn peers_that_cannot_be(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        let a = group.node("a");
        a.expect_log("subscription was created, but is not connected");
        group.execute("a", "create subscription wrong connection 'host=127.0.0.1' publication steep_repl \
            with (connect = false, streaming = on, two_phase = true, origin = any)")?;
        for (arguments, words) in [
            ("'z', 'from_b'", &["node \"z\" is not registered here"][..]),
            ("null, 'from_b'", &["node \"\" is not registered here"]),
            ("'a', 'from_b'", &["node \"a\" is this node"]),
            ("'b', 'nothing'", &["subscription \"nothing\" does not exist in this database"]),
            ("'b', 'wrong'", &["wrong", "streaming = off", "two_phase = false", "origin = none"]),
        ] {
            let refused = refusal(a, DATABASE, &format!("select steep_repl.add_peer({arguments})"));
            let text = format!("{} {} {}", refused.message, refused.detail, refused.hint);
            assert!(words.iter().all(|word| text.contains(word)), "{arguments}: {refused:?}");
            assert!(!refused.hint.is_empty(), "{refused:?}");
        }
        group.execute("a", "alter subscription wrong set (slot_name = none); drop subscription wrong")?;
        group.finish();
        Ok(())
    }

    fn without_commit_timestamps_nothing_can_be_added(major: Major) -> Result<(), Failure> {
        let cluster = steep_ext_tests::cluster_with_extension(major).map_err(Failure::new)?;
        let execute = |sql: &str| cluster.execute(DATABASE, sql).map_err(Failure::new);
        execute("create table t (id int primary key)")?;
        let nobody = refusal(&cluster, DATABASE, "select steep_repl.add_table('t')");
        assert_eq!(nobody.message, "this node has no identity yet");
        execute("select steep_repl.set_node_id('a')")?;
        let unknown = refusal(&cluster, DATABASE, "select steep_repl.add_table('t')");
        assert_eq!(unknown.message, "this node, \"a\", is not registered");
        execute("select steep_repl.register_node('a', 'a', 'h')")?;
        cluster.set_settings(&[("track_commit_timestamp", "off")]).map_err(Failure::new)?;
        cluster.restart().map_err(Failure::new)?;
        let refused = refusal(&cluster, DATABASE, "select steep_repl.add_table('t')");
        assert_eq!(refused.message, "track_commit_timestamp is off on this node");
        assert!(refused.hint.contains("alter system set track_commit_timestamp = on"), "{refused:?}");
        cluster.finish();
        Ok(())
    }
}
