//! Certificates and disk.

use std::time::Duration;

use steep_ipc::{Check, Level};

use super::{Machine, bytes, check, with_hint};

/// Time enough to make new certificates without hurry.
const SOON: Duration = Duration::from_secs(14 * 24 * 3600);
/// The daemon writes next to nothing; who has less than this has a disk that fills up.
const LITTLE: u64 = 256 << 20;
/// A last moment to do something.
const NEARLY_NOTHING: u64 = 32 << 20;

/// One check for all certificates: the one that expires first.
pub(super) fn certificates(machine: &Machine) -> Option<Check> {
    let (name, left) = machine.certificates.iter().min_by_key(|(_, left)| *left)?;
    let days = left.as_secs() / 86_400;
    Some(match *left {
        Duration::ZERO => with_hint(
            check("certificate", Level::Critical, format!("{name} has expired: peers refuse it")),
            "make a new one with `steep-replctl tls init` and put it in its place",
        ),
        left if left < SOON => with_hint(
            check("certificate", Level::Warning, format!("{name} expires in {days} days")),
            "make a new one with `steep-replctl tls init` and put it in its place",
        ),
        _ => check("certificate", Level::Ok, format!("{name} expires in {days} days")),
    })
}

pub(super) fn disk(machine: &Machine) -> Option<Check> {
    let free = machine.free_disk?;
    let level = match free {
        free if free < NEARLY_NOTHING => Level::Critical,
        free if free < LITTLE => Level::Warning,
        _ => return Some(check("disk", Level::Ok, format!("{} are free", bytes(free)))),
    };
    let told = check(
        "disk",
        level,
        format!("only {} are free where the daemon keeps its files", bytes(free)),
    );
    Some(with_hint(told, "make room on the disk of replication.data_dir"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(free: u64, days: &[u64]) -> Machine {
        let left = |days: &u64| (format!("certificate {days}"), Duration::from_secs(days * 86_400));
        Machine { free_disk: Some(free), certificates: days.iter().map(left).collect() }
    }

    #[test]
    fn the_certificate_that_expires_first_counts() {
        let level = |days: &[u64]| certificates(&machine(0, days)).map(|one| one.level);
        assert_eq!(level(&[]), None);
        assert_eq!(level(&[300, 200]), Some(Level::Ok));
        assert_eq!(level(&[300, 13]), Some(Level::Warning));
        assert_eq!(level(&[0, 300]), Some(Level::Critical));
    }

    #[test]
    fn a_disk_that_fills_up_is_told() {
        let level = |free| disk(&machine(free, &[])).map(|one| one.level);
        assert_eq!(level(1 << 40), Some(Level::Ok));
        assert_eq!(level(100 << 20), Some(Level::Warning));
        assert_eq!(level(1 << 20), Some(Level::Critical));
    }
}
