//! What ended a server, an apply worker, or a session.

use steep_ext_tests::{DATABASE, Failure, Group, node_with_table, refusal};
use steep_testkit::{Major, on_each_major};

use super::everywhere_is;

on_each_major! {
    fn a_missing_delete_is_forgotten_before_another_tables_first_change(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("big", "id int primary key, v text", "'last_write_wins', 'exact'")?;
        group.create_table("other", "id int primary key", "")?;
        group.everywhere("create table p (id int primary key) partition by range (id); \
            create table p_1 partition of p for values from (0) to (10); \
            create table p_2 partition of p for values from (10) to (20)")?;
        group.add_table("p", "")?;
        group.execute("a", "insert into big select i, repeat('x', 1900000) from generate_series(1, 3) i; \
            insert into p values (1)")?;
        group.settle()?;
        group.apart()?;
        group.write("a", "delete from big; delete from p")?;
        // The message of a large row is given back to the system at once, that of a small one is used
        // again. A partition's first change is preceded by a description of its root.
        group.write("b", "delete from big; insert into other values (1); update other set id = 2")?;
        group.write("b", "delete from p; insert into p values (12)")?;
        group.meet();
        group.converge()?;
        everywhere_is(&group, "select concat_ws(' ', (select count(*) from big), \
            (select string_agg(id::text, ' ') from other), (select string_agg(id::text, ' ') from p))", "0 2 12")?;
        group.finish();
        Ok(())
    }

    fn an_update_of_a_missing_row_finds_its_key_out_of_line(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.create_table("t", "k text primary key, v text", "")?;
        group.everywhere("alter table t alter column k set storage external")?;
        group.execute("a", "insert into t select string_agg(md5(i::text), ''), 'base' from generate_series(1, 75) i")?;
        group.settle()?;
        group.apart()?;
        group.write("a", "delete from t")?;
        group.write("b", "update t set v = 'b'")?;
        group.meet();
        group.converge()?;
        everywhere_is(&group, "select concat_ws(' ', octet_length(k), v) from t", "2400 b")?;
        group.finish();
        Ok(())
    }

    fn a_key_that_may_be_null_after_all_is_refused(major: Major) -> Result<(), Failure> {
        if major != Major::V18 {
            // The others do not know NOT NULL … NOT VALID.
            return Ok(());
        }
        let cluster = node_with_table(major).map_err(Failure::new)?;
        let execute = |sql: &str| cluster.execute(DATABASE, sql).map_err(Failure::new);
        execute("create table nk (k int, j int not null, v text, unique (k), unique (j, k)); \
            insert into nk values (null, 1); \
            alter table nk add constraint nn not null k not valid")?;
        let refused = refusal(&cluster, DATABASE, "select steep_repl.add_table('nk')");
        assert!(refused.message.contains("has no primary key, nor another unique index"), "{refused:?}");
        execute("delete from nk; alter table nk validate constraint nn; select steep_repl.add_table('nk')")?;
        execute("insert into nk values (1, 1); delete from nk")?;
        cluster.finish();
        Ok(())
    }

    fn a_row_with_a_huge_value_can_be_deleted(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        // It compresses well, and is larger than what a JSON string can be.
        group.everywhere("create table t (id int primary key, v text); \
            insert into t values (1, repeat('x', 300000000)), (2, '')")?;
        group.add_table("t", "")?;
        group.settle()?;
        group.apart()?;
        group.write("a", "delete from t where id = 1")?;
        group.write("b", "delete from t where id = 1; update t set v = 'b' where id = 2")?;
        group.meet();
        group.converge()?;
        everywhere_is(&group, "select string_agg(concat(id, v), ' ') from t", "2b")?;
        group.finish();
        Ok(())
    }
}
