//! Who is at the other end: Windows tells a server that acts for its client.

use std::io;
use std::os::windows::io::{AsHandle as _, OwnedHandle};

use interprocess::local_socket::tokio::Stream;
use interprocess::local_socket::traits::StreamCommon as _;
use interprocess::os::windows::named_pipe::{DuplexPipeStream, pipe_mode};

use crate::Caller;

use super::ServerStream;

/// The other end of a connection.
#[derive(Debug)]
pub(crate) struct Peer {
    pid: Option<u32>,
    /// The same end of the pipe once more, to ask with.
    handle: Option<OwnedHandle>,
}

impl Peer {
    pub(crate) fn of(stream: &ServerStream) -> Self {
        let Stream::NamedPipe(pipe) = &stream.0;
        let pid = stream.0.peer_creds().ok().and_then(|known| known.pid());
        Self { pid, handle: pipe.inner().as_handle().try_clone_to_owned().ok() }
    }

    /// Something must have been read from the pipe before: Windows wants to see the client act.
    pub(crate) async fn caller(self) -> Caller {
        let Self { pid, handle } = self;
        let name = handle.and_then(|handle| name(handle).ok());
        Caller { name, uid: None, pid }
    }
}

/// The name of the client's user: who this thread is while it acts for the client. Nothing is
/// awaited meanwhile, so that nothing else acts for the client as well.
fn name(handle: OwnedHandle) -> io::Result<String> {
    let pipe = DuplexPipeStream::<pipe_mode::Bytes>::try_from(handle)
        .map_err(|error| error.cause.unwrap_or_else(|| io::ErrorKind::InvalidInput.into()))?;
    let name = pipe.impersonate_client().and_then(|acting| {
        let name = whoami::username().map_err(io::Error::other);
        drop(acting);
        name
    });
    // Dropped as a pipe it would wait for the client to read everything.
    drop(OwnedHandle::try_from(pipe));
    name
}
