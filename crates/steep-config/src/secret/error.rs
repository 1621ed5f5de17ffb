use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a secret is not to be had. No variant holds any of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The variable is unset or empty.
    #[error("environment variable {name} of password_env is not set")]
    Unset {
        /// Its name.
        name: String,
    },
    /// What was found is not UTF-8.
    #[error("password from {place} is not UTF-8")]
    NotText {
        /// Where.
        place: String,
    },
    /// What was found is empty.
    #[error("password from {place} is empty")]
    Empty {
        /// Where.
        place: String,
    },
    /// What was found is too long for a password.
    #[error("password from {place} is longer than {limit} bytes")]
    TooLong {
        /// Where.
        place: String,
        /// What is allowed.
        limit: usize,
    },
    /// The command cannot be split into words.
    #[error("password_command has an opening quote without a closing one, or no words")]
    Words,
    /// The command does not start.
    #[error("password_command \"{program}\" does not start")]
    Start {
        /// Its first word.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// The command ended badly.
    #[error("password_command \"{program}\" ended with {status}")]
    Failed {
        /// Its first word.
        program: String,
        /// How.
        status: std::process::ExitStatus,
    },
    /// The command does not end.
    #[error("password_command \"{program}\" did not end within {} s", limit.as_secs())]
    TimedOut {
        /// Its first word.
        program: String,
        /// How long it had.
        limit: Duration,
    },
    /// The file cannot be read.
    #[error("password file {} cannot be read", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The path is not one of a file.
    #[error("password file {} is not a regular file", path.display())]
    NotAFile {
        /// Which.
        path: PathBuf,
    },
    /// Others can read the file.
    #[error("password file {} can be read by others", path.display())]
    TooOpen {
        /// Which.
        path: PathBuf,
    },
}

impl SecretError {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unset { name } => format!(
                "set {name} in the environment of the program; a service has an environment of its own"
            ),
            Self::NotText { .. } | Self::Empty { .. } | Self::TooLong { .. } => {
                "one line of text is expected: the password".into()
            }
            Self::Words => "quote words with spaces as in \"C:\\Program Files\\tool.exe\"".into(),
            Self::Start { .. } => {
                "no shell is involved: the first word must be a program on the path".into()
            }
            Self::Failed { .. } | Self::TimedOut { .. } => {
                "run the command by hand as the user that runs this program; it must print the \
                 password and ask for nothing"
                    .into()
            }
            Self::Unreadable { .. } | Self::NotAFile { .. } => {
                "the file must be readable by the user that runs the program".into()
            }
            Self::TooOpen { path } => format!("chmod 600 {}", path.display()),
        }
    }
}
