//! P1 and P3: where statements stand in a text, and texts that are none.

#[path = "corpus/reader.rs"]
#[allow(dead_code, reason = "only the texts are of interest here")]
mod reader;

use proptest::prelude::*;
use proptest::sample::select;
use steep_ddl_parser::{MAX_BYTES, ParseError, parse};

fn texts() -> Vec<String> {
    let cases = reader::files().into_iter().flat_map(|(name, text)| reader::read(&name, &text));
    cases.map(|case| case.sql.trim_end_matches(';').to_owned()).collect()
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(300))]

    /// P1.
    #[test]
    fn each_statement_of_a_script_is_found_in_its_place(
        chosen in prop::collection::vec(select(texts()), 1..6),
        gaps in prop::collection::vec(select(vec![";", "; ", ";\n\n", " ;;\t;", "; -- ä\n"]), 6),
    ) {
        let mut script = String::from("\n  ");
        for (sql, gap) in chosen.iter().zip(&gaps) {
            script.push_str(sql);
            script.push_str(gap);
        }
        let parsed = parse(&script).expect("a script of the corpus");
        prop_assert_eq!(parsed.len(), chosen.len());
        let mut end = 0;
        for (one, sql) in parsed.iter().zip(&chosen) {
            prop_assert!(one.text.start >= end);
            end = one.text.end;
            let piece = &script[one.text.clone()];
            // A comment before a statement is a part of it to PostgreSQL.
            let piece = piece.strip_prefix("-- ä\n").unwrap_or(piece);
            prop_assert_eq!(piece, sql);
            let again = parse(piece).expect("a statement of the corpus");
            prop_assert_eq!(&again[0].statement, &one.statement);
        }
    }

    /// P3: any text returns.
    #[test]
    fn a_damaged_statement_returns(
        sql in select(texts()),
        at in any::<prop::sample::Index>(),
        piece in "[a-z'\"$();, \\x00-\\x1f]{0,6}",
    ) {
        let places: Vec<_> = sql.char_indices().map(|(place, _)| place).collect();
        let place = places[at.index(places.len())];
        let damaged = format!("{}{piece}{}", &sql[..place], &sql[place..]);
        for text in [damaged.as_str(), &damaged[..place]] {
            if let Ok(parsed) = parse(text) {
                for one in parsed {
                    prop_assert!(text.get(one.text).is_some());
                }
            }
        }
    }
}

#[test]
fn empty_texts_hold_nothing() {
    for text in ["", " ", ";;", "-- a comment", "/* another */ ;"] {
        assert_eq!(parse(text), Ok(Vec::new()), "{text:?}");
    }
}

#[test]
fn what_is_no_sql_is_told_in_postgresql_s_words() {
    for (text, message) in [
        ("create tabel t (a int)", "syntax error at or near \"tabel\""),
        ("select 1; drop", "syntax error at end of input"),
        ("select 'a", "unterminated quoted string at or near \"'a\""),
    ] {
        assert_eq!(parse(text), Err(ParseError::Syntax { message: message.into() }), "{text}");
    }
    assert_eq!(parse("select '\0'"), Err(ParseError::Zero { at: 8 }));
}

#[test]
fn a_long_text_is_refused() {
    let spaces = " ".repeat(MAX_BYTES);
    assert_eq!(parse(&spaces), Ok(Vec::new()));
    let error = parse(&(spaces + " ")).expect_err("too long");
    assert_eq!(error.to_string(), "the text is 1048577 bytes long, at most 1048576 are read");
}

/// On the stack of a test's thread, which is smaller than that of a program.
#[test]
fn deep_nesting_is_refused_and_not_followed() {
    let operators = |count| format!("select 1{}", " + 1".repeat(count));
    let brackets = |count| format!("select {}1{}", "(".repeat(count), ")".repeat(count));
    let queries = |count| format!("select {}1{}", "(select ".repeat(count), ")".repeat(count));
    let unions = |count| format!("select 1{}", " union select 1".repeat(count));
    let arrays = |count| format!("select array{}1{}", "[".repeat(count), "]".repeat(count));
    let casts = |count| format!("select 1{}", "::int".repeat(count));
    let nots = |count| format!("select {}true", "not ".repeat(count));
    let shapes: [&dyn Fn(usize) -> String; 7] =
        [&operators, &brackets, &queries, &unions, &arrays, &casts, &nots];
    for (nth, shape) in shapes.iter().enumerate() {
        assert_eq!(parse(&shape(10)).map(|parsed| parsed.len()), Ok(1), "shape {nth}");
        for count in [1_000, 20_000, 60_000] {
            // Brackets alone leave nothing in the tree.
            let is_flat = matches!(parse(&shape(count)), Ok(parsed) if parsed.len() == 1);
            let error = parse(&shape(count)).err();
            assert!(is_flat || error == Some(ParseError::TooDeep), "shape {nth}: {error:?}");
            assert!(!is_flat || nth == 1, "shape {nth}");
        }
    }
    assert_eq!(parse(&operators(45)).map(|parsed| parsed.len()), Ok(1), "as the first page says");
}

/// New in PostgreSQL 18; an older server would refuse them.
#[test]
fn the_grammar_is_that_of_postgresql_18() {
    for text in [
        "create table t (a int, b int generated always as (a * 2) virtual)",
        "create table t (a int, d daterange, primary key (a, d without overlaps))",
        "alter table t add constraint c check (a > 0) not enforced",
        "update t set a = 1 returning old.a, new.a",
    ] {
        assert_eq!(parse(text).map(|parsed| parsed.len()), Ok(1), "{text}");
    }
}
