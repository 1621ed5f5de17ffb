use super::Canonical;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// A text is not the canonical form of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CanonicalError {
    /// It does not begin as this version's forms do.
    #[error("not a description of a table in version 1")]
    Version,
    /// It is not what a writer would have written.
    #[error("malformed description of a table at byte {at}")]
    Malformed {
        /// Where.
        at: usize,
    },
}

/// No table has as many columns, constraints, indexes or parents; what says it has is no form, and is
/// not given memory.
const MAX_ELEMENTS: usize = 65_536;

/// Takes a form apart.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, header: &str) -> Result<Self, CanonicalError> {
        if !text.starts_with(header) {
            return Err(CanonicalError::Version);
        }
        Ok(Self { text, at: header.len() })
    }

    pub(super) fn finish(self) -> Result<(), CanonicalError> {
        if self.at == self.text.len() { Ok(()) } else { Err(self.malformed()) }
    }

    pub(super) fn string(&mut self) -> Result<&'a str, CanonicalError> {
        let length = self.number()?;
        self.literal(":")?;
        let end = self.at.checked_add(length).ok_or_else(|| self.malformed())?;
        let text = self.text.get(self.at..end).ok_or_else(|| self.malformed())?;
        self.at = end;
        self.literal(",")?;
        Ok(text)
    }

    pub(super) fn list<T: Canonical>(&mut self) -> Result<Vec<T>, CanonicalError> {
        let count = self.open()?;
        let elements = (0..count).map(|_| T::read(self)).collect::<Result<_, _>>()?;
        self.literal("]")?;
        Ok(elements)
    }

    /// A list whose keys ascend: there is one order, and none twice.
    pub(super) fn ascending<K: Ord, V>(
        &mut self,
        read: impl Fn(&mut Self) -> Result<(K, V), CanonicalError>,
    ) -> Result<BTreeMap<K, V>, CanonicalError> {
        let count = self.open()?;
        let mut values = BTreeMap::new();
        for _ in 0..count {
            let (key, value) = read(self)?;
            if values.last_key_value().is_some_and(|(last, _)| key <= *last) {
                return Err(self.malformed());
            }
            values.insert(key, value);
        }
        self.literal("]")?;
        Ok(values)
    }

    fn open(&mut self) -> Result<usize, CanonicalError> {
        let count = self.number()?;
        if count > MAX_ELEMENTS {
            return Err(self.malformed());
        }
        self.literal("[")?;
        Ok(count)
    }

    /// The value of the word that comes next. No word begins with another one.
    pub(super) fn choice<T: Clone>(&mut self, words: &[(&str, T)]) -> Result<T, CanonicalError> {
        let rest = self.rest();
        let found = words.iter().find(|(word, _)| rest.starts_with(word));
        let (word, value) = found.ok_or_else(|| self.malformed())?;
        self.at += word.len();
        Ok(value.clone())
    }

    fn literal(&mut self, text: &str) -> Result<(), CanonicalError> {
        self.choice(&[(text, ())])
    }

    /// Without leading zeros: a number has one form.
    fn number(&mut self) -> Result<usize, CanonicalError> {
        let rest = self.rest();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number = rest.get(..digits).ok_or_else(|| self.malformed())?;
        if number.starts_with('0') && digits > 1 {
            return Err(self.malformed());
        }
        let number = number.parse().map_err(|_| self.malformed())?;
        self.at += digits;
        Ok(number)
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    const fn malformed(&self) -> CanonicalError {
        CanonicalError::Malformed { at: self.at }
    }
}
