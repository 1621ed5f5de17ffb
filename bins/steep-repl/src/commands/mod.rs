//! One file for each command.

mod ask;
mod config_explain;
mod health;
mod install;
pub(crate) mod man;
mod status;
mod version;

use std::path::Path;

use steep_config::{Environment, Loaded, Sources};
use steep_ipc::Exit;

use crate::cli::{Cli, Command, Config};
use crate::error::Error;
use crate::{run, service};

/// Does what the command line says.
pub(crate) fn execute(cli: Cli) -> Result<Exit, Error> {
    let config = cli.config.as_deref();
    match cli.command {
        Command::Install(asked) => install::execute(config, &asked),
        Command::Uninstall(whose) => service::uninstall(whose.level()),
        Command::Start(whose) => service::start(whose.level()),
        Command::Stop(whose) => service::stop(whose.level()),
        Command::Status(asked) => status::execute(config, asked.whose.level(), asked.form.json),
        Command::Run(asked) => run::execute(config, asked.whose, asked.as_service),
        Command::Version(form) => version::execute(form.json),
        Command::Health => health::execute(config),
        Command::Man { dir } => man::execute(&dir),
        Command::Config(Config::Explain(form)) => config_explain::execute(config, form.json),
    }
}

/// Reads the configuration: the file that is named, or the usual one, and the environment.
pub(crate) fn load(config: Option<&Path>) -> Result<Loaded, Error> {
    let sources = Sources::with_environment(Environment::of_process());
    let sources = match config {
        Some(path) => sources.file(path),
        None => sources.usual_file(),
    };
    Ok(steep_config::load(&sources)?)
}
