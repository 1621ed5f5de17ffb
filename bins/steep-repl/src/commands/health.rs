//! `steep-repl health`

use std::path::Path;

use steep_ipc::{Exit, Level, Request, Response};

use super::ask::ask;
use crate::error::Error;
use crate::{exit_of, say};

pub(super) fn execute(config: Option<&Path>) -> Result<Exit, Error> {
    let loaded = super::load(config)?;
    let Response::Health(health) = ask(&loaded.config, &Request::Health)? else {
        return Err(Error::Answer);
    };
    say(&serde_json::to_string_pretty(&health).map_err(|_| Error::Answer)?);
    Ok(exit_of(health.status < Level::Critical))
}
