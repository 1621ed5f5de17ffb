//! Which known text somebody may have meant.

use alloc::vec::Vec;
use core::mem;

/// Longer texts are cut off: nobody misspells that much.
const MAX_BYTES: usize = 80;

/// The text with the fewest bytes to add, remove or change; the first of equals.
pub(crate) fn nearest<'a>(text: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known.min_by_key(|candidate| distance(text.as_bytes(), candidate.as_bytes()))
}

/// Levenshtein's distance, with one row of the table in memory.
fn distance(one: &[u8], other: &[u8]) -> usize {
    let one = &one[..one.len().min(MAX_BYTES)];
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (nth, byte) in one.iter().enumerate() {
        let mut diagonal = mem::replace(&mut row[0], nth + 1);
        for (at, other_byte) in other.iter().enumerate() {
            let changed = diagonal + usize::from(byte != other_byte);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_single_bytes() {
        for (one, other, expected) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "abd", 1),
            ("ab", "abc", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(one.as_bytes(), other.as_bytes()), expected, "{one} {other}");
            assert_eq!(distance(other.as_bytes(), one.as_bytes()), expected, "{other} {one}");
        }
    }
}
