//! `steep-repl config explain`

use std::path::Path;

use steep_config::{Origin, Setting};
use steep_ipc::Exit;

use crate::error::Error;
use crate::say;

pub(super) fn execute(config: Option<&Path>, json: bool) -> Result<Exit, Error> {
    let loaded = super::load(config)?;
    let settings = steep_config::explain(&loaded);
    if json {
        say(&serde_json::to_string_pretty(settings).map_err(|_| Error::Answer)?);
        return Ok(Exit::Done);
    }
    let width = settings.iter().map(|setting| setting.key.len()).max().unwrap_or(0);
    for Setting { key, value, origin } in settings {
        let value = value.as_deref().unwrap_or("(none)");
        let origin = match origin {
            Origin::Default => "default".to_owned(),
            Origin::File(path) => path.display().to_string(),
            Origin::Environment(name) | Origin::Flag(name) => name.clone(),
            _ => origin.layer().to_owned(),
        };
        say(&format!("{key:<width$}  {value}  ({origin})"));
    }
    Ok(Exit::Done)
}
