use crate::Problem;
use std::fmt::Write;
use std::io;
use std::path::PathBuf;

/// Why there is no configuration. Whoever wrote it has to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("configuration file {} cannot be read", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The path is not one of a file.
    #[error("configuration file {} is not a regular file", path.display())]
    NotAFile {
        /// Which.
        path: PathBuf,
    },
    /// The file is larger than any configuration.
    #[error("configuration file {} has {bytes} bytes, at most {limit} are read", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// What is allowed.
        limit: u64,
    },
    /// The file is not YAML.
    #[error("configuration file {} is not well-formed: {detail}", path.display())]
    Syntax {
        /// Which.
        path: PathBuf,
        /// What the parser says, with line and column.
        detail: String,
    },
    /// Keys or values are wrong.
    #[error("{}", listed(problems))]
    Invalid {
        /// All of them, in the order of the configuration.
        problems: Vec<Problem>,
    },
}

impl ConfigError {
    /// The way out, where it is not in the message.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("create the file, or leave out --config to use the usual place".into())
            }
            Self::Unreadable { .. } => {
                Some("the file must be readable by the user that runs the program".into())
            }
            Self::NotAFile { .. } | Self::TooLarge { .. } => {
                Some("name a YAML file with the top key `replication`".into())
            }
            Self::Syntax { .. } => {
                Some("indent with spaces, and quote texts that contain `: ` or `#`".into())
            }
            Self::Invalid { problems } => match problems.as_slice() {
                [one] => one.hint(),
                _ => None,
            },
        }
    }
}

/// One problem on the line, several each on its own, with their hints.
fn listed(problems: &[Problem]) -> String {
    if let [one] = problems {
        return one.to_string();
    }
    let mut text = format!("the configuration has {} mistakes", problems.len());
    for problem in problems {
        let _ = write!(text, "\n  {problem}");
        if let Some(hint) = problem.hint() {
            let _ = write!(text, " ({hint})");
        }
    }
    text
}
