use crate::config::Config;
use crate::explain::Setting;
use crate::layer::{Layer, PREFIX};
use crate::reader::Reader;
use crate::sources::{File, Sources};
use crate::{ConfigError, Mistake, Origin, Problem, document, platform};
use figment::Figment;
use figment::value::{Dict, Value};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// No configuration is longer, in bytes. A node with a thousand tables of its own strategy has about
/// 60 kB.
const FILE_LIMIT: u64 = 1 << 20;

/// A configuration and what is known about it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// Every key and where its value comes from, in the order of the configuration.
    pub origins: Vec<Setting>,
    /// The file that was read.
    pub file: Option<PathBuf>,
}

/// Reads and checks the configuration.
///
/// # Errors
/// [`ConfigError::Invalid`] holds all mistakes of all sources; the other variants are about the file
/// as a whole.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let file = file_content(sources)?;
    let mut problems = Vec::new();
    let mut figment = Figment::new();
    if let Some((path, content)) = &file {
        let origin = Origin::File(path.clone());
        match content {
            Value::Dict(_, dict) => figment = figment.merge(Layer::file(origin, dict.clone())),
            Value::Empty(..) => {}
            _ => problems.push(Problem {
                origin,
                key: "replication".into(),
                mistake: Mistake::Missing { wanted: "a section at the top of the file".into() },
            }),
        }
    }
    for layer in variables(sources).chain(flags(sources)) {
        match layer {
            Ok(layer) => figment = figment.merge(layer),
            Err(problem) => problems.push(problem),
        }
    }

    let reader = Reader::new(&figment, problems);
    let config = Config::read(&reader.root(), &platform::data_folder(&sources.environment));
    let (origins, problems) = reader.finish();
    if problems.is_empty() {
        Ok(Loaded { config, origins, file: file.map(|(path, _)| path) })
    } else {
        Err(ConfigError::Invalid { problems })
    }
}

fn file_content(sources: &Sources) -> Result<Option<(PathBuf, Value)>, ConfigError> {
    let Some(path) = sources.file_path() else { return Ok(None) };
    let text = match read_limited(&path) {
        Ok(text) => text,
        Err(ConfigError::Unreadable { source, .. })
            if source.kind() == io::ErrorKind::NotFound && matches!(sources.file, File::Usual) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    match document::parse(&text) {
        Ok(content) => Ok(Some((path, content))),
        Err(detail) => Err(ConfigError::Syntax { path, detail }),
    }
}

fn read_limited(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.into(), source };
    // A pipe would be waited for, a device would have no end.
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(ConfigError::NotAFile { path: path.into() });
    }
    if metadata.len() > FILE_LIMIT {
        let (bytes, limit) = (metadata.len(), FILE_LIMIT);
        return Err(ConfigError::TooLarge { path: path.into(), bytes, limit });
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| ConfigError::Syntax {
        path: path.into(),
        detail: format!("byte {} is not UTF-8", error.utf8_error().valid_up_to()),
    })
}

fn variables(sources: &Sources) -> impl Iterator<Item = Result<Layer, Problem>> {
    sources.environment.below(PREFIX).map(|(rest, value)| {
        let origin = Origin::Environment(format!("{PREFIX}{rest}"));
        let lower = format!("replication__{}", rest.to_ascii_lowercase());
        let path: Vec<&str> = lower.split("__").collect();
        match value.to_str() {
            Some(text) => Layer::single(origin, &path, text),
            None => {
                let mistake = Mistake::Value { found: None, wanted: "text in UTF-8".into() };
                Err(Problem { origin, key: path.join("."), mistake })
            }
        }
    })
}

fn flags(sources: &Sources) -> impl Iterator<Item = Result<Layer, Problem>> {
    sources.flags.iter().map(|flag| {
        let path: Vec<&str> = flag.key.split('.').collect();
        Layer::single(Origin::Flag(flag.name.clone()), &path, &flag.value)
    })
}

/// For tests and for [`Config::default`]: a reader over nothing.
pub(crate) fn defaults() -> Config {
    let figment = Figment::from(Layer::file(Origin::Default, Dict::new()));
    let reader = Reader::new(&figment, Vec::new());
    Config::read(&reader.root(), &platform::data_folder(&crate::Environment::default()))
}
