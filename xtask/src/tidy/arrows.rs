//! Which crate may depend on which.
//!
//! `steep-types <- pure crates <- {ddl-parser, proto, pg, config, node, ext} <- bins`, and the test
//! kit is for tests only.

use cargo_metadata::{DependencyKind, Metadata};

use super::Finding;

const TYPES: &str = "steep-types";

/// Decisions without I/O.
pub(super) const PURE: [&str; 6] = [
    "steep-ranges",
    "steep-conflict",
    "steep-ddl",
    "steep-topology",
    "steep-validate",
    "steep-ipc",
];

/// What touches the world, from what needs least of the others to what needs most.
const SHELL: [&str; 6] = [
    "steep-ddl-parser",
    "steep-ipc-tokio",
    "steep-proto",
    "steep-pg",
    "steep-config",
    "steep-node",
];

const EXTENSION: &str = "steep_repl";

/// What runs inside the server.
const IN_EXTENSION: [&str; 5] =
    [TYPES, "steep-ranges", "steep-conflict", "steep-ddl", "steep-validate"];

/// A parser of SQL and the only crate that may link it. It carries PostgreSQL's symbols, which would
/// clash with the server's in whatever the extension links.
const SQL_PARSER: &str = "pg_query";
const LINKS_SQL_PARSER: &str = "steep-ddl-parser";

const TEST_KIT: &str = "steep-testkit";

/// Runs the pure crates' machines in simulated groups; for `xtask` and its own tests only.
const SIMULATION: &str = "steep-sim";

/// Crates that exist to test, or to work on the project.
const TOOLS: [&str; 2] = ["steep-ext-tests", "xtask"];

const BINARIES: [&str; 3] = ["steep-repl", "steep-replctl", "steep"];

/// Every dependency within the workspace that no arrow allows, and every crate without a place.
#[must_use]
pub fn findings(metadata: &Metadata) -> Vec<Finding> {
    let members: Vec<_> = metadata.workspace_packages();
    let is_member = |name: &str| members.iter().any(|member| member.name.as_str() == name);
    let mut findings = Vec::new();
    for member in &members {
        if !has_place(&member.name) {
            findings.push(format!(
                "{}: this crate has no place in the arrows; give it one in \
                 xtask/src/tidy/arrows.rs",
                member.name
            ));
        }
        for dependency in member.dependencies.iter().filter(|one| is_member(&one.name)) {
            findings.extend(refusal(&member.name, &dependency.name, dependency.kind));
        }
        let all = member.dependencies.iter();
        findings.extend(all.filter_map(|one| second_parser(&member.name, &one.name)));
    }
    findings
}

fn has_place(name: &str) -> bool {
    name == TYPES
        || name == EXTENSION
        || name == TEST_KIT
        || name == SIMULATION
        || PURE.contains(&name)
        || SHELL.contains(&name)
        || TOOLS.contains(&name)
        || BINARIES.contains(&name)
}

/// Why this dependency may not be, if it may not.
fn refusal(from: &str, to: &str, kind: DependencyKind) -> Option<Finding> {
    let is_for_tests = kind == DependencyKind::Development;
    let allowed = match from {
        TEST_KIT => false,
        SIMULATION => to == TYPES || PURE.contains(&to),
        _ if to == SIMULATION => from == "xtask",
        _ if to == TEST_KIT => is_for_tests || TOOLS.contains(&from),
        _ if TOOLS.contains(&from) => !BINARIES.contains(&to) || is_for_tests,
        TYPES => false,
        EXTENSION => IN_EXTENSION.contains(&to),
        _ if PURE.contains(&from) => to == TYPES,
        _ if BINARIES.contains(&from) => to == TYPES || PURE.contains(&to) || SHELL.contains(&to),
        _ => to == TYPES || PURE.contains(&to) || is_below(to, from),
    };
    (!allowed).then(|| {
        format!("{from} -> {to} ({kind} dependency): the arrows of ARCHITECTURE.md forbid it")
    })
}

fn second_parser(from: &str, to: &str) -> Option<Finding> {
    (to == SQL_PARSER && from != LINKS_SQL_PARSER)
        .then(|| format!("{from} -> {to}: only {LINKS_SQL_PARSER} may link a parser of SQL"))
}

/// Whether `to` comes before `from` in the shell.
fn is_below(to: &str, from: &str) -> bool {
    let position = |name| SHELL.iter().position(|known| *known == name);
    matches!((position(to), position(from)), (Some(to), Some(from)) if to < from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(from: &str, to: &str) -> bool {
        refusal(from, to, DependencyKind::Normal).is_none()
    }

    #[test]
    fn arrows_along_the_order_are_allowed() {
        assert!(normal("steep-conflict", "steep-types"));
        assert!(normal("steep_repl", "steep-validate"));
        assert!(normal("steep_repl", "steep-ddl"));
        assert!(normal("steep-ddl-parser", "steep-ddl"));
        assert!(normal("steep-node", "steep-pg"));
        assert!(normal("steep-replctl", "steep-node"));
        assert!(normal("xtask", "steep-testkit"));
        assert!(normal("steep-sim", "steep-topology") && normal("xtask", "steep-sim"));
        assert!(refusal("steep-node", "steep-testkit", DependencyKind::Development).is_none());
    }

    #[test]
    fn arrows_against_the_order_are_refused() {
        for (from, to) in [
            ("steep-types", "steep-conflict"),
            ("steep-conflict", "steep-ranges"),
            ("steep-conflict", "steep-pg"),
            ("steep_repl", "steep-topology"),
            ("steep_repl", "steep-ddl-parser"),
            ("steep-ddl", "steep-ddl-parser"),
            ("steep-pg", "steep-node"),
            ("steep-node", "steep-repl"),
            ("steep-node", "steep-testkit"),
            ("steep-testkit", "steep-types"),
            ("steep-node", "steep-sim"),
            ("steep-topology", "steep-sim"),
            ("steep-sim", "steep-node"),
            ("steep-sim", "steep-testkit"),
        ] {
            assert!(!normal(from, to), "{from} -> {to}");
        }
    }

    #[test]
    fn a_second_crate_with_a_parser_of_sql_is_found() {
        assert!(second_parser("steep_repl", "pg_query").is_some());
        assert!(second_parser("steep-ddl", "pg_query").is_some());
        assert!(second_parser("steep-ddl-parser", "pg_query").is_none());
    }

    #[test]
    fn a_crate_that_nobody_knows_has_no_place() {
        assert!(!has_place("steep-common"));
    }
}
