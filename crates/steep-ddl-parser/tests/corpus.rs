//! What becomes of each statement of the corpus.

#[path = "corpus/reader.rs"]
mod reader;

use reader::{Case, files};
use std::collections::BTreeSet;
use steep_ddl::{Capture, Class, Kind, KindSet, Rules, Unreplicated};

fn cases() -> Vec<Case> {
    let cases: Vec<_> =
        files().into_iter().flat_map(|(name, text)| reader::read(&name, &text)).collect();
    assert!(cases.len() > 500, "{} statements", cases.len());
    cases
}

/// As the corpus writes it.
fn destiny(capture: Capture) -> String {
    match capture {
        Capture::InStream(_) => "stream".to_owned(),
        Capture::OutsideStream(_) => "outside".to_owned(),
        Capture::Warn(reason) => format!("warn {reason}"),
        Capture::Ignore(reason) => format!("ignore {reason}"),
    }
}

#[test]
fn every_statement_is_what_the_corpus_says() {
    let rules = Rules::default();
    let mut wrong = Vec::new();
    for case in cases() {
        let found = match steep_ddl_parser::parse(&case.sql).as_deref() {
            Ok([one]) => {
                let statement = &one.statement;
                let names: Vec<_> = statement.names().iter().map(ToString::to_string).collect();
                Case {
                    kinds: statement.parts(),
                    class: rules.class(statement),
                    destiny: destiny(rules.capture(statement)),
                    clauses: statement.said(),
                    names: case.names.is_some().then(|| names.join(", ")),
                    ..case.clone()
                }
            }
            other => panic!("{}: {}: {other:?}", case.place, case.sql),
        };
        if found != case {
            wrong.push(format!("{}: {}\n  found {found}\n  wants {case}", case.place, case.sql));
        }
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_kind_class_and_reason_occurs() {
    let cases = cases();
    let kinds = cases.iter().fold(KindSet::EMPTY, |kinds, case| kinds.union(case.kinds));
    let missing: Vec<_> = Kind::ALL.iter().filter(|kind| !kinds.contains(**kind)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let classes: BTreeSet<_> = cases.iter().map(|case| case.class).collect();
    assert!(classes.iter().eq(&Class::ALL));
    for reason in Unreplicated::ALL {
        let is_there = |case: &Case| case.destiny.ends_with(&format!(" {reason}"));
        assert!(cases.iter().any(is_there), "{reason}");
    }
}

/// Volatile values never replicate by themselves, whatever is configured.
#[test]
fn no_configuration_lets_volatile_values_of_the_corpus_replicate() {
    let none: [&str; 0] = [];
    let replicated = Kind::ALL.iter().filter(|kind| kind.treatment().never().is_none());
    let all = Rules::new(replicated.map(|kind| kind.name()), none, none).expect("known kinds");
    let mut count = 0;
    for case in cases().iter().filter(|case| case.clauses.to_string().contains("not immutable")) {
        let parsed = steep_ddl_parser::parse(&case.sql).expect("in the corpus");
        assert!(all.class(&parsed[0].statement) >= Class::RequireApproval, "{}", case.sql);
        count += 1;
    }
    assert!(count > 20, "{count}");
}
