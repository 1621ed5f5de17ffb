//! Judging what was found: pure functions from facts to levels, texts and hints.
//!
//! | check | warning | critical |
//! |---|---|---|
//! | `postgres` | | the last look failed |
//! | `extension` | not created yet, or another version than the server's files | not in the server, or not preloaded |
//! | `settings` | | whatever `steep_repl.check_setup()` finds |
//! | `subscription:<peer>` | disabled; being taken down; no worker; a worker that has ended and runs again; nothing heard for 30 s | gone, altered, failing; no worker for longer than the server takes to start one; nothing heard for 2 min |
//! | `slot:<peer>` | nobody connected, unless it joins; WAL above `slot_warning`; of no known node | WAL above `slot_critical`; lost or about to be |
//! | `join:<node>` | a node that joins with the help of this one, and its daemon has not answered `unhealthy_threshold` times, or it has taken a day | |
//! | `guard` | | a trigger is missing or altered |
//! | `publication` | a table is published without guard | it, or a table, is missing or altered; a peer cannot read past a time without it |
//! | `connection:<peer>` | the subscription does not connect as the configuration says, and cannot or must not be altered | |
//! | `peer:<peer>` | its daemon has not answered `unhealthy_threshold` times, or has lost its PostgreSQL | |
//! | `clock:<peer>` | more than half of `steep_repl.max_clock_skew` off | more than all of it |
//! | `conflicts` | some wait for a person | |
//! | `ranges` | 80 % of a table's ids are used, of this node with none in reserve or of all nodes; they last less than 90 days; no further range was to be had; a peer has not been heard since a restore; new sessions write any id | 95 % are used; they last less than 14 days; none is left; a constraint is missing |
//! | `certificate` | expires within two weeks; changed files cannot be used | has expired |
//! | `disk` | less than 256 MiB free | less than 32 MiB free; no file can be written |
//!
//! A number that went above its limit has to fall a fifth below it to be well again.

mod certificates;
mod conflicts;
mod connections;
mod disk;
mod guard;
mod joins;
mod peers;
mod publication;
mod ranges;
#[cfg(test)]
pub(crate) mod samples;
mod server;
mod slots;
mod subscriptions;
mod threshold;

use std::collections::BTreeMap;
use std::time::Duration;

use steep_ipc::{Check, Level};

use super::certificates::Certificate;
use super::data_folder::DataFolder;
use super::facts::Facts;
use super::memory::Memory;
use super::peers::PeerHealth;
use crate::links::Finding;
use crate::ranges::Reports;

/// The limits that the configuration sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// WAL kept for a slot that deserves a warning, in bytes.
    pub slot_warning: u64,
    /// WAL kept for a slot that endangers the disk, in bytes.
    pub slot_critical: u64,
    /// So many questions without answer make a peer unreachable.
    pub peer_threshold: u32,
}

/// What is known of the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Machine {
    /// Where the daemon keeps its files.
    pub data_folder: Option<DataFolder>,
    /// Each certificate in use, and for how long it is still valid; zero: it has expired.
    pub certificates: Vec<(Certificate, Duration)>,
    /// Why certificate files that have changed are not used.
    pub unused_certificates: Option<String>,
}

/// All that a judgement is made of.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// What the look found, or why it failed.
    pub look: Result<&'a Facts, &'a str>,
    /// What was remembered, this look included.
    pub memory: &'a Memory,
    /// The peers' daemons.
    pub peers: &'a BTreeMap<String, PeerHealth>,
    /// The ways to the peers, as far as there is anything to say of them.
    pub links: &'a BTreeMap<String, Finding>,
    /// The machine.
    pub machine: &'a Machine,
    /// How the ids of this node's tables are.
    pub ranges: &'a Reports,
    /// The limits.
    pub limits: Limits,
}

