use crate::TableDescription;
use alloc::string::String;
use core::{fmt, str::FromStr};
use sha2::{Digest, Sha256};

/// SHA-256 of a table's [canonical form](TableDescription::canonical).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; Self::BYTES]);

/// A text is not a [`Fingerprint`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("fingerprint {text:?} is not 64 hexadecimal digits in lower case")]
pub struct ParseFingerprintError {
    /// The text.
    pub text: String,
}

impl Fingerprint {
    /// How long it is.
    pub const BYTES: usize = 32;

    /// The fingerprint of a table.
    #[must_use]
    pub fn of(table: &TableDescription) -> Self {
        Self::of_canonical(&table.canonical())
    }

    /// The fingerprint of a table in its canonical form.
    #[must_use]
    pub fn of_canonical(form: &str) -> Self {
        Self(Sha256::digest(form.as_bytes()).into())
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

/// 64 hexadecimal digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseFingerprintError { text: text.into() };
        if text.len() != 2 * Self::BYTES {
            return Err(error());
        }
        let mut bytes = [0; Self::BYTES];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digits = (digit(pair[0]), digit(pair[1]));
            let (Some(high), Some(low)) = digits else { return Err(error()) };
            *byte = high << 4 | low;
        }
        Ok(Self(bytes))
    }
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn it_is_sha_256() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Fingerprint::of_canonical("").to_string(), empty);
        assert_eq!(empty.parse(), Ok(Fingerprint::of_canonical("")));
    }

    #[test]
    fn other_texts_are_refused() {
        let good = Fingerprint::of_canonical("").to_string();
        let upper = good.to_ascii_uppercase();
        for bad in ["", "e3", &upper, &good[1..], &good.replace('e', "g"), &good.replace("e3", "é")]
        {
            assert!(bad.parse::<Fingerprint>().is_err(), "{bad}");
        }
    }
}
