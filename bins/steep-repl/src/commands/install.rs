//! `steep-repl install`

use std::path::{Path, PathBuf};

use steep_ipc::Exit;

use crate::cli::Install;
use crate::error::Error;
use crate::{platform, run, say, service};

pub(super) fn execute(config: Option<&Path>, asked: &Install) -> Result<Exit, Error> {
    // A service that cannot start is found out now, and not at the next boot.
    let loaded = super::load(config)?;
    let program = std::env::current_exe()
        .map_err(|source| Error::System { what: "cannot find this program", source })?;
    let config = config.map(absolute).transpose()?;
    let wanted = service::Wanted {
        program,
        level: asked.whose.level(),
        config,
        run_as: asked.run_as.clone(),
    };
    if asked.print {
        say(&service::description(&wanted));
        return Ok(Exit::Done);
    }
    if let Some(user) = &asked.run_as {
        let found = platform::is_user(user);
        let found =
            found.map_err(|source| Error::System { what: "cannot look up users", source })?;
        if !found {
            return Err(Error::NoUser { user: user.clone() });
        }
    }
    run::check(&loaded.config)?;
    service::install(&wanted)
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(|source| Error::File { path: path.to_owned(), source })
}
