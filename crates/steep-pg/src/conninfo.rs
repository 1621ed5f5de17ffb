//! Connection strings, as libpq reads them.

use std::collections::BTreeMap;
use std::fmt;

/// Keywords and values of a connection string. `Debug` shows the keywords only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Conninfo(BTreeMap<String, String>);

impl fmt::Debug for Conninfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Conninfo {
    /// Reads `keyword=value …` (`conninfo_parse`, fe-connect.c). None for anything else, such as a URI.
    ///
    /// ```
    /// let read = steep_pg::Conninfo::parse(r"host=db port = '54 32' password='it\'s'").unwrap();
    /// assert_eq!(read.get("password"), Some("it's"));
    /// assert!(steep_pg::Conninfo::parse("postgresql://db/app").is_none());
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut values = BTreeMap::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (keyword, after) = rest.split_once('=')?;
            let keyword = keyword.trim_end();
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if keyword.is_empty() || !keyword.chars().all(is_word) {
                return None;
            }
            let (value, after) = value(after.trim_start())?;
            // The last one counts.
            values.insert(keyword.to_owned(), value);
            rest = after.trim_start();
        }
        Some(Self(values))
    }

    /// The value of a keyword.
    #[must_use]
    pub fn get(&self, keyword: &str) -> Option<&str> {
        self.0.get(keyword).map(String::as_str)
    }

    /// The keywords, in alphabetical order.
    pub fn keywords(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Keywords and values, in alphabetical order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(keyword, value)| (keyword.as_str(), value.as_str()))
    }

    /// Gives a keyword a value, or none.
    pub fn set(&mut self, keyword: &str, value: Option<&str>) {
        match value {
            Some(value) => self.0.insert(keyword.to_owned(), value.to_owned()),
            None => self.0.remove(keyword),
        };
    }
}

/// A value, quoted or not, and what comes after it.
fn value(text: &str) -> Option<(String, &str)> {
    let quoted = text.strip_prefix('\'');
    let text = quoted.unwrap_or(text);
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => value.push(chars.next()?.1),
            '\'' if quoted.is_some() => return Some((value, text.get(at + 1..)?)),
            space if quoted.is_none() && space.is_ascii_whitespace() => {
                return Some((value, text.get(at..)?));
            }
            other => value.push(other),
        }
    }
    // A quote that was opened has to be closed.
    quoted.is_none().then_some((value, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let read = Conninfo::parse(text).expect("a connection string");
        read.pairs().map(|(keyword, value)| (keyword.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn what_libpq_reads_is_read() {
        let pair = |keyword: &str, value: &str| (keyword.to_owned(), value.to_owned());
        assert_eq!(read(""), []);
        assert_eq!(read("host=a"), [pair("host", "a")]);
        assert_eq!(read(" host = 'a b'  port=1 "), [pair("host", "a b"), pair("port", "1")]);
        assert_eq!(read(r"password='x\'y\\z'"), [pair("password", r"x'y\z")]);
        assert_eq!(read(r"password=x\ y"), [pair("password", "x y")]);
        assert_eq!(read("password='' host=a host=b"), [pair("host", "b"), pair("password", "")]);
    }

    #[test]
    fn what_libpq_refuses_is_refused() {
        for text in ["postgresql://a/b", "host", "host='a", "=a", "ho st=a", r"host=a\"] {
            assert_eq!(Conninfo::parse(text), None, "{text}");
        }
    }

    #[test]
    fn debug_shows_no_value() {
        let shown = format!("{:?}", Conninfo::parse("host=here password=swordfish"));
        assert_eq!(shown, r#"Some({"host", "password"})"#);
    }
}
