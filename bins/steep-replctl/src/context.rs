use crate::cli::Global;
use crate::error::CliError;
use crate::printer::{Printer, ProgressLine};
use steep_config::{Loaded, Sources, load};
use steep_ipc::{Request, Response};
use steep_ipc_tokio::{Client, Endpoint};

/// What a command works with: where the daemon is, and where output goes.
pub(crate) struct Context {
    pub(crate) printer: Printer,
    global: Global,
}

impl Context {
    pub(crate) fn new(global: Global) -> Self {
        Self { printer: Printer::new(global.json), global }
    }

    /// The configuration, as the daemon would read it for this user.
    pub(crate) fn configuration(&self) -> Result<Loaded, CliError> {
        let mut sources = Sources::of_process();
        if let Some(path) = &self.global.config {
            sources = sources.file(path);
        }
        if let Some(path) = &self.global.socket {
            sources = sources.flag("--socket", "replication.ipc.path", path);
        }
        Ok(load(&sources)?)
    }

    /// A connection to the daemon.
    pub(crate) async fn connect(&self) -> Result<Client, CliError> {
        let endpoint = match &self.global.socket {
            // So that a broken configuration is not in the way.
            Some(path) => Endpoint::at(path),
            None => self.configuration()?.config.ipc.path.map_or_else(Endpoint::find, Endpoint::at),
        };
        let name = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
        Ok(Client::connect(&endpoint, name).await?)
    }

    /// The daemon's answer to a question.
    pub(crate) async fn ask(&self, request: &Request) -> Result<Response, CliError> {
        Ok(self.connect().await?.call(request).await?)
    }

    /// The daemon's answer to a command that takes long; its progress is shown meanwhile.
    pub(crate) async fn command(&self, request: &Request) -> Result<Response, CliError> {
        let mut client = self.connect().await?;
        let mut line = ProgressLine::new();
        let call = client.call_with(request, |progress| line.show(&progress));
        let outcome = tokio::select! {
            // First, so that Ctrl-C is ours before the daemon hears of the command.
            biased;
            _ = tokio::signal::ctrl_c() => Err(CliError::Interrupted {
                hint: "the daemon goes on: `steep-replctl node status` shows how far it is, \
                       `steep-replctl node cancel` undoes it",
            }),
            outcome = call => outcome.map_err(CliError::from),
        };
        line.clear();
        outcome
    }
}

/// Takes the answer of one kind, or says that the daemon answered something else.
macro_rules! answer_of {
    ($answer:expr, $request:literal, $pattern:pat => $value:expr) => {
        match $answer {
            $pattern => Ok($value),
            _ => Err($crate::error::CliError::Answer { request: $request }),
        }
    };
}

pub(crate) use answer_of;
