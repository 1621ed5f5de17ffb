use crate::platform::variable_name;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

/// The environment variables that count: those of the process, or the ones a test gives.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// The variables of this process, as they are now.
    #[must_use]
    pub fn of_process() -> Self {
        Self::from_iter(std::env::vars_os())
    }

    /// The value of a variable, if it is set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(&variable_name(name.into())).map(OsString::as_os_str)
    }

    /// The value of a variable, if it is set to more than nothing.
    #[must_use]
    pub fn get_filled(&self, name: &str) -> Option<&OsStr> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// All variables whose name begins with `prefix`, which is left out of the names.
    pub(crate) fn below<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a OsStr)> {
        self.variables.iter().filter_map(move |(name, value)| {
            Some((name.to_str()?.strip_prefix(prefix)?, value.as_os_str()))
        })
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let variables = variables.into_iter();
        let named = |(name, value): (K, V)| (variable_name(name.into()), value.into());
        Self { variables: variables.map(named).collect() }
    }
}

impl fmt::Debug for Environment {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_looked_up_as_the_system_does() {
        let environment = Environment::from_iter([("Pw", "x")]);
        assert_eq!(environment.get("Pw"), Some(OsStr::new("x")));
        assert_eq!(environment.get("PW").is_some(), cfg!(windows));
    }

    #[test]
    fn an_empty_variable_is_set_and_not_filled() {
        let environment = Environment::from_iter([("A", "")]);
        assert_eq!(environment.get("A"), Some(OsStr::new("")));
        assert_eq!(environment.get_filled("A"), None);
    }
}
