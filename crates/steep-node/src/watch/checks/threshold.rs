//! Limits with a little give, so that a number near one does not raise an alarm at every look.

use steep_ipc::Level;

/// The level of a number, given the level at the look before: what went above a limit has to fall a
/// fifth below it.
pub(super) fn level(value: u64, warning: u64, critical: u64, before: Level) -> Level {
    let relief = |limit: u64| limit - limit / 5;
    let is_above =
        |limit: u64, level: Level| value > if before >= level { relief(limit) } else { limit };
    if is_above(critical, Level::Critical) {
        Level::Critical
    } else if is_above(warning, Level::Warning) {
        Level::Warning
    } else {
        Level::Ok
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_left_only_a_fifth_below_its_limit() {
        let (ok, warn, crit) = (Level::Ok, Level::Warning, Level::Critical);
        let mut now = Level::Ok;
        let mut seen = Vec::new();
        for value in [90, 101, 99, 81, 80, 100, 1001, 900, 800, 700, 50] {
            now = level(value, 100, 1000, now);
            seen.push(now);
        }
        assert_eq!(seen, [ok, warn, warn, warn, ok, ok, crit, crit, warn, warn, ok]);
    }
}
