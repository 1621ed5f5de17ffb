use figment::{Metadata, Source};
use std::fmt;
use std::path::PathBuf;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A configuration file.
    File(PathBuf),
    /// The environment variable of this name.
    Environment(String),
    /// The flag of this name, with its dashes.
    Flag(String),
}

const ENVIRONMENT: &str = "environment";
const FLAG: &str = "flag";

impl Origin {
    /// Whether nobody set the value.
    #[must_use]
    pub fn is_default(&self) -> bool {
        matches!(self, Self::Default)
    }

    /// The layer, in ascending strength: `default`, `file`, `environment`, `flag`.
    #[must_use]
    pub fn layer(&self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File(_) => "file",
            Self::Environment(_) => ENVIRONMENT,
            Self::Flag(_) => FLAG,
        }
    }

    /// How strong the layer is, 0 for defaults.
    pub(crate) fn strength(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File(_) => 1,
            Self::Environment(_) => 2,
            Self::Flag(_) => 3,
        }
    }

    /// What figment keeps beside each value, so that it can be found again.
    pub(crate) fn to_metadata(&self) -> Metadata {
        match self {
            Self::Default => Metadata::named("default"),
            Self::File(path) => Metadata::from("file", Source::File(path.clone())),
            Self::Environment(name) => Metadata::from(ENVIRONMENT, Source::Custom(name.clone())),
            Self::Flag(name) => Metadata::from(FLAG, Source::Custom(name.clone())),
        }
    }

    pub(crate) fn of_metadata(metadata: Option<&Metadata>) -> Self {
        match metadata.and_then(|found| Some((&*found.name, found.source.as_ref()?))) {
            Some((_, Source::File(path))) => Self::File(path.clone()),
            Some((ENVIRONMENT, Source::Custom(name))) => Self::Environment(name.clone()),
            Some((FLAG, Source::Custom(name))) => Self::Flag(name.clone()),
            _ => Self::Default,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => path.display().fmt(f),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}
