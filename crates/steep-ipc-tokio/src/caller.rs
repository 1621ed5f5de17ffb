//! Who is at the other end.

use std::fmt;

/// The OS user of a client, as the operating system tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// Name of the user, where the system has one.
    pub name: Option<String>,
    /// Number of the user; only Unix has it.
    pub uid: Option<u32>,
    /// The process that connected. It may have ended, and its number may be another's by now.
    pub pid: Option<u32>,
}

impl fmt::Display for Caller {
    /// For the audit log: the name, else `uid 1000`, else `unknown`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.uid) {
            (Some(name), _) => formatter.write_str(name),
            (None, Some(uid)) => write!(formatter, "uid {uid}"),
            (None, None) => formatter.write_str("unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_named_as_well_as_the_system_can() {
        let shown = |name: Option<&str>, uid| {
            Caller { name: name.map(str::to_owned), uid, pid: Some(7) }.to_string()
        };
        assert_eq!(shown(Some("ada"), Some(1000)), "ada");
        assert_eq!(shown(Some("HQ\\ada"), None), "HQ\\ada");
        assert_eq!(shown(None, Some(1000)), "uid 1000");
        assert_eq!(shown(None, None), "unknown");
    }
}
