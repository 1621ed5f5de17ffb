//! Statements and configurations by chance.
#![allow(dead_code, reason = "each test file uses its part")]

use proptest::prelude::*;
use proptest::sample::select;
use steep_ddl::{Class, Clauses, Kind, Pattern, Rules, Statement};

/// A fixed number of cases, and no files of failures: the seed is printed.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

pub(crate) fn any_kind() -> impl Strategy<Value = Kind> {
    select(Kind::ALL)
}

pub(crate) fn any_kind_that(holds: fn(Kind) -> bool) -> impl Strategy<Value = Kind> {
    select(Kind::ALL.iter().copied().filter(|kind| holds(*kind)).collect::<Vec<_>>())
}

/// All but [`Clauses::NEW_TABLE`], which is none.
pub(crate) fn any_clause() -> impl Strategy<Value = Clauses> {
    select(vec![
        Clauses::IF_EXISTS,
        Clauses::IF_NOT_EXISTS,
        Clauses::OR_REPLACE,
        Clauses::CASCADE,
        Clauses::CONCURRENTLY,
        Clauses::TEMPORARY,
        Clauses::PARTLY_TEMPORARY,
        Clauses::UNLOGGED,
        Clauses::NOT_IMMUTABLE,
        Clauses::REWRITES,
    ])
}

pub(crate) fn any_statement() -> impl Strategy<Value = Statement<'static>> {
    let more = prop::collection::vec(any_kind(), 0..4);
    let clauses = prop::collection::vec(any_clause(), 0..3);
    (any_kind(), more, clauses, any::<bool>()).prop_map(|(kind, more, clauses, is_new)| {
        let statement = more.into_iter().fold(Statement::new(kind), Statement::and);
        let statement = clauses.into_iter().fold(statement, Statement::clauses);
        if is_new { statement.clauses(Clauses::NEW_TABLE) } else { statement }
    })
}

/// Every pattern that matches the kind.
pub(crate) fn patterns_of(kind: Kind) -> Vec<Pattern> {
    let mut texts = vec!["*".to_owned(), kind.name().to_owned(), kind.tag().to_owned()];
    let words: Vec<_> = kind.name().split(' ').collect();
    texts.extend((1..=words.len()).map(|length| format!("{} *", words[..length].join(" "))));
    texts.dedup();
    texts.iter().map(|text| text.parse().expect("made of the kind's name")).collect()
}

pub(crate) type Lists = [Vec<String>; 3];

/// Lists without contradictions.
pub(crate) fn lists() -> impl Strategy<Value = Lists> {
    let entry = (any_kind(), 0..400_usize, select(&Class::ALL[..]));
    prop::collection::vec(entry, 0..12).prop_map(|entries| {
        let mut lists = Lists::default();
        for (kind, nth, class) in entries {
            let patterns = patterns_of(kind);
            let pattern = patterns[nth % patterns.len()].to_string();
            let is_known = lists.iter().any(|list| list.contains(&pattern));
            let mut with_it = lists.clone();
            with_it[class as usize].push(pattern);
            if !is_known && new_rules(&with_it).is_some() {
                lists = with_it;
            }
        }
        lists
    })
}

pub(crate) fn rules_of(lists: &Lists) -> Rules {
    new_rules(lists).expect("lists without contradictions")
}

fn new_rules(lists: &Lists) -> Option<Rules> {
    let [auto_apply, require_approval, exclude] = lists;
    Rules::new(
        auto_apply.iter().map(String::as_str),
        require_approval.iter().map(String::as_str),
        exclude.iter().map(String::as_str),
    )
    .ok()
}

/// The rules, and the lists they were made of.
#[derive(Clone, Debug)]
pub(crate) struct Configured {
    pub(crate) lists: Lists,
    pub(crate) rules: Rules,
}

impl core::ops::Deref for Configured {
    type Target = Rules;

    fn deref(&self) -> &Rules {
        &self.rules
    }
}

pub(crate) fn any_rules() -> impl Strategy<Value = Configured> {
    lists().prop_map(|lists| Configured { rules: rules_of(&lists), lists })
}

/// Whether the kind's own name is in `auto_apply`.
pub(crate) fn names_alone(configured: &Configured, kind: Kind) -> bool {
    configured.lists[0].iter().any(|entry| entry == kind.name())
}
