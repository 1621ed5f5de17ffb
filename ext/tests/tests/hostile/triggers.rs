//! The user's own triggers and constraints beside the guard's.

use steep_ext_tests::{DATABASE, Failure, Group, PATIENCE, refusal, refusal_of};
use steep_testkit::{Major, on_each_major};

use super::{comes_to, run};

const WORKERS: &str =
    "select string_agg(pid::text, ' ' order by pid) from pg_stat_subscription where relid is null";

on_each_major! {
    fn a_trigger_that_vetoes_changes_stops_no_worker(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        let tables = [("t", ""), ("e", "'last_write_wins', 'exact'")];
        for (table, policy) in tables {
            group.create_table(table, "id int primary key, v text", policy)?;
            group.execute("a", &format!("insert into {table} values (1, 'base'), (2, 'base'), (11, 'base'), (12, 'base')"))?;
        }
        group.settle()?;
        group.execute("b", "create function veto() returns trigger language plpgsql as $$ begin \
            if tg_op = 'INSERT' then return case when new.id > 10 then new end; end if; \
            if old.id < 10 then return null; end if; \
            return case when tg_op = 'DELETE' then old else new end; end $$")?;
        for (table, _) in tables {
            group.execute("b", &format!("create trigger a_veto before insert or update or delete on {table} \
                for each row execute function veto(); alter table {table} enable replica trigger a_veto"))?;
        }
        let workers = group.value("b", WORKERS)?;
        for (table, _) in tables {
            for sql in [
                "insert into {t} values (3, 'new')",
                "update {t} set v = 'a' where id = 1",
                "delete from {t} where id = 2",
                "insert into {t} values (13, 'new')",
                "update {t} set v = 'a' where id = 11",
                "delete from {t} where id = 12",
            ] {
                group.write("a", &sql.replace("{t}", table))?;
            }
        }
        group.quiet_within(PATIENCE)?;
        for (table, _) in tables {
            let rows = format!("select string_agg(concat(id, v), ' ' order by id) from {table}");
            assert_eq!(group.value("b", &rows)?, "1base 2base 11a 13new", "{table}");
        }
        assert_eq!(group.value("b", WORKERS)?, workers);
        assert_eq!(group.value("b", "select count(*) from steep_repl.conflict_log")?, "0");
        group.finish();
        Ok(())
    }

    fn a_trigger_that_writes_a_replicated_table_on_conflict_do_nothing_ends(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("o", "id int primary key", "")?;
        group.create_table("c", "id int primary key, g int", "")?;
        group.execute("b", "create function log() returns trigger language plpgsql as $$ begin \
            insert into public.c select new.id, g from generate_series(1, 2) g on conflict do nothing; return null; end $$; \
            create trigger z after insert on o for each row execute function log(); \
            alter table o enable always trigger z")?;
        group.write("a", "insert into o values (1), (2)")?;
        group.quiet_within(PATIENCE)?;
        comes_to(&group, "b", "select string_agg(concat(id, ':', g), ' ' order by id) from c", "1:1 2:1")?;
        // It is no change of the stream: the same statement once more finds the row and does nothing.
        group.write("a", "delete from o where id = 1; insert into o values (1), (3)")?;
        group.quiet_within(PATIENCE)?;
        comes_to(&group, "b", "select string_agg(concat(id, ':', g), ' ' order by id) from c", "1:1 2:1 3:1")?;
        group.finish();
        Ok(())
    }

    fn foreign_keys_of_partitions_hold_after_a_session_was_in_replica_mode(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("ref", "id int primary key", "")?;
        group.everywhere("create table p (id int primary key, r int references ref) partition by range (id); \
            create table p_1 partition of p for values from (0) to (10); \
            create table p_2 partition of p for values from (10) to (20)")?;
        group.add_table("p", "")?;
        group.execute("a", "insert into ref values (1); insert into p values (1, 1), (11, 1)")?;
        group.settle()?;
        let a = group.node("a");
        let mut session = a.client(DATABASE);
        run(&group, &mut session, "set session_replication_role = replica; \
            insert into p_1 values (2, 1); update p_2 set r = 1; insert into p values (12, 1); \
            set session_replication_role = origin")?;
        for sql in [
            "insert into p values (3, 999)",
            "insert into p_1 values (3, 999)",
            "update p set r = 999 where id = 11",
            "update p set r = 999, id = 5 where id = 11",
            "delete from ref",
        ] {
            assert_eq!(refusal_of(a, &mut session, sql).code, "23503", "{sql}");
        }
        let copied = a.psql(DATABASE, "set session_replication_role = replica;\ninsert into p_1 values (4, 1);\n\
            set session_replication_role = origin;\ncopy p from stdin;\n3\t999\n\\.\n");
        a.expect_error("insert or update on table \"p_1\" violates foreign key constraint");
        assert!(copied.is_err_and(|error| error.to_string().contains("foreign key")));
        // The other way round: in replica mode they are not asked, whatever ran before.
        run(&group, &mut session, "insert into p values (5, 1); set session_replication_role = replica; \
            insert into p values (6, 999); delete from p where id = 6")?;
        group.converge()?;
        group.finish();
        Ok(())
    }

    fn a_parent_of_inheriting_tables_is_refused(major: Major) -> Result<(), Failure> {
        let cluster = steep_ext_tests::node_with_table(major).map_err(Failure::new)?;
        cluster.execute(DATABASE, "create table inh (id int primary key); create table inh_1 () inherits (inh)")
            .map_err(Failure::new)?;
        let refused = refusal(&cluster, DATABASE, "select steep_repl.add_table('inh')");
        assert_eq!(refused.code, "55000", "{refused:?}");
        assert!(refused.message.contains("other tables inherit from it"), "{refused:?}");
        assert!(!refused.hint.is_empty(), "{refused:?}");
        cluster.finish();
        Ok(())
    }
}
