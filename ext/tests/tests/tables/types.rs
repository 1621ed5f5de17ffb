//! Keys and values of many types.

use steep_ext_tests::Failure;
use steep_testkit::{Major, on_each_major};

use crate::shape::{Shape, survives};

/// A table whose key is made of one expression of `{n}`.
macro_rules! keyed_by {
    ($kind:literal, $key:literal) => {
        keyed_by!($kind, $key, $key)
    };
    ($kind:literal, $key:literal, $again:literal) => {
        Shape {
            table: "t",
            create: concat!("create table {t} (k ", $kind, " primary key, who text)"),
            insert: concat!("insert into {t} values (", $key, ", '{who}')"),
            update: concat!("update {t} set who = '{who}' where k = ", $again),
            delete: concat!("delete from {t} where k = ", $again),
            about: concat!("k = ", $again),
        }
    };
}

/// A table with a value of some type that each write changes.
macro_rules! with_value {
    ($prelude:literal, $kind:literal, $inserted:literal, $updated:literal) => {
        Shape {
            table: "t",
            create: concat!(
                $prelude,
                "create table {t} (k int primary key, who text, v ",
                $kind,
                ")"
            ),
            insert: concat!("insert into {t} values ({n}, '{who}', ", $inserted, ")"),
            update: concat!("update {t} set who = '{who}', v = ", $updated, " where k = {n}"),
            delete: "delete from {t} where k = {n}",
            about: "k = {n}",
        }
    };
}

on_each_major! {
    fn keys_of_text(major: Major) -> Result<(), Failure> {
        survives(major, &keyed_by!("text", "'it''s \"{n}\", \\ü✓'"))
    }

    fn keys_of_uuid(major: Major) -> Result<(), Failure> {
        survives(major, &keyed_by!("uuid", "md5('{n}')::uuid"))
    }

    fn keys_of_numeric_that_are_equal_but_look_different(major: Major) -> Result<(), Failure> {
        survives(major, &keyed_by!("numeric",
            "(case '{who}' when 'a' then '{n}.00' when 'b' then '{n}.0' else '{n}' end)::numeric",
            "{n}.000"))
    }

    fn keys_of_timestamps(major: Major) -> Result<(), Failure> {
        survives(major, &keyed_by!("timestamptz", "'2026-01-01 00:00:{n}.123456+00'::timestamptz"))
    }

    fn keys_of_bytes(major: Major) -> Result<(), Failure> {
        survives(major, &keyed_by!("bytea", "decode(lpad('{n}', 4, '0') || '00ff5c27', 'hex')"))
    }

    fn keys_of_float_with_both_zeros(major: Major) -> Result<(), Failure> {
        // Row 8, which both nodes insert, is 0 on one and -0 on the other.
        survives(major, &keyed_by!("float8",
            "case when {n} <> 8 then {n} when '{who}' = 'a' then '-0' else 0 end::float8",
            "(case when {n} <> 8 then {n} else 0 end)::float8"))
    }

    fn keys_of_a_domain(major: Major) -> Result<(), Failure> {
        let shape = Shape {
            create: "drop domain if exists code cascade; \
                create domain code as text check (value ~ '^c'); \
                create table {t} (k code primary key, who text, d code)",
            insert: "insert into {t} values ('c{n}', '{who}', 'c {who}')",
            ..keyed_by!("text", "'c{n}'")
        };
        survives(major, &shape)
    }

    fn arrays(major: Major) -> Result<(), Failure> {
        survives(major, &with_value!("", "text[]",
            "array['{who}', null, 'a \"b\", {x}', '']", "v || '{who}'::text"))
    }

    fn enums(major: Major) -> Result<(), Failure> {
        survives(major, &with_value!(
            "drop type if exists mood cascade; create type mood as enum ('base', 'a', 'b'); ",
            "mood not null", "'{who}'", "'{who}'"))
    }

    fn documents(major: Major) -> Result<(), Failure> {
        survives(major, &with_value!("", "jsonb",
            r#"'{"who": "{who}", "n": [1, 2.50, null], "ü\"": {}}'"#,
            r#"v || '{"more": "{who}"}'"#))
    }

    fn bytes(major: Major) -> Result<(), Failure> {
        survives(major, &with_value!("", "bytea",
            r"'\x00ff5c27'::bytea || '{who}'::bytea", r"'\x5c'::bytea || '{who}'::bytea"))
    }

    fn composite_values_and_ranges(major: Major) -> Result<(), Failure> {
        survives(major, &with_value!(
            "drop type if exists pair cascade; create type pair as (x int, y text); ",
            "pair, r int8range default '[1,5)'",
            "(1, 'a \"b\", {who}')", "(2, '{who}')"))
    }

    fn special_numbers_and_times(major: Major) -> Result<(), Failure> {
        survives(major, &with_value!("",
            "float8, i interval default '1 mon -2 days', m money default 3, \
             f numeric(10, 3) default 'NaN', z timestamptz default 'infinity', b boolean default true",
            "'NaN'", "'-Infinity'"))
    }
}
