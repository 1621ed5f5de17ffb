use crate::{Mistake, Origin, Problem, document};
use figment::value::{Dict, Map, Value};
use figment::{Error, Metadata, Profile, Provider};

/// Begin of the names of all variables that set keys.
pub(crate) const PREFIX: &str = "STEEP_REPLICATION__";

/// Values of one origin, as figment takes them.
pub(crate) struct Layer {
    origin: Origin,
    dict: Dict,
}

impl Layer {
    /// The content of a file.
    pub(crate) fn file(origin: Origin, dict: Dict) -> Self {
        Self { origin, dict }
    }

    /// One value at a path.
    ///
    /// # Errors
    /// The text begins like YAML, and is not, or the path has an empty part.
    pub(crate) fn single(origin: Origin, path: &[&str], text: &str) -> Result<Self, Problem> {
        let key = path.join(".");
        if path.iter().any(|part| part.is_empty()) {
            let message = "the name of a key is empty".into();
            let hint = Some(format!("names look like {PREFIX}POSTGRES__HOST"));
            return Err(Problem { origin, key, mistake: Mistake::Rule { message, hint } });
        }
        let value = if text.starts_with(['[', '{']) {
            document::parse(text).map_err(|detail| {
                let mistake = Mistake::Value { found: None, wanted: format!("YAML ({detail})") };
                Problem { origin: origin.clone(), key, mistake }
            })?
        } else {
            Value::from(text)
        };
        let nested = path
            .iter()
            .rev()
            .fold(value, |inner, part| Value::from(Dict::from([((*part).to_owned(), inner)])));
        Ok(Self { origin, dict: nested.into_dict().unwrap_or_default() })
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        self.origin.to_metadata()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Profile::Default.collect(self.dict.clone()))
    }
}
