//! Asking the running daemon.

use steep_config::Config;
use steep_ipc::{Request, Response};
use steep_ipc_tokio::{Client, Endpoint};

use crate::error::Error;

/// How this program introduces itself.
const NAME: &str = concat!("steep-repl ", env!("CARGO_PKG_VERSION"));

/// One question to the daemon that this configuration is of.
pub(crate) fn ask(config: &Config, request: &Request) -> Result<Response, Error> {
    let endpoint = config.ipc.path.as_ref().map_or_else(Endpoint::find, Endpoint::at);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::System { what: "cannot start a runtime", source })?;
    runtime.block_on(async {
        let mut client = Client::connect(&endpoint, NAME).await?;
        Ok(client.call(request).await?)
    })
}
