//! Windows: a named pipe. Its access list says who may connect; its first instance, whose it is.

use std::io;
use std::os::windows::io::{AsHandle as _, OwnedHandle};
use std::path::{Path, PathBuf};

use interprocess::local_socket::tokio::{Listener as Pipe, Stream};
use interprocess::local_socket::traits::StreamCommon as _;
use interprocess::local_socket::traits::tokio::{Listener as _, Stream as _};
use interprocess::local_socket::{GenericFilePath, ListenerOptions, ToFsName as _};
use interprocess::os::windows::local_socket::ListenerOptionsExt as _;
use interprocess::os::windows::named_pipe::{DuplexPipeStream, pipe_mode};
use interprocess::os::windows::security_descriptor::SecurityDescriptor;
use widestring::{U16CStr, u16cstr};

use crate::error::{BindError, ConnectError};
use crate::{Caller, Endpoint, Level};

pub(crate) use interprocess::local_socket::tokio::Stream as ServerStream;
pub(crate) use interprocess::local_socket::tokio::Stream as ClientStream;

const PIPE: &str = r"\\.\pipe\steep-repl";

/// Everything to the system, to administrators and to the owner, nothing to others, nothing
/// inherited: what mode 0600 is on Unix.
const ACCESS: &U16CStr = u16cstr!("D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;OW)");

pub(crate) fn default_path(level: Level) -> PathBuf {
    // Pipes are in one folder for all; a service and a user's daemon exclude each other.
    match level {
        Level::User | Level::System => PIPE.into(),
    }
}

/// Where clients look, in this order.
pub(crate) fn candidates() -> Vec<PathBuf> {
    vec![PIPE.into()]
}

/// Whether it is worth trying: asking for a pipe would already connect to it.
pub(crate) fn is_there(_path: &Path) -> bool {
    true
}

/// A pipe that clients can connect to.
#[derive(Debug)]
pub(crate) struct Listener(Pipe);

impl Listener {
    pub(crate) fn bind(endpoint: &Endpoint) -> Result<Self, BindError> {
        let named = |source| BindError::Name { endpoint: endpoint.clone(), source };
        let io = |source| BindError::Io { endpoint: endpoint.clone(), source };
        let name = endpoint.path().to_fs_name::<GenericFilePath>().map_err(named)?;
        let access = SecurityDescriptor::deserialize(ACCESS).map_err(io)?;
        let options = ListenerOptions::new().name(name).security_descriptor(access);
        options.create_tokio().map(Self).map_err(|error| match error.kind() {
            // What the flag for the first instance of a pipe makes of a second one.
            io::ErrorKind::PermissionDenied | io::ErrorKind::AddrInUse => {
                BindError::AlreadyServed { endpoint: endpoint.clone() }
            }
            _ => io(error),
        })
    }

    pub(crate) async fn accept(&mut self) -> io::Result<ServerStream> {
        self.0.accept().await
    }
}

pub(crate) async fn connect(endpoint: &Endpoint) -> Result<ClientStream, ConnectError> {
    let refused = |source: io::Error| {
        let endpoint = endpoint.clone();
        match source.kind() {
            io::ErrorKind::NotFound => ConnectError::NotRunning { endpoint },
            io::ErrorKind::PermissionDenied => ConnectError::NotAllowed { endpoint },
            _ => ConnectError::Io { endpoint, source },
        }
    };
    let name = endpoint.path().to_fs_name::<GenericFilePath>().map_err(refused)?;
    Stream::connect(name).await.map_err(refused)
}

/// The other end of a connection.
#[derive(Debug)]
pub(crate) struct Peer {
    pid: Option<u32>,
    /// The same end of the pipe once more, to ask with.
    handle: Option<OwnedHandle>,
}

impl Peer {
    pub(crate) fn of(stream: &ServerStream) -> Self {
        let Stream::NamedPipe(pipe) = stream;
        let pid = stream.peer_creds().ok().and_then(|known| known.pid());
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
    let name = {
        let _acting = pipe.impersonate_client()?;
        whoami::username()
    };
    // Dropped as a pipe it would wait for the client to read everything.
    let _handle = OwnedHandle::try_from(pipe);
    name.map_err(io::Error::other)
}
