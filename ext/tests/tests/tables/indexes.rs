//! Keys and unique indexes of every kind.

use steep_ext_tests::{Failure, Group};
use steep_testkit::{Major, on_each_major};

use crate::shape::{Shape, survives, survives_generated};

const PLAIN: Shape = Shape {
    table: "t",
    create: "create table {t} (k int primary key, who text)",
    insert: "insert into {t} values ({n}, '{who}')",
    update: "update {t} set who = '{who}' where k = {n}",
    delete: "delete from {t} where k = {n}",
    about: "k = {n}",
};

/// Two rows with different keys that fight over one entry of the index: the newer one stays.
fn fights_over(major: Major, create: &str, older: &str, newer: &str) -> Result<(), Failure> {
    let group = Group::start(major, 2)?;
    group.everywhere(create)?;
    group.add_table("t", "")?;
    group.execute("a", "insert into t (k, who) values (100, 'bystander')")?;
    for (from, to) in [("a", "b"), ("b", "a")] {
        group.settle()?;
        group.apart()?;
        let key = if from == "a" { 1 } else { 3 };
        let sql = |template: &str, key: i32| template.replace("{k}", &key.to_string());
        group.write(from, &sql(older, key))?;
        group.write(to, &sql(newer, key + 1))?;
        group.meet();
        group.converge()?;
        let left = "select string_agg(k::text, ' ' order by k) from t";
        assert_eq!(group.value("b", left)?, format!("{} 100", key + 1));
        for node in group.names() {
            let log = group.conflicts(node, &format!("row_key = '{{\"k\": {key}}}'"))?;
            assert_eq!(log.len(), 1, "{log:#?}");
            assert_eq!(log[0].kind, "UNIQUE-KEY", "{log:#?}");
        }
        group.execute("a", &format!("delete from t where k = {}", key + 1))?;
    }
    group.finish();
    Ok(())
}

/// Two rows that no index sets against each other both stay, and nothing is logged.
fn leaves_alone(major: Major, create: &str, one: &str, other: &str) -> Result<(), Failure> {
    let group = Group::start(major, 2)?;
    group.everywhere(create)?;
    group.add_table("t", "")?;
    group.settle()?;
    group.apart()?;
    group.write("a", &one.replace("{k}", "1"))?;
    group.write("b", &other.replace("{k}", "2"))?;
    group.meet();
    group.converge()?;
    assert_eq!(group.value("a", "select count(*) from t")?, "2");
    group.logged("t", &[])?;
    group.finish();
    Ok(())
}

const PARTIAL: &str = "create table t (k int primary key, who text, v text, gone boolean); \
    create unique index on t (v) where not gone";
const EXPRESSION: &str = "create table t (k int primary key, who text, v text, gone boolean); \
    create unique index on t (lower(v), (k / 1000))";
const NULLS: &str = "create table t (k int primary key, who text, v text, w text, gone boolean); \
    create unique index on t (v, w) nulls not distinct; alter table t alter v set default 'bystander'";
const GENERATED: &str = "create table t (k int primary key, who text, v text, \
    g text generated always as (upper(v)) stored unique)";

on_each_major! {
    fn composite_keys(major: Major) -> Result<(), Failure> {
        survives(major, &Shape {
            create: "create table {t} (who text, second text, k int, filler int default 0, \
                primary key (k, second))",
            insert: "insert into {t} values ('{who}', 'x{n}', {n} % 3)",
            update: "update {t} set who = '{who}' where k = {n} % 3 and second = 'x{n}'",
            delete: "delete from {t} where k = {n} % 3 and second = 'x{n}'",
            about: "k = {n} % 3 and second = 'x{n}'",
            ..PLAIN
        })
    }

    fn a_key_by_replica_identity_index_without_primary_key(major: Major) -> Result<(), Failure> {
        survives(major, &Shape {
            create: "create table {t} (who text, k int not null, other int); \
                create unique index {t}_key on {t} (k); \
                alter table {t} replica identity using index {t}_key",
            insert: "insert into {t} values ('{who}', {n}, 7)",
            ..PLAIN
        })
    }

    fn a_key_by_replica_identity_index_beside_a_primary_key(major: Major) -> Result<(), Failure> {
        survives(major, &Shape {
            create: "create table {t} (who text, k int not null, id int primary key); \
                create unique index {t}_key on {t} (k); \
                alter table {t} replica identity using index {t}_key",
            insert: "insert into {t} values ('{who}', {n}, {n} + 500)",
            ..PLAIN
        })
    }

    fn a_unique_generated_column(major: Major) -> Result<(), Failure> {
        survives_generated(major, &Shape {
            create: "create table {t} (k int primary key, who text, \
                g text generated always as (who || '/' || k) stored unique, \
                h int generated always as (k * 2) stored)",
            insert: "insert into {t} (k, who) values ({n}, '{who}')",
            ..PLAIN
        })
    }

    fn indexes_of_every_kind_that_nobody_fights_over(major: Major) -> Result<(), Failure> {
        survives(major, &Shape {
            create: "create table {t} (k int primary key, who text, v text); \
                create unique index on {t} (v) where v is not null; \
                create unique index on {t} (lower(v), k); \
                create unique index on {t} (k, v) nulls not distinct; \
                create unique index on {t} (k) include (who); \
                create index on {t} using hash (who)",
            insert: "insert into {t} values ({n}, '{who}', 'V{n}')",
            update: "update {t} set who = '{who}', v = 'W{n}' where k = {n}",
            ..PLAIN
        })
    }

    fn a_partial_index_is_fought_over_inside_its_predicate(major: Major) -> Result<(), Failure> {
        let row = "insert into t values ({k}, 'x', 'same', false)";
        fights_over(major, PARTIAL, row, row)
    }

    fn a_partial_index_leaves_alone_what_is_outside(major: Major) -> Result<(), Failure> {
        leaves_alone(major, PARTIAL, "insert into t values ({k}, 'x', 'same', true)",
            "insert into t values ({k}, 'x', 'same', false)")
    }

    fn an_expression_is_fought_over(major: Major) -> Result<(), Failure> {
        fights_over(major, EXPRESSION, "insert into t values ({k}, 'x', 'Same', false)",
            "insert into t values ({k}, 'x', 'sAME', false)")
    }

    fn nulls_that_are_not_distinct_are_fought_over(major: Major) -> Result<(), Failure> {
        fights_over(major, NULLS, "insert into t values ({k}, 'x', 'same', null)",
            "insert into t values ({k}, 'x', 'same', null)")
    }

    fn ordinary_nulls_leave_each_other_alone(major: Major) -> Result<(), Failure> {
        let create = "create table t (k int primary key, who text, v text unique)";
        leaves_alone(major, create, "insert into t values ({k}, 'x', null)",
            "insert into t values ({k}, 'x', null)")
    }

    fn a_generated_column_is_fought_over(major: Major) -> Result<(), Failure> {
        fights_over(major, GENERATED, "insert into t values ({k}, 'x', 'Same')",
            "insert into t values ({k}, 'x', 'same')")
    }
}
