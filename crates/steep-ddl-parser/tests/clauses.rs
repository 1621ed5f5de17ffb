//! P2: adding a clause to the text of a statement never lowers its class.

use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use steep_ddl::{Class, Kind, Rules};

/// A statement with places for clauses. Each place is empty or holds one of its clauses; all
/// combinations are SQL.
type Shape = (&'static [&'static str], &'static [&'static [&'static str]]);

/// Texts between the places, and the clauses for each place. There is a text more than places.
const SHAPES: &[Shape] = &[
    (
        &["create", "table", "t (a int) ", ""],
        &[&["unlogged", "temp"], &["if not exists"], &["tablespace fast"]],
    ),
    (
        &["create table t (a int", ", b int", ") ", ""],
        &[
            &["primary key", "default now()"],
            &["check (b > 0)", "generated always as identity"],
            &["partition by list (a)", "inherits (p)"],
        ],
    ),
    (&["create", "table t as select 1", ""], &[&["temp", "unlogged"], &["with no data"]]),
    (
        &["create", "index", "i on", "t (a)", ""],
        &[
            &["unique"],
            &["concurrently"],
            &["only"],
            &["include (b)", "where a > 0", "nulls not distinct"],
        ],
    ),
    (
        &["create", "view v as select 1", ""],
        &[&["or replace", "temp", "or replace temp"], &["limit 1"]],
    ),
    (&["create", "sequence", "q", ""], &[&["temp", "unlogged"], &["if not exists"], &["start 10"]]),
    (&["create schema", "s"], &[&["if not exists"]]),
    (
        &["create schema s", ""],
        &[&[
            "create table t (a int)",
            "create unique index i on t (a)",
            "create trigger g before insert on t execute function f()",
        ]],
    ),
    (&["create extension", "e", ""], &[&["if not exists"], &["cascade", "schema s"]]),
    (
        &["alter table", "t add column", "a int", "", ""],
        &[
            &["if exists", "only"],
            &["if not exists"],
            &["default 1", "default random()", "generated always as identity"],
            &["not null", "unique", "check (a > 0)", "references o (a)"],
        ],
    ),
    (&["alter table t drop column", "a", ""], &[&["if exists"], &["cascade", "restrict"]]),
    (&["alter table t alter column a type int", ""], &[&["using a::int", "using random()::int"]]),
    (
        &["alter table t add constraint c check (a > 0)", ""],
        &[&["not valid", "not enforced", "no inherit"]],
    ),
    (
        &["alter table t add constraint c unique", "(a)", ""],
        &[&["nulls not distinct"], &["deferrable", "initially deferred"]],
    ),
    (&["alter table t drop constraint", "c", ""], &[&["if exists"], &["cascade"]]),
    (&["alter table t alter column a set default", "1", ""], &[&["random() +", "-"], &["+ 1"]]),
    (&["alter type c add value", "'x'", ""], &[&["if not exists"], &["before 'y'", "after 'z'"]]),
    (&["alter domain d drop constraint", "c", ""], &[&["if exists"], &["cascade"]]),
    (&["alter materialized view", "m set schema s"], &[&["if exists"]]),
    (
        &["drop table", "t", "", ""],
        &[&["if exists"], &[", u", ", pg_temp.x"], &["cascade", "restrict"]],
    ),
    (&["drop index", "i", ""], &[&["if exists"], &["cascade"]]),
    (&["drop index concurrently", "i"], &[&["if exists"]]),
    (&["drop view", "v", ""], &[&["if exists"], &["cascade"]]),
    (&["drop function", "f", ""], &[&["if exists"], &["cascade"]]),
    (&["drop role", "r", ""], &[&["if exists"], &[", s"]]),
    (
        &["truncate", "t", "", ""],
        &[&["only"], &[", u"], &["restart identity", "cascade", "restart identity cascade"]],
    ),
    (&["grant select", "on t to alice", ""], &[&[", insert"], &["with grant option"]]),
    (&["revoke", "select on t from alice", ""], &[&["grant option for"], &["cascade"]]),
    (&["explain", "create table t as select 1"], &[&["analyze", "verbose"]]),
    (&["vacuum", "t"], &[&["full", "verbose"]]),
];

/// What `ALTER TABLE` can do in one statement.
const SUBCOMMANDS: &[&str] = &[
    "add column b int",
    "add column b int default random()",
    "drop column c",
    "drop column c cascade",
    "alter column d set default 1",
    "alter column d set not null",
    "alter column d drop not null",
    "alter column d type bigint",
    "add check (e > 0)",
    "owner to alice",
    "set (fillfactor = 70)",
    "set tablespace fast",
    "disable trigger g",
    "enable row level security",
    "replica identity full",
    "inherit p",
];

/// Rules of any kind; the defaults among them.
fn any_rules() -> impl Strategy<Value = Rules> {
    let replicated = Kind::ALL.iter().filter(|kind| kind.treatment().never().is_none());
    let names: Vec<_> = replicated.map(|kind| kind.name()).collect();
    let lists = (subsequence(names, 0..40), prop::collection::vec(0..3_usize, 40));
    prop_oneof![
        Just(Rules::default()),
        lists.prop_map(|(names, places)| {
            let list = |nth| {
                let placed = names.iter().zip(&places).filter(move |(_, place)| **place == nth);
                placed.map(|(name, _)| *name)
            };
            Rules::new(list(0), list(1), list(2)).expect("each kind is in one list")
        }),
    ]
}

fn class(rules: &Rules, sql: &str) -> Class {
    let parsed = steep_ddl_parser::parse(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    assert_eq!(parsed.len(), 1, "{sql}");
    rules.class(&parsed[0].statement)
}

fn text(shape: &Shape, chosen: &[Option<&str>]) -> String {
    let (texts, _) = shape;
    let mut sql = texts[0].to_owned();
    for (text, clause) in texts[1..].iter().zip(chosen) {
        sql = format!("{sql} {} {text}", clause.unwrap_or_default());
    }
    sql
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_clause_more_never_lowers_the_class(
        rules in any_rules(),
        shape in select(SHAPES),
        chosen in prop::collection::vec((any::<bool>(), any::<Index>()), 4),
        added in any::<Index>(),
    ) {
        let (_, places) = shape;
        let with = |is_there: bool, nth: &Index, clauses: &[&'static str]| {
            is_there.then(|| clauses[nth.index(clauses.len())])
        };
        let mut clauses: Vec<_> = places
            .iter()
            .zip(&chosen)
            .map(|(clauses, (is_there, nth))| with(*is_there, nth, clauses))
            .collect();
        let added = added.index(places.len());
        clauses[added] = None;
        let without = class(&rules, &text(&shape, &clauses));
        clauses[added] = with(true, &chosen[added].1, places[added]);
        let sql = text(&shape, &clauses);
        prop_assert!(class(&rules, &sql) >= without, "{}", sql);
    }

    #[test]
    fn a_subcommand_more_never_lowers_the_class(
        rules in any_rules(),
        subcommands in subsequence(SUBCOMMANDS, 1..6),
        added in select(SUBCOMMANDS),
    ) {
        let without = format!("alter table t {}", subcommands.join(", "));
        let sql = format!("{without}, {added}");
        prop_assert!(class(&rules, &sql) >= class(&rules, &without), "{}", sql);
    }
}

/// Or the property would be about fewer statements than it seems.
#[test]
fn every_shape_is_sql_with_each_of_its_clauses() {
    let rules = Rules::default();
    for shape in SHAPES {
        let (texts, places) = shape;
        assert_eq!(texts.len(), places.len() + 1, "{texts:?}");
        for (place, clauses) in places.iter().enumerate() {
            for clause in *clauses {
                let mut chosen = vec![None; places.len()];
                chosen[place] = Some(*clause);
                class(&rules, &text(shape, &chosen));
            }
        }
    }
}
