//! Tables with a history, with partitions, with rules of their own.

use steep_ext_tests::{Failure, Group};
use steep_testkit::{Major, on_each_major};

use crate::shape::{Shape, survives, survives_generated};

const PLAIN: Shape = Shape {
    table: "t",
    create: "create table {t} (k int primary key, who text)",
    insert: "insert into {t} (k, who) values ({n}, '{who}')",
    update: "update {t} set who = '{who}' where k = {n}",
    delete: "delete from {t} where k = {n}",
    about: "k = {n}",
};

/// Stored out of line, and every row another value: nothing to compress.
const BIG: &str = "(select string_agg(md5('{n}' || i), '') from generate_series(1, 3200) i)";

on_each_major! {
    fn plain(major: Major) -> Result<(), Failure> {
        survives(major, &PLAIN)
    }

    fn dropped_and_added_columns(major: Major) -> Result<(), Failure> {
        // The nodes came to the same columns by different ways.
        survives(major, &Shape {
            create: "create table {t} (x_{node} int, k int, y int default 5, who text); \
                alter table {t} drop x_{node}, add primary key (k), drop y; \
                alter table {t} add n int default 3, add late text default 'late ' || '{node}'; \
                alter table {t} alter late set default 'late'",
            update: "update {t} set who = '{who}', n = n + 1 where k = {n}",
            ..PLAIN
        })
    }

    fn columns_in_another_order(major: Major) -> Result<(), Failure> {
        let group = Group::start(major, 2)?;
        group.execute("a", "create table t (k int primary key, v text, w int)")?;
        group.execute("b", "create table t (w int, v text, k int primary key)")?;
        group.add_table("t", "")?;
        group.disregard_table("t");
        group.execute("a", "insert into t (k, v, w) values (1, 'base', 7)")?;
        group.settle()?;
        group.apart()?;
        group.write("b", "update t set v = 'of b' where k = 1")?;
        group.write("a", "update t set v = 'of a' where k = 1")?;
        group.write("a", "insert into t (k, v, w) values (2, 'of a', 8)")?;
        group.write("b", "insert into t (k, v, w) values (2, 'of b', 9)")?;
        group.meet();
        group.converge()?;
        for node in group.names() {
            let rows = group.rows(node, "select k, v, w from t order by k")?;
            let rows: Vec<Vec<&str>> =
                rows.iter().map(|row| row.iter().flatten().map(String::as_str).collect()).collect();
            assert_eq!(rows, [["1", "of a", "7"], ["2", "of b", "9"]]);
        }
        group.finish();
        Ok(())
    }

    fn values_stored_out_of_line(major: Major) -> Result<(), Failure> {
        let insert = format!("insert into {{t}} values ({{n}}, '{{who}}', {BIG}, 'x')");
        survives(major, &Shape {
            create: "create table {t} (k int primary key, who text, big text, small text); \
                alter table {t} alter big set storage external",
            insert: insert.leak(),
            ..PLAIN
        })
    }

    fn partitioned_by_the_key(major: Major) -> Result<(), Failure> {
        survives(major, &Shape {
            create: "create table {t} (k int primary key, who text, n int) partition by range (k); \
                create table {t}_low (n int, who text, k int not null); \
                alter table {t} attach partition {t}_low for values from (0) to (5); \
                create table {t}_high partition of {t} for values from (5) to (100) \
                    partition by hash (k); \
                create table {t}_high_0 partition of {t}_high for values with (modulus 2, remainder 0); \
                create table {t}_high_1 partition of {t}_high for values with (modulus 2, remainder 1)",
            ..PLAIN
        })
    }

    fn partitioned_with_generated_columns_and_triggers(major: Major) -> Result<(), Failure> {
        survives_generated(major, &Shape {
            create: "create table {t} (k int primary key, who text, \
                    g int generated always as (k * 2) stored) partition by range (k); \
                create table {t}_1 partition of {t} for values from (0) to (5); \
                create table {t}_2 partition of {t} for values from (5) to (100); \
                create or replace function nothing() returns trigger language plpgsql as $$ \
                    begin return null; end $$; \
                create trigger note after insert or update or delete on {t} \
                    for each row execute function nothing()",
            ..PLAIN
        })
    }

    fn updates_that_move_rows_between_partitions(major: Major) -> Result<(), Failure> {
        // Every node's update moves the row to a partition of its own; the key stays the same in
        // its first column only, so the rows of one number are told apart by who wrote them.
        let group = Group::start(major, 2)?;
        group.everywhere("create table t (k int, part text, v int, primary key (k, part)) \
            partition by list (part); \
            create table t_base partition of t for values in ('base'); \
            create table t_a partition of t for values in ('a'); \
            create table t_b partition of t default")?;
        group.add_table("t", "")?;
        group.execute("a", "insert into t select i, 'base', 0 from generate_series(1, 3) i")?;
        group.settle()?;
        group.execute("a", "update t set part = 'a' where k = 1")?;
        group.settle()?;
        assert_eq!(group.value("b", "select part from t where k = 1")?, "a");
        group.apart()?;
        group.write("a", "update t set part = 'a' where k = 2")?;
        group.write("b", "update t set v = 9 where k = 2")?;
        group.write("b", "update t set v = 9 where k = 3")?;
        group.write("a", "update t set part = 'a' where k = 3")?;
        group.meet();
        group.converge()?;
        // The newer update brings back what the move deleted; the newer move deletes it.
        let rows = group.value("b", "select string_agg(format('%s %s %s', k, part, v), ', ' \
            order by k, part) from t")?;
        assert_eq!(rows, "1 a 0, 2 a 0, 2 base 9, 3 a 0");
        group.finish();
        Ok(())
    }

    fn identity_always(major: Major) -> Result<(), Failure> {
        survives(major, &Shape {
            create: "create table {t} (k int generated always as identity primary key, who text, \
                n int generated by default as identity)",
            insert: "insert into {t} (k, who, n) overriding system value values ({n}, '{who}', 1)",
            ..PLAIN
        })
    }

    fn generated_columns(major: Major) -> Result<(), Failure> {
        survives_generated(major, &Shape {
            create: "create table {t} (g int generated always as (k + 1) stored, \
                k int primary key, who text, h text generated always as (upper(who)) stored)",
            ..PLAIN
        })
    }

    fn names_that_need_quoting(major: Major) -> Result<(), Failure> {
        survives(major, &Shape {
            table: "\"Schéma \"\"1\"\"\".\"tä'ble; --\"",
            create: "create schema if not exists \"Schéma \"\"1\"\"\"; \
                drop domain if exists \"Schéma \"\"1\"\"\".\"Dömain\"; create domain \"Schéma \"\"1\"\"\".\"Dömain\" as text; \
                create table {t} (\"K ey\" int primary key, \"W'ho\" \"Schéma \"\"1\"\"\".\"Dömain\", \
                    \"select\" int default 1); \
                create unique index \"Ind ex\" on {t} (lower(\"W'ho\"), \"K ey\")",
            insert: "insert into {t} (\"K ey\", \"W'ho\") values ({n}, '{who}')",
            update: "update {t} set \"W'ho\" = '{who}' where \"K ey\" = {n}",
            delete: "delete from {t} where \"K ey\" = {n}",
            about: "\"K ey\" = {n}",
        })
    }

    fn row_level_security(major: Major) -> Result<(), Failure> {
        survives(major, &Shape {
            create: "create table {t} (k int primary key, who text unique); \
                alter table {t} enable row level security, force row level security; \
                create policy nobody on {t} using (false) with check (false)",
            insert: "insert into {t} values ({n}, '{who} {n}')",
            update: "update {t} set who = '{who} {n} again' where k = {n}",
            ..PLAIN
        })
    }

    fn a_table_owned_by_an_ordinary_role(major: Major) -> Result<(), Failure> {
        survives(major, &Shape {
            create: "do $$ begin if to_regrole('app') is null then create role app login; end if; end $$; \
                create table {t} (k int primary key, who text unique); \
                alter table {t} owner to app",
            insert: "set role app; insert into {t} values ({n}, '{who} {n}'); reset role",
            update: "set role app; update {t} set who = '{who} {n} again' where k = {n}; reset role",
            delete: "set role app; delete from {t} where k = {n}; reset role",
            ..PLAIN
        })
    }

    fn triggers_of_the_user(major: Major) -> Result<(), Failure> {
        let shape = Shape {
            create: "create table if not exists log (what text); \
                create or replace function stamp() returns trigger language plpgsql as $$ begin \
                    new.stamp := upper(new.who); return new; end $$; \
                create or replace function note() returns trigger language plpgsql as $$ begin \
                    insert into public.log values (tg_op); return null; end $$; \
                create table {t} (k int primary key, who text, stamp text); \
                create trigger aaa before insert or update on {t} for each row execute function stamp(); \
                create trigger zzz before insert or update on {t} for each row execute function stamp(); \
                create trigger notes after insert or update or delete on {t} \
                    for each row execute function note(); \
                create trigger off before insert on {t} for each row execute function stamp(); \
                alter table {t} enable always trigger aaa, enable replica trigger zzz, \
                    enable always trigger notes, disable trigger off",
            ..PLAIN
        };
        survives(major, &shape)
    }

    fn foreign_keys(major: Major) -> Result<(), Failure> {
        // Apply workers check no foreign keys, but cascades of this node are published.
        let group = Group::start(major, 2)?;
        group.create_table("parent", "id int primary key, v text", "")?;
        group.create_table("child", "id int primary key, \
            parent int not null references parent on delete cascade", "")?;
        group.execute("a", "insert into parent values (1, 'x'), (2, 'x'); \
            insert into child values (1, 1), (2, 1), (3, 2)")?;
        group.settle()?;
        group.execute("b", "delete from parent where id = 1")?;
        group.settle()?;
        assert_eq!(group.value("a", "select string_agg(id::text, ' ') from child")?, "3");
        group.logged("child", &[])?;
        group.finish();
        Ok(())
    }
}
