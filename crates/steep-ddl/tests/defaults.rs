//! The table of kinds: what the defaults promise.

use steep_ddl::{Capture, Class, Kind, Rules, Statement, Treatment, Unreplicated};

fn class(kind: Kind) -> Class {
    Rules::default().class(&Statement::new(kind))
}

#[test]
fn the_lists_of_the_configuration_are_the_defaults_of_the_table() {
    let none: [&str; 0] = [];
    let empty = Rules::new(none, none, none);
    assert_eq!(empty, Ok(Rules::default()), "each entry says what the table says anyway");
}

#[test]
fn what_the_project_promises_is_so() {
    use Class::{AutoApply, Exclude, RequireApproval};
    for (kind, expected) in [
        (Kind::CreateTable, AutoApply),
        (Kind::AlterTableAddColumn, AutoApply),
        (Kind::CreateIndex, AutoApply),
        (Kind::DropIndex, AutoApply),
        (Kind::DropTable, RequireApproval),
        (Kind::AlterTableDropColumn, RequireApproval),
        (Kind::Truncate, RequireApproval),
        (Kind::CreateFunction, Exclude),
        (Kind::CreateTrigger, Exclude),
    ] {
        assert_eq!(class(kind), expected, "{kind}");
    }
}

#[test]
fn whatever_is_lost_waits_for_approval() {
    let lost = Kind::ALL.iter().filter(|kind| kind.why().contains("lost"));
    let mut count = 0;
    for kind in lost {
        assert_eq!(class(*kind), Class::RequireApproval, "{kind}");
        count += 1;
    }
    assert!(count > 5, "{count}");
}

/// A comment on, or a grant for, what is not there would stop the peer.
#[test]
fn what_is_said_about_an_object_is_no_less_strict_than_its_creation() {
    let mut count = 0;
    for kind in Kind::ALL {
        let is_about = ["COMMENT", "GRANT", "REVOKE"].contains(&kind.tag());
        let Some(object) = kind.object_type().filter(|_| is_about) else { continue };
        let created = format!("CREATE {}", object.trim_start_matches("FOREIGN SERVER"));
        let created = if object == "FOREIGN SERVER" { "CREATE SERVER" } else { created.as_str() };
        let Some(creation) = Kind::from_name(created) else { continue };
        // Composite types, enums and ranges replicate, and cannot be told from base types.
        if creation == Kind::CreateType {
            continue;
        }
        assert!(class(*kind) >= class(creation), "{kind} and {creation}");
        count += 1;
    }
    assert!(count > 40, "{count}");
}

/// The same for changing and dropping what is excluded.
#[test]
fn what_is_excluded_is_not_changed_or_dropped_either() {
    for creation in Kind::ALL.iter().filter(|kind| class(**kind) == Class::Exclude) {
        let Some(object) = creation.name().strip_prefix("CREATE ") else { continue };
        if object == "TYPE" || object == "TABLE AS" {
            continue;
        }
        for verb in ["ALTER", "DROP"] {
            if let Some(kind) = Kind::from_name(&format!("{verb} {object}")) {
                assert_eq!(class(kind), Class::Exclude, "{kind}");
            }
        }
    }
}

#[test]
fn only_what_replicates_is_captured_and_the_rest_has_its_reason() {
    let rules = Rules::default();
    for kind in Kind::ALL {
        let capture = rules.capture(&Statement::new(*kind));
        let expected = match kind.treatment() {
            Treatment::Replicated(Class::Exclude) => Capture::Warn(Unreplicated::Excluded),
            Treatment::Replicated(class) => Capture::InStream(class),
            Treatment::Checking => Capture::InStream(Class::RequireApproval),
            Treatment::Told(reason) => Capture::Warn(reason),
            Treatment::Silent(reason) => Capture::Ignore(reason),
            other => panic!("a new treatment {other:?} has no expectation"),
        };
        assert_eq!(capture, expected, "{kind}");
    }
}

#[test]
fn every_reason_says_itself_in_a_sentence() {
    for reason in Unreplicated::ALL {
        assert!(reason.detail().ends_with('.'), "{reason}");
        assert!(reason.hint().is_none_or(|hint| hint.ends_with('.')), "{reason}");
    }
}
