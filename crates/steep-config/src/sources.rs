use crate::Environment;
use std::path::{Path, PathBuf};

/// What a configuration is made of, besides the defaults.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    pub(crate) file: File,
    pub(crate) environment: Environment,
    pub(crate) flags: Vec<Flag>,
}

/// Which file is read.
#[derive(Debug, Clone, Default)]
pub(crate) enum File {
    /// None.
    #[default]
    None,
    /// The one at the usual place, if it is there.
    Usual,
    /// This one; it must be there.
    At(PathBuf),
}

/// A flag of a program that sets one key.
#[derive(Debug, Clone)]
pub(crate) struct Flag {
    pub(crate) name: String,
    pub(crate) key: String,
    pub(crate) value: String,
}

impl Sources {
    /// Nothing but the defaults.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The file at the usual place and the environment of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self { file: File::Usual, ..Self::with_environment(Environment::of_process()) }
    }

    /// No file, and these variables.
    #[must_use]
    pub fn with_environment(environment: Environment) -> Self {
        Self { environment, ..Self::default() }
    }

    /// With the file at the usual place, if it is there.
    #[must_use]
    pub fn usual_file(self) -> Self {
        Self { file: File::Usual, ..self }
    }

    /// With this file, which must be there.
    #[must_use]
    pub fn file(self, path: impl Into<PathBuf>) -> Self {
        Self { file: File::At(path.into()), ..self }
    }

    /// With a value from a flag. `key` is the path below the root, such as `replication.ipc.path`;
    /// `name` is the flag with its dashes, as the user wrote it.
    #[must_use]
    pub fn flag(mut self, name: &str, key: &str, value: impl Into<String>) -> Self {
        self.flags.push(Flag { name: name.into(), key: key.into(), value: value.into() });
        self
    }

    /// The file that is read, whether it exists or not.
    #[must_use]
    pub fn file_path(&self) -> Option<PathBuf> {
        match &self.file {
            File::None => None,
            File::Usual => crate::default_file(&self.environment),
            File::At(path) => Some(Path::to_path_buf(path)),
        }
    }
}
