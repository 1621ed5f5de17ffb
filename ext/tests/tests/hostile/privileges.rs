//! Code of others that ran with a superuser's rights.

use steep_ext_tests::{DATABASE, Failure, Group, PATIENCE, login};
use steep_testkit::wait::{self, Observed};
use steep_testkit::{Major, on_each_major};

use super::{comes_to, run};

const IS_ELEVATED: &str = "select rolsuper::text from pg_roles where rolname = 'mallory'";

/// A function of `mallory`'s that takes a superuser's rights if it is given them.
const TAKE: &str = "create function evil() returns boolean language plpgsql as $$ begin \
    if (select rolsuper from pg_roles where rolname = current_user) then alter role mallory superuser; end if; \
    return true; end $$;";

on_each_major! {
    fn a_schema_of_the_extensions_name_is_not_believed(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        let execute = |node: &str, database: &str, sql: &str| {
            group.node(node).execute(database, sql).map_err(|error| group.failed(error))
        };
        execute("b", DATABASE, "create database p")?;
        execute("b", "p", "create table q (id int primary key); create publication p for table q")?;
        execute("a", DATABASE, "create database m")?;
        execute("a", DATABASE, "create role mallory login; grant create on database m to mallory")?;
        // Whatever the worker asks of the schema is mallory's to answer.
        execute("a", "m", &format!("create table q (id int primary key); \
            set role mallory; create schema steep_repl; set search_path = steep_repl, pg_catalog; {TAKE} \
            create view peers as select 'b'::text as node_id, 'from_p'::name as subscription where evil(); \
            create view nodes as select 'a'::text as node_id, 50 as priority, 'active'::text as status where evil(); \
            create view replicated_tables as select 0::oid::regclass as relation where evil(); \
            create function node_id() returns text language sql as $$ select 'a' where steep_repl.evil() $$"))?;
        let conninfo = group.mesh().conninfo("b", "a", "p").replace('\'', "''");
        execute("a", "m", &format!("create subscription from_p connection '{conninfo}' publication p \
            with (slot_name = 'of_m', copy_data = false)"))?;
        execute("b", "p", "insert into q values (1); update q set id = 2; delete from q; insert into q values (3)")?;
        let waited = wait::until(PATIENCE, "the rows of the subscription without the extension", || {
            let sql = "select coalesce((select string_agg(id::text, ' ') from q), 'none')";
            let seen = group.node("a").value("m", sql).map_err(Observed::new)?;
            if seen == "3" { Ok(()) } else { Err(Observed::new(seen)) }
        });
        waited.map_err(|error| group.failed(error))?;
        assert_eq!(group.value("a", IS_ELEVATED)?, "false");
        group.node("a").expect_log("terminating logical replication (apply )?worker due to administrator command");
        execute("a", "m", "drop subscription from_p")?;
        group.finish();
        Ok(())
    }

    fn code_of_a_tables_owner_does_not_run_as_superuser_for_a_missing_row(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        let mut sessions = Vec::new();
        for node in group.names() {
            let mut mallory = login(group.node(node), "mallory", &[]);
            group.execute(node, "grant create on schema public to mallory")?;
            run(&group, &mut mallory, &format!("{TAKE} create domain dom as int check (value > 0 and public.evil()); \
                create table e (id dom primary key, v dom unique)"))?;
            sessions.push(mallory);
        }
        group.add_table("e", "")?;
        let [a, b] = sessions.as_mut_slice() else { return Err(group.failed("two nodes")) };
        run(&group, a, "insert into e values (1, 1), (2, 2), (3, 3)")?;
        group.settle()?;
        group.apart()?;
        run(&group, a, "delete from e where id < 3; insert into e values (11, 11)")?;
        // Missing on a: an update, a delete, and one that moves; and a value that both inserted.
        run(&group, b, "update e set v = 21 where id = 1; delete from e where id = 2; insert into e values (12, 11)")?;
        run(&group, b, "update e set id = 31 where id = 3")?;
        run(&group, a, "delete from e where id = 3")?;
        group.meet();
        group.quiet_within(PATIENCE)?;
        for node in ["a", "b"] {
            comes_to(&group, node, IS_ELEVATED, "false")?;
        }
        group.converge()?;
        group.finish();
        Ok(())
    }
}
