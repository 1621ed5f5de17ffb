//! `steep-repl run`: the daemon.
//!
//! # Starting
//! Configuration, lock, password; then the watch, the local endpoint, HTTP. PostgreSQL need not be
//! there: the daemon says so and waits for it.
//!
//! # Stopping
//! The first signal: nobody new is let in, what is in flight is finished, for up to
//! `watch.shutdown_timeout`. The second signal: it exits at once.

mod daemon;
mod group;
mod lock;
mod logging;
mod nameless;
mod security;

use std::path::Path;

use steep_config::{Config, Environment, Loaded};
use steep_ipc::Exit;
use steep_ipc_tokio::{Endpoint, Level};
use steep_node::database;

use self::lock::Lock;
use crate::cli::Whose;
use crate::error::Error;
use crate::{commands, platform};

/// Threads that do the daemon's work, which is mostly waiting.
const THREADS: usize = 2;

pub(crate) fn execute(
    config: Option<&Path>,
    whose: Whose,
    as_service: bool,
) -> Result<Exit, Error> {
    let loaded = commands::load(config)?;
    logging::init(&loaded.config.log);
    for setting in steep_config::without_effect(&loaded) {
        tracing::warn!(key = setting.key, "this setting has no effect in this version");
    }
    // Without a flag: a daemon that somebody starts in a terminal is the user's own.
    let level = if whose.system { Level::System } else { Level::User };
    let run = move || run(&loaded, level);
    if as_service { platform::as_service(run) } else { run() }
}

/// Whether the daemon would start with this configuration, as far as that does not depend on whose
/// process it is: where its password comes from is up to the user it runs as.
pub(crate) fn check(config: &Config) -> Result<(), Error> {
    group::patterns(config)?;
    security::of(config)?;
    database::server(&config.postgres, None)?;
    Ok(())
}

fn run(loaded: &Loaded, level: Level) -> Result<Exit, Error> {
    let config = &loaded.config;
    let _lock = Lock::take(&config.data_dir)?;
    let secret = config.postgres.password(&Environment::of_process())?;
    let server = database::server(&config.postgres, secret.as_ref())?
        .with_secret_from(database::secret_source(&config.postgres));
    let endpoint =
        config.ipc.path.as_ref().map_or_else(|| Endpoint::default_for(level), Endpoint::at);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .map_err(|source| Error::System { what: "cannot start a runtime", source })?;
    let ended = runtime.block_on(daemon::run(config, server, &endpoint));
    // Whatever is still blocked is not waited for.
    runtime.shutdown_background();
    ended
}
