/// The words of a command. Spaces separate them; single and double quotes keep them together, and
/// `\"` within double quotes is a double quote. A backslash is nothing special otherwise, so that
/// paths of Windows stay what they are.
///
/// None if a quote is not closed, or there is no word.
pub(super) fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        inner => word.push(inner),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' if chars.peek() == Some(&'"') => word.extend(chars.next()),
                        inner => word.push(inner),
                    }
                }
            }
            space if space.is_whitespace() => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    (!words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn words_are_separated_and_kept_together() {
        let words = |text| split(text).unwrap();
        assert_eq!(words("pass show db"), ["pass", "show", "db"]);
        assert_eq!(
            words(r#""C:\Program Files\a.exe" 'x y'"z""#),
            [r"C:\Program Files\a.exe", "x yz"]
        );
        assert_eq!(words(r#"a "\"b\"" '' "#), ["a", "\"b\"", ""]);
        assert_eq!(words("echo $HOME; rm *"), ["echo", "$HOME;", "rm", "*"]);
    }

    #[test]
    fn an_open_quote_and_no_word_are_no_command() {
        for wrong in ["", "  ", "'a", "\"a", "a \"\\\""] {
            assert_eq!(split(wrong), None, "{wrong:?}");
        }
    }
}