/// Judges everything, in a stable order.
#[must_use]
pub fn judge(inputs: &Inputs<'_>) -> Vec<Check> {
    let mut checks = vec![server::postgres(inputs.look)];
    if let Ok(facts) = inputs.look {
        checks.push(server::extension(facts));
        if let Some(node) = &facts.node {
            checks.push(server::settings(node));
            if node.local.is_some() {
                checks.push(guard::triggers(node));
                checks.push(publication::publication(facts, node, inputs.links));
                checks.extend(subscriptions::all(node, inputs.memory, inputs.links));
                checks.extend(connections::all(inputs.links));
                checks.extend(slots::all(node, inputs));
                checks.extend(joins::all(node, inputs));
                checks.extend(peers::all(node, inputs));
                checks.push(conflicts::pending(node));
                checks.extend(ranges::ids(node, inputs.ranges));
            }
        }
    }
    checks.extend(certificates::certificates(inputs.machine));
    checks.extend(disk::disk(inputs.machine));
    checks
}

/// The worst level.
#[must_use]
pub fn worst(checks: &[Check]) -> Level {
    checks.iter().map(|check| check.level).max().unwrap_or(Level::Ok)
}

fn check(name: impl Into<String>, level: Level, message: impl Into<String>) -> Check {
    Check { name: name.into(), level, message: message.into(), hint: None }
}

fn with_hint(check: Check, hint: impl Into<String>) -> Check {
    Check { hint: Some(hint.into()), ..check }
}

/// Up to five names, and how many more.
pub(crate) fn some_of(names: impl ExactSizeIterator<Item = String>) -> String {
    const SHOWN: usize = 5;
    let more = names.len().saturating_sub(SHOWN);
    let shown = names.take(SHOWN).collect::<Vec<_>>().join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

/// A length of time for people.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn span(seconds: f64) -> String {
    match seconds.max(0.0) as u64 {
        seconds if seconds < 60 => format!("{seconds} s"),
        seconds if seconds < 3600 => format!("{} min", seconds / 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// Bytes for people.
fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if count < 1024 {
        return format!("{count} bytes");
    }
    let mut tenths = u128::from(count) * 10 / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS.get(unit).unwrap_or(&"TB"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_well_with_a_healthy_pair() {
        let checks = samples::judged(&samples::healthy());
        let names: Vec<_> = checks.iter().map(|check| check.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "postgres",
                "extension",
                "settings",
                "guard",
                "publication",
                "subscription:b",
                "slot:b",
                "conflicts",
            ]
        );
        assert_eq!(worst(&checks), Level::Ok, "{checks:?}");
    }

    #[test]
    fn while_postgresql_is_away_only_what_is_known_is_judged() {
        let (memory, peers) = (Memory::default(), BTreeMap::new());
        let folder = DataFolder { path: "data".into(), free: Ok(1), written: Ok(()) };
        let machine = Machine { data_folder: Some(folder), ..Machine::default() };
        let checks = judge(&Inputs {
            look: Err("connection refused"),
            memory: &memory,
            peers: &peers,
            links: &BTreeMap::new(),
            machine: &machine,
            ranges: &Reports::default(),
            limits: samples::LIMITS,
        });
        let levels: Vec<_> = checks.iter().map(|one| (one.name.as_str(), one.level)).collect();
        assert_eq!(levels, [("postgres", Level::Critical), ("disk", Level::Critical)]);
    }

    #[test]
    fn bytes_are_written_with_one_digit() {
        let shown = [0, 1023, 1024, 1536, 10 << 30, 3 << 50].map(bytes);
        assert_eq!(shown, ["0 bytes", "1023 bytes", "1.0 kB", "1.5 kB", "10.0 GB", "3072.0 TB"]);
    }

    #[test]
    fn long_lists_are_cut() {
        let names = |count: usize| some_of((0..count).map(|n| n.to_string()));
        assert_eq!(names(2), "0, 1");
        assert_eq!(names(7), "0, 1, 2, 3, 4 and 2 more");
    }
}
