//! `steep-repl man`

use std::path::Path;

use clap::CommandFactory as _;
use steep_ipc::Exit;

use crate::cli::Cli;
use crate::error::Error;
use crate::say;

pub(super) fn execute(folder: &Path) -> Result<Exit, Error> {
    write(folder).map_err(|source| Error::Write { path: folder.to_owned(), source })?;
    say(&format!("manual pages are in {}", folder.display()));
    Ok(Exit::Done)
}

/// One page for each command.
pub(crate) fn write(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Cli::command(), folder)
}
