//! Going to a daemon.
//!
//! With tokio's own client: the one of interprocess lets servers act for us, whoever they are, and
//! waits for a busy one in a way that cannot be given up.

use std::io;
use std::time::Duration;

use tokio::net::windows::named_pipe::ClientOptions;
use tokio::time::sleep;

use crate::Endpoint;
use crate::error::ConnectError;

pub(crate) use tokio::net::windows::named_pipe::NamedPipeClient as ClientStream;

/// How long to leave a daemon alone whose clients come faster than it takes them.
const WHILE_BUSY: Duration = Duration::from_millis(10);

/// `ERROR_PIPE_BUSY` of winerror.h: every instance has its client.
const BUSY: i32 = 231;

pub(crate) async fn connect(endpoint: &Endpoint) -> Result<ClientStream, ConnectError> {
    loop {
        match open(endpoint) {
            Ok(stream) => return Ok(stream),
            Err(error) if is_busy(&error) => sleep(WHILE_BUSY).await,
            Err(source) => return Err(refused(endpoint, source)),
        }
    }
}

/// Whether somebody serves it.
pub(super) fn answers(endpoint: &Endpoint) -> bool {
    open(endpoint).map_or_else(|error| is_busy(&error), |_| true)
}

/// A server may learn who we are and not act for us (`SECURITY_IDENTIFICATION`, tokio's default).
fn open(endpoint: &Endpoint) -> io::Result<ClientStream> {
    ClientOptions::new().open(endpoint.path())
}

fn is_busy(error: &io::Error) -> bool {
    error.raw_os_error() == Some(BUSY)
}

fn refused(endpoint: &Endpoint, source: io::Error) -> ConnectError {
    let endpoint = endpoint.clone();
    match source.kind() {
        io::ErrorKind::NotFound => ConnectError::NotRunning { endpoint },
        io::ErrorKind::PermissionDenied => ConnectError::NotAllowed { endpoint },
        _ => ConnectError::Io { endpoint, source },
    }
}
