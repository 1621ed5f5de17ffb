use alloc::borrow::Cow;
use core::fmt;

/// The name of an object as a statement has it: with a schema, or to be found by `search_path`.
///
/// Parts are as the parser leaves them: unquoted ones in lower case, quotes taken off. They borrow
/// from a parse tree where there is one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName<'a> {
    /// The schema, if the statement says it.
    pub schema: Option<Cow<'a, str>>,
    /// The name in it.
    pub name: Cow<'a, str>,
}

impl<'a> ObjectName<'a> {
    /// A name to be found by `search_path`, or of something that is in no schema.
    pub fn unqualified(name: impl Into<Cow<'a, str>>) -> Self {
        Self { schema: None, name: name.into() }
    }

    /// A name in a schema.
    pub fn qualified(schema: impl Into<Cow<'a, str>>, name: impl Into<Cow<'a, str>>) -> Self {
        Self { schema: Some(schema.into()), name: name.into() }
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> ObjectName<'static> {
        let owned = |part: Cow<'_, str>| Cow::Owned(part.into_owned());
        ObjectName { schema: self.schema.map(owned), name: owned(self.name) }
    }
}

/// In double quotes where PostgreSQL might need them.
impl fmt::Display for ObjectName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{}.", Quoted(schema))?;
        }
        write!(f, "{}", Quoted(&self.name))
    }
}

/// An identifier. Keywords are not told from names: for people, not to be executed.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let starts_well = !self.0.starts_with(|first: char| first.is_ascii_digit());
        if !self.0.is_empty() && starts_well && self.0.bytes().all(is_plain) {
            return f.write_str(self.0);
        }
        f.write_str("\"")?;
        for (nth, piece) in self.0.split('"').enumerate() {
            let joint = if nth == 0 { "" } else { "\"\"" };
            write!(f, "{joint}{piece}")?;
        }
        f.write_str("\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn names_are_quoted_where_they_have_to_be() {
        assert_eq!(ObjectName::qualified("public", "orders_2").to_string(), "public.orders_2");
        assert_eq!(
            ObjectName::qualified("My Schema", "a\"b").to_string(),
            "\"My Schema\".\"a\"\"b\""
        );
        assert_eq!(ObjectName::unqualified("2nd").to_string(), "\"2nd\"");
        assert_eq!(ObjectName::unqualified("").to_string(), "\"\"");
    }
}
