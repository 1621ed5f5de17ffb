//! Numbers as people read them.

/// A number of bytes with three digits or so, as `pg_size_pretty` counts: 1 kB is 1024 bytes.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut unit = 0;
    let mut whole = bytes as f64;
    while whole >= 1024.0 && unit + 1 < UNITS.len() {
        whole /= 1024.0;
        unit += 1;
    }
    if unit > 0 && whole < 10.0 {
        format!("{whole:.1} {}", UNITS[unit])
    } else {
        format!("{whole:.0} {}", UNITS[unit])
    }
}

/// A number with its thousands apart.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 table`, `3,000 tables`.
pub(crate) fn counted(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {one}s", count(number)) }
}

/// A length of time in its two largest units.
pub(crate) fn seconds(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, ..) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

/// A lag: with a digit after the point while it is short.
pub(crate) fn lag(lag: f64) -> String {
    if lag.is_finite() && lag >= 60.0 { seconds(lag as u64) } else { format!("{lag:.1} s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_have_units() {
        let sizes = [0, 1023, 1024, 1536, 10 << 10, 5 << 30, u64::MAX].map(bytes);
        assert_eq!(sizes, ["0 B", "1023 B", "1.0 kB", "1.5 kB", "10 kB", "5.0 GB", "16384 PB"]);
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0, 1, 2000].map(|n| counted(n, "row")), ["0 rows", "1 row", "2,000 rows"]);
        let times = [0, 59, 61, 3600, 90_061].map(seconds);
        assert_eq!(times, ["0 s", "59 s", "1 min 1 s", "1 h 0 min", "1 d 1 h"]);
        assert_eq!(
            [0.04, 1.25, 75.0, f64::INFINITY].map(lag),
            ["0.0 s", "1.2 s", "1 min 15 s", "inf s"]
        );
    }
}
