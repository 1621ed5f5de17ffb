use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use steep_conflict::{Detection, Strategy};
use steep_types::NodeId;

/// A value that is written as one word or number.
pub(crate) trait Leaf: Sized {
    /// Whether it is text, so that a number or `true` without quotes is a mistake.
    const TEXT: bool = false;

    /// The value of a text; none if it is not allowed.
    fn read(text: &str) -> Option<Self>;

    /// As one would write it.
    fn show(&self) -> String;

    /// What is allowed.
    fn wanted() -> String;
}

impl Leaf for String {
    const TEXT: bool = true;

    fn read(text: &str) -> Option<Self> {
        let fine = !text.trim().is_empty() && !text.contains(char::is_control);
        fine.then(|| text.into())
    }

    fn show(&self) -> String {
        self.clone()
    }

    fn wanted() -> String {
        "a text on one line".into()
    }
}

impl Leaf for PathBuf {
    const TEXT: bool = true;

    fn read(text: &str) -> Option<Self> {
        String::read(text).map(Into::into)
    }

    fn show(&self) -> String {
        self.display().to_string()
    }

    fn wanted() -> String {
        "a path".into()
    }
}

impl Leaf for SocketAddr {
    const TEXT: bool = true;

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn show(&self) -> String {
        self.to_string()
    }

    fn wanted() -> String {
        "an address and a port such as 127.0.0.1:5433 or [::1]:5433".into()
    }
}

impl Leaf for Duration {
    fn read(text: &str) -> Option<Self> {
        // A number without a unit is not a length of time, with one exception that humantime makes.
        (text != "0").then(|| humantime::parse_duration(text).ok())?
    }

    fn show(&self) -> String {
        humantime::format_duration(*self).to_string()
    }

    fn wanted() -> String {
        "a length of time such as 5s, 10m or 1h".into()
    }
}

/// A number of bytes, in the units of PostgreSQL's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size(pub(crate) u64);

impl Size {
    const UNITS: [(&str, u64); 5] =
        [("TB", 1 << 40), ("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10), ("B", 1)];
}

impl Leaf for Size {
    fn read(text: &str) -> Option<Self> {
        let unit_at = text.find(|char: char| !char.is_ascii_digit())?;
        let (number, unit) = text.split_at(unit_at);
        let unit = unit.trim_start();
        let (_, bytes) = Self::UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
        Some(Self(number.parse::<u64>().ok()?.checked_mul(*bytes)?))
    }

    fn show(&self) -> String {
        let fits = |(_, bytes): &&(&str, u64)| self.0 >= *bytes && self.0.is_multiple_of(*bytes);
        let (name, bytes) = Self::UNITS.iter().find(fits).unwrap_or(&("B", 1));
        format!("{}{name}", self.0 / bytes)
    }

    fn wanted() -> String {
        "a size such as 64MB or 10GB (B, kB, MB, GB, TB; 1kB is 1024B)".into()
    }
}

impl Leaf for f64 {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number: &Self| number.is_finite())
    }

    fn show(&self) -> String {
        self.to_string()
    }

    fn wanted() -> String {
        "a number".into()
    }
}

impl Leaf for NodeId {
    const TEXT: bool = true;

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn show(&self) -> String {
        self.to_string()
    }

    fn wanted() -> String {
        "a node name: letters, digits, `_`, `.` and `-`, a letter or digit first, at most 63".into()
    }
}

/// What is written and shown by the words and numbers of another type.
macro_rules! by_text {
    ($($type:ty: $wanted:expr;)+) => {$(
        impl Leaf for $type {
            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }

            fn show(&self) -> String {
                self.to_string()
            }

            fn wanted() -> String {
                $wanted.into()
            }
        }
    )+};
}

by_text! {
    bool: "true or false";
    u8: "a whole number";
    u16: "a whole number";
    u32: "a whole number";
    u64: "a whole number";
    i32: "a whole number";
    Strategy: format!("one of {}", Strategy::ALL.map(Strategy::name).join(", "));
    Detection: format!("one of {}", [Detection::Default, Detection::Exact].map(Detection::name).join(", "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_the_units_of_postgresql() {
        assert_eq!(Size::read("1GB"), Some(Size(1 << 30)));
        assert_eq!(Size::read("64 mb"), Some(Size(64 << 20)));
        assert_eq!(Size::read("7B"), Some(Size(7)));
        for wrong in ["", "1", "GB", "-1GB", "1.5GB", "1GiB", "99999999999999999999B", "20000000TB"]
        {
            assert_eq!(Size::read(wrong), None, "{wrong}");
        }
        for size in ["1GB", "1536MB", "7B", "0B", "3TB"] {
            assert_eq!(Size::read(size).map(|size| size.show()).as_deref(), Some(size));
        }
    }

    #[test]
    fn lengths_of_time_have_units() {
        assert_eq!(Duration::read("90s"), Some(Duration::from_secs(90)));
        assert_eq!(Duration::read("1m 30s"), Some(Duration::from_secs(90)));
        assert_eq!(Duration::from_secs(90).show(), "1m 30s");
        for wrong in ["", "5", "0", "s", "-1s", "5 parsecs", "99999999999999999999s"] {
            assert_eq!(Duration::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn texts_are_on_one_line_and_not_empty() {
        for wrong in ["", "  ", "a\nb", "a\0b", "\u{1b}[2J"] {
            assert_eq!(String::read(wrong), None, "{wrong:?}");
        }
        assert_eq!(f64::read("NaN"), None);
        assert_eq!(f64::read("inf"), None);
    }
}
