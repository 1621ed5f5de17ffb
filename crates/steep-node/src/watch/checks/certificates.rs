//! The certificates of this node's daemon.

use std::time::Duration;

use steep_ipc::{Check, Level};

use super::{Machine, check, with_hint};
use crate::watch::certificates::{Certificate, CertificateOwner};
use crate::watch::time::rfc3339_seconds;

/// Time enough to make new certificates without hurry.
const SOON: Duration = Duration::from_secs(14 * 24 * 3600);

/// One check for all certificates: the one that expires first.
pub(super) fn certificates(machine: &Machine) -> Option<Check> {
    let (first, left) = machine.certificates.iter().min_by_key(|(one, _)| one.not_after)?;
    let (what, file, end) = (whose(first), first.file.display(), rfc3339_seconds(first.not_after));
    let (level, message) = if left.is_zero() {
        (Level::Critical, format!("{what}, {file}, expired at {end}: peers refuse this daemon"))
    } else if *left < SOON {
        (Level::Warning, format!("{what}, {file}, expires in {}, at {end}", words(*left)))
    } else {
        (Level::Ok, format!("{what} expires in {}", words(*left)))
    };
    Some(match &machine.unused_certificates {
        Some(why) => with_hint(
            check(
                "certificate",
                level.max(Level::Warning),
                format!("{message}; the files were changed and are not used: {why}"),
            ),
            "put a certificate and the key that was made with it in place, as `steep-replctl tls \
             init` made them for this node; until then the daemon uses what it read before",
        ),
        None if level == Level::Ok => check("certificate", level, message),
        None => with_hint(check("certificate", level, message), way_out(first)),
    })
}

fn whose(certificate: &Certificate) -> &'static str {
    match certificate.owner {
        CertificateOwner::Node => "the certificate of this node",
        CertificateOwner::Authority => "the certificate of the group's authority",
    }
}

fn way_out(certificate: &Certificate) -> &'static str {
    match certificate.owner {
        CertificateOwner::Node => {
            "make a new one with `steep-replctl tls init`, and put its .crt and .key in the place \
             of the old ones: the daemon takes them by itself; data goes on replicating meanwhile"
        }
        CertificateOwner::Authority => {
            "make a new authority with `steep-replctl tls init` in another folder, let every node \
             trust both (ca_file may hold several), then replace the nodes' certificates; data \
             goes on replicating meanwhile"
        }
    }
}

/// In the unit that suits it, rounded down.
fn words(left: Duration) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400, "days"), (3600, "hours"), (60, "minutes")];
    let seconds = left.as_secs();
    let fits = UNITS.iter().find(|(unit, _)| seconds >= 2 * unit);
    let (unit, name) = fits.unwrap_or(&(1, "seconds"));
    format!("{} {name}", seconds / unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    const DAY: u64 = 86_400;
    /// 2026-01-01.
    const NOW: u64 = 1_767_225_600;

    /// The node's certificate, and that of the authority, with so many seconds left.
    fn machine(node: i64, authority: i64) -> Machine {
        let one = |owner, file: &str, left: i64| {
            let not_after = UNIX_EPOCH + Duration::from_secs(NOW.saturating_add_signed(left));
            let left = Duration::from_secs(u64::try_from(left).unwrap_or(0));
            (Certificate { owner, file: file.into(), not_after }, left)
        };
        Machine {
            certificates: vec![
                one(CertificateOwner::Node, "b.crt", node),
                one(CertificateOwner::Authority, "ca.crt", authority),
            ],
            ..Machine::default()
        }
    }

    fn judged(node: i64, authority: i64) -> Check {
        certificates(&machine(node, authority)).expect("there are certificates")
    }

    #[test]
    fn the_certificate_that_expires_first_counts() {
        let day = i64::try_from(DAY).expect("a day is short");
        assert_eq!(certificates(&Machine::default()), None);
        let level = |node: i64, authority: i64| judged(node * day, authority * day).level;
        assert_eq!(level(300, 200), Level::Ok);
        assert_eq!(level(300, 13), Level::Warning);
        assert_eq!(level(-1, 300), Level::Critical);
        // Of two that are over, the first to end is told.
        assert!(judged(-day, -2 * day).message.contains("ca.crt"));
    }

    #[test]
    fn it_is_told_which_one_when_and_what_to_do() {
        let over = judged(-1, 1000);
        let told = "the certificate of this node, b.crt, expired at 2025-12-31T23:59:59Z: peers \
                    refuse this daemon";
        assert_eq!(over.message, told);
        assert!(over.hint.is_some_and(|hint| hint.contains("tls init") && hint.contains(".key")));
        let over = judged(1000, -1);
        assert!(over.message.starts_with("the certificate of the group's authority, ca.crt, exp"));
        assert!(over.hint.is_some_and(|hint| hint.contains("trust both")));
        let soon = judged(7200, 1_000_000_000);
        let told =
            "the certificate of this node, b.crt, expires in 2 hours, at 2026-01-01T02:00:00Z";
        assert_eq!(soon.message, told);
    }

    #[test]
    fn new_files_that_cannot_be_used_are_told() {
        let mut machine = machine(1_000_000_000, 1_000_000_000);
        machine.unused_certificates = Some("cannot read b.key".into());
        let told = certificates(&machine).expect("there are certificates");
        assert_eq!(told.level, Level::Warning);
        assert!(told.message.ends_with("are not used: cannot read b.key"), "{}", told.message);
        assert!(told.hint.is_some());
    }

    #[test]
    fn what_is_left_is_in_a_unit_that_suits_it() {
        let shown = [2 * DAY, 2 * DAY - 1, 7199, 120, 119, 0].map(Duration::from_secs).map(words);
        assert_eq!(
            shown,
            ["2 days", "47 hours", "119 minutes", "2 minutes", "119 seconds", "0 seconds"]
        );
    }
}
