use std::borrow::Cow;
use unicode_width::UnicodeWidthChar;

/// A text on one line without control characters: what comes from a database or a peer must not
/// move the cursor.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unwanted) && !text.contains('\n') {
        return text.into();
    }
    let joined = text.lines().map(str::trim_end).collect::<Vec<_>>().join(" ");
    joined.chars().map(|char| if is_unwanted(char) { '\u{fffd}' } else { char }).collect()
}

/// The same, with its lines.
pub(crate) fn clean_lines(text: &str) -> Cow<'_, str> {
    if !text.contains(|char| is_unwanted(char) && char != '\n') {
        return text.into();
    }
    let keep = |char| if is_unwanted(char) && char != '\n' { '\u{fffd}' } else { char };
    text.chars().map(keep).collect()
}

/// The part of a styled text that fits into so many columns and lines, so that drawing it anew covers
/// all of it. Marks of style take no room and stay.
pub(super) fn fit(text: &str, width: usize, height: usize) -> String {
    text.lines().take(height).map(|line| fit_line(line, width)).collect::<Vec<_>>().join("\n")
}

fn fit_line(line: &str, width: usize) -> String {
    let mut fitting = String::new();
    let (mut used, mut in_mark) = (0, false);
    for char in line.chars() {
        if in_mark || char == '\x1b' {
            // `ESC [ … letter`: all that a style is made of.
            in_mark = !char.is_ascii_alphabetic();
            fitting.push(char);
            continue;
        }
        used += char.width().unwrap_or(0);
        if used <= width {
            fitting.push(char);
        }
    }
    fitting
}

/// Control characters, and those that turn the direction of the text around.
fn is_unwanted(char: char) -> bool {
    char.is_control() || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_left_out_but_for_the_marks_of_style() {
        assert_eq!(fit("abcdef", 4, 1), "abcd");
        assert_eq!(fit("表表表", 5, 1), "表表");
        assert_eq!(fit("a\nb\nc\n", 80, 2), "a\nb");
        assert_eq!(fit("\x1b[31mabc\x1b[0m", 2, 1), "\x1b[31mab\x1b[0m");
        assert_eq!(fit("abc", 0, 0), "");
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(clean("plain"), "plain");
        assert_eq!(clean("a\nb \r\n c"), "a b  c");
        assert_eq!(clean("a\x1b[2Jb\x07"), "a\u{fffd}[2Jb\u{fffd}");
        assert_eq!(clean("a\u{202e}b"), "a\u{fffd}b");
        assert_eq!(clean_lines("a\nb\x1b"), "a\nb\u{fffd}");
    }
}
