use std::error::Error;
use std::io;
use std::path::PathBuf;
use steep_config::ConfigError;
use steep_ipc::Exit;
use steep_ipc_tokio::{CallError, ConnectError};
use steep_node::tls::InitError;

/// Why a command did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Tls(#[from] InitError),
    #[error("cannot write the output")]
    Output(#[from] io::Error),
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot start")]
    Runtime { source: io::Error },
    #[error("{action} needs a confirmation, and there is no terminal to ask at")]
    NotConfirmed { action: String },
    #[error("nothing was changed")]
    Declined,
    #[error("interrupted")]
    Interrupted { hint: &'static str },
    #[error("{message}")]
    Usage { message: String, hint: Option<&'static str> },
    #[error("the daemon answered \"{request}\" with something else")]
    Answer { request: &'static str },
}

impl CliError {
    /// The message and what is behind it.
    pub(crate) fn full_message(&self) -> String {
        let mut text = self.to_string();
        let mut source = self.source();
        while let Some(error) = source {
            text.push_str(": ");
            text.push_str(&error.to_string());
            source = error.source();
        }
        text
    }

    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.hint(),
            Self::Connect(error) => error.hint().map(Into::into),
            Self::Call(error) => error.hint().map(Into::into),
            Self::Tls(error) => error.hint().map(Into::into),
            Self::NotConfirmed { .. } => Some("give --yes if you are sure".into()),
            Self::Interrupted { hint } => Some((*hint).into()),
            Self::Usage { hint, .. } => hint.map(Into::into),
            Self::Answer { .. } => {
                Some("use a steep-replctl and a daemon of the same release".into())
            }
            Self::Output(_)
            | Self::Write { .. }
            | Self::Read { .. }
            | Self::Runtime { .. }
            | Self::Declined => None,
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Connect(error) => error.class().into(),
            Self::Call(error) => error.class().into(),
            Self::Config(_) | Self::Tls(_) | Self::Write { .. } | Self::Output(_) => Exit::Refused,
            Self::NotConfirmed { .. } | Self::Usage { .. } | Self::Read { .. } => Exit::Usage,
            Self::Declined | Self::Interrupted { .. } => Exit::No,
            Self::Answer { .. } | Self::Runtime { .. } => Exit::Bug,
        }
    }

    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
