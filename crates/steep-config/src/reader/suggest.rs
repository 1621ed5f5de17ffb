/// The known word that `word` was probably meant to be.
///
/// One slip in three letters counts as a misspelling; more is another word.
pub(super) fn nearest<'k>(word: &str, known: &'k [String]) -> Option<&'k str> {
    // Distances cost the product of the lengths, and no key is that long.
    if word.len() > 64 {
        return None;
    }
    let distance = |known: &str| strsim::damerau_levenshtein(&word.to_lowercase(), known);
    let limit = word.chars().count().div_ceil(3);
    known
        .iter()
        .map(|known| (distance(known), known.as_str()))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognized_and_another_word_is_not() {
        let known = ["host", "port", "password_env"].map(String::from);
        assert_eq!(nearest("prot", &known), Some("port"));
        assert_eq!(nearest("HOST", &known), Some("host"));
        assert_eq!(nearest("pasword_env", &known), Some("password_env"));
        assert_eq!(nearest("listen", &known), None);
        assert_eq!(nearest(&"x".repeat(1_000_000), &known), None);
    }
}
