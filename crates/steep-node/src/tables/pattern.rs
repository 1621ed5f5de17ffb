//! Names of tables with `*` and `?`.

/// A pattern for the qualified names of tables: `schema.table`, where `*` stands for any text and
/// `?` for one character, neither for the dot. Without a dot it means schema `public`.
///
/// ```
/// use steep_node::tables::Pattern;
///
/// let pattern: Pattern = "sales.order*".parse().expect("a pattern");
/// assert!(pattern.matches("sales", "orders"));
/// assert!(!pattern.matches("public", "orders"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    schema: Vec<char>,
    table: Vec<char>,
}

/// A text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no pattern for tables: give schema.table, with * and ? where you like")]
pub struct PatternError(
    /// The text.
    pub String,
);

impl std::str::FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (schema, table) = split(text).ok_or_else(|| PatternError(text.to_owned()))?;
        if schema.is_empty() || table.is_empty() {
            return Err(PatternError(text.to_owned()));
        }
        Ok(Self { schema, table })
    }
}

impl Pattern {
    /// Whether the pattern means this table.
    #[must_use]
    pub fn matches(&self, schema: &str, table: &str) -> bool {
        glob(&self.schema, schema) && glob(&self.table, table)
    }
}

/// The two names; a name in double quotes is taken as it stands but for `*` and `?`.
fn split(text: &str) -> Option<(Vec<char>, Vec<char>)> {
    let mut names = vec![Vec::new()];
    let mut is_quoted = false;
    let mut characters = text.trim().chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                names.last_mut()?.push('"');
            }
            '"' => is_quoted = !is_quoted,
            '.' if !is_quoted => names.push(Vec::new()),
            c => names.last_mut()?.push(c),
        }
    }
    let table = names.pop()?;
    let schema = names.pop().unwrap_or_else(|| "public".chars().collect());
    (names.is_empty() && !is_quoted).then_some((schema, table))
}

/// Schema and table of a qualified name as SQL writes it.
pub(crate) fn parts(qualified: &str) -> Option<(String, String)> {
    let (schema, table) = split(qualified)?;
    Some((schema.into_iter().collect(), table.into_iter().collect()))
}

fn glob(pattern: &[char], text: &str) -> bool {
    let text: Vec<_> = text.chars().collect();
    // Where the last star stands, and how much of the text it has taken so far.
    let (mut star, mut taken) = (None, 0);
    let (mut p, mut t) = (0, 0);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                (star, taken) = (Some(p), t);
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some(place) => {
                    taken += 1;
                    (p, t) = (place + 1, taken);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, schema: &str, table: &str) -> bool {
        pattern.parse::<Pattern>().is_ok_and(|pattern| pattern.matches(schema, table))
    }

    #[test]
    fn stars_and_question_marks_stay_within_a_name() {
        assert!(matches("*.*", "a", "b"));
        assert!(matches("orders", "public", "orders"));
        assert!(matches("s?.o*s", "s1", "orders"));
        assert!(matches("a*b*c.t", "axxbyybc", "t"));
        assert!(!matches("a*b*c.t", "axxbyyb", "t"));
        assert!(!matches("s?.t", "s", "t"));
        assert!(matches("\"odd.name\".\"t\"\"x\"", "odd.name", "t\"x"));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in ["", ".", "a.", ".b", "a.b.c", "\"a"] {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
    }
}
