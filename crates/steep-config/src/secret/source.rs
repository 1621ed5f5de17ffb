use super::{Secret, SecretError, command, file, words};
use crate::Environment;
use crate::reader::Section;
use std::fmt;
use std::path::PathBuf;

/// The longest password, in bytes; PostgreSQL's programs read no more than 1024 either.
pub(super) const LONGEST: usize = 1024;

/// Where a password is to be had.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasswordSource {
    /// In an environment variable.
    Env(String),
    /// From a command, which is run without a shell. Words are separated by spaces; single and
    /// double quotes keep spaces together, and `\"` within double quotes is a double quote.
    Command(String),
    /// In a file, as its first line.
    File(PathBuf),
}

impl PasswordSource {
    /// The keys `password_env`, `password_command` and `password_file` of a section. A stronger
    /// layer replaces another key of a weaker one.
    pub(crate) fn read(section: &Section<'_>) -> Option<Self> {
        let env = section.hidden("password_env", String::clone);
        let command = section.hidden("password_command", |text: &String| program(text));
        let file = section.hidden("password_file", |path: &PathBuf| path.display().to_string());
        let mut found: Vec<_> = [
            env.map(|(name, origin)| ("password_env", Self::Env(name), origin)),
            command.map(|(text, origin)| ("password_command", Self::Command(text), origin)),
            file.map(|(path, origin)| ("password_file", Self::File(path), origin)),
        ]
        .into_iter()
        .flatten()
        .collect();
        found.sort_by_key(|(.., origin)| std::cmp::Reverse(origin.strength()));
        let mut found = found.into_iter();
        let (key, source, origin) = found.next()?;
        if let Some((other, ..)) = found.find(|(.., next)| next.strength() == origin.strength()) {
            let message = format_args!("{key} and {other} are both set");
            section.reject(key, message, Some("a password has one source: leave one of them out"));
        }
        if let Self::Env(name) = &source
            && (name.contains('=') || name.contains(char::is_whitespace))
        {
            // The name is not quoted: it may be the password itself.
            section.reject(
                key,
                "not the name of a variable",
                Some("password_env is the name of a variable, not the password"),
            );
        }
        if let Self::Command(text) = &source
            && words::split(text).is_none()
        {
            let hint = SecretError::Words.hint();
            section.reject(key, "an opening quote without a closing one", Some(&hint));
        }
        Some(source)
    }

    /// Gets the password. Reads a file or runs a command: it blocks for up to ten seconds.
    ///
    /// # Errors
    /// The variable is unset, the command failed, the file cannot be read or others can read it.
    pub fn resolve(&self, environment: &Environment) -> Result<Secret, SecretError> {
        match self {
            Self::Env(name) => {
                let unset = || SecretError::Unset { name: name.clone() };
                let value = environment.get_filled(name).ok_or_else(unset)?;
                let place = format!("environment variable {name}");
                one_line(value.as_encoded_bytes(), place)
            }
            Self::Command(text) => command::run(text, command::LIMIT),
            Self::File(path) => file::read(path),
        }
    }
}

impl fmt::Debug for PasswordSource {
    /// Of a command only the program: its arguments may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => f.debug_tuple("Env").field(name).finish(),
            Self::Command(text) => f.debug_tuple("Command").field(&program(text)).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

/// The first word of a command, and whether there are more.
fn program(text: &str) -> String {
    match words::split(text).as_deref() {
        Some([program]) => program.clone(),
        Some([program, ..]) => format!("{program} …"),
        _ => "…".into(),
    }
}

/// The first line as a password.
pub(super) fn one_line(bytes: &[u8], place: String) -> Result<Secret, SecretError> {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        return Err(SecretError::Empty { place });
    }
    if line.len() > LONGEST {
        return Err(SecretError::TooLong { place, limit: LONGEST });
    }
    match std::str::from_utf8(line) {
        Ok(text) if !text.contains('\0') => Ok(Secret::new(text)),
        _ => Err(SecretError::NotText { place }),
    }
}
