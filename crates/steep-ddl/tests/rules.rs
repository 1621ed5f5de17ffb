//! D1 to D6: patterns, and what no configuration can loosen.

mod arbitrary;

use arbitrary::{any_clause, any_kind, any_kind_that, any_rules, any_statement, config};
use proptest::prelude::*;
use steep_ddl::{
    Capture, Class, Clauses, Kind, Pattern, PatternError, Rules, RulesError, Statement, Treatment,
    Unreplicated,
};

const NONE: [&str; 0] = [];

proptest! {
    #![proptest_config(config(2000))]

    /// D5.
    #[test]
    fn adding_a_kind_or_a_clause_never_lowers_the_class(
        rules in any_rules(),
        statement in any_statement(),
        kind in any_kind(),
        clause in any_clause(),
    ) {
        let class = rules.class(&statement);
        prop_assert!(rules.class(&statement.clone().and(kind)) >= class);
        prop_assert!(rules.class(&statement.clone().clauses(clause)) >= class);
        prop_assert!(rules.class(&statement.and(kind).clauses(clause)) >= class);
    }

    /// D1: under any configuration.
    #[test]
    fn what_never_replicates_does_not(rules in any_rules(), statement in any_statement()) {
        let never = statement.parts().iter().any(|kind| kind.treatment().never().is_some());
        let capture = rules.capture(&statement);
        prop_assert!(!never || capture.class().is_none(), "{statement}: {capture:?}");
    }

    /// D2, D3.
    #[test]
    fn volatile_values_and_cascades_never_replicate_by_themselves(
        rules in any_rules(),
        statement in any_statement(),
    ) {
        for clause in [Clauses::NOT_IMMUTABLE, Clauses::CASCADE] {
            let statement = statement.clone().clauses(clause).clauses(Clauses::NEW_TABLE);
            prop_assert!(rules.class(&statement) >= Class::RequireApproval, "{statement}");
        }
    }

    /// D4: only an entry of its own name lets a kind that checks rows replicate by itself.
    #[test]
    fn a_family_or_a_star_is_not_meant_for_what_checks_rows(
        rules in any_rules(),
        kind in any_kind_that(|kind| kind.treatment() == Treatment::Checking),
    ) {
        let class = rules.class(&Statement::new(kind));
        let names_it = Rules::new([kind.name()], NONE, NONE).expect("a kind that replicates");
        prop_assert_eq!(names_it.class(&Statement::new(kind)), Class::AutoApply);
        prop_assert!(class >= Class::RequireApproval || arbitrary::names_alone(&rules, kind));
    }

    /// D6.
    #[test]
    fn of_two_patterns_for_one_kind_one_is_more_specific(
        kind in any_kind(),
        one in 0..400_usize,
        other in 0..400_usize,
    ) {
        let patterns: Vec<Pattern> = arbitrary::patterns_of(kind);
        let one = &patterns[one % patterns.len()];
        let other = &patterns[other % patterns.len()];
        prop_assert!(one.matches(kind) && other.matches(kind));
        prop_assert!(one == other || one.specificity() != other.specificity(), "{} {}", one, other);
    }

    #[test]
    fn the_most_specific_pattern_decides(
        kind in any_kind_that(|kind| matches!(kind.treatment(), Treatment::Replicated(_))),
        nth in (0..400_usize, 1..400_usize),
    ) {
        let mut patterns = arbitrary::patterns_of(kind);
        patterns.sort_by_key(Pattern::specificity);
        patterns.dedup();
        let less = nth.0 % (patterns.len() - 1);
        let more = less + 1 + nth.1 % (patterns.len() - less - 1);
        let (one, other) = (patterns[less].to_string(), patterns[more].to_string());
        let statement = Statement::new(kind);
        let rules = Rules::new([one.as_str()], NONE, [other.as_str()]).expect("known patterns");
        prop_assert_eq!(rules.class(&statement), Class::Exclude);
        let rules = Rules::new([other.as_str()], NONE, [one.as_str()]).expect("known patterns");
        prop_assert_eq!(rules.class(&statement), Class::AutoApply);
    }

    #[test]
    fn a_pattern_is_read_as_it_is_written(kind in any_kind(), nth in 0..400_usize) {
        let patterns = arbitrary::patterns_of(kind);
        let pattern = &patterns[nth % patterns.len()];
        let sloppy = format!("  {} ", pattern.to_string().to_lowercase().replace(' ', " \t "));
        prop_assert_eq!(sloppy.parse::<Pattern>(), Ok(pattern.clone()));
    }

    /// Where entries stand in their list makes no difference.
    #[test]
    fn the_order_of_a_list_does_not_matter(lists in arbitrary::lists()) {
        let forth = arbitrary::rules_of(&lists);
        let back = lists.map(|list| list.into_iter().rev().collect());
        prop_assert_eq!(arbitrary::rules_of(&back), forth);
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn any_text_is_a_pattern_or_has_an_error_that_names_it(text in "\\PC{0,40}") {
        match text.parse::<Pattern>() {
            Ok(pattern) => prop_assert_eq!(pattern.to_string().parse(), Ok(pattern)),
            Err(PatternError::Unknown { text: named, nearest }) => {
                prop_assert_eq!(named, text);
                prop_assert!(nearest.parse::<Pattern>().is_ok());
            }
            Err(error) => prop_assert_eq!((error, text.trim()), (PatternError::Empty, "")),
        }
    }
}

#[test]
fn a_misspelt_entry_is_told_the_nearest_one() {
    for (text, nearest) in [
        ("ALTER TABLE ADD COLUM", "ALTER TABLE ADD COLUMN"),
        ("alter table addcolumn", "ALTER TABLE ADD COLUMN"),
        ("CREATE TABEL", "CREATE TABLE"),
        ("CREATE INDEX CONCURRENTLY ", "CREATE INDEX"),
        ("drop", "DROP *"),
    ] {
        let error = Rules::new([text], NONE, NONE).expect_err(text);
        let told = error.to_string();
        assert!(told.starts_with("auto_apply: unknown statement"), "{told}");
        assert!(told.contains(text) && told.ends_with(&format!("{nearest:?}")), "{told}");
    }
}

#[test]
fn an_entry_in_two_lists_is_refused_and_twice_in_one_is_not() {
    let error = Rules::new(["DROP *"], ["drop  *"], NONE).expect_err("two lists");
    assert_eq!(error.to_string(), "DROP * is in both auto_apply and require_approval");
    assert!(Rules::new(["DROP *", "DROP *"], NONE, NONE).is_ok());
}

#[test]
fn asking_for_what_never_replicates_is_refused() {
    let error = Rules::new(["CREATE ROLE"], NONE, NONE).expect_err("roles");
    assert_eq!(error.to_string(), "auto_apply: CREATE ROLE never replicates (instance_wide)");
    assert!(matches!(Rules::new(NONE, ["VACUUM"], NONE), Err(RulesError::NeverReplicates { .. })));
    assert!(Rules::new(NONE, NONE, ["CREATE ROLE"]).is_ok(), "it does not, so be it");
    assert!(Rules::new(["CREATE *"], NONE, NONE).is_ok(), "some of them do");
}

#[test]
fn a_star_loosens_what_is_not_named_but_nothing_that_must_not_be() {
    let rules = Rules::new(["*"], ["DROP TABLE"], ["CREATE FUNCTION"]).expect("known patterns");
    let class = |statement: &Statement<'_>| rules.class(statement);
    assert_eq!(class(&Statement::new(Kind::AlterTableDropColumn)), Class::AutoApply);
    assert_eq!(class(&Statement::new(Kind::CreateTrigger)), Class::AutoApply);
    assert_eq!(class(&Statement::new(Kind::DropTable)), Class::RequireApproval);
    assert_eq!(class(&Statement::new(Kind::CreateFunction)), Class::Exclude);
    assert_eq!(class(&Statement::new(Kind::CreateUniqueIndex)), Class::RequireApproval);
    assert_eq!(class(&Statement::new(Kind::CreateRole)), Class::Exclude);
    let cascade = Statement::new(Kind::DropView).clauses(Clauses::CASCADE);
    assert_eq!(class(&cascade), Class::RequireApproval);
}

#[test]
fn a_tag_is_for_all_its_kinds_and_not_for_longer_tags() {
    let rules = Rules::new(NONE, NONE, ["CREATE TABLE", "ALTER TABLE"]).expect("known patterns");
    let class = |kind| rules.class(&Statement::new(kind));
    assert_eq!(class(Kind::CreateTablePartitionOf), Class::Exclude);
    assert_eq!(class(Kind::AlterTableAddColumn), Class::Exclude);
    let capture = rules.capture(&Statement::new(Kind::CreateTableAs));
    assert_eq!(capture, Capture::Warn(Unreplicated::RunsQuery), "a tag of its own");
    assert_eq!(class(Kind::AlterTypeAddValue), Class::AutoApply);
}

#[test]
fn rows_that_only_a_peer_has_are_no_concern_on_a_new_table() {
    let rules = Rules::default();
    let unique = Statement::new(Kind::CreateUniqueIndex);
    assert_eq!(rules.class(&unique), Class::RequireApproval);
    assert_eq!(rules.class(&unique.clone().clauses(Clauses::NEW_TABLE)), Class::AutoApply);
    let excluded = Rules::new(NONE, NONE, ["CREATE INDEX"]).expect("a known pattern");
    assert_eq!(excluded.class(&unique.clauses(Clauses::NEW_TABLE)), Class::Exclude);
}

#[test]
fn what_is_temporary_is_nobody_else_s_concern() {
    let rules = Rules::default();
    for kind in [Kind::CreateTable, Kind::CreateTableAs, Kind::DropTable, Kind::CreateView] {
        let statement = Statement::new(kind).clauses(Clauses::TEMPORARY);
        assert_eq!(rules.capture(&statement), Capture::Ignore(Unreplicated::Temporary), "{kind}");
    }
}

/// No peer has them all, and dropping the others there would be half of the statement.
#[test]
fn what_is_partly_temporary_is_told() {
    let statement = Statement::new(Kind::DropTable).clauses(Clauses::PARTLY_TEMPORARY);
    let capture = Rules::default().capture(&statement);
    assert_eq!(capture, Capture::Warn(Unreplicated::PartlyTemporary));
}

#[test]
fn what_runs_in_no_transaction_is_for_the_daemons() {
    let rules = Rules::default();
    for (kind, class) in [
        (Kind::CreateIndex, Class::AutoApply),
        (Kind::DropIndex, Class::AutoApply),
        (Kind::AlterTableDetachPartition, Class::RequireApproval),
    ] {
        let statement = Statement::new(kind).clauses(Clauses::CONCURRENTLY);
        assert_eq!(rules.capture(&statement), Capture::OutsideStream(class), "{kind}");
    }
    let reindex = Statement::new(Kind::Reindex).clauses(Clauses::CONCURRENTLY);
    assert_eq!(rules.capture(&reindex), Capture::Ignore(Unreplicated::Upkeep));
}
